"""How many events ended how. History is counted along two indexes; only what is open or stuck is looked at row by row.

An event without runs is counted by its own state, one with runs by its runs: each run's place is taken, and the
foremost of an event's runs is the event's. Holes are then moved to `unknown`; normally there are none.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, Count, FilteredRelation, IntegerField, Min, Q, QuerySet, Value, When

from connectors.models import Connection, Event, EventState, Outcome
from kernel import clock
from workflows.models import Run, RunState
from workflows.selectors.holes import (
    ACTIVE,
    lost_event_ids,
    matched_without_run,
    runs_orphaned,
    unplanned,
)
from workflows.selectors.ledger import LEDGER_CATEGORIES, NOTICE_OUTCOMES, calm_category
from workflows.selectors.visible import event_connections, event_kinds_counted

FOREMOST: Final = ("in_progress", "failed", "acted", "expired", "delivered", "suppressed")
"""Of several runs of one event the first of these names the event's category."""

IDS_AT_ONCE = 500

BY_STATE: Final = {
    (EventState.NEEDS_MAPPING, ""): "needs_mapping",
    (EventState.SUPERSEDED, ""): "superseded",
    (EventState.FAILED, ""): "failed",
    (EventState.PLANNED, Outcome.NO_RULE): "no_rule",
    (EventState.PLANNED, Outcome.NO_MATCH): "no_match",
    (EventState.PLANNED, Outcome.SUPPRESSED): "suppressed",
}


@dataclass(frozen=True)
class Scope:
    """Which events are counted: of these connections (None: all), detected in this time (None: at any).

    `reader`: only what totals may count for this person.
    """

    connections: QuerySet[Connection] | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    reader: Any = None

    def events(self) -> QuerySet[Event]:
        return self._within(Event.objects.all(), "", "connection")

    def runs(self) -> QuerySet[Run]:
        """The runs of those events. A rule's events are those of its connection."""
        return self._within(Run.objects.all(), "event__", "rule__connection")

    def _within(self, rows: QuerySet[Any], event: str, connection: str) -> QuerySet[Any]:
        found, detected = rows.order_by(), f"{event}detected_at"
        if self.connections is not None:
            found = found.filter(**{f"{connection}__in": self.connections})
            if self.reader is not None:
                found = found.filter(event_kinds_counted(self.reader, self.connections, event))
        if self.since is not None:
            found = found.filter(**{f"{detected}__gte": self.since})
        if self.until is not None:
            found = found.filter(**{f"{detected}__lt": self.until})
        return found


def ledger_counts(user: Any, since: dt.datetime | None = None) -> dict[str, int]:
    """How many of the events this person may list are in which category; every category is named.

    Of a connection that is only shared with the person, kinds of records they may not see wholly are not counted.
    """
    return scope_counts(Scope(event_connections(user), since, reader=user))


def ledger_oldest_seconds(user: Any) -> float | None:
    """The age of the oldest event still in progress that this person may list; None when none is."""
    return scope_oldest_seconds(Scope(event_connections(user), reader=user))


def scope_counts(scope: Scope) -> dict[str, int]:
    """One count per category of LEDGER_CATEGORIES; their sum is the number of events."""
    counts: Counter[str] = Counter()
    matched = 0
    ended = scope.events().exclude(state=EventState.NEW).values_list("state", "outcome")
    for state, outcome, count in ended.annotate(count=Count("*")):
        if (state, outcome) == (EventState.PLANNED, Outcome.MATCHED):
            matched += count
        else:
            key = (state, outcome if state == EventState.PLANNED else "")
            counts[BY_STATE.get(key, "unknown")] += count
    counts["in_progress"] += scope.events().filter(state=EventState.NEW).count()
    with_runs = _by_runs(scope)
    counts.update(with_runs)
    if matched > with_runs.total():
        counts["unknown"] += scope.events().filter(matched_without_run()).count()
    _holes_move(scope, counts)
    return {category: counts[category] for category in LEDGER_CATEGORIES}


def _by_runs(scope: Scope) -> Counter[str]:
    rank = Case(
        When(state__in=ACTIVE, then=Value(0)),
        When(state=RunState.FAILED, then=Value(1)),
        When(state=RunState.CANCELLED, then=Value(5)),
        When(outcome="expired", then=Value(3)),
        When(Q(outcome__in=NOTICE_OUTCOMES) & Q(written__isnull=True), then=Value(4)),
        default=Value(2),
        output_field=IntegerField(),
    )
    written = FilteredRelation("steps", condition=Q(steps__person__isnull=False))
    foremost = scope.runs().alias(written=written).values("event").annotate(rank=Min(rank))
    found = foremost.aggregate(
        **{name: Count("rank", filter=Q(rank=place)) for place, name in enumerate(FOREMOST)}
    )
    return Counter(found)


def _holes_move(scope: Scope, counts: Counter[str]) -> None:
    stuck = scope.events().filter(unplanned()).count()
    counts["in_progress"] -= stuck
    counts["unknown"] += stuck
    lost: set[int] = {each["interaction__event_id"] for each in lost_event_ids()}
    orphaned = set(runs_orphaned(Run.objects.order_by()).values_list("event_id", flat=True))
    for category, count in _calm_counts(scope, sorted(lost | orphaned)).items():
        counts[category] -= count
        counts["unknown"] += count


def _calm_counts(scope: Scope, event_ids: Sequence[int]) -> Counter[str]:
    """What the events of holes were counted as."""
    counts: Counter[str] = Counter()
    for start in range(0, len(event_ids), IDS_AT_ONCE):
        some = event_ids[start : start + IDS_AT_ONCE]
        found = scope.events().filter(pk__in=some).annotate(category=calm_category())
        for category, count in found.values_list("category").annotate(count=Count("*")):
            counts[category] += count
    return counts


def scope_oldest_seconds(scope: Scope) -> float | None:
    """The age of the oldest event in progress; None when none is."""
    waiting = scope.events().filter(state=EventState.NEW)
    active = scope.events().filter(pk__in=scope.runs().filter(state__in=ACTIVE).values("event"))
    ages = [found.aggregate(oldest=Min("detected_at"))["oldest"] for found in (waiting, active)]
    known = [each for each in ages if each is not None]
    return (clock.now() - min(known)).total_seconds() if known else None
