"""A rule's active hours as an analyst states them, read and put into words. Pure; free days are given by the caller.

    {"hours_from": "08:00", "hours_until": "18:00", "hours_days": ["mon", "tue"], "time_zone": "Asia/Shanghai",
     "outside": "wait"}

`outside`: what becomes of what falls outside. Without `hours_from` and `hours_days` a rule is always active.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from kernel.text import Localized
from kernel.wall import zone_read
from messaging.quiet import QuietTimes
from workflows.definition import Problem
from workflows.shapes import Shape, shape, shape_choice, shape_list
from workflows.timetable import WEEKDAYS, FreeDays, is_time, zone_of

OUTSIDE = {
    "wait": Localized("waits until then", "等到活动时间再处理"),
    "drop": Localized("is dropped", "直接忽略"),
}
NAMES = ("hours_from", "hours_until", "hours_days")


@dataclass(frozen=True)
class ActiveHours:
    quiet: QuietTimes
    waits: bool = True

    def opens_at(self, now: dt.datetime) -> dt.datetime | None:
        """None when the rule is active at `now`; else when it is again."""
        return self.quiet.until(now)


def hours_read(firing: Mapping[str, Any], days: FreeDays | None = None) -> ActiveHours | None:
    """Of settings that hours_problems finds nothing against; None: always active."""
    if not any(firing.get(name) for name in NAMES) and not firing.get("calendar"):
        return None
    begins, ends = firing.get("hours_from"), firing.get("hours_until")
    active = firing.get("hours_days") or list(WEEKDAYS)
    quiet = QuietTimes(
        zone_read(zone_of(firing)),
        dt.time.fromisoformat(ends) if begins and ends else None,
        dt.time.fromisoformat(begins) if begins and ends else None,
        frozenset(number for number, name in enumerate(WEEKDAYS) if name not in active),
        (days or FreeDays()).free,
        (days or FreeDays()).worked,
    )
    return ActiveHours(quiet, firing.get("outside", "wait") == "wait")


def hours_problems(firing: Mapping[str, Any], pointer: str) -> list[Problem]:
    found = []
    begins, ends = firing.get("hours_from"), firing.get("hours_until")
    for name, value in (("hours_from", begins), ("hours_until", ends)):
        if value is not None and not is_time(value):
            found.append(Problem(f"{pointer}/{name}", "type", _("Write a time of day such as 08:00.")))
    if (begins is None) != (ends is None):
        missing = "hours_from" if begins is None else "hours_until"
        words = _("Active hours need a beginning and an end.")
        found.append(Problem(f"{pointer}/{missing}", "missing", words))
    elif begins is not None and begins == ends:
        words = _("Active hours that begin and end at the same time are none.")
        found.append(Problem(f"{pointer}/hours_until", "range", words))
    days = firing.get("hours_days", [])
    if not isinstance(days, list) or not all(each in WEEKDAYS for each in days):
        found.append(Problem(f"{pointer}/hours_days", "unknown", _("There is no such weekday.")))
    if firing.get("outside", "wait") not in OUTSIDE:
        words = _("Choose one of: %(known)s.") % {"known": ", ".join(OUTSIDE)}
        found.append(Problem(f"{pointer}/outside", "unknown", words))
    try:
        zone_read(zone_of(firing))
    except ValueError:
        words = _("“%(zone)s” is not a time zone.") % {"zone": zone_of(firing)[:60]}
        found.append(Problem(f"{pointer}/time_zone", "unknown", words))
    return found


def hours_shapes() -> dict[str, Shape]:
    return {
        "hours_from": shape("string", Localized("Active from", "活动时间从"), editor="time"),
        "hours_until": shape("string", Localized("until", "至"), editor="time"),
        "hours_days": shape_list(
            Localized("Active on (none chosen: every day)", "活动日（不选则为每天）"),
            shape_choice(Localized("Weekday", "星期"), WEEKDAYS),
        ),
        "calendar": shape("string", Localized("Holiday calendar", "节假日日历"), editor="calendar"),
        "time_zone": shape("string", Localized("Time zone", "时区"), editor="time_zone"),
        "outside": shape_choice(Localized("What falls outside", "活动时间之外"), OUTSIDE, default="wait"),
    }


def hours_words(firing: Mapping[str, Any]) -> Localized | None:
    """ "Active from 08:00 to 18:00 on Monday and Friday (Asia/Shanghai); what falls outside waits until then." """
    if not any(firing.get(name) for name in NAMES) and not firing.get("calendar"):
        return None
    en, zh = "Active", "活动时间："
    if firing.get("hours_from") and firing.get("hours_until"):
        en += f" from {firing['hours_from']} to {firing['hours_until']}"
        zh += f"{firing['hours_from']}–{firing['hours_until']}"
    if firing.get("hours_days"):
        days = [WEEKDAYS[each] for each in WEEKDAYS if each in firing["hours_days"]]
        en += f" on {', '.join(each.en for each in days)}"
        zh += f" {'、'.join(each.zh for each in days)}"
    if firing.get("calendar"):
        en += f", not on holidays of “{firing['calendar']}”"
        zh += f"，“{firing['calendar']}”的节假日除外"
    outside = OUTSIDE[str(firing.get("outside", "wait"))]
    zone = zone_of(firing)
    return Localized(
        f"{en} ({zone}); what falls outside {outside.en}.", f"{zh}（{zone}）；其余时间触发的{outside.zh}。"
    )
