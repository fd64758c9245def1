"""The Celery application, and the only list of periodic tasks: the sweep."""

from __future__ import annotations

import datetime as dt
import gc
import os
import sys
import time
import warnings

from celery import Celery, signals
from celery.exceptions import SecurityWarning
from celery.schedules import schedstate, schedule

from kernel import doorbell
from kernel.broker import broker_register
from kernel.shutdown import shutdown_begin

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
broker_register()
# Messages are JSON doorbells without content, so a worker running as root opens nothing through them.
warnings.filterwarnings("ignore", category=SecurityWarning)

SWEEP_SECONDS = 0.5
GC_THRESHOLDS = (20_000, 20, 20)
SWITCH_SECONDS = 0.02
EARLY_SECONDS = 0.015  # beat wakes 10 ms early, and would ask again and again until then


class Steady(schedule):
    """Every so many seconds of the machine's steady clock: when the wall clock is set back, Celery's own would wait."""

    due_at = 0.0

    def is_due(self, last_run_at: dt.datetime) -> schedstate:
        now = time.monotonic()
        if now < self.due_at - EARLY_SECONDS:
            return schedstate(is_due=False, next=self.due_at - now)
        self.due_at = now + self.seconds
        return schedstate(is_due=True, next=self.seconds)


app = Celery("baton")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "sweep": {
        "task": "baton.sweep",
        "schedule": Steady(SWEEP_SECONDS),
        "options": {"expires": 5, "ignore_result": True},
    }
}
app.conf.beat_max_loop_interval = SWEEP_SECONDS


def ring(name: str) -> None:
    """Carry a doorbell: one Celery message that says which queue to drain."""
    app.send_task("baton.drain", args=[name], ignore_result=True, expires=60, retry=False)


# Here and not when Celery has read its settings: a web process never makes it do so before its first ring.
doorbell.sender_bind(ring)


@signals.worker_ready.connect
def _settle(**_options: object) -> None:
    """What is loaded stays for good: not looked through again and again for what may go. Batches are made of many small
    objects, and threads that hand the interpreter to each other in the middle of one gain nothing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    sys.setswitchinterval(SWITCH_SECONDS)


@signals.worker_shutting_down.connect
def _shut_down(**_options: object) -> None:
    from kernel.work import leases_own_release  # rows exist once Django is set up

    shutdown_begin(leases_own_release)
