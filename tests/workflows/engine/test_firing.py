"""The edge policy, decided one event at a time: every combination of what is true now, before, and remembered."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from workflows.conditions import Verdict
from workflows.definition import Firing, FiringPolicy
from workflows.engine.firing import Firings, Memory, Verdicts, firing_decide

T, F, U = Verdict.TRUE, Verdict.FALSE, Verdict.UNKNOWN
NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
NOTHING = Firings(False)
FIRES = Firings(True, armed=False)
REARMED = Firings(False, armed=True, rearmed=True)
CONSUMED = Firings(False, reason="consumed")


def decide(
    now: Verdict,
    before: Verdict | None,
    armed: bool | None,
    *,
    change: str = "changed",
    rearm: Verdict | None = None,
    policy: FiringPolicy = FiringPolicy.BECOMES_TRUE,
    cooldown: float = 0.0,
    delivered_ago: float | None = None,
) -> Firings:
    delivered_at = None if delivered_ago is None else NOW - dt.timedelta(seconds=delivered_ago)
    firing = Firing(policy, None if rearm is None else {"==": [1, 1]}, cooldown)
    memory = Memory(armed, None, delivered_at)
    return firing_decide(firing, Verdicts(now, before, rearm), memory, change=change, at=NOW)


@pytest.mark.parametrize(
    ("now", "before", "armed", "expected"),
    [
        # Nothing remembered: the state before decides.
        (T, F, None, FIRES),
        (T, T, None, Firings(False, armed=False, reason="was_true")),
        (T, U, None, Firings(False, armed=False, reason="was_unknown")),
        (T, None, None, Firings(False, armed=False, reason="first_sight")),
        (F, F, None, NOTHING),
        (F, T, None, NOTHING),
        (U, F, None, NOTHING),
        (U, None, None, NOTHING),
        # Armed: the next true state fires, also when a cool-down made it wait; but never out of unknown.
        (T, F, True, FIRES),
        (T, T, True, FIRES),
        (T, U, True, Firings(False, armed=False, reason="was_unknown")),
        (F, T, True, NOTHING),
        (U, F, True, NOTHING),
        # Fired: only false arms it again.
        (T, T, False, CONSUMED),
        (T, F, False, CONSUMED),
        (T, U, False, CONSUMED),
        (F, T, False, REARMED),
        (F, U, False, REARMED),
        (U, T, False, NOTHING),
    ],
)
def test_becomes_true(now: Verdict, before: Verdict | None, armed: bool | None, expected: Firings) -> None:
    assert decide(now, before, armed) == expected


@pytest.mark.parametrize(
    ("change", "fires"), [("created", True), ("gone", True), ("changed", False), ("event", False)]
)
def test_a_record_never_seen_fires_only_when_it_came_or_went(change: str, fires: bool) -> None:
    assert decide(T, None, None, change=change).fires is fires


@pytest.mark.parametrize(
    ("now", "rearm", "expected"),
    [
        (F, T, REARMED),
        (F, F, NOTHING),
        (F, U, NOTHING),
        (U, T, NOTHING),
        (T, T, CONSUMED),  # an overlapping re-arm condition must not make every event fire
    ],
)
def test_with_hysteresis_only_false_by_enough_arms_again(
    now: Verdict, rearm: Verdict, expected: Firings
) -> None:
    assert decide(now, T, False, rearm=rearm) == expected


@pytest.mark.parametrize(
    ("cooldown", "delivered_ago", "expected"),
    [
        (0, 1, FIRES),
        (60, None, FIRES),  # nothing was delivered yet: nothing cools down
        (60, 59.9, Firings(False, reason="cooldown")),
        (60, 60, FIRES),
        (60, 61, FIRES),
    ],
)
def test_the_cool_down_counts_from_the_first_delivery_and_keeps_the_crossing(
    cooldown: float, delivered_ago: float | None, expected: Firings
) -> None:
    assert decide(T, F, True, cooldown=cooldown, delivered_ago=delivered_ago) == expected


@pytest.mark.parametrize(
    ("now", "options", "expected"),
    [
        (T, {}, Firings(True)),
        (F, {}, NOTHING),
        (U, {}, NOTHING),
        (T, {"cooldown": 60, "delivered_ago": 5}, Firings(False, reason="cooldown")),
        (T, {"cooldown": 60, "delivered_ago": 65}, Firings(True)),
    ],
)
@pytest.mark.parametrize("armed", [None, True, False])
@pytest.mark.parametrize("before", [None, T, F, U])
def test_each_time_looks_at_now_only(
    now: Verdict, options: dict[str, Any], expected: Firings, armed: bool | None, before: Verdict | None
) -> None:
    assert decide(now, before, armed, policy=FiringPolicy.EACH_TIME, **options) == expected
