"""Free and worked days out of an iCalendar file (RFC 5545), as governments and HR departments publish them. Pure."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _
from icalendar import Calendar

from kernel.errors import ConfigError

MOST_BYTES = 1_000_000
MOST_EVENTS = 5_000
MOST_SPAN_DAYS = 60
YEARS_REPEATED = 30
DAY = dt.timedelta(days=1)
WORKED = ("补班", "上班", "班）", "(班)", "调休上班", "working day", "workday")
"""In the title of an event: people work on that day although it is a weekend's."""


@dataclass(frozen=True)
class CalendarDays:
    """`left_out`: events that could not be read as whole days, such as meetings and unusual repetitions."""

    free: frozenset[dt.date]
    worked: frozenset[dt.date]
    left_out: int


def calendar_read(raw: bytes) -> CalendarDays:
    """Raises ConfigError for a file that is too large, no iCalendar, or without a single whole day."""
    if len(raw) > MOST_BYTES:
        raise ConfigError(_("The file is larger than 1 MB. Export only the holidays."))
    try:
        events = Calendar.from_ical(raw.decode("utf-8-sig")).walk("VEVENT")
    except Exception as error:  # whatever a parser raises on what people upload
        raise ConfigError(_("This is no iCalendar file (.ics).")) from error
    if len(events) > MOST_EVENTS:
        raise ConfigError(_("More than %(most)s events. Export only the holidays.") % {"most": MOST_EVENTS})
    free: set[dt.date] = set()
    worked: set[dt.date] = set()
    left_out = 0
    for event in events:
        try:
            days = _days(event)
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError):
            days = []
        if not days:
            left_out += 1
            continue
        title = str(event.get("SUMMARY", "")).lower()
        (worked if any(word in title for word in WORKED) else free).update(days)
    if not free and not worked:
        raise ConfigError(_("No whole day is in this file. Holidays are events that last all day."))
    return CalendarDays(frozenset(free - worked), frozenset(worked), left_out)


def _days(event: object) -> list[dt.date]:
    """The whole days of an event; none for a time of day, a long span or a repetition that is not yearly."""
    first = event["DTSTART"].dt  # type: ignore[index]
    if isinstance(first, dt.datetime):
        return []
    last = event["DTEND"].dt if "DTEND" in event else first + DAY  # type: ignore[index,operator]
    if isinstance(last, dt.datetime):
        return []
    span = max((last - first).days, 1)
    if span > MOST_SPAN_DAYS:
        return []
    days = [first + number * DAY for number in range(span)]
    rule = event.get("RRULE")  # type: ignore[attr-defined]
    if rule is None:
        return days
    if set(rule) != {"FREQ"} or rule["FREQ"] != ["YEARLY"]:
        return []
    return [found for day in days for found in _yearly(day)]


def _yearly(day: dt.date) -> list[dt.date]:
    """The same day of the following years; 29 February only where there is one."""
    years = range(day.year, min(day.year + YEARS_REPEATED, dt.date.max.year))
    is_leap = (day.month, day.day) == (2, 29)
    return [day.replace(year=year) for year in years if not is_leap or calendar.isleap(year)]
