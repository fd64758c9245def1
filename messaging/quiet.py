"""When quiet hours end: arithmetic on the person's own clock, safe where that clock is put forward or back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from kernel.wall import wall_moment

MOST_DAYS = 60
DAY = dt.timedelta(days=1)
MIDNIGHT = dt.time(0)


@dataclass(frozen=True)
class QuietTimes:
    """`begins` and `ends` of every night (None: no nights), weekdays and dates that are quiet as a whole, but for `worked`."""

    zone: dt.tzinfo
    begins: dt.time | None = None
    ends: dt.time | None = None
    weekdays: frozenset[int] = frozenset()
    holidays: frozenset[dt.date] = frozenset()
    worked: frozenset[dt.date] = frozenset()

    def until(self, now: dt.datetime) -> dt.datetime | None:
        """None when nobody is disturbed at `now`; else the moment from which that is so. Looks MOST_DAYS ahead."""
        moment = now
        for start, end in self._spans(now.astimezone(self.zone).date()):
            if start <= moment < end:
                moment = end
        return None if moment == now else moment

    def _spans(self, today: dt.date) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """Quiet spans from yesterday on. Nights before days: each may end within the other, so both are seen again."""
        for offset in range(-1, MOST_DAYS):
            day = today + offset * DAY
            for _again in range(2):
                if self.begins is not None and self.ends is not None:
                    last = day + DAY if self.ends <= self.begins else day
                    yield wall_moment(day, self.begins, self.zone), wall_moment(last, self.ends, self.zone)
                if day not in self.worked and (day.weekday() in self.weekdays or day in self.holidays):
                    yield wall_moment(day, MIDNIGHT, self.zone), wall_moment(day + DAY, MIDNIGHT, self.zone)
