"""A look over all records at set times: one run for each that is true, resumable at any page."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors.models import Event, Record
from kernel import clock
from tests.workflows.engine import source as sources
from tests.workflows.engine.source import Source
from workflows.engine import walks
from workflows.engine.schedules import schedules_drain
from workflows.engine.stopping import rule_stop
from workflows.engine.walks import walks_drain
from workflows.models import RecordWalk, Rule, Run, StopReason, WalkState

pytestmark = pytest.mark.database

MONDAY = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
TRIGGER = {"type": "schedule_records", "every": "day", "times": ["08:00"], "time_zone": "UTC"}


def looking(source: Source, policy: str = "each_time", condition: Any = sources.BELOW) -> Rule:
    with clock.frozen(MONDAY - dt.timedelta(hours=20)):
        return source.rule(condition, key="morning", firing={"policy": policy}, trigger=TRIGGER)


def stock(source: Source, **quantities: int) -> None:
    """What is on hand of each item, seen before any rule's time."""
    with clock.frozen(MONDAY - dt.timedelta(hours=21)):
        source.post(*[source.item(quantity, sku=sku) for sku, quantity in quantities.items()])
        source.plan()


def at(source: Source, moment: dt.datetime) -> None:
    with clock.frozen(moment):
        schedules_drain()
        while walks_drain():
            pass
        source.plan()


def items(**filters: Any) -> list[str]:
    found = Run.objects.filter(**filters).order_by("id").values_list("record__data__product_code", flat=True)
    return [str(each) for each in found]


def test_each_record_for_which_it_is_true_starts_the_rule_at_each_time(source: Source) -> None:
    stock(source, A=90, B=120, C=10)
    looking(source)
    at(source, MONDAY)
    assert items() == ["A", "C"]
    at(source, MONDAY + DAY)
    assert items() == ["A", "C", "A", "C"]
    walk = RecordWalk.objects.order_by("id")[0]
    assert (walk.state, walk.total, walk.looked, walk.made) == (WalkState.DONE, 3, 3, 2)
    made = Event.objects.filter(source="schedule").order_by("id")[0]
    assert (made.change, made.before, made.changed) == ("scheduled", None, [])
    assert (made.after or {})["on_hand"] == "90"


def test_it_starts_on_no_change(source: Source) -> None:
    looking(source)
    source.tell(120, 90)
    assert Run.objects.count() == 0
    assert [each.outcome for each in Event.objects.order_by("id")] == ["no_rule", "no_rule"]


def test_when_it_becomes_true_fires_on_the_first_morning_and_again_after_a_false_one(source: Source) -> None:
    stock(source, A=90)
    looking(source, policy="becomes_true")
    at(source, MONDAY)
    at(source, MONDAY + DAY)
    assert items() == ["A"]
    for days, quantity in ((1, 120), (2, 80)):
        with clock.frozen(MONDAY + days * DAY + dt.timedelta(hours=1)):
            source.tell(quantity)
        at(source, MONDAY + (days + 1) * DAY)
    assert items() == ["A", "A"]


def test_a_record_that_changed_meanwhile_is_judged_as_it_is_when_planned(source: Source) -> None:
    stock(source, A=90)
    looking(source)
    with clock.frozen(MONDAY):
        source.post(source.item(200))  # waits to be planned, before what the walk makes
        schedules_drain()
        walks_drain()
        source.plan()
    assert Run.objects.count() == 0
    assert [each.outcome for each in Event.objects.order_by("id")][-1] == "no_match"


def test_a_record_that_went_meanwhile_starts_nothing(source: Source) -> None:
    stock(source, A=90)
    looking(source)
    with clock.frozen(MONDAY):
        schedules_drain()
        walks_drain()
        Record.objects.update(gone=True)
        source.plan()
    event = Event.objects.latest("id")
    assert (event.state, Run.objects.count()) == ("superseded", 0)
    assert "gone" in event.reason


def test_killed_at_any_page_it_goes_on_and_starts_each_record_once(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walks, "PAGE", 2)
    stock(source, **{f"S{number}": 10 for number in range(7)})
    looking(source)
    kills = iter([True, False, True, True, False, False, False])

    def killed(*_args: Any) -> None:
        raise KeyboardInterrupt

    with clock.frozen(MONDAY):
        schedules_drain()
    moment = MONDAY
    while RecordWalk.objects.filter(state=WalkState.RUNNING).exists():
        moment += dt.timedelta(seconds=61)
        with clock.frozen(moment), monkeypatch.context() as patch:
            if next(kills, False):
                patch.setattr(walks, "_true_for", killed)
                with pytest.raises(KeyboardInterrupt):
                    walks_drain()
            else:
                walks_drain()
    with clock.frozen(moment):
        source.plan()
    assert sorted(items()) == [f"S{number}" for number in range(7)]
    assert RecordWalk.objects.get().looked == 7


def test_a_second_look_for_the_same_time_makes_nothing_twice(source: Source) -> None:
    stock(source, A=90, B=80)
    looking(source)
    at(source, MONDAY)
    RecordWalk.objects.update(position=0, state=WalkState.RUNNING, available_at=MONDAY)
    at(source, MONDAY + dt.timedelta(seconds=5))
    assert items() == ["A", "B"]


def test_a_rule_stopped_on_the_way_stops_the_look(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "PAGE", 1)
    stock(source, A=90, B=80)
    rule = looking(source)
    with clock.frozen(MONDAY):
        schedules_drain()
        walks_drain()
        rule_stop(rule, StopReason.SWITCHED_OFF)
        while walks_drain():
            pass
        source.plan()
    walk = RecordWalk.objects.get()
    assert (walk.state, walk.looked, walk.made) == (WalkState.STOPPED, 1, 1)
    assert Run.objects.count() == 0


def test_a_page_costs_the_same_for_few_and_many(source: Source) -> None:
    looking(source)
    counts = []
    for number, most in ((0, 5), (1, 105)):
        stock(source, **{f"P{each}": 10 for each in range(most)})
        with clock.frozen(MONDAY + number * DAY):
            schedules_drain()
            with CaptureQueriesContext(connection) as queries:
                walks_drain()
            counts.append(len(queries))
            source.plan()
    assert counts[0] == counts[1]
