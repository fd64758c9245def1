"""Which rows are work, per queue: how many are due, and how long the oldest has been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, QuerySet

from connectors.models import ConnectionState, Event, EventState, RecordedObject
from kernel import clock
from kernel.work import due
from messaging.models import Confirmation, Delivery, Interaction, InteractionState, Reply
from workflows.models import RuleStop, Step


@dataclass(frozen=True)
class QueueDepth:
    """`oldest_seconds` is 0 when nothing is due."""

    name: str
    due: int
    oldest_seconds: float


def _queues() -> dict[str, QuerySet[Any]]:
    return {
        "poll": RecordedObject.objects.filter(connection__state=ConnectionState.ACTIVE),
        "plan": Event.objects.filter(state=EventState.NEW),
        "execute": Step.objects.all(),
        "deliver": Delivery.objects.all(),
        "reply": Reply.objects.all(),
        "confirm": Confirmation.objects.all(),
        "expire": Interaction.objects.filter(state=InteractionState.OPEN),
        "stop": RuleStop.objects.all(),
    }


def queue_depths() -> list[QueueDepth]:
    """One query per queue, over the index of due rows."""
    now = clock.now()
    depths = []
    for name, rows in _queues().items():
        found = rows.filter(due(now)).order_by().aggregate(count=Count("pk"), oldest=Min("available_at"))
        age = (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0
        depths.append(QueueDepth(name, found["count"], age))
    return depths
