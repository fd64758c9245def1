"""The no-loss ledger: every event has exactly one category; `unknown` must be zero."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from connectors.models import Event, EventState, Outcome
from workflows.models import Run, RunState, Step
from workflows.selectors.holes import (
    ACTIVE,
    event_holes,
    lost_event_ids,
    runs_orphaned,
    unplanned,
)

LEDGER_CATEGORIES: Final = {
    "acted": _("Answered and carried out"),
    "delivered": _("Delivered"),
    "suppressed": _("Held back"),
    "no_match": _("No condition was true"),
    "no_rule": _("No rule"),
    "needs_mapping": _("Needs mapping"),
    "superseded": _("Superseded"),
    "expired": _("Expired"),
    "failed": _("Failed"),
    "in_progress": _("In progress"),
    "unknown": _("Unknown"),
}
"""`acted`: a person's answer was carried out, or recorded where nothing was to be done."""

NOTICE_OUTCOMES = ("done", "no_longer_needed", "")
"""Outcomes of a run that ended well without an answer; any other outcome of a done run is a button's key."""

ENDED = {
    "no_match": Q(state=EventState.PLANNED, outcome=Outcome.NO_MATCH),
    "no_rule": Q(state=EventState.PLANNED, outcome=Outcome.NO_RULE),
    "needs_mapping": Q(state=EventState.NEEDS_MAPPING),
    "superseded": Q(state=EventState.SUPERSEDED),
}
"""Categories that an event has by itself, whatever other rows say."""

EVENTS_OF = {
    "suppressed": Q(state=EventState.PLANNED, outcome=Outcome.SUPPRESSED),
    "failed": Q(state=EventState.FAILED),
    "in_progress": Q(state=EventState.NEW),
}
RUNS_OF = {
    "acted": Q(state=RunState.DONE) & ~Q(outcome="expired"),
    "delivered": Q(state=RunState.DONE, outcome__in=NOTICE_OUTCOMES),
    "expired": Q(state=RunState.DONE, outcome="expired"),
    "failed": Q(state=RunState.FAILED),
    "suppressed": Q(state=RunState.CANCELLED),
    "in_progress": Q(state__in=ACTIVE),
}
"""What a category takes of an event, or of one of its runs."""


def events_classified(events: QuerySet[Event]) -> QuerySet[Event]:
    """`events` with an annotation `category`, a key of LEDGER_CATEGORIES. For a page of rows, not for history."""
    hole = unplanned() | Q(pk__in=lost_event_ids())
    hole |= Q(Exists(runs_orphaned(Run.objects.filter(event=OuterRef("pk")))))
    category = Case(When(hole, then=Value("unknown")), default=calm_category(), output_field=CharField())
    found: QuerySet[Event] = events.annotate(category=category)
    return found


def calm_category() -> Case:
    """The category of an event, or of those of its rows that are no hole."""
    runs = Run.objects.filter(event=OuterRef("pk"))
    written = Step.objects.filter(run=OuterRef("pk"), person__isnull=False)
    answered = ~Q(outcome__in=[*NOTICE_OUTCOMES, "expired"]) | Exists(written)
    whens = [
        When(state=EventState.NEW, then=Value("in_progress")),
        When(state=EventState.NEEDS_MAPPING, then=Value("needs_mapping")),
        When(state=EventState.SUPERSEDED, then=Value("superseded")),
        When(state=EventState.FAILED, then=Value("failed")),
        When(outcome=Outcome.NO_RULE, then=Value("no_rule")),
        When(outcome=Outcome.NO_MATCH, then=Value("no_match")),
        When(outcome=Outcome.SUPPRESSED, then=Value("suppressed")),
        When(Exists(runs.filter(state__in=ACTIVE)), then=Value("in_progress")),
        When(Exists(runs.filter(state=RunState.FAILED)), then=Value("failed")),
        When(Exists(runs.filter(answered, state=RunState.DONE)), then=Value("acted")),
        When(Exists(runs.filter(state=RunState.DONE, outcome="expired")), then=Value("expired")),
        When(Exists(runs.filter(state=RunState.DONE)), then=Value("delivered")),
        When(Exists(runs.filter(state=RunState.CANCELLED)), then=Value("suppressed")),
    ]
    return Case(*whens, default=Value("unknown"), output_field=CharField())


def category_filter(events: QuerySet[Event], category: str) -> QuerySet[Event]:
    """Of events_classified's rows, those of one category; only rows that may be of it are classified."""
    if category in ENDED:
        return events.filter(ENDED[category])
    first, *others = (each.order_by() for each in _candidates(category))
    return events.filter(Q(category=category), pk__in=first.union(*others) if others else first)


def _candidates(category: str) -> list[QuerySet[Any, Any]]:
    """The numbers of events that may be of this category: by their own state, and by that of their runs."""
    if category == "unknown":
        own = [Event.objects.filter(condition).values("pk") for condition, _reason in event_holes()]
        return [*own, lost_event_ids(), runs_orphaned(Run.objects.all()).values("event")]
    found: list[QuerySet[Any, Any]] = [Run.objects.filter(RUNS_OF[category]).values("event")]
    if category in EVENTS_OF:
        found.append(Event.objects.filter(EVENTS_OF[category]).values("pk"))
    return found
