"""Edge, not level: whether a rule fires for this event of this record. Pure; the plan stores what is decided."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from workflows.conditions import Verdict
from workflows.definition import AGAIN, MADE, Firing, FiringPolicy
from workflows.hours import ActiveHours

CROSSING = ("created", "gone", *MADE)
"""Changes with which a true condition is a crossing although no state before it is known."""


@dataclass(frozen=True)
class Memory:
    """What the rule remembers of the record; `armed` None: nothing is stored yet."""

    armed: bool | None = None
    fired_at: dt.datetime | None = None
    first_delivered_at: dt.datetime | None = None


@dataclass(frozen=True)
class Verdicts:
    """The condition now, on the state before (None: there was none), and the re-arm condition now."""

    now: Verdict
    before: Verdict | None
    rearm: Verdict | None = None


@dataclass(frozen=True)
class Firings:
    """`fires`; `armed` to be stored (None: leave as it is); `reason` why a true condition did not fire.

    `waits_until`: it fires, and its first step is done then.
    """

    fires: bool
    armed: bool | None = None
    reason: str = ""
    rearmed: bool = False
    waits_until: dt.datetime | None = None


def firing_decide(
    firing: Firing, verdicts: Verdicts, memory: Memory, *, change: str, at: dt.datetime
) -> Firings:
    """`reason` is one of: "", "first_sight", "was_true", "was_unknown", "consumed", "cooldown"; see also hours_keep."""
    if firing.policy is FiringPolicy.EACH_TIME:
        if verdicts.now is not Verdict.TRUE:
            return Firings(False)
        return Firings(False, reason="cooldown") if _cooling(firing, memory, at) else Firings(True)
    if verdicts.now is not Verdict.TRUE:
        return _not_true(verdicts, memory)
    if memory.armed is False:
        again = firing.policy is FiringPolicy.WHILE_TRUE and change == AGAIN
        return Firings(True) if again else Firings(False, reason="consumed")
    reason = _no_crossing(verdicts, change) if memory.armed is None else _unknown_before(verdicts)
    if reason:
        return Firings(False, armed=False, reason=reason)
    if _cooling(firing, memory, at):
        return Firings(False, reason="cooldown")
    return Firings(True, armed=False)


def hours_keep(decided: Firings, hours: ActiveHours | None, at: dt.datetime) -> Firings:
    """What fires outside the active hours waits or is dropped (`reason` "outside_hours"); its crossing is consumed."""
    opens = hours.opens_at(at) if hours is not None and decided.fires else None
    if hours is None or opens is None:
        return decided
    if hours.waits:
        return replace(decided, waits_until=opens)
    return replace(decided, fires=False, reason="outside_hours")


def _no_crossing(verdicts: Verdicts, change: str) -> str:
    """Why the first true state a rule meets is no crossing; "" when it is one."""
    if verdicts.before is None:
        return "" if change in CROSSING else "first_sight"
    return "was_true" if verdicts.before is Verdict.TRUE else _unknown_before(verdicts)


def _unknown_before(verdicts: Verdicts) -> str:
    """From unknown to true is no crossing, whatever is remembered: the value came, nothing fell below anything."""
    return "was_unknown" if verdicts.before is Verdict.UNKNOWN else ""


def _not_true(verdicts: Verdicts, memory: Memory) -> Firings:
    """Only a false condition re-arms; with hysteresis only one that is false by enough."""
    far_enough = verdicts.rearm is None or verdicts.rearm is Verdict.TRUE
    if memory.armed is False and verdicts.now is Verdict.FALSE and far_enough:
        return Firings(False, armed=True, rearmed=True)
    return Firings(False)


def _cooling(firing: Firing, memory: Memory, at: dt.datetime) -> bool:
    if not firing.cooldown_seconds or memory.first_delivered_at is None:
        return False
    # By the distance: a delivery that a clock since set back has put into the future must not silence for hours.
    return abs(at - memory.first_delivered_at) < dt.timedelta(seconds=firing.cooldown_seconds)
