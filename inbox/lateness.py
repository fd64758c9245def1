"""An alert when work lies about too long, even if every process looks alive."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext_noop

from inbox.queues import SLOW_SECONDS, queue_ages
from kernel.text import localized
from kernel.timers import after
from workflows.services.alerts import alert_clear, alert_raise

EVERY_SECONDS = 15.0
CALM_SECONDS = SLOW_SECONDS / 2
"""An incident is over when its queue is well below the limit, so that one at the limit is not told again and again."""


def lateness_look() -> dt.datetime:
    """Raise or clear one alert per queue. Returns when to look again."""
    for name, seconds in queue_ages().items():
        if seconds > SLOW_SECONDS:
            title = localized(gettext_noop("Work is waiting too long: %(queue)s"), queue=name)
            text = localized(
                gettext_noop(
                    "The oldest row of the queue “%(queue)s” has been ready for %(seconds)s s. Look whether workers "
                    "run, and what /readyz says."
                ),
                queue=name,
                seconds=round(seconds),
            )
            alert_raise(f"slow:{name}", title, text)
        elif seconds < CALM_SECONDS:
            alert_clear(f"slow:{name}")
    return after(EVERY_SECONDS)
