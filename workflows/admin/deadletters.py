"""What went wrong for good and waits for a person: dead steps, failed events, failed deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.models import Event, EventState
from kernel.errors import BatonError
from kernel.text import text_show
from messaging.models import Delivery, DeliveryState
from permissions.policies import MASK, Gate
from workflows.models import Step, StepState
from workflows.selectors import event_view, visible_deliveries, visible_events, visible_steps
from workflows.services.replay import dead_step_replay, failed_delivery_replay, failed_event_replay

MOST_SHOWN = 100
REPLAYS = {"step": dead_step_replay, "event": failed_event_replay, "delivery": failed_delivery_replay}


@dataclass(frozen=True)
class DeadLetter:
    """`ref` is what the form sends back: kind and id."""

    ref: str
    kind: str
    title: str
    reason: str
    at: Any
    url: str


def _steps(user: Any) -> QuerySet[Step]:
    return visible_steps(user).filter(state=StepState.DEAD)


def _events(user: Any) -> QuerySet[Event]:
    return visible_events(user).filter(state=EventState.FAILED)


def _deliveries(user: Any) -> QuerySet[Delivery]:
    return visible_deliveries(user).filter(state=DeliveryState.FAILED)


def dead_letters_count(user: Any) -> int:
    """How many there are, counted up to MOST_SHOWN of each kind."""
    return sum(found(user).order_by()[:MOST_SHOWN].count() for found in (_steps, _events, _deliveries))


def dead_letters(user: Any) -> list[DeadLetter]:
    """The newest of each kind first; a reason that may tell values is hidden with the record."""
    gate = Gate(user)
    found = []
    for step in _steps(user).select_related("run__rule", "run__event").order_by("-id")[:MOST_SHOWN]:
        view = event_view(gate, step.run.event)
        title = f"{step.run.rule}: {view.title or view.key(step.run.event.key)}"
        reason = text_show(step.reason) if view.decision.allowed else MASK
        url = reverse("admin:workflows_run_change", args=[step.run_id])
        found.append(DeadLetter(f"step:{step.pk}", _("Step"), title, reason, step.ended_at, url))
    for event in _events(user).select_related("connection").order_by("-id")[:MOST_SHOWN]:
        view = event_view(gate, event)
        title = f"{event.connection}: {view.title or view.key(event.key)}"
        reason = text_show(event.reason) if view.decision.allowed else MASK
        url = reverse("admin:connectors_event_change", args=[event.pk])
        found.append(DeadLetter(f"event:{event.pk}", _("Event"), title, reason, event.detected_at, url))
    for delivery in _deliveries(user).select_related("connection", "user").order_by("-id")[:MOST_SHOWN]:
        title = f"{delivery.connection} → {delivery.user}"
        url = reverse("admin:messaging_delivery_change", args=[delivery.pk])
        reason = text_show(delivery.reason)
        found.append(
            DeadLetter(f"delivery:{delivery.pk}", _("Delivery"), title, reason, delivery.created_at, url)
        )
    return found


def letters_replay(request: HttpRequest) -> HttpResponse:
    """Replay what was ticked; each one that cannot be is named with its reason."""
    done = 0
    for ref in request.POST.getlist("ref"):
        kind, _colon, pk = ref.partition(":")
        if kind not in REPLAYS or not pk.isdigit():
            continue
        try:
            REPLAYS[kind](request.user, int(pk))  # type: ignore[arg-type]
            done += 1
        except BatonError as error:
            messages.error(request, f"{ref}: {error.message}")
    if done:
        text = ngettext("%(count)s is being tried again.", "%(count)s are being tried again.", done)
        messages.success(request, text % {"count": done})
    return HttpResponseRedirect(reverse("admin:workflows_dead_letters"))
