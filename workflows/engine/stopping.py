"""Stopping a rule: nothing of it is carried on from that moment; what waits is ended in batches, by rows.

The rule's count of stops is raised in one short transaction. From then on every worker sees of a run, without asking
the database again, that it began before the stop. Only what has already left for the ERP, or is in a worker's hands
after somebody's click, is finished.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext_noop

from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.doorbell import Due
from kernel.generation import generation_bump
from kernel.live import live_publish, live_publish_each
from kernel.text import Localized, localized, text_show, text_store
from kernel.work import due, work_claim, work_each, work_held
from messaging.models import Interaction, InteractionState
from messaging.services.cancelling import interactions_cancel
from workflows.engine.compiled import GENERATION
from workflows.engine.telling import stop_tell
from workflows.models import Rule, RuleState, RuleStop, Run, RunState, Step, StepState, StopReason

STOP_QUEUE = "stop"
BATCH = 200
AGAIN_SECONDS = 1.0
STOPPED = (RuleState.OFF, RuleState.LOOP)
"""What began before is not carried on. A rule that fired too often is not among them: what it asked goes on."""
BY_ITSELF = (RuleState.LOOP, RuleState.FLOOD)
ACTIVE = (RunState.RUNNING, RunState.WAITING)
UNENDED = (StepState.READY, StepState.WAITING)
logger = logging.getLogger(__name__)


def rule_stop(rule: Rule, reason: str, *, actor: Any = None, why: Localized | None = None) -> RuleStop | None:
    """Stop a live rule inside the caller's transaction; `why` is kept on the rule. None when it was not live any more."""
    locked = Rule.objects.select_for_update(of=("self",), no_key=True).get(pk=rule.pk)
    state = RuleState.LOOP if reason == StopReason.LOOP else RuleState.OFF
    if locked.state in STOPPED and not (locked.state == RuleState.LOOP and state == RuleState.OFF):
        return None
    locked.state, locked.stops, locked.updated_at = state, locked.stops + 1, clock.now()
    locked.state_reason = text_store(why) if why is not None else ""
    locked.save()
    stop = RuleStop.objects.create(
        rule=locked,
        number=locked.stops,
        reason=reason,
        text=stop_text(reason).as_json(),
        last_run_id=Run.objects.aggregate(last=Max("pk"))["last"] or 0,
        available_at=clock.now(),
    )
    stop.found = _runs_covered(stop).count()
    stop.save(update_fields=["found"])
    generation_bump(GENERATION)
    audit_record(actor, f"rule.{reason}", locked, locked.state_reason or locked.key, runs=stop.found)
    live_publish("staff", type="rule", id=locked.pk)
    doorbell.ring(STOP_QUEUE)
    return stop


def stop_text(reason: str) -> Localized:
    """What a withdrawn card says."""
    if reason == StopReason.LOOP:
        return localized(
            gettext_noop("The rule was stopped ({at}): what it wrote started it again and again.")
        )
    return localized(gettext_noop("The rule was switched off ({at})."))


def run_is_stopped(run: Run) -> bool:
    """Whether the run's rule was stopped since the run began. Asks nothing: run.rule is loaded."""
    rule = run.rule
    return rule.state in STOPPED or (run.stops is not None and run.stops < rule.stops)


def stop_due(now: dt.datetime) -> Due:
    return [RuleStop.objects.filter(due(now))]


def stop_drain() -> int:
    """End one batch of one stopped rule's runs. Returns 0 when nothing is due."""
    return _work(RuleStop.objects.all())


def stop_begin(stop: RuleStop) -> None:
    """End the first batch at once: most stops are over with it."""
    _work(RuleStop.objects.filter(pk=stop.pk))


def _work(stops: QuerySet[RuleStop]) -> int:
    claimed = work_claim(stops.select_related("rule__owner"), limit=1)
    for stop in work_each(claimed):
        _batch(stop)
    return len(claimed)


def _batch(stop: RuleStop) -> None:
    with transaction.atomic():
        if not work_held(stop):
            return
        if stop.reason == StopReason.LOOP and stop.told_at is None:
            stop_tell(stop)
            stop.told_at = clock.now()
        found = _runs_covered(stop).filter(pk__gt=stop.cursor).order_by("pk")
        run_ids = list(found.values_list("pk", flat=True)[:BATCH])
        stop.ended += runs_stop(run_ids, Localized.from_json(stop.text), stop.reason)
        if len(run_ids) == BATCH:
            stop.cursor = run_ids[-1]
            stop.lease_release(clock.now())
        elif _is_left(stop):  # began while we looked; from the first again
            stop.cursor = 0
            stop.lease_release(clock.now() + dt.timedelta(seconds=AGAIN_SECONDS))
        else:
            stop.ended_at = clock.now()
            stop.lease_release()
        stop.attempts = 0
        stop.save()
        live_publish("staff", type="rule", id=stop.rule_id)


def _runs_covered(stop: RuleStop) -> QuerySet[Run]:
    counted = Q(stops__lt=stop.number) | Q(stops__isnull=True, pk__lte=stop.last_run_id)
    return Run.objects.filter(counted, rule_id=stop.rule_id, state__in=ACTIVE)


def _is_left(stop: RuleStop) -> bool:
    """Whether a run still has a step that can be ended and is in nobody's hands."""
    return (
        Step.objects.filter(run__in=_runs_covered(stop), state=StepState.READY, sent_at__isnull=True)
        .filter(Q(person__isnull=True) | Q(lease_until__isnull=True) | Q(lease_until__lte=clock.now()))
        .exists()
        or Step.objects.filter(
            run__in=_runs_covered(stop), state=StepState.WAITING, interaction__state=InteractionState.OPEN
        ).exists()
    )


def steps_going(claimed: Sequence[Step]) -> list[Step]:
    """Of claimed steps those to be worked; those of stopped rules are ended here, unless they have left for the ERP."""
    stopped = [step for step in claimed if step.sent_at is None and run_is_stopped(step.run)]
    by_reason: dict[str, list[Step]] = {}
    for step in stopped:
        by_reason.setdefault(_reason_of(step.run.rule), []).append(step)
    for reason, steps in by_reason.items():
        with transaction.atomic():
            claims = {step.lease_owner for step in steps}
            runs_stop({step.run_id for step in steps}, stop_text(reason), reason, in_hand=claims)
    ended = {step.pk for step in stopped}
    return [step for step in claimed if step.pk not in ended]


def run_stop_if_stopped(run_id: int) -> None:
    """End a run that goes on although its rule was stopped meanwhile, inside the caller's transaction."""
    run = Run.objects.select_related("rule").get(pk=run_id)
    if run_is_stopped(run):
        reason = _reason_of(run.rule)
        runs_stop([run_id], stop_text(reason), reason)


def _reason_of(rule: Rule) -> str:
    return StopReason.LOOP if rule.state == RuleState.LOOP else StopReason.SWITCHED_OFF


def runs_stop(
    run_ids: Collection[int], text: Localized, outcome: str, *, in_hand: Collection[str] = ()
) -> int:
    """End these runs with their steps and questions, inside the caller's transaction. Returns how many were ended.

    Left alone is a run with a step that has left for the ERP, or that a worker holds after somebody's click (`in_hand`
    are the caller's own claims). It ends by itself, and what would follow it is stopped then.
    """
    if not run_ids:
        return 0
    mine = Step.objects.filter(run_id__in=run_ids, state__in=UNENDED)
    questions = {
        each.pk: each
        for each in Interaction.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=[pk for pk in mine.values_list("interaction_id", flat=True) if pk])
        .order_by("pk")
    }
    steps = list(mine.select_for_update(of=("self",), no_key=True).order_by("pk"))
    busy = {step.run_id for step in steps if _is_busy(step, questions, in_hand)}
    ending = [step for step in steps if step.run_id not in busy]
    asked = [questions[step.interaction_id] for step in ending if step.interaction_id]
    interactions_cancel([each for each in asked if each.state == InteractionState.OPEN], text)
    working = [each for each in asked if each.state == InteractionState.WORKING]
    wrote = _wrote(working) if working else set()
    interactions_cancel([each for each in working if each.pk not in wrote], _undone(text))
    interactions_cancel([each for each in working if each.pk in wrote], text)
    now = clock.now()
    Step.objects.filter(pk__in=[step.pk for step in ending]).update(
        state=StepState.SKIPPED, ended_at=now, available_at=None, lease_until=None, lease_owner=""
    )
    over = set(run_ids) - busy
    live_publish_each((f"run-{pk}", {"type": "run", "id": pk}) for pk in sorted(over))
    return Run.objects.filter(pk__in=over, state__in=ACTIVE).update(
        state=RunState.CANCELLED, outcome=outcome, reason=text_store(text), ended_at=now
    )


def _wrote(questions: Sequence[Interaction]) -> set[int | None]:
    """Those after whose answer something was written already: a later action was waiting."""
    done = Step.objects.filter(interaction__in=questions, state=StepState.DONE, sent_at__isnull=False)
    return set(done.values_list("interaction_id", flat=True))


def _undone(text: Localized) -> Localized:
    return localized(gettext_noop("%(why)s Nothing was written."), why=text)


def _is_busy(step: Step, questions: dict[int, Interaction], in_hand: Collection[str]) -> bool:
    if step.interaction_id and step.interaction_id not in questions:
        return True  # asked this moment: its question is locked before it, in the next round
    if step.state != StepState.READY or (step.lease_owner in in_hand and step.sent_at is None):
        return False
    is_held = step.lease_until is not None and step.lease_until > clock.now()
    return step.sent_at is not None or (is_held and step.person_id is not None)


def stops_under_way(rules: Collection[Rule]) -> dict[int, RuleStop]:
    """By rule the stop whose runs are still being ended."""
    found = RuleStop.objects.filter(rule__in=rules, ended_at__isnull=True).order_by("pk")
    return {stop.rule_id: stop for stop in found}


def rule_why_stopped(rule: Rule) -> str:
    """Why Baton itself stopped the rule, in the reader's language; empty otherwise."""
    return text_show(rule.state_reason) if rule.state in BY_ITSELF else ""
