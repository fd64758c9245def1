"""Action: wait for a time, or until a moment.

    {"seconds": 7200}                                            two hours
    {"moment": {"var": "record.due_date"}, "seconds": 259200}    three days after the due date
    {"seconds": 86400, "time": "09:00"}                          the next nine o'clock, a day from now at the earliest

It starts at `moment` (a date is its first instant; a moment that is past, or not known, is now), `seconds` later, and
then at the next `time` of day. Days and times of day are those of the installation's time zone.

While it waits it is a row that is due at that moment: it survives whatever ends a process, and ends when its rule stops.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import clock
from kernel.text import Localized, localized
from workflows.actions.question import logic_problems
from workflows.blocks import ActionBase, Done, RuleScope, StepContext, StepResult, Until
from workflows.definition import Problem
from workflows.phrases import Phrase, Wording
from workflows.shapes import shape, shape_object
from workflows.slots import Duration, TimeOfDay, Value

MOST_SECONDS = 366 * 86_400
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class WaitAction(ActionBase):
    key = "wait"
    wording = Wording(
        (
            Phrase(
                gettext_noop("wait until %(span)s after %(moment)s"),
                span=Duration("seconds"),
                moment=Value("moment"),
            ),
            Phrase(gettext_noop("wait until %(moment)s"), moment=Value("moment")),
            Phrase(gettext_noop("wait %(span)s"), span=Duration("seconds")),
            Phrase(gettext_noop("wait until it is %(time)s"), time=TimeOfDay("time")),
        ),
        (Phrase(gettext_noop(", and on until it is %(time)s"), time=TimeOfDay("time")),),
    )
    label = Localized("Wait", "等待")
    params = shape_object(
        seconds=shape("number", Localized("For", "等待时长"), editor="duration", minimum=0),
        moment=shape("", Localized("Counted from", "从何时起算"), editor="moment"),
        time=shape(
            "string",
            Localized("Then until this time of day", "再等到当天时刻"),
            editor="time",
            pattern=f"^{TIME.pattern}$",
        ),
    )
    is_immediate = True

    def check(self, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
        problems: list[Problem] = []
        if not any(params.get(name) for name in ("seconds", "moment", "time")):
            words = _("Say how long, or until when, it waits.")
            problems.append(Problem(f"{pointer}/seconds", "missing", words))
        seconds = params.get("seconds", 0)
        if (
            isinstance(seconds, bool)
            or not isinstance(seconds, int | float)
            or not 0 <= seconds <= MOST_SECONDS
        ):
            words = _("It can wait for 0 seconds to 366 days.")
            problems.append(Problem(f"{pointer}/seconds", "range", words))
        time = params.get("time")
        if time and not TIME.fullmatch(str(time)):
            words = _("Write a time of day as hours and minutes, for example 09:00.")
            problems.append(Problem(f"{pointer}/time", "pattern", words))
        if params.get("moment") is not None:
            where = f"{pointer}/moment"
            problems += logic_problems(params["moment"], scope, where, is_condition=False)
            problems += _not_a_date(params["moment"], scope, where)
        return problems

    def execute(self, params: Mapping[str, Any], context: StepContext) -> StepResult:
        kept = context.kept.get("until")
        until = dt.datetime.fromisoformat(kept) if kept else wait_end(params, context)
        if until > clock.now():
            text = localized(gettext_noop("Waiting until {at}."))
            return Until(until, text, {"until": until.isoformat()})
        return Done({"until": until.isoformat()}, note=localized(gettext_noop("The time has come.")))

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        return self.wording.say(params, scope)


def wait_end(params: Mapping[str, Any], context: StepContext) -> dt.datetime:
    """When a wait that begins now is over."""
    now = clock.now()
    start = now if params.get("moment") is None else _instant(context.evaluate(params["moment"])) or now
    until = max(start + dt.timedelta(seconds=float(params.get("seconds") or 0)), now)
    return _next_time(until, str(params["time"])) if params.get("time") else until


def _instant(value: Any) -> dt.datetime | None:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time(), tzinfo=timezone.get_default_timezone())
    return None


def _next_time(moment: dt.datetime, time: str) -> dt.datetime:
    """The first moment from `moment` on at which a clock on the wall there shows `time`."""
    zone = timezone.get_default_timezone()
    local = moment.astimezone(zone)
    wanted = dt.time.fromisoformat(time)
    for days in (0, 1, 2):
        day = local.date() + dt.timedelta(days=days)
        found = dt.datetime.combine(day, wanted, tzinfo=zone).astimezone(dt.UTC)
        if found >= moment:
            return found
    return moment


def _not_a_date(logic: Any, scope: RuleScope, where: str) -> list[Problem]:
    """A plain field must hold a date or a time; what is calculated is known when it is."""
    path = logic.get("var") if isinstance(logic, Mapping) else None
    spec = scope.schema.find(path) if isinstance(path, str) else None
    if spec is None or spec.type.value in ("date", "datetime"):
        return []
    return [Problem(where, "not_a_date", _("“%(name)s” is no date.") % {"name": path})]


ACTION = WaitAction()
