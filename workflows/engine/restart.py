"""A run that stopped for good: from the start again, with either version of its rule, or given up.

What an earlier try may have sent to the ERP is not forgotten: a step of the new try takes over the idempotency key of
the one before it, and so looks for what that one did before it does anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.errors import ConfigError, Conflict
from kernel.live import live_publish
from kernel.text import Localized, localized, text_store
from kernel.work import work_held
from messaging.models import OPEN_STATES, Interaction, InteractionState
from messaging.services.cancelling import interactions_cancel
from messaging.services.interactions import interaction_show
from workflows.conditions import PreparedData, Verdict, condition_trace, data_prepare
from workflows.definition import step_at
from workflows.engine.compiled import CompiledRule, event_data, rule_version_compiled, schema_for
from workflows.engine.queues import EXECUTE_QUEUE
from workflows.models import RuleRecordState, RuleVersion, Run, RunState, Step, StepState

UNENDED = (StepState.READY, StepState.WAITING, StepState.DEAD)


def run_restart(step_id: int, actor: Any, version: RuleVersion) -> bool:
    """Begin the run of a dead step anew with `version`: its condition is asked again, then its first step is due.

    False when the step is not dead. Where the condition is not true the run ends as cancelled and nothing is done.
    Raises Conflict where an earlier try may have written what `version` cannot look up.
    """
    with transaction.atomic():
        run = _dead_run(step_id)
        if run is None:
            return False
        compiled = rule_version_compiled(run.rule, version)
        _writes_refuse(run, compiled)
        data = _data(run, compiled)
        if compiled.condition.evaluate(data) is not Verdict.TRUE:
            text = localized(gettext_noop("Looked at again: the condition is not true."))
            _give_up(run, "not_true", text)
        else:
            _begin(run, compiled, data)
        audit_record(actor, "run.restarted", run, version=version.number, state=run.state)
    return True


def run_discard(step_id: int, actor: Any) -> bool:
    """Give up the run of a dead step; a crossing nobody was told of may happen again. False when it is not dead."""
    with transaction.atomic():
        run = _dead_run(step_id)
        if run is None:
            return False
        text = localized(
            gettext_noop("Discarded by %(person)s ({at})."), person=getattr(actor, "display_name", str(actor))
        )
        _give_up(run, "discarded", text)
        audit_record(actor, "run.discarded", run)
    return True


def run_version_change(step: Step, version: RuleVersion) -> None:
    """Let the run of a dead step go on with `version`, from that very step. Raises Conflict where it has none."""
    compiled = rule_version_compiled(step.run.rule, version)
    if not _has_step(compiled, step):
        raise Conflict(
            _("The rule as it is now has no such step. Start from the beginning, or take the rule as it was.")
        )
    Run.objects.filter(pk=step.run_id).update(version=version)


def write_adopt(step: Step) -> None:
    """Take over the key of the same step of an earlier try, where that may have left for the ERP."""
    if step.round == 1 or step.sent_at is not None:
        return
    before = (
        Step.objects.filter(run_id=step.run_id, path=step.path, action=step.action, round__lt=step.round)
        .filter(sent_at__isnull=False)
        .order_by("-round")
        .first()
    )
    if before is None or before.state == StepState.REFUSED:
        return
    with transaction.atomic():
        if work_held(step):
            step.idempotency_key, step.sent_at = before.idempotency_key, before.sent_at
            step.output = {"sent": _sent(before)}
            step.save(update_fields=["idempotency_key", "sent_at", "output"])


def _sent(step: Step) -> dict[str, Any]:
    """What the step sent; kept beside the result when it was done."""
    return dict(step.output.get("sent") or {})


def _dead_run(step_id: int) -> Run | None:
    """The run, with what its rule remembers, its questions and its steps locked, in the order every other path does."""
    run = Run.objects.select_related("rule", "version", "event", "record").get(steps=step_id)
    remembered = RuleRecordState.objects.filter(rule=run.rule, record=run.record)
    list(remembered.select_for_update(of=("self",), no_key=True))
    asked = Step.objects.filter(run=run, interaction__isnull=False).values("interaction")
    list(Interaction.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=asked).order_by("pk"))
    steps = Step.objects.select_for_update(of=("self",), no_key=True).filter(run=run).order_by("pk")
    return run if any(each.pk == step_id and each.state == StepState.DEAD for each in steps) else None


def _writes(run: Run) -> Iterable[Step]:
    return Step.objects.filter(run=run, sent_at__isnull=False).exclude(state=StepState.REFUSED)


def _writes_refuse(run: Run, compiled: CompiledRule) -> None:
    for step in _writes(run):
        if not _has_step(compiled, step):
            raise Conflict(
                _(
                    "An earlier try may have written into the ERP, and the rule has no such step now. "
                    "Look in the ERP, then replay with the rule as it was, or discard."
                )
            )


def _has_step(compiled: CompiledRule, step: Step) -> bool:
    try:
        found = step_at(compiled.definition, step.path)
    except ConfigError:
        return False
    sent = _sent(step).get("write")
    return found.action == step.action and (not sent or sent == found.params.get("write"))


def _data(run: Run, compiled: CompiledRule) -> PreparedData:
    event = run.event
    state = event.after or event.before or {}
    return data_prepare(
        schema_for(compiled.about), event_data(state, event.before, event, list(event.changed))
    )


def _begin(run: Run, compiled: CompiledRule, data: PreparedData) -> None:
    latest = Step.objects.filter(run=run).aggregate(most=Max("round"))["most"] or 0
    _questions_close(run, localized(gettext_noop("Started anew ({at}).")))
    _steps_skip(run)
    condition = condition_trace(compiled.definition.condition, schema_for(compiled.about), data)
    run.trace = {"condition": condition.as_json(), "number": compiled.number}
    run.version_id, run.stops = compiled.version_id, run.rule.stops
    run.state, run.outcome, run.reason, run.ended_at = RunState.RUNNING, "", "", None
    run.save()
    Step.objects.create(
        run=run,
        path="/steps/0",
        action=compiled.definition.steps[0].action,
        available_at=clock.now(),
        round=latest + 1,
    )
    live_publish(f"run-{run.pk}", type="run", id=run.pk)
    doorbell.ring(EXECUTE_QUEUE)


def _give_up(run: Run, outcome: str, text: Localized) -> None:
    _questions_close(run, text)
    _steps_skip(run)
    run.state, run.outcome, run.reason, run.ended_at = (
        RunState.CANCELLED,
        outcome,
        text_store(text),
        clock.now(),
    )
    run.save()
    RuleRecordState.objects.filter(
        rule=run.rule,
        record=run.record,
        fired_event_id=run.event_id,
        first_delivered_at__isnull=True,
    ).update(armed=True)
    live_publish(f"run-{run.pk}", type="run", id=run.pk)


def _steps_skip(run: Run) -> None:
    Step.objects.filter(run=run, state__in=UNENDED).update(
        state=StepState.SKIPPED, ended_at=clock.now(), available_at=None, lease_until=None, lease_owner=""
    )


def _questions_close(run: Run, text: Localized) -> None:
    asked = Step.objects.filter(run=run, interaction__isnull=False).values("interaction")
    found = list(Interaction.objects.filter(pk__in=asked).order_by("pk"))
    interactions_cancel([each for each in found if each.state in OPEN_STATES], text)
    for each in found:
        if each.state == InteractionState.FAILED:
            interaction_show(each, state=InteractionState.CANCELLED, text=text, at=clock.now())
