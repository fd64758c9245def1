"""What is done again and again: a row each, due at its time, drained by the sweep like every other work.

A room registers its timers at start-up. The rows are made by the first sweep of a process that finds one missing. A
timer that fails is tried again with growing pauses, keeps the reason on its row, and holds up no other.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

from django.db import transaction

from kernel import clock
from kernel.doorbell import Due
from kernel.models import Timer
from kernel.work import backoff_at, due, work_claim, work_held

TIMER_QUEUE = "timer"
RETRY_MOST_SECONDS = 300.0
logger = logging.getLogger(__name__)

Run = Callable[[], dt.datetime]
"""Does what is due and returns when it is due again."""

_timers: dict[str, Run] = {}
_missing: set[str] = set()


def timer_register(name: str, run: Run) -> None:
    _timers[name] = run
    _missing.add(name)


def after(seconds: float) -> dt.datetime:
    return clock.now() + dt.timedelta(seconds=seconds)


def timers_make() -> None:
    """Rows for the timers registered since the last time."""
    if _missing:
        now = clock.now()
        rows = [Timer(name=name, available_at=now) for name in sorted(_missing)]
        Timer.objects.bulk_create(rows, ignore_conflicts=True)
        _missing.clear()


def timers_due(now: dt.datetime) -> Due:
    return [Timer.objects.filter(due(now), name__in=_timers)]


def timers_drain() -> int:
    """Run what is due, each by itself. Returns how many."""
    claimed = work_claim(Timer.objects.filter(name__in=_timers), limit=1)
    for timer in claimed:
        _run(timer)
    return len(claimed)


def _run(timer: Timer) -> None:
    try:
        again, error = _timers[timer.name](), ""
    except Exception as problem:  # kept on the row, tried again, and the other timers go on
        logger.exception("timer %s", timer.name)
        again, error = backoff_at(timer.attempts, first=5.0, most=RETRY_MOST_SECONDS), repr(problem)[:2000]
    with transaction.atomic():
        if not work_held(timer):
            return
        timer.last_error = error
        timer.attempts = timer.attempts if error else 0
        timer.lease_release(again)
        timer.save()
