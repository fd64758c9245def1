"""Quiet hours on the person's own clock, also when that is put forward or back; budgets; the lane is exempt."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator

import pytest
from django.test import Client

from connectors.models import Connection
from kernel import clock
from kernel.errors import ConfigError
from kernel.models import AuditEntry
from kernel.text import text_show
from messaging import bindings
from messaging.models import Attention, Delivery, HolidayCalendar
from messaging.quiet import QuietTimes
from messaging.services.attention import attention_set
from messaging.services.channels import inbox_ensure
from messaging.services.outbox import deliver_drain
from permissions.models import User
from tests.messaging.quiet import QuietHandler
from tests.messaging.webhook import Receiver, person_make, tell, webhook_register

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NIGHT = (dt.time(22), dt.time(8))
LATE = dt.datetime(2026, 11, 27, 15, tzinfo=dt.UTC)  # Friday, 23:00 in Shanghai


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("times", "now", "until"),
    [
        (QuietTimes(BERLIN, *NIGHT), utc(2026, 11, 27, 20, 59), None),
        (QuietTimes(BERLIN, *NIGHT), utc(2026, 11, 27, 21), utc(2026, 11, 28, 7)),
        (QuietTimes(BERLIN, *NIGHT), utc(2026, 11, 28, 7), None),
        (QuietTimes(BERLIN, dt.time(12), dt.time(13)), utc(2026, 11, 27, 11, 30), utc(2026, 11, 27, 12)),
        # Two o'clock does not come on this night: 02:30 is over at 03:00.
        (QuietTimes(BERLIN, dt.time(22), dt.time(2, 30)), utc(2027, 3, 28, 0), utc(2027, 3, 28, 1)),
        # Half past two comes twice: it is over at the first, and the hour is not quiet a second time.
        (QuietTimes(BERLIN, dt.time(22), dt.time(2, 30)), utc(2026, 10, 25, 0), utc(2026, 10, 25, 0, 30)),
        (QuietTimes(BERLIN, dt.time(22), dt.time(2, 30)), utc(2026, 10, 25, 1, 10), None),
        (QuietTimes(BERLIN, *NIGHT), utc(2026, 10, 24, 21), utc(2026, 10, 25, 7)),
        (QuietTimes(BERLIN, *NIGHT, frozenset({5, 6})), utc(2026, 11, 27, 22), utc(2026, 11, 30, 7)),
        (
            QuietTimes(BERLIN, holidays=frozenset({dt.date(2026, 12, 25), dt.date(2026, 12, 26)})),
            utc(2026, 12, 25, 9),
            utc(2026, 12, 26, 23),
        ),
        (QuietTimes(BERLIN), utc(2026, 12, 25, 9), None),
    ],
)
def test_when_quiet_hours_end(times: QuietTimes, now: dt.datetime, until: dt.datetime | None) -> None:
    assert times.until(now) == until


def test_a_whole_quiet_week_ends_somewhere() -> None:
    until = QuietTimes(BERLIN, weekdays=frozenset(range(7))).until(LATE)
    assert until is not None and until - LATE > dt.timedelta(days=50)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Receiver]:
    monkeypatch.setitem(bindings._handlers, "tests", QuietHandler())
    with clock.frozen(LATE):
        yield Receiver(monkeypatch)


def sleeper(hook: Connection, **wishes: object) -> User:
    user = person_make("li", hook, time_zone="Asia/Shanghai")
    attention_set(user, user, {"quiet_from": NIGHT[0], "quiet_until": NIGHT[1], **wishes})
    return user


def test_a_message_is_held_until_the_window_opens_and_says_so(receiver: Receiver) -> None:
    hook = webhook_register()
    li = sleeper(hook)
    delivery = tell(li, hook)
    deliver_drain()
    delivery.refresh_from_db()
    opens = utc(2026, 11, 28, 0)
    assert (receiver.posted, delivery.hold, delivery.available_at) == ([], "quiet", opens)
    assert text_show(delivery.reason, "en") == "Held: quiet hours until 08:00."
    assert text_show(delivery.reason, "zh-hans") == "已暂缓：免打扰至 08:00。"
    with clock.frozen(opens):
        deliver_drain()
    delivery.refresh_from_db()
    assert (receiver.addresses(), delivery.state, delivery.reason) == (["li@hook"], "delivered", "")


def test_the_lane_the_inbox_and_what_ends_before_are_not_held(receiver: Receiver) -> None:
    hook = webhook_register()
    li = sleeper(hook)
    tell(li, hook, priority=2, title="Urgent")
    tell(li, hook, title="Ends tonight", buttons=[{"key": "ok"}], expires_seconds=3600)
    tell(li, hook, title="Ends tomorrow", buttons=[{"key": "ok"}], expires_seconds=86_400)
    in_inbox = tell(li, inbox_ensure())
    deliver_drain()
    assert {each["title"] for each in receiver.posted} == {"Urgent", "Ends tonight"}
    in_inbox.refresh_from_db()
    assert in_inbox.state == "delivered"


def test_a_change_of_a_card_that_is_there_is_not_held(receiver: Receiver) -> None:
    hook = webhook_register()
    li = person_make("li", hook, time_zone="Asia/Shanghai")
    delivery = tell(li, hook)
    deliver_drain()
    attention_set(li, li, {"quiet_from": NIGHT[0], "quiet_until": NIGHT[1]})
    Delivery.objects.update(wanted_version=2, available_at=LATE)
    deliver_drain()
    delivery.refresh_from_db()
    assert (len(receiver.posted), delivery.hold) == (2, "")


def test_whoever_ends_the_quiet_hours_gets_what_was_held(receiver: Receiver) -> None:
    hook = webhook_register()
    li = sleeper(hook)
    tell(li, hook)
    deliver_drain()
    attention_set(li, li, {"quiet_from": None, "quiet_until": None})
    deliver_drain()
    assert receiver.addresses() == ["li@hook"]


def test_a_budget_is_never_exceeded_and_the_lane_is_not_counted(receiver: Receiver) -> None:
    hook = webhook_register()
    li = person_make("li", hook)
    attention_set(li, li, {"hour_budget": 4})
    for number in range(6):
        tell(li, hook, title=f"News {number}")
    tell(li, hook, priority=1, title="Urgent")
    deliver_drain()
    assert [each["title"] for each in receiver.posted] == ["Urgent", "News 0", "News 1"]
    held = Delivery.objects.filter(state="ready").first()
    assert held is not None
    assert (held.hold, text_show(held.reason, "en")) == (
        "budget",
        "Held: at most 4 messages per hour, as this person chose.",
    )
    for minutes in range(0, 60, 5):
        with clock.frozen(LATE + dt.timedelta(minutes=minutes)):
            deliver_drain()
    assert len(receiver.posted) == 1 + 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet_from": dt.time(22), "quiet_until": None},
        {"quiet_from": dt.time(8), "quiet_until": dt.time(8)},
        {"quiet_days": [7]},
        {"hour_budget": 0},
    ],
)
def test_wishes_without_sense_are_refused(receiver: Receiver, wrong: dict[str, object]) -> None:
    li = sleeper(webhook_register())
    with pytest.raises(ConfigError):
        attention_set(li, li, wrong)
    stored = Attention.objects.get()
    assert (stored.quiet_from, stored.quiet_until, stored.quiet_days, stored.hour_budget) == (
        *NIGHT,
        [],
        None,
    )


def test_a_person_sets_it_in_the_inbox(receiver: Receiver) -> None:
    hook = webhook_register()
    li = person_make("li", hook, time_zone="Asia/Shanghai")
    tell(li, hook)
    calendar = HolidayCalendar.objects.create(name="Works", days=["2026-10-01"])
    client = Client()
    assert client.get("/inbox/quiet/").status_code == 302
    client.force_login(li)
    wrong = client.post("/inbox/quiet/", {"quiet_from": "22:00"})
    assert (wrong.status_code, Attention.objects.exists()) == (400, False)
    assert "Quiet hours need a beginning and an end." in wrong.content.decode()
    values = {
        "quiet_from": "22:00",
        "quiet_until": "08:00",
        "quiet_days": ["5", "6"],
        "calendar": calendar.pk,
        "hour_budget": "9",
    }
    assert client.post("/inbox/quiet/", values).status_code == 302
    stored = Attention.objects.get(user=li)
    assert (stored.quiet_from, stored.quiet_until, stored.quiet_days, stored.calendar, stored.hour_budget) == (
        *NIGHT, [5, 6], calendar, 9,
    )  # fmt: skip
    page = client.get("/inbox/quiet/")
    assert 'value="22:00"' in page.content.decode() and "Asia/Shanghai" in page.content.decode()
    assert page["Content-Security-Policy"].startswith("default-src 'none'")
    assert AuditEntry.objects.get(action="attention.changed").actor == li
    deliver_drain()
    assert receiver.posted == []
