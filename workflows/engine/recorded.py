"""Recorded events as planning saw them, in the order it saw them, and which of them a person may be told of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from connectors.dictionary.types import DictionaryObject
from connectors.models import Event, EventState
from connectors.services.records import scope_columns
from permissions.policies import Decision, Gate
from workflows.definition import Definition
from workflows.engine.rehearsal import Occurrence
from workflows.engine.uses import fields_used

COLUMNS = (
    *("id", "key", "change", "source", "source_event_id", "after", "before", "changed"),
    *("occurred_at", "detected_at", "planned_at"),
)


def events_recorded(connection_id: int, object_name: str, since: dt.datetime) -> QuerySet[Event]:
    """Events that were planned; what was superseded or could not be mapped started no rule either."""
    return Event.objects.filter(
        connection_id=connection_id, object=object_name, state=EventState.PLANNED, detected_at__gte=since
    )


def occurrences(events: QuerySet[Event]) -> Iterator[Occurrence]:
    """A slice of events in the order they were planned: a source that numbers its states may have been sorted."""
    rows = [_occurrence(*row) for row in events.values_list(*COLUMNS)]
    yield from sorted(rows, key=lambda each: (each.at, each.id))


def _occurrence(
    pk: int,
    key: str,
    change: str,
    source: str,
    source_event_id: str,
    after: Any,
    before: Any,
    changed: Any,
    occurred_at: dt.datetime | None,
    detected_at: dt.datetime,
    planned_at: dt.datetime | None,
) -> Occurrence:
    return Occurrence(
        id=pk,
        key=key,
        change=change,
        source=source,
        source_event_id=source_event_id,
        record=after or before or {},
        before=before,
        changed=list(changed or ()),
        occurred_at=occurred_at,
        detected_at=detected_at,
        at=planned_at or detected_at,
    )


class Eyes:
    """Which events a person may be told a rule's verdict of: the record is open, and every field the rule decides by.

    Anything else would make a condition an oracle on a hidden value.
    """

    def __init__(
        self, user: Any, about: DictionaryObject, connection_id: int, *definitions: Definition
    ) -> None:
        self._gate = Gate(user)
        self._about, self._connection_id = about, connection_id
        self._deciding = {use.name for each in definitions for use in fields_used(each) if use.decides}
        self._known: dict[tuple[str, ...], bool] = {}

    def may_know(self, found: Occurrence) -> bool:
        scopes = scope_columns(self._about, found.record)
        key = tuple(scopes[dimension.value] for dimension in self._about.needs)
        if key not in self._known:
            self._known[key] = self._decides_openly(
                self._gate.decide(self._about, scopes, connection_id=self._connection_id)
            )
        return self._known[key]

    def _decides_openly(self, decision: Decision) -> bool:
        return decision.allowed and decision.masked.isdisjoint(self._deciding)
