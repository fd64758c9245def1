"""Dead letters: what stopped for good and waits for a person. Three kinds, each listed as its rows are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from connectors.models import Event, EventState
from kernel.text import text_show
from messaging.models import Delivery, DeliveryState
from permissions.policies import MASK, Gate
from workflows.models import Step, StepState
from workflows.selectors.shown import event_view
from workflows.selectors.visible import visible_deliveries, visible_events, visible_steps


def dead_steps(user: Any) -> QuerySet[Step]:
    return visible_steps(user).filter(state=StepState.DEAD)


def failed_events(user: Any) -> QuerySet[Event]:
    return visible_events(user).filter(state=EventState.FAILED)


def failed_deliveries(user: Any) -> QuerySet[Delivery]:
    return visible_deliveries(user).filter(state=DeliveryState.FAILED, discarded_at__isnull=True)


LETTERS: dict[str, Callable[[Any], QuerySet[Any]]] = {
    "step": dead_steps,
    "event": failed_events,
    "delivery": failed_deliveries,
}

KINDS = list(LETTERS)


def letters_count(user: Any, most: int) -> int:
    """How many there are, counted up to `most` of each kind."""
    return sum(found(user).order_by()[:most].count() for found in LETTERS.values())


@dataclass(frozen=True)
class DeadLetter:
    """`kind` and `pk` name it; `about_id` is the number of the run, event or delivery it is part of."""

    kind: str
    pk: int
    about_id: int
    title: str
    reason: str
    at: dt.datetime | None


def dead_letters(user: Any, most: int) -> list[DeadLetter]:
    """The newest `most` of each kind; a reason that may tell values is hidden with the record."""
    gate = Gate(user)
    return [*_steps(user, gate, most), *_events(user, gate, most), *_deliveries(user, most)]


def _steps(user: Any, gate: Gate, most: int) -> list[DeadLetter]:
    found = []
    related = ("run__rule", "run__event__connection")
    for step in dead_steps(user).select_related(*related).order_by("-id")[:most]:
        view = event_view(gate, step.run.event)
        title = f"{step.run.rule}: {view.title or view.key(step.run.event.key)}"
        reason = text_show(step.reason) if view.decision.allowed else MASK
        found.append(DeadLetter("step", step.pk, step.run_id, title, reason, step.ended_at))
    return found


def _events(user: Any, gate: Gate, most: int) -> list[DeadLetter]:
    found = []
    for event in failed_events(user).select_related("connection").order_by("-id")[:most]:
        view = event_view(gate, event)
        title = f"{event.connection}: {view.title or view.key(event.key)}"
        reason = text_show(event.reason) if view.decision.allowed else MASK
        found.append(DeadLetter("event", event.pk, event.pk, title, reason, event.detected_at))
    return found


def _deliveries(user: Any, most: int) -> list[DeadLetter]:
    rows = failed_deliveries(user).select_related("connection", "user").order_by("-id")[:most]
    return [
        DeadLetter(
            "delivery",
            each.pk,
            each.pk,
            f"{each.connection} → {each.user}",
            text_show(each.reason),
            each.created_at,
        )
        for each in rows
    ]
