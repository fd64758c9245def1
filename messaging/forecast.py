"""When a monthly quota ends at this month's pace: arithmetic in the zone in which the vendor counts months."""

from __future__ import annotations

import datetime as dt

FIRST = dt.timedelta(days=1)


def month_of(now: dt.datetime, zone: dt.tzinfo) -> dt.date:
    """The first day of the month it is there."""
    return now.astimezone(zone).date().replace(day=1)


def month_after(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=32)).replace(day=1)


def month_begins(month: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(month, dt.time(0), zone).astimezone(dt.UTC)


def quota_ends_on(used: int, count: int, now: dt.datetime, zone: dt.tzinfo) -> dt.date | None:
    """The day on which `count` is used up if the month goes on as it went; None when it lasts to the end.

    In the first hours of a month a burst is not taken for the month's pace: at least a day counts as past.
    """
    month = month_of(now, zone)
    begun = month_begins(month, zone)
    if used >= count:
        return now.astimezone(zone).date()
    if used <= 0:
        return None
    past = max(now - begun, FIRST)
    ends_at = begun + past * (count / used)
    return None if ends_at >= month_begins(month_after(month), zone) else ends_at.astimezone(zone).date()
