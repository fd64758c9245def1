"""Which waiting events a batch takes, and the rows it needs, in three round trips.

Events of one record are planned in sequence: a batch never holds an event that has an earlier unplanned one outside it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from connectors.models import Event, EventState, Record
from kernel import clock
from kernel.generation import NUMBERS, generations_known
from kernel.statements import Raw, Select, selects_run
from workflows.engine.beside import events_beside
from workflows.engine.causes import FOOTPRINTS, footprints_wanted
from workflows.models import Footprint, RuleRecordState

RecordKey = tuple[int, str, str]
FIELDS = tuple(each.attname for each in Event._meta.concrete_fields if each.attname != "raw")
_AGAIN = Raw("SELECT 1 FROM connectors_event WHERE state = 'new' AND available_at > %s LIMIT 1")
_READY = Select(
    Event,
    "state = 'new' AND available_at <= %s",
    tail="ORDER BY id LIMIT %s",
    fields=FIELDS,
    lock=True,
    skips=True,
)
_BEHIND = Raw(
    "SELECT connection_id, object, key, MIN(id) FROM connectors_event WHERE state = 'new' AND id < %s "
    "AND connection_id {any} AND key {any} AND NOT (id {any}) GROUP BY connection_id, object, key"
)
_WHOSE = "connection_id {any} AND object {any} AND key {any}"
_RECORDS = Select(Record, _WHOSE, tail="ORDER BY id", lock=True)
_STATES = Select(
    RuleRecordState,
    f"record_id IN (SELECT id FROM connectors_record WHERE {_WHOSE})",
    tail="ORDER BY id",
    lock=True,
)


def event_key(event: Event) -> RecordKey:
    return event.connection_id, event.object, event.key


def is_numbered(event: Event) -> bool:
    """Polls need no numbers: one worker walks at a time, and each source numbers in its own way."""
    return event.source == "hook" and bool(event.source_version)


def waiting(now: dt.datetime | None = None) -> Q:
    return Q(state=EventState.NEW, available_at__lte=now or clock.now())


def events_ready() -> QuerySet[Event]:
    """Waiting events, without those behind one of their record that waits for its next try."""
    again = Event.objects.filter(state=EventState.NEW, available_at__gt=clock.now())
    earlier = again.filter(
        connection_id=OuterRef("connection_id"),
        object=OuterRef("object"),
        key=OuterRef("key"),
        pk__lt=OuterRef("pk"),
    )
    return Event.objects.filter(waiting()).exclude(Exists(earlier))


def events_claim(limit: int) -> list[Event]:
    """The oldest waiting events nobody else plans, locked, in the order to plan them. Inside a transaction."""
    now = clock.now()
    again, claimed = selects_run((_AGAIN, (now,)), (_READY, (now, limit)))
    ready = Event.objects.filter(waiting())
    if again:
        # Seldom. Comparing every waiting event with those put off is what a claim would otherwise cost.
        ready = events_ready()
        claimed = list(_lock(ready.order_by("id"))[:limit])
    if len(claimed) == limit:  # cut off: what was numbered may lie on both sides
        behind = _lock(ready.filter(pk__gt=claimed[-1].pk))
        claimed += events_beside([each for each in claimed if is_numbered(each)], behind)
    return _in_order(claimed)


def event_claim(pk: int) -> list[Event]:
    """The same of one event, and it is not there when it has to wait for another."""
    return _in_order(list(_lock(Event.objects.filter(waiting(), pk=pk))))


def _lock(queryset: Any) -> Any:
    return queryset.select_for_update(skip_locked=True, of=("self",), no_key=True)


def _in_order(events: list[Event]) -> list[Event]:
    """Leave out events with an earlier unplanned one outside the batch; order each record's."""
    if not events:
        return []
    # Two workers that claim at once may hold every other event of a record: what is left out by one is behind the
    # first that is not its own.
    asked = (
        max(event.pk for event in events),
        {event.connection_id for event in events},
        {event.key for event in events},
        [event.pk for event in events],
    )
    found, numbers = selects_run((_BEHIND, asked), (NUMBERS, ()))
    generations_known(numbers)
    behind: dict[RecordKey, int] = {(row[0], row[1], row[2]): row[3] for row in found}
    kept: dict[RecordKey, list[Event]] = {}
    for event in events:
        first = behind.get(event_key(event))
        if first is None or event.pk < first:
            kept.setdefault(event_key(event), []).append(event)
    return [event for found in kept.values() for event in _record_order(found)]


def _record_order(events: list[Event]) -> list[Event]:
    """As they came; those the source numbered take each other's places so that its numbers grow."""
    came = sorted(events, key=lambda event: event.pk)
    numbered = iter(
        sorted((each for each in came if is_numbered(each)), key=lambda e: (e.source_version, e.pk))
    )
    return [next(numbered) if is_numbered(event) else event for event in came]


@dataclass(frozen=True)
class Known:
    """What is known of a batch's records: their rows and what rules remember of them, locked in this order."""

    records: dict[RecordKey, Record]
    states: list[RuleRecordState]
    footprints: list[Footprint]


def known_load(events: Sequence[Event]) -> Known:
    """The rows a batch is planned with; made for records never seen before."""
    known = _load(events)
    missing = {event_key(event) for event in events} - known.records.keys()
    if missing:
        Record.objects.bulk_create(
            [Record(connection_id=each[0], object=each[1], key=each[2]) for each in sorted(missing)],
            ignore_conflicts=True,
        )
        known = _load(events)
    return known


def _load(events: Sequence[Event]) -> Known:
    whose = (
        {event.connection_id for event in events},
        {event.object for event in events},
        {event.key for event in events},
    )
    records, states, footprints = selects_run(
        (_RECORDS, whose), (_STATES, whose), (FOOTPRINTS, footprints_wanted(events))
    )
    by_key = {(row.connection_id, row.object, row.key): row for row in records}
    return Known(by_key, states, footprints)
