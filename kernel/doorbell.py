"""Doorbells: "there may be work in this queue". Losing every ring loses time, never work.

A room registers each of its queues once at start-up: how to drain it, and whether anything in it is due. The sweep
rings for whatever is due; a service rings right after its commit. An unreachable broker trips a breaker, so that
it does not cost every commit a time-out.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from kernel import clock

logger = logging.getLogger(__name__)

BREAKER_SECONDS = 5.0
Sender = Callable[[str], None]
Due = Sequence[QuerySet[Any]]
"""Rows of a queue that are due: those of any of these."""
Waiting = Callable[[dt.datetime], Due]
"""What is due at a moment; the conditions depend on nothing else."""


class Turns:
    """Who of this process drains a queue. A ring that finds it taken is not lost: it is answered by another look."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0
        self._rung = False

    def take(self, threads: int) -> bool:
        """Whether this thread may drain now."""
        with self._lock:
            if self._taken < threads:
                self._taken += 1
                return True
            self._rung = True
            return False

    def end(self) -> bool:
        """After a look that found nothing: True when the turn is over, False when it rang meanwhile."""
        with self._lock:
            if self._rung:
                self._rung = False
                return False
            self._taken -= 1
            return True

    def leave(self) -> None:
        """Give the turn back, whatever rang."""
        with self._lock:
            self._taken -= 1


@dataclass(frozen=True)
class WorkQueue:
    """`drain()` does what is due and returns how many rows it handled; `waiting(now)` are the rows that are due.

    A queue whose question is not one of rows has `asks` instead. `threads` is how many of one process may drain it at once:
    more than one only where a row waits for the network. A drain that handled fewer than `full` rows has emptied the
    queue: it is not asked again before it rings.
    """

    name: str
    drain: Callable[[], int]
    waiting: Waiting | None = None
    asks: Callable[[], bool] | None = None
    threads: int = 1
    full: int = 1
    turns: Turns = field(default_factory=Turns)

    def is_due(self) -> bool:
        if self.waiting is not None:
            return any(rows.exists() for rows in self.waiting(clock.now()))
        return self.asks is not None and self.asks()


_queues: dict[str, WorkQueue] = {}
_sender: Sender | None = None
_closed_until = 0.0
_here = threading.local()


def queue_register(
    name: str,
    *,
    drain: Callable[[], int],
    waiting: Waiting | None = None,
    is_due: Callable[[], bool] | None = None,
    threads: int = 1,
    full: int = 1,
) -> None:
    _queues[name] = WorkQueue(name, drain, waiting, is_due, threads, full)


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


@contextmanager
def rings_kept() -> Iterator[list[str]]:
    """What is rung by this thread inside the block is kept in the list, each name once, and not sent."""
    kept: list[str] = []
    _here.kept = kept
    try:
        yield kept
    finally:
        _here.kept = None


def ring_now(name: str) -> None:
    kept: list[str] | None = getattr(_here, "kept", None)
    if kept is None:
        ring_send(name)
    elif name not in kept:
        kept.append(name)


def ring_send(name: str) -> None:
    """Ring through the broker, whoever keeps rings."""
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
