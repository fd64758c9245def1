"""What the counter-checks found, told to the administrators."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext_noop

from connectors.models import CounterState
from kernel.text import Localized, localized, text_show
from kernel.timers import after
from workflows.selectors.counters import CounterLine, counter_lines
from workflows.services.alerts import alert_clear, alert_raise

EVERY_SECONDS = 30.0


def counters_tell() -> dt.datetime:
    """Raise or clear one alert per recorded object. Returns when to look again."""
    for line in counter_lines():
        key = f"hole:{line.connection}:{line.object}"
        if line.state == CounterState.HOLE:
            title = localized(
                gettext_noop("Changes are missing: %(connection)s, %(object)s"),
                connection=line.connection,
                object=line.object,
            )
            alert_raise(key, title, _both(line))
        elif line.state == CounterState.EQUAL:
            alert_clear(key, _both(line))
    return after(EVERY_SECONDS)


def _both(line: CounterLine) -> Localized:
    return Localized(text_show(line.reason, "en"), text_show(line.reason, "zh-hans"))
