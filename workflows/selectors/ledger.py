"""The no-loss ledger: every event has exactly one category; `unknown` must be zero."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from django.db.models import Case, CharField, Count, Exists, Min, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from connectors.models import Event, EventState, Outcome
from kernel import clock
from messaging.models import OPEN_STATES, Delivery, DeliveryState
from workflows.models import Run, RunState, Step
from workflows.selectors.visible import visible_events

PLAN_DEADLINE_SECONDS = 60

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


def events_classified(events: QuerySet[Event]) -> QuerySet[Event]:
    """`events` with an annotation `category`, a key of LEDGER_CATEGORIES."""
    found: QuerySet[Event] = events.annotate(category=_category())
    return found


def category_filter(events: QuerySet[Event], category: str) -> QuerySet[Event]:
    """Of events_classified's rows, those of one category."""
    return events.filter(Q(category=category))


def ledger_counts(user: Any, since: dt.datetime | None = None) -> dict[str, int]:
    """How many of the events this person may list are in which category; every category is named."""
    events = visible_events(user)
    if since is not None:
        events = events.filter(detected_at__gte=since)
    found = (
        events.annotate(category=_category()).order_by().values_list("category").annotate(count=Count("pk"))
    )
    return {**dict.fromkeys(LEDGER_CATEGORIES, 0), **dict(found)}


def ledger_oldest_seconds(user: Any) -> float | None:
    """The age of the oldest event still in progress; None when none is."""
    events = visible_events(user)
    active = Run.objects.filter(state__in=[RunState.RUNNING, RunState.WAITING]).values("event")
    ages = [
        found.aggregate(oldest=Min("detected_at"))["oldest"]
        for found in (events.filter(state=EventState.NEW), events.filter(pk__in=active))
    ]
    known = [each for each in ages if each is not None]
    return (clock.now() - min(known)).total_seconds() if known else None


def _runs() -> QuerySet[Run]:
    return Run.objects.filter(event=OuterRef("pk"))


def _lost_events() -> list[int]:
    """Events with a delivery that nobody will ever send: neither tried nor due. Should be empty."""
    lost = Delivery.objects.filter(state=DeliveryState.READY, available_at__isnull=True, attempts=0)
    return [each for each in lost.values_list("interaction__event_id", flat=True)[:1000] if each is not None]


def _category() -> Case:
    now = clock.now()
    late = now - dt.timedelta(seconds=PLAN_DEADLINE_SECONDS)
    unplanned = Q(state=EventState.NEW)
    stuck = unplanned & Q(available_at__isnull=True, detected_at__lt=late)
    stuck &= Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    runs = _runs()
    active = runs.filter(state__in=[RunState.RUNNING, RunState.WAITING])
    due = Step.objects.filter(run=OuterRef("pk"), available_at__isnull=False)
    asking = Step.objects.filter(run=OuterRef("pk"), interaction__state__in=OPEN_STATES)
    orphan = active.filter(~Exists(due) & ~(Q(state=RunState.WAITING) & Exists(asking)))
    written = Step.objects.filter(run=OuterRef("pk"), person__isnull=False)
    answered = ~Q(outcome__in=[*NOTICE_OUTCOMES, "expired"]) | Exists(written)
    lost = _lost_events()
    whens = [
        When(stuck, then=Value("unknown")),
        When(unplanned, then=Value("in_progress")),
        When(state=EventState.NEEDS_MAPPING, then=Value("needs_mapping")),
        When(state=EventState.SUPERSEDED, then=Value("superseded")),
        When(state=EventState.FAILED, then=Value("failed")),
        When(outcome=Outcome.NO_RULE, then=Value("no_rule")),
        When(outcome=Outcome.NO_MATCH, then=Value("no_match")),
        When(outcome=Outcome.SUPPRESSED, then=Value("suppressed")),
        *([When(pk__in=lost, then=Value("unknown"))] if lost else []),
        When(Exists(orphan), then=Value("unknown")),
        When(Exists(active), then=Value("in_progress")),
        When(Exists(runs.filter(state=RunState.FAILED)), then=Value("failed")),
        When(Exists(runs.filter(answered, state=RunState.DONE)), then=Value("acted")),
        When(Exists(runs.filter(state=RunState.DONE, outcome="expired")), then=Value("expired")),
        When(Exists(runs.filter(state=RunState.DONE)), then=Value("delivered")),
        When(Exists(runs.filter(state=RunState.CANCELLED)), then=Value("suppressed")),
    ]
    return Case(*whens, default=Value("unknown"), output_field=CharField())
