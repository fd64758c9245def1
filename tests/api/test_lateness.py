"""An alert when ready work lies about: told once per incident, armed again when it is over; timers are rows."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from connectors.models import CounterCheck, RecordedObject
from inbox.lateness import lateness_look
from kernel import clock, timers
from kernel.models import Timer
from messaging.models import Interaction
from messaging.selectors import inbox_cards, inbox_interactions
from permissions.models import DirectorySync, User
from tests.company import DemoCompany
from workflows.models import Alert

pytestmark = pytest.mark.database


def told(company: DemoCompany) -> list[str]:
    """The titles of what the administrators were told, in the order it happened."""
    return [each.card["data"]["title_en"] for each in Interaction.objects.order_by("id")]


@pytest.fixture
def company(company: DemoCompany) -> DemoCompany:
    """With nothing due but what a test makes late: the prepared company may be minutes old."""
    later = clock.now() + dt.timedelta(hours=1)
    for each in (DirectorySync, CounterCheck, Timer):
        each.objects.update(available_at=later)
    return company


def oldest_is(seconds: float, **values: object) -> None:
    at = clock.now() - dt.timedelta(seconds=seconds)
    RecordedObject.objects.filter(object="stock_level").update(available_at=at, **values)


def test_told_once_per_incident_and_armed_again(company: DemoCompany) -> None:
    RecordedObject.objects.update(available_at=clock.now() + dt.timedelta(hours=1))
    lateness_look()
    assert told(company) == []
    for seconds in (61, 70, 61, 45):
        oldest_is(seconds)
        lateness_look()
    assert told(company) == ["Work is waiting too long: poll"]
    assert Alert.objects.get().ended_at is None
    assert 'baton_alert{alert="slow:poll"} 1.0' in Client().get("/metrics").content.decode()
    oldest_is(29)
    lateness_look()
    assert told(company)[1:] == ["Over: The oldest row of the queue “poll” has been ready for 61 s. "
                                 "Look whether workers run, and what /readyz says."]  # fmt: skip
    oldest_is(61)
    lateness_look()
    assert (len(told(company)), Alert.objects.count(), Alert.objects.filter(ended_at=None).count()) == (
        3,
        2,
        1,
    )
    people = set(
        Interaction.objects.filter(deliveries__user__isnull=False).values_list("deliveries__user", flat=True)
    )
    assert people == {User.objects.get(username="it").pk}
    company.work()
    user = User.objects.get(username="it")
    assert len(inbox_cards(user, inbox_interactions(user))) == 3


def test_a_row_in_hand_is_not_old(company: DemoCompany) -> None:
    RecordedObject.objects.update(available_at=clock.now() + dt.timedelta(hours=1))
    oldest_is(300, lease_until=clock.now() + dt.timedelta(seconds=9))
    assert Client().get("/readyz").status_code == 200
    lateness_look()
    assert told(company) == []
    oldest_is(300, lease_until=clock.now() - dt.timedelta(seconds=9))
    assert Client().get("/readyz").json()["behind"] == ["poll"]


def test_a_timer_is_a_row_runs_once_and_a_failing_one_holds_up_no_other(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def broken() -> dt.datetime:
        ran.append("broken")
        raise ZeroDivisionError("boom")

    def fine() -> dt.datetime:
        ran.append("fine")
        return timers.after(60)

    monkeypatch.setattr(timers, "_timers", {"broken": broken, "fine": fine})
    monkeypatch.setattr(timers, "_missing", {"broken", "fine"})
    timers.timers_make()
    assert [rows.count() for rows in timers.timers_due(clock.now())] == [2]
    while timers.timers_drain():
        pass
    assert ran == ["broken", "fine"]
    assert [rows.count() for rows in timers.timers_due(clock.now())] == [0]
    row = Timer.objects.get(name="broken")
    assert (row.last_error, row.attempts) == ("ZeroDivisionError('boom')", 1)
    with clock.frozen(clock.now() + dt.timedelta(seconds=61)):
        while timers.timers_drain():
            pass
    assert ran == ["broken", "fine", "broken", "fine"]
