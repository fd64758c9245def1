"""The counter-checks as lines: what the source says it holds beside what is recorded of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from connectors.models import CounterCheck
from workflows.selectors.visible import event_connections, event_kinds_counted


@dataclass(frozen=True)
class CounterLine:
    """One recorded object. `reason` is stored text (see kernel.text.text_show), `error` why it could not be counted."""

    connection: str
    object: str
    state: str
    label: str
    source_records: int | None
    own_records: int | None
    checked_at: dt.datetime | None
    found_at: dt.datetime | None
    healed_at: dt.datetime | None
    reason: str
    error: str


def counter_lines(reader: Any = None) -> list[CounterLine]:
    """All there are, by connection and object; for a `reader` those whose totals this person may know."""
    rows = CounterCheck.objects.select_related("recorded__connection")
    connections = event_connections(reader) if reader is not None else None
    if connections is not None:
        rows = rows.filter(event_kinds_counted(reader, connections, "recorded__"))
    return [
        CounterLine(
            each.recorded.connection.slug,
            each.recorded.object,
            each.state,
            each.get_state_display(),
            each.source_records,
            each.own_records,
            each.checked_at,
            each.found_at,
            each.healed_at,
            each.reason,
            each.last_error,
        )
        for each in rows.order_by("recorded__connection__slug", "recorded__object")
    ]
