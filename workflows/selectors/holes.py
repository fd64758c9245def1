"""Holes in the ledger: rows that nobody will ever look at again. Derived from the rows; there must be none.

A row that is due, or under a lease, is in hand however old it is: that is lateness (see `/readyz`), not loss.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connectors.models import Event, EventState, Outcome
from kernel import clock
from messaging.models import OPEN_STATES, Delivery, DeliveryState, Reply, ReplyState
from workflows.models import Run, RunState, Step

PLAN_DEADLINE_SECONDS = 60
ACTIVE = (RunState.RUNNING, RunState.WAITING)


@dataclass(frozen=True)
class Hole:
    """One row that is stuck. `kind` is event, run, delivery or reply, `pk` its number; `event_id` where it has one."""

    kind: str
    pk: int
    event_id: int | None
    reason: str | Promise


def _unleased(now: dt.datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lte=now)


def unplanned() -> Q:
    """Events past their deadline that no timer and no worker will plan."""
    now = clock.now()
    late = now - dt.timedelta(seconds=PLAN_DEADLINE_SECONDS)
    return Q(state=EventState.NEW, available_at__isnull=True, detected_at__lt=late) & _unleased(now)


def matched_without_run() -> Q:
    """Events for which a rule is said to have fired, without its run."""
    return Q(
        ~Exists(Run.objects.filter(event=OuterRef("pk"))), state=EventState.PLANNED, outcome=Outcome.MATCHED
    )


def runs_orphaned(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Of `runs`, those neither ended nor with a step that is due or in hand, nor with a question that is open."""
    due = Step.objects.filter(run=OuterRef("pk"), available_at__isnull=False)
    asking = Step.objects.filter(run=OuterRef("pk"), interaction__state__in=OPEN_STATES)
    return runs.filter(~Exists(due) & ~(Q(state=RunState.WAITING) & Exists(asking)), state__in=ACTIVE)


def deliveries_lost() -> QuerySet[Delivery]:
    """Messages that wait to be sent, and for which no time has been set."""
    return Delivery.objects.filter(
        _unleased(clock.now()), state=DeliveryState.READY, available_at__isnull=True
    )


def lost_event_ids() -> QuerySet[Delivery, Any]:
    """The numbers of the events those messages are about."""
    known = deliveries_lost().filter(interaction__event_id__isnull=False)
    return known.values("interaction__event_id")


def replies_lost() -> QuerySet[Reply]:
    """Answers that were acknowledged to a messenger, and that nobody will work."""
    return Reply.objects.filter(_unleased(clock.now()), state=ReplyState.NEW, available_at__isnull=True)


def event_holes() -> list[tuple[Q, Promise]]:
    """Conditions on events that find holes, each with why it is one: only those that can find any.

    Which ends there are, and how many of a kind, is read along an index; no row of history is looked at for that.
    """
    found: list[tuple[Q, Promise]] = [
        (unplanned(), _("It waits to be evaluated, and no time for it is set."))
    ]
    ended = Event.objects.exclude(state=EventState.NEW).order_by().values_list("state", "outcome")
    matched = 0
    for state, outcome, count in ended.annotate(count=Count("*")):
        if state not in EventState.values or (state == EventState.PLANNED and outcome not in Outcome.values):
            found.append((Q(state=state, outcome=outcome), _("Its state names no outcome.")))
        elif (state, outcome) == (EventState.PLANNED, Outcome.MATCHED):
            matched = count
    if matched > Run.objects.order_by().values("event").distinct().count():
        found.append((matched_without_run(), _("A rule is said to have fired, but there is no run.")))
    return found


def ledger_holes(limit: int) -> list[Hole]:
    """The first `limit` holes of the whole ledger, each with why it is one. One query per kind of hole."""
    return list(islice(_holes(limit), limit))


def _holes(limit: int) -> Iterator[Hole]:
    for condition, reason in event_holes():
        for pk in Event.objects.filter(condition).order_by("pk").values_list("pk", flat=True)[:limit]:
            yield Hole("event", pk, pk, reason)
    orphans = runs_orphaned(Run.objects.all()).order_by("pk").values_list("pk", "event_id")
    for pk, event_id in orphans[:limit]:
        yield Hole("run", pk, event_id, _("It has not ended, no step of it is due, and no question is open."))
    lost = deliveries_lost().order_by("pk").values_list("pk", "interaction__event_id")
    for pk, asked_for in lost[:limit]:
        yield Hole("delivery", pk, asked_for, _("It waits to be sent, and no time for it is set."))
    replies = replies_lost().order_by("pk").values_list("pk", "interaction__event_id")
    for pk, asked_for in replies[:limit]:
        yield Hole("reply", pk, asked_for, _("It waits to be worked, and no time for it is set."))
