"""Substitutes are asked instead of who is away; calendars move set times and active hours."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kernel import clock
from kernel.errors import ConfigError
from messaging.models import Delivery, HolidayCalendar, Interaction, Substitute
from messaging.services.absence import absence_changed, caches_clear, calendar_changed, substitute_check
from permissions.models import Grant, User
from tests.workflows.engine.source import LONG_AGO, Source
from workflows.engine.calendars import free_days
from workflows.engine.schedules import schedules_follow
from workflows.models import Schedule, Step
from workflows.services.checking import rule_check

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def fresh() -> None:
    """What another test left in this process."""
    caches_clear()


NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def person(name: str, *, sees: bool = True) -> User:
    made = User.objects.create_user(name, password="x", language="en", time_zone="UTC")
    if sees:
        Grant.objects.create(
            user=made,
            objects_covered=["*"],
            verbs=["see", "answer"],
            scopes={"warehouse": ["*"]},
            field_classes=["*"],
            valid_from=LONG_AGO,
        )
    return made


def away(user: User, substitute: User, start: dt.datetime = NOON, end: dt.datetime = NOON + DAY) -> None:
    Substitute.objects.create(user=user, substitute=substitute, starts_at=start, ends_at=end)
    absence_changed()


def asked(source: Source, moment: dt.datetime = NOON) -> list[str]:
    with clock.frozen(moment):
        source.tell(120, 90)
    return sorted(Delivery.objects.values_list("user__username", flat=True))


def test_who_stands_in_is_asked_instead_and_the_step_says_so(source: Source) -> None:
    source.rule()
    away(source.person, person("wang"))
    assert asked(source) == ["wang"]
    notes = [each["en"] for each in Step.objects.get().output["notes"]]
    assert notes == ["li is away: wang stands in."]


@pytest.mark.parametrize("moment", [NOON - dt.timedelta(seconds=1), NOON + DAY])
def test_before_and_after_the_person_is_asked(source: Source, moment: dt.datetime) -> None:
    source.rule()
    away(source.person, person("wang"))
    assert asked(source, moment) == ["li"]


def test_with_rights_of_their_own_only(source: Source) -> None:
    source.rule()
    away(source.person, person("wang", sees=False))
    assert asked(source) == ["li"]
    notes = [each["en"] for each in Step.objects.get().output["notes"]]
    assert notes == ["li is away, but wang may not be told of this record."]


def test_never_more_than_the_one_who_is_away(source: Source) -> None:
    """Who stands in may see the record; the person it was meant for may not: nobody is told in that place."""
    stranger, other = person("zhao", sees=False), person("wang")
    source.rule(params={"recipients": [{"type": "user", "username": "zhao"}]})
    away(stranger, other)
    assert asked(source) == ["li"]  # the owner of the rule, as without a substitute


def test_along_a_chain_and_never_in_a_circle(source: Source) -> None:
    source.rule()
    wang, zhao = person("wang"), person("zhao")
    away(source.person, wang)
    away(wang, zhao)
    assert asked(source) == ["zhao"]
    away(zhao, source.person)
    with clock.frozen(NOON):
        source.tell(120, 80)
    assert Delivery.objects.latest("id").user == source.person


def test_two_who_share_a_substitute_ask_that_person_once(source: Source) -> None:
    wang, zhao = person("wang"), person("zhao")
    source.rule(
        params={"recipients": [{"type": "user", "username": "li"}, {"type": "user", "username": "zhao"}]}
    )
    away(source.person, wang)
    away(zhao, wang)
    assert asked(source) == ["wang"]


def test_a_substitute_who_left_is_nobody(source: Source) -> None:
    source.rule()
    wang = person("wang")
    away(source.person, wang)
    User.objects.filter(pk=wang.pk).update(is_active=False)
    assert asked(source) == ["li"]


def test_nobody_is_away_for_no_time_or_stands_in_for_themselves(source: Source) -> None:
    wang = person("wang")
    for row in (
        Substitute(user=source.person, substitute=wang, starts_at=NOON, ends_at=NOON),
        Substitute(user=wang, substitute=wang, starts_at=NOON, ends_at=NOON + DAY),
    ):
        with pytest.raises(ConfigError):
            substitute_check(row)


WORKING: dict[str, Any] = {
    "type": "schedule",
    "object": "occasion",
    "every": "working_day",
    "times": ["08:00"],
    "time_zone": "UTC",
    "calendar": "China",
}


def test_set_times_follow_a_calendar_that_changes(source: Source) -> None:
    calendar = HolidayCalendar.objects.create(name="China", days=["2026-11-24"])
    with clock.frozen(NOON):
        source.rule(True, firing={"policy": "each_time"}, trigger=WORKING)
        assert Schedule.objects.get().occurrence_at == dt.datetime(2026, 11, 25, 8, tzinfo=dt.UTC)
        calendar.days = ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"]
        calendar.worked = ["2026-11-28"]
        calendar.save()
        calendar_changed(calendar)
        schedules_follow()
    assert Schedule.objects.get().occurrence_at == dt.datetime(2026, 11, 28, 8, tzinfo=dt.UTC)


def test_active_hours_rest_on_holidays(source: Source) -> None:
    HolidayCalendar.objects.create(name="China", days=["2026-11-23"])
    source.rule(firing={"policy": "becomes_true", "calendar": "China", "time_zone": "UTC"})
    with clock.frozen(NOON):
        source.tell(120, 90)
    assert Interaction.objects.count() == 0
    assert Step.objects.get().available_at == dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


def test_a_calendar_that_is_not_there_keeps_a_rule_from_being_published(source: Source) -> None:
    with pytest.raises(ConfigError):
        free_days({"calendar": "Mars"})
    raw = {
        "schema": 1,
        "trigger": {**WORKING, "calendar": "Mars"},
        "firing": {"policy": "each_time", "calendar": "Moon"},
        "steps": [{"action": "send", "params": {"title": "x", "recipients": [{"type": "rule_owner"}]}}],
    }
    found = {
        each.pointer for each in rule_check(source.connection, raw, source.person) if each.code == "unknown"
    }
    assert {"/trigger/calendar", "/firing/calendar"} <= found
