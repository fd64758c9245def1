"""The Celery application, and the only list of periodic tasks: the sweep."""

from __future__ import annotations

import os
import warnings

from celery import Celery
from celery.exceptions import SecurityWarning

from kernel import doorbell
from kernel.broker import broker_register

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
broker_register()
# Messages are JSON doorbells without content, so a worker running as root opens nothing through them.
warnings.filterwarnings("ignore", category=SecurityWarning)

SWEEP_SECONDS = 0.5

app = Celery("baton")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "sweep": {
        "task": "baton.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": 5, "ignore_result": True},
    }
}
app.conf.beat_max_loop_interval = SWEEP_SECONDS


def ring(name: str) -> None:
    """Carry a doorbell: one Celery message that says which queue to drain."""
    app.send_task("baton.drain", args=[name], ignore_result=True, expires=60, retry=False)


@app.on_after_configure.connect
def _bind(**_options: object) -> None:
    doorbell.sender_bind(ring)
