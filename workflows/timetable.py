"""Set times as an analyst states them, read and computed. Pure: which days are free is given by the caller.

    {"every": "week", "weekdays": ["mon", "fri"], "times": ["08:00"], "time_zone": "Asia/Shanghai",
     "missed": "late", "left_out": "after"}

`every`: `day`, `working_day` (Monday to Friday, or as `calendar` says), `week` (on `weekdays`) or `month` (on `month_day`; the
month's last day where it has fewer). `missed`: what becomes of a time at which Baton did not run. `left_out`: what becomes
of a time that the clock skips when it is put forward. A time that the clock shows twice is taken once, the first time.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from kernel.text import Localized
from kernel.wall import wall_moment, wall_shows, zone_read
from workflows.definition import Problem
from workflows.shapes import Shape, shape, shape_choice, shape_list, shape_when

MOST_TIMES = 24
MOST_DAYS = 800
DAY = dt.timedelta(days=1)
WEEKDAYS = {
    "mon": Localized("Monday", "周一"),
    "tue": Localized("Tuesday", "周二"),
    "wed": Localized("Wednesday", "周三"),
    "thu": Localized("Thursday", "周四"),
    "fri": Localized("Friday", "周五"),
    "sat": Localized("Saturday", "周六"),
    "sun": Localized("Sunday", "周日"),
}
EVERY = {
    "day": Localized("every day", "每天"),
    "working_day": Localized("every working day", "每个工作日"),
    "week": Localized("on certain weekdays", "每周的某几天"),
    "month": Localized("on a day of the month", "每月的某一天"),
}
MISSED = {
    "late": Localized("do it once, as soon as Baton runs again", "Baton 恢复运行后补做一次"),
    "skip": Localized("leave it out", "跳过"),
}
LEFT_OUT = {
    "after": Localized("do it right after", "在其后立即执行"),
    "skip": Localized("leave that day out", "跳过当天"),
}


@dataclass(frozen=True)
class FreeDays:
    """`free`: days on which nobody works; `worked`: days on which everybody does although they are a weekend's."""

    free: frozenset[dt.date] = frozenset()
    worked: frozenset[dt.date] = frozenset()

    def works(self, day: dt.date) -> bool:
        return day in self.worked or (day.weekday() < 5 and day not in self.free)


@dataclass(frozen=True)
class Timetable:
    """Weekdays count from Monday, which is 0."""

    zone: dt.tzinfo
    times: tuple[dt.time, ...]
    every: str = "day"
    weekdays: frozenset[int] = frozenset()
    month_day: int = 1
    days: FreeDays = FreeDays()
    late_when_missed: bool = True
    after_gap: bool = True

    def next_after(self, moment: dt.datetime) -> dt.datetime | None:
        """The first occurrence later than `moment`, in UTC; None when there is none within MOST_DAYS."""
        first = moment.astimezone(self.zone).date() - DAY
        for offset in range(MOST_DAYS):
            day = first + offset * DAY
            if self._takes(day):
                found = [each for each in self._moments(day) if each > moment]
                if found:
                    return min(found).astimezone(dt.UTC)
        return None

    def latest_until(self, first: dt.datetime, moment: dt.datetime) -> dt.datetime:
        """The last occurrence from `first` (an occurrence) to `moment`; what lies between was missed."""
        latest = first
        if moment - first > dt.timedelta(days=MOST_DAYS):
            latest = self.next_after(moment - dt.timedelta(days=MOST_DAYS)) or first
        while (following := self.next_after(latest)) is not None and following <= moment:
            latest = following
        return latest

    def _takes(self, day: dt.date) -> bool:
        if self.every == "week":
            return day.weekday() in self.weekdays
        if self.every == "month":
            return day.day == min(self.month_day, calendar.monthrange(day.year, day.month)[1])
        return self.every == "day" or self.days.works(day)

    def _moments(self, day: dt.date) -> Iterator[dt.datetime]:
        for time in self.times:
            if self.after_gap or wall_shows(day, time, self.zone):
                yield wall_moment(day, time, self.zone)


def timetable_read(params: Mapping[str, Any], days: FreeDays | None = None) -> Timetable:
    """Of parameters that timetable_problems finds nothing against."""
    return Timetable(
        zone=zone_read(zone_of(params)),
        times=tuple(dt.time.fromisoformat(each) for each in params["times"]),
        every=str(params.get("every", "day")),
        weekdays=frozenset(list(WEEKDAYS).index(each) for each in params.get("weekdays", ())),
        month_day=int(params.get("month_day", 1)),
        days=days or FreeDays(),
        late_when_missed=params.get("missed", "late") == "late",
        after_gap=params.get("left_out", "after") == "after",
    )


def zone_of(params: Mapping[str, Any]) -> str:
    return str(params.get("time_zone") or settings.TIME_ZONE)


def timetable_problems(params: Mapping[str, Any], pointer: str) -> list[Problem]:
    """What keeps these parameters from being read."""
    found = []
    for name, choices in (("every", EVERY), ("missed", MISSED), ("left_out", LEFT_OUT)):
        if params.get(name, next(iter(choices))) not in choices:
            words = _("Choose one of: %(known)s.") % {"known": ", ".join(choices)}
            found.append(Problem(f"{pointer}/{name}", "unknown", words))
    times = params.get("times")
    if not isinstance(times, list) or not times:
        found.append(Problem(f"{pointer}/times", "missing", _("Say at what time, such as 08:00.")))
    elif len(times) > MOST_TIMES:
        words = _("At most %(most)d times a day.") % {"most": MOST_TIMES}
        found.append(Problem(f"{pointer}/times", "range", words))
    else:
        found += [
            Problem(f"{pointer}/times/{at}", "type", _("Write a time of day such as 08:00."))
            for at, each in enumerate(times)
            if not is_time(each)
        ]
    weekdays = params.get("weekdays", [])
    if not isinstance(weekdays, list) or not all(each in WEEKDAYS for each in weekdays):
        found.append(Problem(f"{pointer}/weekdays", "unknown", _("There is no such weekday.")))
    elif params.get("every") == "week" and not weekdays:
        found.append(Problem(f"{pointer}/weekdays", "missing", _("Choose at least one weekday.")))
    month_day = params.get("month_day", 1)
    if not isinstance(month_day, int) or isinstance(month_day, bool) or not 1 <= month_day <= 31:
        found.append(Problem(f"{pointer}/month_day", "range", _("A day of the month is 1 to 31.")))
    try:
        zone_read(zone_of(params))
    except ValueError:
        words = _("“%(zone)s” is not a time zone.") % {"zone": zone_of(params)[:60]}
        found.append(Problem(f"{pointer}/time_zone", "unknown", words))
    return found


def is_time(value: Any) -> bool:
    """An hour and a minute; seconds would only pretend."""
    if not isinstance(value, str) or len(value) != 5:
        return False
    try:
        return dt.time.fromisoformat(value).tzinfo is None
    except ValueError:
        return False


def timetable_shapes() -> dict[str, Shape]:
    """The parameters as the editor draws them."""
    return {
        "every": shape_choice(Localized("How often", "频率"), EVERY, default="day"),
        "weekdays": shape_when(
            shape_list(Localized("On", "于"), shape_choice(Localized("Weekday", "星期"), WEEKDAYS)),
            every=["week"],
        ),
        "month_day": shape_when(
            shape(
                "integer",
                Localized("Day of the month (or its last day)", "每月几号（不足则为月末）"),
                minimum=1,
                maximum=31,
                default=1,
            ),
            every=["month"],
        ),
        "calendar": shape_when(
            shape("string", Localized("Holiday calendar", "节假日日历"), editor="calendar"),
            every=["working_day"],
        ),
        "times": shape_list(Localized("At", "时间"), {"type": "string"}, editor="times"),
        "time_zone": shape("string", Localized("Time zone", "时区"), editor="time_zone"),
        "missed": shape_choice(
            Localized("If Baton did not run at that time", "如果当时 Baton 未运行"), MISSED, default="late"
        ),
        "left_out": shape_choice(
            Localized("If the clock is put forward over that time", "如果夏令时拨快时钟跳过该时间"),
            LEFT_OUT,
            default="after",
        ),
    }


def timetable_words(params: Mapping[str, Any]) -> Localized:
    """ "every working day at 08:00 and 14:00 (Asia/Shanghai)"; raises KeyError for what is incomplete."""
    every = EVERY[str(params.get("every", "day"))]
    if params.get("every") == "week":
        days = [WEEKDAYS[each] for each in WEEKDAYS if each in params["weekdays"]]
        every = Localized(
            f"every {_listed([each.en for each in days])}", f"每{'、'.join(each.zh for each in days)}"
        )
    elif params.get("every") == "month":
        day = int(params.get("month_day", 1))
        every = Localized(f"every month on day {day}", f"每月 {day} 日")
    times = sorted(str(each) for each in params["times"])
    zone = zone_of(params)
    return Localized(f"{every.en} at {_listed(times)} ({zone})", f"{every.zh} {'、'.join(times)}（{zone}）")


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
