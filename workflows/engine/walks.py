"""A rule's look over all records of its object, page by page: what is true becomes an event, planned like any other.

A page is one transaction that also notes how far the walk is, so any worker can go on after any end. The condition is the
rule's own, over the state rules have seen; a record it is not true for makes no event, unless the rule has to be re-armed.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max, QuerySet

from connectors.models import Event, Record
from connectors.services.records import PLAN_QUEUE
from kernel import clock, doorbell
from kernel.doorbell import Due
from kernel.generation import generations_held
from kernel.rows import rows_insert_new
from kernel.work import due, work_claim, work_each, work_held
from workflows.conditions import Verdict, data_prepare
from workflows.engine.compiled import CompiledRule, event_data, schema_for
from workflows.engine.made import EVENT_ONCE, record_event, stamp
from workflows.engine.published import rules_live
from workflows.models import RecordWalk, Rule, RuleRecordState, WalkState

WALK_QUEUE = "walk"
SOURCE = "schedule"
PAGE = 500
logger = logging.getLogger(__name__)


def walk_begin(rule: Rule, change: str, at: dt.datetime, *, most: int | None = None) -> None:
    """Look over the rule's records because of the occurrence `at`; once, however often it is asked for.

    `most`: at most so many records start the rule. Inside the caller's transaction.
    """
    records = _records(rule.connection_id, rule.object)
    RecordWalk.objects.bulk_create(
        [
            RecordWalk(
                rule=rule,
                change=change,
                occurrence_at=at,
                until_id=records.aggregate(last=Max("pk"))["last"] or 0,
                total=records.count(),
                most=most,
                available_at=clock.now(),
            )
        ],
        ignore_conflicts=True,
    )
    doorbell.ring(WALK_QUEUE)


def walk_due(now: dt.datetime) -> Due:
    return [RecordWalk.objects.filter(due(now))]


def walks_drain() -> int:
    """One page of one walk. Returns 0 when none is due."""
    claimed = work_claim(RecordWalk.objects.select_related("rule"), limit=1)
    for walk in work_each(claimed):
        with transaction.atomic(), generations_held():
            if work_held(walk):
                _page(walk)
    return len(claimed)


def _records(connection_id: int, object_name: str) -> QuerySet[Record]:
    return Record.objects.filter(connection_id=connection_id, object=object_name, gone=False)


def _page(walk: RecordWalk) -> None:
    rule = walk.rule
    index = rules_live().get((rule.connection_id, rule.object))
    live = index.only(rule.pk) if index is not None else []
    walk.attempts = 0
    if not live:
        _end(walk, WalkState.STOPPED)
        return
    page = list(
        _records(rule.connection_id, rule.object)
        .filter(pk__gt=walk.position, pk__lte=walk.until_id)
        .only("pk", "connection_id", "object", "key", "data", "planned_data")
        .order_by("pk")[:PAGE]
    )
    found = _true_for(live[0], page, walk)
    if walk.most is not None:
        left_out = found[max(walk.most - walk.made, 0) :]
        found = found[: max(walk.most - walk.made, 0)]
        walk.left_out += len(left_out)
    mark = stamp(walk.occurrence_at)
    made = [
        record_event(rule, each, walk.change, source=SOURCE, mark=mark, at=walk.occurrence_at)
        for each in found
    ]
    rows_insert_new(Event, made, EVENT_ONCE)
    walk.looked += len(page)
    walk.made += len(found)
    walk.position = page[-1].pk if page else walk.position
    if found:
        doorbell.ring(PLAN_QUEUE)
    if len(page) < PAGE:
        _end(walk, WalkState.DONE)
    else:
        walk.lease_release(clock.now())
        walk.save()
        doorbell.ring(WALK_QUEUE)


def _end(walk: RecordWalk, state: str) -> None:
    walk.state, walk.ended_at = state, clock.now()
    walk.lease_release()
    walk.save()


def _true_for(rule: CompiledRule, page: Sequence[Record], walk: RecordWalk) -> list[Record]:
    """The records that start the rule, and those that re-arm it."""
    remembered: set[int] = set()
    if rule.compares:
        disarmed = RuleRecordState.objects.filter(
            rule_id=rule.rule_id, armed=False, record_id__in=[each.pk for each in page]
        )
        remembered = set(disarmed.values_list("record_id", flat=True))
    schema = schema_for(rule.about)
    occasion = Event(change=walk.change, source=SOURCE, occurred_at=walk.occurrence_at)
    return [
        each
        for each in page
        if each.pk in remembered
        or rule.condition.evaluate(
            data_prepare(schema, event_data(each.planned_data or each.data, None, occasion, []))
        )
        is Verdict.TRUE
    ]
