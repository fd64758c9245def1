"""The counter-checks as lines: what the source says it holds beside what is recorded of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet

from connectors.models import Connection, CounterCheck


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


def counter_lines(connections: QuerySet[Connection] | None = None) -> list[CounterLine]:
    """Those of `connections` (None: of all), by connection and object."""
    rows = CounterCheck.objects.select_related("recorded__connection")
    if connections is not None:
        rows = rows.filter(recorded__connection__in=connections)
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
