"""Every so often while it is true: what a rule remembers of a record says when the record is looked at again.

Then an event is made, in the transaction that sets the next time; planning decides with the rule's condition whether it
still fires. Once the condition is false the time is taken away (workflows/engine/batch.py).
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from connectors.models import Event
from connectors.services.records import PLAN_QUEUE
from kernel import clock, doorbell
from kernel.doorbell import Due
from kernel.generation import generations_held
from kernel.rows import rows_insert_new
from workflows.definition import AGAIN, FiringPolicy
from workflows.engine.compiled import CompiledRule
from workflows.engine.made import EVENT_ONCE, record_event, stamp
from workflows.engine.published import rules_live
from workflows.models import RuleRecordState

REPEAT_QUEUE = "repeat"
SOURCE = "schedule"
BATCH = 200
OFF_SECONDS = 3600.0
"""While the rule is not in force nothing is made; so often it is looked whether it is again."""


def repeat_due(now: dt.datetime) -> Due:
    return [RuleRecordState.objects.filter(again_at__lte=now)]


def repeats_drain() -> int:
    """Make the events of those that are due. Returns how many states were handled."""
    with transaction.atomic(), generations_held():
        now = clock.now()
        states = list(
            RuleRecordState.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
            .filter(again_at__lte=now)
            .select_related("rule", "record")
            .order_by("again_at", "pk")[:BATCH]
        )
        live = rules_live()
        events = []
        for state in states:
            index = live.get((state.rule.connection_id, state.rule.object))
            rules = index.only(state.rule_id) if index is not None else []
            if not rules:
                state.again_at = now + dt.timedelta(seconds=OFF_SECONDS)
                continue
            at = state.again_at or now
            state.again_at = _next(rules[0], at, now)
            if rules[0].definition.firing.policy is FiringPolicy.WHILE_TRUE:
                events.append(
                    record_event(state.rule, state.record, AGAIN, source=SOURCE, mark=stamp(at), at=now)
                )
        RuleRecordState.objects.bulk_update(states, ["again_at"])
        rows_insert_new(Event, events, EVENT_ONCE)
        if events:
            doorbell.ring(PLAN_QUEUE)
    return len(states)


def _next(rule: CompiledRule, at: dt.datetime, now: dt.datetime) -> dt.datetime | None:
    """In the rhythm it began with, and later than now: what was missed is not made up for."""
    every = rule.definition.firing.every_seconds
    passed = int((now - at).total_seconds() // every) if every else 0
    return rule.again_after(at + dt.timedelta(seconds=passed * every))
