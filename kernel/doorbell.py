"""Doorbells: "there may be work in this queue". Losing every ring loses time, never work.

A room registers each of its queues once at start-up: how to drain it, and whether anything in it is due. The sweep
rings for whatever is due; a service rings right after its commit. An unreachable broker trips a breaker, so that
it does not cost every commit a time-out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

logger = logging.getLogger(__name__)

BREAKER_SECONDS = 5.0
Sender = Callable[[str], None]


@dataclass(frozen=True)
class WorkQueue:
    """`drain()` does what is due and returns how many rows it handled; `is_due()` is one cheap EXISTS query."""

    name: str
    drain: Callable[[], int]
    is_due: Callable[[], bool]


_queues: dict[str, WorkQueue] = {}
_sender: Sender | None = None
_closed_until = 0.0


def queue_register(name: str, *, drain: Callable[[], int], is_due: Callable[[], bool]) -> None:
    _queues[name] = WorkQueue(name, drain, is_due)


def queues() -> list[WorkQueue]:
    return list(_queues.values())


def queue(name: str) -> WorkQueue:
    return _queues[name]


def sender_bind(sender: Sender | None) -> None:
    """Bind what carries a ring (a Celery message in production; tests drain by hand)."""
    global _sender
    _sender = sender


def ring(name: str) -> None:
    """Ring after the current transaction commits (at once when there is none)."""
    transaction.on_commit(lambda: ring_now(name))


def ring_now(name: str) -> None:
    global _closed_until
    if _sender is None or time.monotonic() < _closed_until:
        return
    try:
        _sender(name)
    except Exception as error:  # whatever a broker raises: the sweep rings again, so this costs time only
        _closed_until = time.monotonic() + BREAKER_SECONDS
        logger.warning("doorbell %s not rung (%s); the sweep will", name, error.__class__.__name__)


def drain_all(rounds: int = 50) -> int:
    """Drain every queue until nothing is due (tests and management commands). Returns the rows handled."""
    total = 0
    for _ in range(rounds):
        handled = sum(each.drain() for each in queues())
        total += handled
        if not handled:
            break
    return total
