"""The clock on the wall of a place: what it shows, also where it is put forward or back."""

from __future__ import annotations

import datetime as dt
import zoneinfo


def zone_read(name: str) -> dt.tzinfo:
    """Raises ValueError for a name that is no time zone."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"“{name[:60]}” is not a time zone") from error


def wall_shows(day: dt.date, time: dt.time, zone: dt.tzinfo) -> bool:
    """Whether the clock ever shows this time on that day: False where it is put forward over it."""
    moment = dt.datetime.combine(day, time, zone)
    return moment.astimezone(dt.UTC).astimezone(zone).time() == time


def wall_moment(day: dt.date, time: dt.time, zone: dt.tzinfo) -> dt.datetime:
    """The first moment at which the clock shows `time` or, where that is left out, something later."""
    before = dt.datetime.combine(day, time, zone)
    if (found := before.astimezone(dt.UTC)).astimezone(zone).time() == time:
        return found
    low, high = before.replace(fold=1).astimezone(dt.UTC), found  # on either side of what is left out
    offset = low.astimezone(zone).utcoffset()
    while high - low > dt.timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
