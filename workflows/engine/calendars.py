"""The days of a holiday calendar, as set times and active hours of rules read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kernel.errors import ConfigError
from messaging.models import HolidayCalendar
from workflows.timetable import FreeDays


def free_days(settings: Mapping[str, Any]) -> FreeDays:
    """Of the calendar that `settings` name; none without one. Raises ConfigError for one that is not there (any more)."""
    name = settings.get("calendar")
    if not name:
        return FreeDays()
    calendar = HolidayCalendar.objects.filter(name=name).first()
    if calendar is None:
        raise ConfigError(_("There is no holiday calendar “%(name)s”.") % {"name": str(name)[:80]})
    return FreeDays(_dates(calendar.days), _dates(calendar.worked or ()))


def _dates(days: Any) -> frozenset[dt.date]:
    return frozenset(dt.date.fromisoformat(each) for each in days)
