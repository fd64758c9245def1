"""The two Celery tasks of the whole product: drain one queue, and sweep."""

from __future__ import annotations

import time

from celery import shared_task

from kernel import doorbell, live

DRAIN_SECONDS = 10.0
_swept = {"pruned_at": 0.0}


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
    for queue in doorbell.queues():
        if queue.is_due():
            doorbell.ring_now(queue.name)
    if time.monotonic() - _swept["pruned_at"] > 60:
        _swept["pruned_at"] = time.monotonic()
        live.live_prune()
