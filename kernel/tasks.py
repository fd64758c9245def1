"""The two Celery tasks of the whole product: drain one queue, and sweep."""

from __future__ import annotations

import time

from celery import shared_task

from kernel import doorbell, live
from kernel.clockwatch import Jumps, clock_watch
from kernel.every import Every
from kernel.guarding import guarded
from kernel.shutdown import shutdown_begun
from kernel.work import leases_orphaned_release

DRAIN_SECONDS = 10.0
_prune = Every(60.0)
_release = Every(10.0)
_jumps = Jumps()


@shared_task(name="baton.drain", ignore_result=True)
@guarded
def drain(name: str) -> int:
    """Drain one queue for at most DRAIN_SECONDS; ring again if there may be more."""
    queue = doorbell.queue(name)
    if not queue.turns.take(queue.threads):
        return 0
    deadline = time.monotonic() + DRAIN_SECONDS
    total = 0
    try:
        while True:
            handled = queue.drain()
            total += handled
            if time.monotonic() > deadline or shutdown_begun():
                queue.turns.leave()
                doorbell.ring_now(name)
                return total
            if handled < queue.full and queue.turns.end():
                return total
    except BaseException:
        queue.turns.leave()
        raise


@shared_task(name="baton.sweep", ignore_result=True)
@guarded
def sweep() -> None:
    """Ring for every queue in which something is due: lost rings, timers, leases that ran out."""
    jumped, regular = _jumps.jumped(), _release.is_time()
    if regular:  # at once in a new worker: it may stand in for one that was killed
        leases_orphaned_release()
    if regular or jumped:
        clock_watch()
    for queue in doorbell.queues():
        if queue.is_due():
            doorbell.ring_now(queue.name)
    if _prune.is_time():
        live.live_prune()
