"""Keeping open cards true: when the record of a question changes, so does what people see of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_noop

from connectors.models import Record
from kernel import clock
from kernel.statements import Asked, Select
from kernel.text import Localized, localized
from messaging.models import Interaction, InteractionState
from messaging.services.cancelling import interactions_cancel
from messaging.services.interactions import interaction_show
from workflows.catalog import ACTIONS
from workflows.definition import step_at
from workflows.engine.compiled import rule_version_compiled
from workflows.engine.context import CardContext
from workflows.models import Run, RunState, Step, StepState

HANDLER = "workflows.step"
_OPEN = Select(
    Interaction,
    f"record_id {{any}} AND state = '{InteractionState.OPEN}' AND handler = '{HANDLER}'",
    tail="ORDER BY id",
    lock=True,
)
Rearmed = tuple[int, int, int | None]
"""(rule, record, event that made the condition false: what was asked because of a later one stays open)"""


def card_of_step(step: Step, record: Record, data: dict[str, Any]) -> dict[str, Any]:
    """The card of a waiting step as the record is now."""
    compiled = rule_version_compiled(step.run.rule, step.run.version)
    params = step_at(compiled.definition, step.path).params
    context = CardContext(compiled, step.run.event, data).keeping(step.output)
    return ACTIONS.get(step.action).card(params, context)


def open_asked(records: Sequence[Record]) -> Asked:
    """What to ask for the open cards of these records, which are then locked."""
    return _OPEN, ([record.pk for record in records if record.planned_data is not None],)


def interactions_refresh(records: Sequence[Record], waiting: Sequence[Interaction]) -> int:
    """Show the open cards `waiting` of these records anew where something on them moved. Inside the plan's transaction."""
    by_pk = {record.pk: record for record in records}
    if not waiting:
        return 0
    steps = {
        str(step.pk): step
        for step in Step.objects.filter(pk__in=[int(each.handler_ref) for each in waiting]).select_related(
            "run__rule", "run__version", "run__event"
        )
    }
    count = 0
    for interaction in waiting:
        step = steps.get(interaction.handler_ref)
        record = by_pk[interaction.record_id] if interaction.record_id else None
        if step is None or record is None:
            continue
        data = dict(record.planned_data or {})
        card = card_of_step(step, record, data)
        if card != interaction.card:
            interaction_show(interaction, card=card, shown=data)
            count += 1
    return count


def interactions_rearmed(rearmed: Sequence[Rearmed]) -> int:
    """The condition is false again: questions still open for it need no answer any more."""
    if not rearmed:
        return 0
    runs = list(Run.objects.filter(_runs_of(rearmed), state=RunState.WAITING).values_list("pk", flat=True))
    if not runs:
        return 0
    waiting = list(
        Interaction.objects.select_for_update(of=("self",), no_key=True)
        .filter(
            handler=HANDLER,
            state=InteractionState.OPEN,
            handler_ref__in=[
                str(pk) for pk in Step.objects.filter(run_id__in=runs).values_list("pk", flat=True)
            ],
        )
        .order_by("pk")
    )
    text = rearmed_text()
    closed = interactions_cancel(waiting, text)
    now = clock.now()
    ended = Step.objects.filter(pk__in=[int(each.handler_ref) for each in waiting])
    run_ids = list(ended.values_list("run_id", flat=True))
    ended.update(state=StepState.SKIPPED, ended_at=now)
    Run.objects.filter(pk__in=run_ids).update(state=RunState.DONE, outcome="no_longer_needed", ended_at=now)
    return closed


def _runs_of(rearmed: Sequence[Rearmed]) -> Q:
    wanted = Q()
    for rule_id, record_id, event_id in rearmed:
        found = Q(rule_id=rule_id, record_id=record_id)
        wanted |= found if event_id is None else found & Q(event_id__lt=event_id)
    return wanted


def waiting_rearmed(rearmed: Sequence[Rearmed]) -> int:
    """The same for runs whose first step still waits for the rule's active hours: nobody needs to be asked any more."""
    if not rearmed:
        return 0
    now = clock.now()
    waiting = list(
        Step.objects.select_for_update(of=("self",), no_key=True)
        .filter(
            run__in=Run.objects.filter(_runs_of(rearmed), state=RunState.RUNNING),
            path="/steps/0",
            state=StepState.READY,
            attempts=0,
            available_at__gt=now,
        )
        .order_by("pk")
        .values_list("pk", "run_id")
    )
    Step.objects.filter(pk__in=[pk for pk, _run in waiting]).update(
        state=StepState.SKIPPED, available_at=None, ended_at=now
    )
    return Run.objects.filter(pk__in=[run for _pk, run in waiting]).update(
        state=RunState.DONE, outcome="no_longer_needed", ended_at=now
    )


def rearmed_text() -> Localized:
    return localized(gettext_noop("No longer needed: the condition is not true any more ({at})."))
