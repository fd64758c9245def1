"""Events that Baton makes about a record, for one rule: they carry no state, planning takes what rules have seen of it."""

from __future__ import annotations

import datetime as dt

from connectors.models import Event, Record
from kernel import clock
from workflows.models import Rule

EVENT_ONCE = ("connection_id", "dedupe_key")


def stamp(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def record_event(
    rule: Rule,
    record: Record,
    change: str,
    *,
    source: str,
    mark: str,
    at: dt.datetime,
    source_event_id: str = "",
) -> Event:
    """Unsaved. `mark` makes it once only among this rule's events of this record and kind."""
    return Event(
        connection_id=record.connection_id,
        object=record.object,
        key=record.key,
        change=change,
        source=source,
        source_event_id=source_event_id,
        dedupe_key=f"{change}:{rule.pk}:{record.pk}:{mark}",
        occurred_at=at,
        for_rule_id=rule.pk,
        available_at=clock.now(),
    )
