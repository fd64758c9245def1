"""Rules that start at set times: one run per occurrence, whatever happens to the workers and the clock."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection

from connectors.models import Event, EventState
from kernel import clock
from kernel.work import work_claim
from messaging.models import Interaction
from tests.workflows.engine.source import Source
from workflows.engine.schedules import _take, schedule_set, schedules_drain, schedules_follow
from workflows.engine.stopping import rule_stop
from workflows.models import Rule, RuleState, RuleVersion, Run, Schedule, StopReason

pytestmark = pytest.mark.database

DAILY = {"type": "schedule", "object": "occasion", "every": "day", "times": ["08:00"], "time_zone": "UTC"}
DAY = dt.timedelta(days=1)
MONDAY = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)


def timed(source: Source, condition: Any = True, **trigger: Any) -> Rule:
    """A rule for every day at 08:00 UTC, put in force on Sunday at noon."""
    with clock.frozen(MONDAY - dt.timedelta(hours=20)):
        return source.rule(
            condition,
            key="morning",
            firing={"policy": "each_time"},
            trigger={**DAILY, **trigger},
            params={"title": "It is {{ record.date }}", "fields": [{"name": "number"}]},
        )


def at(source: Source, moment: dt.datetime) -> int:
    """Take what is due then, and plan it. Returns how many occurrences were taken."""
    with clock.frozen(moment):
        taken = schedules_drain()
        source.plan()
    return taken


def redefine(rule: Rule, trigger: dict[str, Any]) -> None:
    """Another trigger in the version in force, past every check."""
    version = rule.versions.get()
    RuleVersion.objects.filter(pk=version.pk).update(definition={**version.definition, "trigger": trigger})


def starts() -> list[str]:
    return [str(each) for each in Run.objects.order_by("id").values_list("event__source_event_id", flat=True)]


def test_it_runs_once_at_each_time_with_what_the_occasion_says(source: Source) -> None:
    timed(source)
    assert at(source, MONDAY - dt.timedelta(seconds=1)) == 0
    assert at(source, MONDAY + dt.timedelta(seconds=2)) == 1
    assert at(source, MONDAY + dt.timedelta(seconds=3)) == 0
    assert at(source, MONDAY + DAY) == 1
    assert starts() == ["morning#1", "morning#2"]
    first = Event.objects.order_by("id")[0]
    assert first.after == {
        "at": "2026-11-23T08:00:00+00:00",
        "date": "2026-11-23",
        "weekday": 1,
        "number": 1,
    }
    assert (first.source, first.change, first.occurred_at, first.outcome) == (
        "schedule",
        "scheduled",
        MONDAY,
        "matched",
    )
    shown = [each.card["data"]["date"] for each in Interaction.objects.order_by("id")]
    assert shown == ["2026-11-23", "2026-11-24"]


def test_the_condition_decides_by_the_occasion(source: Source) -> None:
    timed(source, {"==": [{"var": "record.weekday"}, 2]})
    at(source, MONDAY)
    at(source, MONDAY + DAY)
    assert starts() == ["morning#2"]
    assert list(Event.objects.order_by("id").values_list("outcome", flat=True)) == ["no_match", "matched"]


def test_other_rules_about_the_same_are_not_asked(source: Source) -> None:
    timed(source)
    other = source.rule(
        True, key="evening", firing={"policy": "each_time"}, trigger={**DAILY, "times": ["20:00"]}
    )
    at(source, MONDAY)
    assert Run.objects.filter(rule=other).count() == 0
    assert [each["rule"] for each in Event.objects.get().verdicts] == [Rule.objects.get(key="morning").pk]


def test_a_missed_time_is_made_up_once_or_left_out(source: Source) -> None:
    timed(source)
    at(source, MONDAY + 3 * DAY + dt.timedelta(hours=5))
    assert [event.key for event in Event.objects.all()] == ["morning@2026-11-26T08:00Z"]
    schedule = Schedule.objects.get()
    assert (schedule.missed, schedule.number, schedule.occurrence_at) == (1, 1, MONDAY + 4 * DAY)


def test_left_out_it_starts_at_the_next_time(source: Source) -> None:
    timed(source, missed="skip")
    at(source, MONDAY + dt.timedelta(minutes=11))
    assert Event.objects.count() == 0
    at(source, MONDAY + DAY + dt.timedelta(minutes=9))
    assert [event.key for event in Event.objects.all()] == ["morning@2026-11-24T08:00Z"]
    assert Schedule.objects.get().missed == 1


def test_a_rule_that_is_switched_off_keeps_time_and_starts_nothing(source: Source) -> None:
    rule = timed(source)
    rule_stop(rule, StopReason.SWITCHED_OFF)
    assert at(source, MONDAY) == 1
    assert Event.objects.count() == 0
    Rule.objects.update(state=RuleState.LIVE)
    at(source, MONDAY + DAY)
    assert starts() == ["morning#1"]


def test_switched_off_between_the_time_and_the_planning(source: Source) -> None:
    rule = timed(source)
    with clock.frozen(MONDAY):
        schedules_drain()
        rule_stop(rule, StopReason.SWITCHED_OFF)
        source.plan()
    event = Event.objects.get()
    assert (event.state, event.outcome, Run.objects.count()) == (EventState.PLANNED, "no_rule", 0)


def test_publishing_anew_neither_loses_nor_repeats_a_time_that_is_due(source: Source) -> None:
    rule = timed(source)
    with clock.frozen(MONDAY + dt.timedelta(seconds=1)):
        schedule_set(rule)
    at(source, MONDAY + dt.timedelta(seconds=2))
    with clock.frozen(MONDAY + dt.timedelta(seconds=3)):
        schedule_set(rule)
    at(source, MONDAY + dt.timedelta(seconds=4))
    assert starts() == ["morning#1"]


def test_the_clock_set_back_starts_nothing_a_second_time(source: Source) -> None:
    rule = timed(source)
    at(source, MONDAY)
    with clock.frozen(MONDAY - dt.timedelta(hours=1)):
        schedule_set(rule)
    at(source, MONDAY)
    assert starts() == ["morning#1"]
    assert Event.objects.count() == 1


def test_a_missing_row_is_made_and_one_of_another_trigger_removed(source: Source) -> None:
    rule = timed(source)
    Schedule.objects.all().delete()
    with clock.frozen(MONDAY - dt.timedelta(hours=1)):
        assert schedules_follow() == MONDAY - dt.timedelta(hours=1) + dt.timedelta(seconds=300)
    assert Schedule.objects.get().occurrence_at == MONDAY
    redefine(rule, {"type": "record", "object": "stock_level"})
    schedules_follow()
    assert Schedule.objects.count() == 0


def test_a_timetable_that_cannot_be_read_holds_up_nobody(source: Source) -> None:
    rule = timed(source)
    redefine(rule, {**DAILY, "time_zone": "Mars/Olympus"})
    at(source, MONDAY)
    schedule = Schedule.objects.get()
    assert "Mars/Olympus" in schedule.last_error
    assert schedule.available_at is not None
    assert schedule.available_at > MONDAY
    assert Event.objects.count() == 0


def test_two_workers_at_once_start_it_once(committed_source: Source) -> None:
    timed(committed_source)

    def work() -> None:
        try:
            schedules_drain()
        finally:
            connection.close()

    with clock.frozen(MONDAY):
        threads = [threading.Thread(target=work) for _each in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        committed_source.plan()
    assert starts() == ["morning#1"]


def test_a_worker_killed_after_the_claim_leaves_it_to_the_next(source: Source, monkeypatch: Any) -> None:
    timed(source)
    with monkeypatch.context() as patch:
        patch.setattr(
            "workflows.engine.schedules._take", lambda _schedule: None
        )  # ends before it stores anything
        assert at(source, MONDAY) == 1
    assert at(source, MONDAY + dt.timedelta(seconds=30)) == 0  # the claim holds
    assert at(source, MONDAY + dt.timedelta(seconds=61)) == 1
    assert starts() == ["morning#1"]


def test_a_worker_that_wakes_up_late_changes_nothing_any_more(source: Source) -> None:
    timed(source)
    with clock.frozen(MONDAY):
        (stale,) = work_claim(Schedule.objects.all(), limit=1)  # and stands still
    at(source, MONDAY + dt.timedelta(seconds=61))
    at(source, MONDAY + DAY)
    before = Schedule.objects.values().get()
    with clock.frozen(MONDAY + DAY):
        _take(stale)
        source.plan()
    assert Schedule.objects.values().get() == before
    assert starts() == ["morning#1", "morning#2"]
