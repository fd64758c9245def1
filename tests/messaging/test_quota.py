"""A monthly quota: counted once for all workers, forecast, told before it ends, the last of it for the urgent."""

from __future__ import annotations

import datetime as dt
import threading
import zoneinfo
from collections.abc import Iterator

import pytest
from django.db import close_old_connections, connection

from connectors.models import Connection
from connectors.services.limits import limits_set, quota_in_force
from kernel import clock
from kernel.errors import ConfigError
from kernel.models import AuditEntry
from kernel.text import text_show
from messaging import bindings
from messaging.forecast import quota_ends_on
from messaging.models import Delivery, Interaction, QuotaMonth
from messaging.selectors import inbox_cards, inbox_interactions
from messaging.services.admission import deliveries_admit, waiting_again
from messaging.services.channels import inbox_ensure
from messaging.services.outbox import deliver_drain
from messaging.services.quota import quota_count, quota_drain
from permissions.models import User
from permissions.services.roles import IT, roles_ensure
from tests.messaging.quiet import QuietHandler
from tests.messaging.webhook import Receiver, person_make, tell, webhook_register

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
NOVEMBER = dt.datetime(2026, 10, 31, 16, tzinfo=dt.UTC)
"""Midnight in Shanghai."""
TENTH = NOVEMBER + dt.timedelta(days=10)
DECEMBER = dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC)
OK = [{"key": "ok"}]


@pytest.mark.parametrize(
    ("used", "days", "ends_on"),
    [
        (0, 10, None),
        (30, 10, None),
        (34, 10, dt.date(2026, 11, 30)),
        (50, 10, dt.date(2026, 11, 21)),
        (99, 10, dt.date(2026, 11, 11)),
        (100, 10, dt.date(2026, 11, 11)),
        (3, 0.05, None),
        (10, 0.05, dt.date(2026, 11, 11)),
    ],
)
def test_the_forecast_is_this_months_pace(used: int, days: float, ends_on: dt.date | None) -> None:
    assert quota_ends_on(used, 100, NOVEMBER + dt.timedelta(days=days), SHANGHAI) == ends_on


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Receiver]:
    monkeypatch.setitem(bindings._handlers, "tests", QuietHandler())
    with clock.frozen(TENTH):
        yield Receiver(monkeypatch)


def counted(used: int, **limits: int | str) -> Connection:
    hook = webhook_register()
    limits_set(None, hook, {"month": 20, **limits})
    QuotaMonth.objects.create(connection=hook, month=dt.date(2026, 11, 1), used=used)
    return hook


def test_at_the_end_only_the_lane_goes_on_and_the_rest_waits_for_the_next_month(receiver: Receiver) -> None:
    hook = counted(18)
    li = person_make("li", hook)
    for number in range(3):
        tell(li, hook, title=f"News {number}", buttons=OK)
    deliver_drain()
    assert [each["title"] for each in receiver.posted] == ["News 0"]
    held = Delivery.objects.filter(state="ready").first()
    assert held is not None
    assert (held.hold, held.available_at, held.attempts) == ("quota", DECEMBER, 0)
    assert (
        text_show(held.reason, "zh-hans") == "已暂缓：本月 20 条消息的配额已用完；到下月之前只发送紧急消息。"
    )
    tell(li, hook, title="Urgent", priority=1)
    tell(li, hook, title="One too many", priority=1)
    deliver_drain()
    assert [each["title"] for each in receiver.posted] == ["News 0", "Urgent"]
    assert QuotaMonth.objects.get().used == 20
    with clock.frozen(DECEMBER):
        deliver_drain()
    assert len(receiver.posted) == 5
    assert list(QuotaMonth.objects.order_by("month").values_list("used", flat=True)) == [20, 3]


def test_or_the_rest_takes_the_next_channel_of_its_person(receiver: Receiver) -> None:
    hook, inbox = counted(19, month_end="next_channel"), inbox_ensure()
    other = webhook_register("other")
    li, wang = person_make("li", hook, other), person_make("wang", hook)
    for person in (li, wang):
        tell(person, hook)
    both = tell(wang, hook, title="Both")
    Delivery.objects.create(
        interaction=both.interaction,
        connection=inbox,
        user=wang,
        address="wang",
        available_at=None,
        state="delivered",
    )
    while deliver_drain():
        pass
    assert receiver.addresses() == ["li@other"]
    rows = [
        (
            each.user.username,
            each.connection.slug,
            each.state,
            each.through.connection.slug if each.through else "",
        )
        for each in Delivery.objects.select_related("user", "connection", "through__connection").order_by(
            "pk"
        )
    ]
    assert rows == [
        ("li", "hook", "through", "other"),
        ("wang", "hook", "through", "inbox"),
        ("wang", "hook", "ready", ""),
        ("wang", "inbox", "delivered", ""),
        ("li", "other", "delivered", ""),
        ("wang", "inbox", "delivered", ""),
    ]
    first = Delivery.objects.order_by("pk").first()
    assert first is not None
    assert text_show(first.reason, "en") == "This month's quota is used up; sent through “other” instead."


def test_administrators_are_told_once_before_it_ends(receiver: Receiver) -> None:
    inbox_ensure()
    it = person_make("it")
    it.groups.add(roles_ensure()[IT])
    hook = counted(9)
    li = person_make("li", hook)
    quota_drain()
    assert not Interaction.objects.filter(handler="messaging.notice").exists()
    tell(li, hook)
    deliver_drain()
    for _again in range(3):
        quota_drain()
        QuotaMonth.objects.filter(available_at__isnull=False).update(available_at=clock.now())
    deliver_drain()
    notice = Interaction.objects.get(handler="messaging.notice")
    (card,) = inbox_cards(it, inbox_interactions(it))
    assert card.message.title == "The monthly quota of “hook” will not last"
    assert card.message.body == (
        "10 of 20 messages are used. At this pace the rest lasts until 2026-11-21. "
        "Then only urgent messages go this way; the others wait for the next month."
    )
    assert notice.deliveries.get().user == it
    assert QuotaMonth.objects.get().warned_at == TENTH
    assert AuditEntry.objects.filter(action="quota.warned").count() == 1


def test_whoever_lasts_to_the_end_of_the_month_is_not_told(receiver: Receiver) -> None:
    hook = counted(12)
    with clock.frozen(DECEMBER - dt.timedelta(days=2)):
        QuotaMonth.objects.update(available_at=clock.now())
        quota_drain()
        row = QuotaMonth.objects.get()
        assert (row.warned_at, row.available_at) == (None, clock.now() + dt.timedelta(hours=1))
    with clock.frozen(DECEMBER + dt.timedelta(days=1)):
        quota_drain()
    assert QuotaMonth.objects.get().available_at is None
    assert hook.pk


def test_a_raised_quota_lets_go_at_once_what_waits(receiver: Receiver) -> None:
    hook = counted(20)
    li = person_make("li", hook)
    tell(li, hook)
    deliver_drain()
    limits_set(None, hook, {"month": 100})
    waiting_again(hook)
    deliver_drain()
    assert len(receiver.posted) == 1


def test_a_quota_is_chosen_within_reason(receiver: Receiver) -> None:
    hook, inbox = webhook_register(), inbox_ensure()
    assert quota_in_force(hook) is None and quota_in_force(inbox) is None
    for wrong in ({"month": 0}, {"month_end": "drop"}):
        with pytest.raises(ConfigError):
            limits_set(None, hook, wrong)
    with pytest.raises(ConfigError):
        limits_set(None, inbox, {"month": 5})
    assert Connection.objects.get(pk=hook.pk).limits is None
    li = person_make("li", hook)
    tell(li, hook)
    claimed = list(Delivery.objects.select_related("connection", "user", "interaction"))
    assert deliveries_admit(claimed, {}) == claimed
    assert not QuotaMonth.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_count_in_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bindings._handlers, "tests", QuietHandler())
    hook = webhook_register()
    limits_set(None, hook, {"month": 20})
    li = person_make("li", hook)
    rows = [tell(li, hook) for _each in range(3)]
    claimed = list(Delivery.objects.select_related("connection"))
    together = threading.Barrier(4)
    left_out: list[Delivery] = []

    def work() -> None:
        together.wait()
        try:
            left_out.extend(each for _try in range(2) for each in quota_count(claimed, TENTH))
        finally:
            close_old_connections()
            connection.close()

    workers = [threading.Thread(target=work) for _each in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert (QuotaMonth.objects.get().used, len(left_out)) == (19, 4 * 2 * len(rows) - 19)
    assert User.objects.count() == 1
