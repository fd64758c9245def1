"""The two Celery tasks of the whole product: drain one queue, and sweep."""

from __future__ import annotations

import time

from celery import shared_task

from kernel import doorbell, live
from kernel.work import leases_orphaned_release

DRAIN_SECONDS = 10.0
PRUNE_SECONDS = 60.0
RELEASE_SECONDS = 10.0
_next = {"release": 0.0, "prune": 0.0}


@shared_task(name="baton.drain", ignore_result=True)
def drain(name: str) -> int:
    """Drain one queue for at most DRAIN_SECONDS; ring again if there may be more."""
    queue = doorbell.queue(name)
    deadline = time.monotonic() + DRAIN_SECONDS
    total = 0
    while handled := queue.drain():
        total += handled
        if time.monotonic() > deadline:
            doorbell.ring_now(name)
            break
    return total


@shared_task(name="baton.sweep", ignore_result=True)
def sweep() -> None:
    """Ring for every queue in which something is due: lost rings, timers, leases that ran out."""
    if _is_time(
        "release", RELEASE_SECONDS
    ):  # at once in a new worker: it may stand in for one that was killed
        leases_orphaned_release()
    for queue in doorbell.queues():
        if queue.is_due():
            doorbell.ring_now(queue.name)
    if _is_time("prune", PRUNE_SECONDS):
        live.live_prune()


def _is_time(name: str, every_seconds: float) -> bool:
    now = time.monotonic()
    if now < _next[name]:
        return False
    _next[name] = now + every_seconds
    return True
