"""What a step's result does to the rows. One transaction each, under the step's claim."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.live import live_publish
from kernel.text import Localized, localized, text_store
from kernel.work import work_held
from messaging.models import Interaction, InteractionState
from messaging.services.answers import interaction_reopen
from messaging.services.interactions import interaction_show, interactions_open
from workflows.blocks import Ask, Done, Held, Refused, Remind, StepResult, Until, Wait
from workflows.catalog import ACTIONS
from workflows.definition import definition_read
from workflows.engine.carry import asked_output, question_of
from workflows.engine.causes import footprints_written
from workflows.engine.launching import ask_stage, nobody_staged, run_done
from workflows.engine.queues import EXECUTE_QUEUE
from workflows.engine.recipients import People, audience_plan
from workflows.engine.refresh import card_of_step, interactions_rearmed
from workflows.engine.stopping import run_stop_if_stopped
from workflows.models import Rule, RuleRecordState, Run, RunState, Step, StepState
from workflows.nesting import is_answered, list_at, path_next, path_split

GIVE_UP_DAYS = 3


def step_finish(step: Step, result: StepResult) -> None:
    if isinstance(result, Wait):
        if step.created_at < clock.now() - dt.timedelta(days=GIVE_UP_DAYS):
            step_dead(
                step, localized(gettext_noop("The ERP has not decided for %(days)s days."), days=GIVE_UP_DAYS)
            )
        else:
            step_later(step, result.seconds, "", result.text)
        return
    if isinstance(result, Remind):
        _remind(step, result)
        return
    if isinstance(result, Until):
        _until(step, result)
        return
    with transaction.atomic():
        if not _held(step):
            return
        if isinstance(result, Ask):
            _asked(step, result)
        elif isinstance(result, Refused):
            _refused(step, result)
        elif isinstance(result, Held):
            _put_aside(step, result.reason)
        else:
            _done(step, result)
        _live(step)


def _held(step: Step) -> bool:
    """Lock in the order every other path does: the question first, then the step."""
    if step.interaction_id:
        Interaction.objects.select_for_update(of=("self",), no_key=True).filter(
            pk=step.interaction_id
        ).first()
    return work_held(step)


def _live(step: Step) -> None:
    live_publish(f"run-{step.run_id}", type="run", id=step.run_id)
    live_publish("staff", type="run", id=step.run_id)


def _end(step: Step, state: str, output: dict[str, Any], reason: str = "") -> None:
    step.state, step.output, step.reason = state, output, reason
    step.ended_at, step.last_error = clock.now(), ""
    step.lease_release(None)
    step.save()


def run_end(run: Run, state: str, outcome: str, reason: str = "") -> None:
    Run.objects.filter(pk=run.pk).update(state=state, outcome=outcome, reason=reason, ended_at=clock.now())


def _asked(step: Step, result: Ask) -> None:
    run = step.run
    people = People()
    wanted = audience_plan(
        result.recipients,
        result.fallback,
        result.channels,
        run.rule,
        run.record,
        result.card.get("data", {}),
        people,
    )
    staged = ask_stage(run, result, wanted, people)
    result, audience = staged.ask, staged.audience
    if run.launch and wanted.reaches and not audience.reaches:
        _put_aside(step, nobody_staged(run, audience.notes), ends=result.is_question or staged.ends)
        return
    if not audience.reaches:
        reason = localized(
            gettext_noop("Nobody could be told: %(notes)s"),
            notes=Localized("; ".join(n.en for n in audience.notes), "；".join(n.zh for n in audience.notes)),
        )
        _dead(step, reason)
        return
    (interaction,) = interactions_open([question_of(result, audience, run.record, run.event, step)])
    step.interaction = interaction
    output = {**asked_output(audience), **result.keep}
    if result.is_question:
        step.state, step.output, step.last_error = StepState.WAITING, output, ""
        step.lease_release(result.wake_at)
        step.save()
        Run.objects.filter(pk=run.pk).update(state=RunState.WAITING)
    else:
        _end(step, StepState.DONE, output)
        _next(step, ends=staged.ends)


def _put_aside(step: Step, reason: Localized, *, ends: bool = False) -> None:
    """The launch step of the rule holds the step back; `ends`: what would follow depends on it."""
    _end(step, StepState.SKIPPED, step.output, text_store(reason))
    _next(step, ends=ends)


def _done(step: Step, result: Done) -> None:
    results = {"results": dict(result.results)} if result.results else {}
    note = text_store(result.note) if result.note is not None else ""
    _end(step, StepState.DONE, {**step.output, **result.output, **results}, note)
    footprints_written(step)
    number = str(result.output.get("number", ""))
    if result.is_mismatch:
        audit_record(step.person, "write.mismatch", step, number, **dict(result.output))
        _run_over(step, RunState.FAILED, "mismatch", text_store(result.text) if result.text else "")
    else:
        if ACTIONS.get(step.action).writes:
            audit_record(step.person, "write.done", step, number, path=step.path)
        if _next(step, result.into):
            if result.text is not None and step.interaction_id is not None:
                _told(step, result, None)
            return
    if step.interaction_id is not None:
        _told(step, result, InteractionState.FAILED if result.is_mismatch else InteractionState.DECIDED)


def _told(step: Step, result: Done, state: str | None) -> None:
    interaction_show(
        _question(step),
        state=state,
        text=result.text,
        at=clock.now(),
        masked=result.masked,
        classes=result.classes,
    )


def _refused(step: Step, result: Refused) -> None:
    """Nothing was done. The question is open again, with what it says now."""
    _end(step, StepState.REFUSED, {**step.output, **result.output}, text_store(result.message))
    audit_record(step.person, "write.refused", step, result.message.en)
    if step.interaction_id is None:
        run_end(step.run, RunState.FAILED, "refused", text_store(result.message))
        return
    interaction = _question(step)
    interaction_reopen(interaction)
    asked = Step.objects.select_related("run__rule", "run__version", "run__event").get(
        pk=int(interaction.handler_ref)
    )
    record = step.run.record
    if record is not None:
        record.refresh_from_db()
    data = dict((record.data if record is not None else None) or interaction.card.get("data", {}))
    card = card_of_step(asked, record, data) if record is not None else interaction.card
    interaction_show(
        interaction,
        state=InteractionState.OPEN,
        text=result.message,
        masked=result.masked,
        classes=result.classes,
        card=card,
        shown=data,
    )
    Step.objects.filter(pk=asked.pk).update(state=StepState.WAITING)
    Run.objects.filter(pk=step.run_id).update(state=RunState.WAITING)
    if record is not None and _is_rearmed(step.run.rule_id, record.pk):
        # It became false while the answer was being carried out: nobody else will withdraw the question.
        interactions_rearmed([(step.run.rule_id, record.pk, None)])
    run_stop_if_stopped(step.run_id)


def _is_rearmed(rule_id: int, record_id: int) -> bool:
    return RuleRecordState.objects.filter(rule_id=rule_id, record_id=record_id, armed=True).exists()


def _question(step: Step) -> Interaction:
    assert step.interaction_id is not None
    return Interaction.objects.select_related("record").get(pk=step.interaction_id)


def _next(step: Step, into: str = "", *, ends: bool = False) -> bool:
    """Start the step after this one, the first of its list `into` where that has one. False when the run is over, which
    it is without one, or when it `ends`.
    """
    run = step.run
    raw = definition_read(run.version.definition).raw
    path = None if ends else path_next(raw, step.path, into)
    if path is None:
        told = not run.launch or run.steps.filter(interaction__isnull=False).exists()
        _run_over(step, *run_done(run, told=told))
        return False
    head, at = path_split(path)
    answered = is_answered(path)
    Step.objects.create(
        run=run,
        path=path,
        action=list_at(raw, head)[at]["action"],
        available_at=clock.now(),
        interaction_id=step.interaction_id if answered else None,
        person=step.person if answered else None,
        input=step.input if answered else {},
        round=step.round,
    )
    doorbell.ring(EXECUTE_QUEUE)
    return True


def _run_over(step: Step, state: str, outcome: str, reason: str = "") -> None:
    run_end(step.run, state, outcome, reason)
    if step.interaction_id and step.person_id:
        Step.objects.filter(interaction_id=step.interaction_id, state=StepState.WAITING).update(
            state=StepState.DONE, ended_at=clock.now()
        )


def _remind(step: Step, result: Remind) -> None:
    """Show the open question again, with what is said of it now. One that was answered meanwhile is left alone."""
    with transaction.atomic():
        if not _held(step):
            return
        question = _question(step) if step.interaction_id else None
        is_open = question is not None and question.state == InteractionState.OPEN
        step.attempts = 0
        step.lease_release(result.wake_at if is_open else None)
        step.save(update_fields=["attempts", "available_at", "lease_until", "lease_owner"])
        if question is not None and is_open:
            interaction_show(question, text=result.text, at=result.at)
        _live(step)


def step_answered(step: Step, results: Mapping[str, Any]) -> None:
    """Somebody's answer ends the step, and what stands behind it follows; inside the caller's transaction."""
    _end(step, StepState.DONE, {**step.output, "results": dict(results)})
    Run.objects.filter(pk=step.run_id).update(state=RunState.RUNNING)
    _next(step)


def _until(step: Step, result: Until) -> None:
    """Nothing is wrong with it: its tries are not counted, and it is due when its moment comes."""
    step.output, step.attempts = {**step.output, **result.output}, 0
    seconds = max((result.moment - clock.now()).total_seconds(), 0.0)
    step_later(step, seconds, "", result.text, result.moment)


def step_later(
    step: Step, seconds: float, error: str, text: Localized | None, at: dt.datetime | None = None
) -> None:
    """Try again in `seconds`; `text` tells on the card what is going on (shown once, not at every try).

    `at` is the moment that `{at}` in the text stands for.
    """
    with transaction.atomic():
        if not _held(step):
            return
        step.last_error = error
        step.reason = text_store(text) if text else step.reason
        step.lease_release(clock.now() + dt.timedelta(seconds=seconds))
        step.save()
        if text is not None and step.interaction_id and step.person_id:
            interaction = _question(step)
            if {**interaction.state_text, "at": ""} != {**text.as_json(), "at": ""}:
                interaction_show(interaction, text=text, at=at)
        _live(step)


def step_dead(step: Step, reason: Localized) -> None:
    with transaction.atomic():
        if _held(step):
            _dead(step, reason)
            _live(step)


def _dead(step: Step, reason: Localized) -> None:
    """A dead letter: visible, with its reason, to be replayed by a person."""
    _end(step, StepState.DEAD, step.output, text_store(reason))
    run_end(step.run, RunState.FAILED, "dead_letter", text_store(reason))
    if step.interaction_id and step.person_id:
        text = localized(
            gettext_noop("This could not be done: %(reason)s The owner of the rule can try it again."),
            reason=reason,
        )
        interaction_show(_question(step), state=InteractionState.FAILED, text=text, at=clock.now())


def step_replay(step_id: int, actor: Any) -> bool:
    """Put a dead letter back to work from this step. True when it was dead."""
    with transaction.atomic():
        asked = Step.objects.filter(pk=step_id).values_list("interaction_id", flat=True).first()
        if asked is not None:
            Interaction.objects.select_for_update(of=("self",), no_key=True).filter(pk=asked).first()
        step = Step.objects.select_for_update(of=("self",), no_key=True).select_related("run").get(pk=step_id)
        if step.state != StepState.DEAD:
            return False
        step.state, step.attempts, step.reason = StepState.READY, 0, ""
        step.created_at, step.ended_at, step.available_at = clock.now(), None, clock.now()
        step.save()
        stops = Rule.objects.filter(pk=step.run.rule_id).values_list("stops", flat=True).get()
        Run.objects.filter(pk=step.run_id).update(
            state=RunState.RUNNING, outcome="", reason="", ended_at=None, stops=stops
        )
        if step.interaction_id and step.person_id:
            interaction_show(_question(step), state=InteractionState.WORKING, text=Localized("", ""))
        audit_record(actor, "step.replayed", step)
        doorbell.ring(EXECUTE_QUEUE)
    return True
