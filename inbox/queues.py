"""Which rows are work, per queue: how many are due, and how long the oldest has been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, QuerySet

from connectors.models import ConnectionState, CounterCheck, Event, EventState, RecordedObject
from kernel import clock
from kernel.models import Timer
from kernel.work import due
from messaging.models import (
    Confirmation,
    Delivery,
    GroupChat,
    GroupPost,
    Interaction,
    InteractionState,
    QuotaMonth,
    Reply,
)
from permissions.models import DirectorySync
from workflows.models import BulkOperation, RuleStop, Step

SLOW_SECONDS = 60.0
"""A ready row that is older means that Baton does not keep up."""


@dataclass(frozen=True)
class QueueDepth:
    """`oldest_seconds` is 0 when nothing is due."""

    name: str
    due: int
    oldest_seconds: float


def _queues() -> dict[str, QuerySet[Any]]:
    return {
        "people": DirectorySync.objects.all(),
        "poll": RecordedObject.objects.filter(connection__state=ConnectionState.ACTIVE),
        "plan": Event.objects.filter(state=EventState.NEW),
        "execute": Step.objects.all(),
        "deliver": Delivery.objects.filter(connection__state=ConnectionState.ACTIVE),
        "posts": GroupPost.objects.filter(group__connection__state=ConnectionState.ACTIVE),
        "groups": GroupChat.objects.filter(connection__state=ConnectionState.ACTIVE),
        "reply": Reply.objects.all(),
        "confirm": Confirmation.objects.all(),
        "count": CounterCheck.objects.filter(recorded__connection__state=ConnectionState.ACTIVE),
        "stop": RuleStop.objects.all(),
        "bulk": BulkOperation.objects.all(),
        "timer": Timer.objects.all(),
        "quota": QuotaMonth.objects.all(),
        "expire": Interaction.objects.filter(state=InteractionState.OPEN),
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


def queue_ages() -> dict[str, float]:
    """How many seconds the oldest ready row of each queue has waited; 0 when none is ready. Reads one row per queue.

    A row under a live lease is in hand, and what belongs to a paused connection waits because somebody wants it to.
    """
    now = clock.now()
    ages = {}
    for name, rows in _queues().items():
        # Events are planned in the order they came, which is the order of the index of those that wait.
        order = "pk" if name == "plan" else "available_at"
        oldest = rows.filter(due(now)).order_by(order).values_list("available_at", flat=True).first()
        ages[name] = (now - oldest).total_seconds() if oldest else 0.0
    return ages
