"""The two Celery tasks of the whole product: drain one queue, and sweep."""

from __future__ import annotations

import time

from celery import shared_task

from kernel import doorbell, live
from kernel.clockwatch import Jumps, clock_watch
from kernel.dueness import queues_ready
from kernel.every import Every
from kernel.guarding import guarded
from kernel.shutdown import shutdown_begun
from kernel.timers import timers_make
from kernel.work import leases_orphaned_release

DRAIN_SECONDS = 10.0
_prune = Every(60.0)
_release = Every(10.0)
_jumps = Jumps()


@shared_task(name="baton.drain", ignore_result=True)
@guarded
def drain(name: str) -> int:
    """Drain one queue for at most DRAIN_SECONDS, then what that rang for: the next step waits for no other message."""
    deadline = time.monotonic() + DRAIN_SECONDS
    total = 0
    with doorbell.rings_kept() as rung:
        rung.append(name)
        try:
            while rung and time.monotonic() < deadline and not shutdown_begun():
                total += _drain(doorbell.queue(rung.pop(0)), rung, deadline)
        finally:
            _pass_on(rung)
    return total


def _drain(queue: doorbell.WorkQueue, rung: list[str], deadline: float) -> int:
    """Until it is empty. `rung` then holds what is still to be drained."""
    if not queue.turns.take(queue.threads):
        return 0
    total = 0
    try:
        while True:
            handled = queue.drain()
            total += handled
            if time.monotonic() > deadline or shutdown_begun():
                queue.turns.leave()
                doorbell.ring_now(queue.name)
                return total
            if handled >= queue.full:
                _pass_on(rung)  # more to do here: others go on with what follows meanwhile
            elif queue.turns.end():
                return total
    except BaseException:
        queue.turns.leave()
        raise


def _pass_on(rung: list[str]) -> None:
    while rung:
        doorbell.ring_send(rung.pop(0))


@shared_task(name="baton.sweep", ignore_result=True)
@guarded
def sweep() -> None:
    """Ring for every queue in which something is due: lost rings, timers, leases that ran out."""
    jumped, regular = _jumps.jumped(), _release.is_time()
    if regular:  # at once in a new worker: it may stand in for one that was killed
        leases_orphaned_release()
    if regular or jumped:
        clock_watch()
    timers_make()
    for name in queues_ready():
        doorbell.ring_now(name)
    if _prune.is_time():
        live.live_prune()
