"""Every so often while it is true, and active hours: what falls outside waits or is dropped."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from connectors.models import Event
from kernel import clock
from kernel.generation import generation_bump
from messaging.models import Interaction, InteractionState
from tests.workflows.engine.source import Source
from workflows.engine.execute import execute_drain
from workflows.engine.repeats import repeats_drain
from workflows.engine.stopping import rule_stop
from workflows.hours import hours_problems, hours_read, hours_words
from workflows.models import Rule, RuleRecordState, RuleState, Run, RunState, Step, StopReason

pytestmark = pytest.mark.database

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
"""A Monday."""
HOUR = dt.timedelta(hours=1)
EVERY_TWO = {"policy": "while_true", "every_seconds": 7200}
OFFICE = {"hours_from": "08:00", "hours_until": "18:00", "time_zone": "UTC"}
NIGHT = NOON + 10 * HOUR
MORNING = NOON + 20 * HOUR


def tell(source: Source, moment: dt.datetime, *quantities: int) -> None:
    with clock.frozen(moment):
        source.tell(*quantities)


def again(source: Source, moment: dt.datetime) -> int:
    with clock.frozen(moment):
        handled = repeats_drain()
        source.plan()
    return handled


def test_while_it_is_true_it_fires_again_and_stops_when_false(source: Source) -> None:
    source.rule(firing=EVERY_TWO)
    tell(source, NOON, 120, 90)
    assert again(source, NOON + HOUR) == 0
    assert again(source, NOON + 2 * HOUR) == 1
    assert again(source, NOON + 2 * HOUR) == 0
    tell(source, NOON + 3 * HOUR, 80)
    assert again(source, NOON + 4 * HOUR) == 1
    assert source.fired() == ["90", "90", "80"]
    tell(source, NOON + 5 * HOUR, 150)
    assert RuleRecordState.objects.get().again_at is None
    assert again(source, NOON + 6 * HOUR) == 0
    tell(source, NOON + 7 * HOUR, 70)
    assert again(source, NOON + 8 * HOUR) == 0
    assert again(source, NOON + 9 * HOUR) == 1
    assert source.fired() == ["90", "90", "80", "70", "70"]
    changes = Run.objects.order_by("id").values_list("event__change", flat=True)
    assert list(changes) == ["changed", "again", "again", "changed", "again"]


def test_false_by_the_time_it_is_looked_at_it_stops(source: Source) -> None:
    source.rule({"<": [{"var": "record.on_hand"}, 100]}, firing=EVERY_TWO)
    tell(source, NOON, 120, 90)
    with clock.frozen(NOON + 2 * HOUR):
        repeats_drain()
        source.post(source.item(130))
        source.plan()
    assert source.fired() == ["90", "90"]  # it was planned before the change, in their order
    assert RuleRecordState.objects.get().again_at is None


def test_what_was_missed_is_not_made_up_for(source: Source) -> None:
    source.rule(firing=EVERY_TWO)
    tell(source, NOON, 120, 90)
    assert again(source, NOON + 25 * HOUR) == 1
    assert source.fired() == ["90", "90"]
    assert RuleRecordState.objects.get().again_at == NOON + 26 * HOUR


def test_killed_and_looked_at_twice_it_makes_one_event(source: Source) -> None:
    source.rule(firing=EVERY_TWO)
    tell(source, NOON, 120, 90)
    again(source, NOON + 2 * HOUR)
    RuleRecordState.objects.update(again_at=NOON + 2 * HOUR)  # as if the end of the first were lost
    again(source, NOON + 2 * HOUR)
    assert Event.objects.filter(change="again").count() == 1


def test_off_it_makes_nothing_and_goes_on_when_it_is_back(source: Source) -> None:
    rule = source.rule(firing=EVERY_TWO)
    tell(source, NOON, 120, 90)
    rule_stop(rule, StopReason.SWITCHED_OFF)
    again(source, NOON + 2 * HOUR)
    assert Event.objects.filter(change="again").count() == 0
    Rule.objects.update(state=RuleState.LIVE)

    generation_bump("rules")
    again(source, NOON + 3 * HOUR)
    assert Event.objects.filter(change="again").count() == 1


def test_it_is_repeated_inside_the_active_hours_only(source: Source) -> None:
    source.rule(firing={**EVERY_TWO, **OFFICE})
    tell(source, NOON + 5 * HOUR, 120, 90)
    assert RuleRecordState.objects.get().again_at == MORNING


@pytest.mark.parametrize("policy", ["becomes_true", "each_time"])
def test_outside_the_hours_it_waits_until_they_begin(source: Source, policy: str) -> None:
    source.rule(firing={"policy": policy, **OFFICE})
    tell(source, NIGHT, 120, 90)
    run = Run.objects.get()
    assert (run.state, run.event.outcome, Interaction.objects.count()) == (RunState.RUNNING, "matched", 0)
    assert Step.objects.get().available_at == MORNING
    with clock.frozen(MORNING - dt.timedelta(seconds=1)):
        assert execute_drain() == 0
    with clock.frozen(MORNING):
        assert execute_drain() == 1
    assert Interaction.objects.get().state == InteractionState.OPEN


def test_what_is_false_again_before_the_hours_begin_asks_nobody(source: Source) -> None:
    source.rule(firing={"policy": "becomes_true", **OFFICE})
    tell(source, NIGHT, 120, 90, 130)
    with clock.frozen(MORNING):
        assert execute_drain() == 0
    run = Run.objects.get()
    assert (run.state, run.outcome, Interaction.objects.count()) == (RunState.DONE, "no_longer_needed", 0)


def test_dropped_outside_the_hours_it_stays_silent_and_says_why(source: Source) -> None:
    source.rule(firing={"policy": "becomes_true", **OFFICE, "outside": "drop"})
    tell(source, NIGHT, 120, 90)
    assert (Run.objects.count(), source.held()) == (0, ["outside_hours"])
    assert Event.objects.latest("id").outcome == "suppressed"
    tell(source, MORNING, 80)
    assert (Run.objects.count(), source.held()) == (0, ["consumed"])
    tell(source, MORNING, 120, 70)
    assert source.fired() == ["70"]


def test_inside_the_hours_nothing_waits(source: Source) -> None:
    source.rule(firing={"policy": "becomes_true", **OFFICE, "hours_days": ["mon"]})
    tell(source, NOON, 120, 90)
    assert Interaction.objects.count() == 1


@pytest.mark.parametrize(
    ("firing", "moment", "opens"),
    [
        (OFFICE, "2026-11-23T07:59", "2026-11-23T08:00"),
        (OFFICE, "2026-11-23T08:00", None),
        (OFFICE, "2026-11-23T17:59", None),
        (OFFICE, "2026-11-23T18:00", "2026-11-24T08:00"),
        ({**OFFICE, "hours_days": ["mon", "tue"]}, "2026-11-24T18:00", "2026-11-30T08:00"),
        ({"hours_days": ["tue"], "time_zone": "UTC"}, "2026-11-23T10:00", "2026-11-24T00:00"),
        # A night shift: active from 22:00 to 06:00.
        ({"hours_from": "22:00", "hours_until": "06:00", "time_zone": "UTC"}, "2026-11-23T23:00", None),
        (
            {"hours_from": "22:00", "hours_until": "06:00", "time_zone": "UTC"},
            "2026-11-23T07:00",
            "2026-11-23T22:00",
        ),
        ({**OFFICE, "time_zone": "Asia/Shanghai"}, "2026-11-23T10:30", "2026-11-24T00:00"),
    ],
)
def test_when_the_hours_begin(firing: dict[str, Any], moment: str, opens: str | None) -> None:
    hours = hours_read(firing)
    assert hours is not None
    found = hours.opens_at(dt.datetime.fromisoformat(f"{moment}+00:00"))
    assert found == (dt.datetime.fromisoformat(f"{opens}+00:00") if opens else None)


def test_without_hours_a_rule_is_always_active() -> None:
    assert hours_read({"policy": "each_time"}) is None
    assert hours_words({}) is None


@pytest.mark.parametrize(
    ("firing", "found"),
    [
        ({"hours_from": "8"}, [("/firing/hours_from", "type"), ("/firing/hours_until", "missing")]),
        ({"hours_until": "18:00"}, [("/firing/hours_from", "missing")]),
        ({"hours_from": "08:00", "hours_until": "08:00"}, [("/firing/hours_until", "range")]),
        ({"hours_days": ["funday"]}, [("/firing/hours_days", "unknown")]),
        ({"outside": "maybe"}, [("/firing/outside", "unknown")]),
        ({"time_zone": "Mars/Olympus"}, [("/firing/time_zone", "unknown")]),
    ],
)
def test_hours_that_cannot_be_read(firing: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert [(each.pointer, each.code) for each in hours_problems(firing, "/firing")] == found


def test_hours_say_themselves() -> None:
    words = hours_words({**OFFICE, "hours_days": ["fri", "mon"], "outside": "drop"})
    assert words is not None
    assert words.en == "Active from 08:00 to 18:00 on Monday, Friday (UTC); what falls outside is dropped."
    assert words.zh == "活动时间：08:00–18:00 周一、周五（UTC）；其余时间触发的直接忽略。"
