"""Limits are kept by all workers together; who waits says why and until when; the lane overtakes."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext

from connectors import catalog
from connectors.models import Connection
from connectors.ports.manifest import Rate
from connectors.services.limits import limits_set, rates_in_force
from kernel import clock
from kernel.errors import ConfigError, RateLimited
from kernel.text import text_show
from messaging import bindings
from messaging.models import Delivery, RateBucket
from messaging.pace import pace_of
from messaging.services import lane
from messaging.services.admission import deliveries_admit
from messaging.services.buckets import Bucket, Demand, admit, buckets_prune
from messaging.services.channels import inbox_ensure
from messaging.services.outbox import deliver_drain
from permissions.models import User
from tests.messaging.quiet import QuietHandler
from tests.messaging.webhook import Receiver, person_make, tell, webhook_register

OK = [{"key": "ok"}]
START = dt.datetime(2026, 11, 27, 9, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bindings._handlers, "tests", QuietHandler())


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    return Receiver(monkeypatch)


@pytest.fixture
def noon(db: None) -> Iterator[None]:
    with clock.frozen(START):
        yield


def limited(**limits: int) -> Connection:
    hook = webhook_register()
    limits_set(None, hook, {key.replace("_", "-"): count for key, count in limits.items()})
    return hook


def drain_at(seconds: float) -> None:
    with clock.frozen(START + dt.timedelta(seconds=seconds)):
        while deliver_drain():
            pass


def test_what_has_no_place_waits_with_a_reason_and_was_no_attempt(noon: None, receiver: Receiver) -> None:
    hook = limited(connection_60=6)
    li = person_make("li", hook)
    for number in range(10):
        tell(li, hook, title=f"News {number}", buttons=OK)
    deliver_drain()
    assert [each["title"] for each in receiver.posted] == ["News 0", "News 1"]
    waiting = list(Delivery.objects.filter(state="ready").order_by("pk"))
    assert len(waiting) == 8
    first = waiting[0]
    assert (first.hold, first.attempts, first.lease_owner) == ("rate", 0, "")
    assert text_show(first.reason, "en") == "Waiting: at most 6 messages in 60 s go this way."
    assert text_show(first.reason, "zh-hans") == "等待中：此通道在 60 秒内最多发送 6 条消息。"
    due = [(each.available_at - START).total_seconds() for each in waiting if each.available_at]
    assert due == [12.0 * place for place in range(1, 9)]  # one promised place each, in their order


def test_promised_places_are_kept(noon: None, receiver: Receiver) -> None:
    hook = limited(connection_60=6)
    li = person_make("li", hook)
    for number in range(10):
        tell(li, hook, title=f"News {number}", buttons=OK)
    for tick in range(97):
        drain_at(tick)
    assert [each["title"] for each in receiver.posted] == [f"News {number}" for number in range(10)]
    assert set(Delivery.objects.values_list("state", "reason", "attempts")) == {("delivered", "", 0)}


def test_one_recipient_waits_and_the_others_do_not(noon: None, receiver: Receiver) -> None:
    hook = limited(recipient_60=3)
    li, wang = person_make("li", hook), person_make("wang", hook)
    for _each in range(3):
        tell(li, hook)
    tell(wang, hook)
    deliver_drain()
    assert receiver.addresses() == ["li@hook", "wang@hook"]
    assert set(Delivery.objects.filter(state="ready").values_list("user__username", "hold")) == {
        ("li", "rate")
    }


def test_a_message_that_one_bucket_refuses_uses_up_no_other(noon: None) -> None:
    wide, narrow = Bucket("wide", pace_of(30, 60)), Bucket("narrow", pace_of(1, 60))
    verdicts = admit([Demand((wide, narrow)) for _each in range(5)] + [Demand((wide,))], START)
    assert [each.available_at is None for each in verdicts] == [True, False, False, False, False, True]
    used = RateBucket.objects.get(key="wide").level_at - START
    assert used == 2 * pace_of(30, 60).interval


def test_without_a_limit_no_bucket_is_asked_for(noon: None) -> None:
    hook, inbox = webhook_register(), inbox_ensure()
    li = person_make("li", hook)
    rows = [tell(li, hook) for _each in range(3)]
    in_inbox = [tell(li, inbox) for _each in range(3)]
    loaded = Delivery.objects.select_related("connection", "user", "interaction")
    for deliveries in (rows, in_inbox):
        claimed = list(loaded.filter(pk__in=[each.pk for each in deliveries]))
        with CaptureQueriesContext(connection) as asked:
            assert len(deliveries_admit(claimed, {})) == 3
        assert len(asked) == 0


def test_a_limit_costs_the_same_for_one_message_and_for_fifty(noon: None) -> None:
    hook = limited(connection_1=50, connection_60=1000, recipient_60=60)
    people = [person_make(f"p{number}", hook) for number in range(50)]
    for each in people:
        tell(each, hook)
    claimed = list(Delivery.objects.select_related("connection", "user", "interaction"))
    deliveries_admit(claimed, {})  # makes the buckets
    counts = []
    for batch in (claimed[:1], claimed):
        with clock.frozen(START + dt.timedelta(hours=1)), CaptureQueriesContext(connection) as asked:
            deliveries_admit(batch, {})
        counts.append(sum("SAVEPOINT" not in each["sql"] for each in asked))
    assert (
        counts[0] <= counts[1] <= counts[0] + 2
    )  # those that have to wait: told so, and whether to fold them


def test_whom_the_vendor_asks_to_wait_waits_in_every_worker(noon: None, receiver: Receiver) -> None:
    hook = webhook_register()
    li, wang = person_make("li", hook), person_make("wang", hook)
    tell(li, hook)

    def busy(_body: object) -> dict[str, str]:
        raise RateLimited("Slow down.", 42.0)

    receiver.answer = busy
    deliver_drain()
    until = START + dt.timedelta(seconds=42)
    assert Connection.objects.get(pk=hook.pk).retry_at == until
    receiver.answer = lambda _body: {}
    tell(wang, hook)
    tell(wang, hook, priority=1)
    drain_at(41)
    assert receiver.posted == []
    assert set(Delivery.objects.filter(user=wang).values_list("hold", "available_at", "attempts")) == {
        ("closed", until, 0)
    }
    drain_at(42)
    assert sorted(receiver.addresses()) == ["li@hook", "wang@hook", "wang@hook"]


def test_the_lane_overtakes_a_burst_within_the_bucket_and_the_burst_goes_on(
    noon: None, receiver: Receiver
) -> None:
    hook = limited(connection_60=24)
    li, boss = person_make("li", hook), person_make("boss", hook)
    for number in range(100):
        tell(li, hook, title=f"Report {number}")
    deliver_drain()
    before = len(receiver.posted)
    tell(boss, hook, priority=1, title="Large order")
    drain_at(0.1)
    assert [each["title"] for each in receiver.posted[before:]] == ["Large order"]
    drain_at(60)
    assert len(receiver.posted) > before + 1


def test_every_fourth_claim_is_the_rests(noon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "_claims", iter(range(1, 100)))
    hook = webhook_register()
    li = person_make("li", hook)
    tell(li, hook)
    for _each in range(8):
        tell(li, hook, priority=1)
    order = [lane.deliveries_claim(1)[0].priority for _each in range(5)]
    assert order == [1, 1, 1, 5, 1]


def test_a_slow_batch_makes_way_for_the_lane(noon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "_claims", iter(range(1, 4)))
    monkeypatch.setattr(lane, "LOOK_SECONDS", 0.0)
    hook = webhook_register()
    li = person_make("li", hook)
    for _each in range(3):
        tell(li, hook)
    claimed = lane.deliveries_claim(10)
    sending = lane.overtakable([[each] for each in claimed])
    (first,) = next(sending)
    urgent = tell(li, hook, priority=1)
    assert list(sending) == []
    assert Delivery.objects.filter(lease_owner="", attempts=0).count() == 3
    assert Delivery.objects.get(pk=first.pk).lease_owner != ""
    assert lane.deliveries_claim(1) == [urgent]


def test_limits_can_be_lowered_and_never_raised(noon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = catalog.manifest("im.webhook")
    assert manifest.im is not None
    documented = replace(manifest, im=replace(manifest.im, rates=(Rate(30, 60), Rate(1, 1))))
    monkeypatch.setattr(catalog, "manifest", lambda _key: documented)
    hook = webhook_register()
    assert [(each.count, round(each.seconds, 2)) for each in rates_in_force(hook)] == [(27, 60), (1, 1.11)]
    for wrong in ({"connection-60": 28}, {"connection-60": 0}, {"robot-5": 1}):
        with pytest.raises(ConfigError):
            limits_set(None, hook, wrong)
        assert Connection.objects.get(pk=hook.pk).limits is None
    limits_set(None, hook, {"connection-60": 10})
    assert rates_in_force(Connection.objects.get(pk=hook.pk))[0].count == 10
    limits_set(None, hook, {"connection-60": None})
    assert rates_in_force(hook)[0].count == 27


def test_buckets_nobody_used_for_days_go(noon: None) -> None:
    admit([Demand((Bucket("old", pace_of(1, 60)),))], START - dt.timedelta(days=3))
    admit([Demand((Bucket("used", pace_of(1, 60)),))], START)
    assert buckets_prune() == START + dt.timedelta(hours=1)
    assert list(RateBucket.objects.values_list("key", flat=True)) == ["used"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_one_bucket() -> None:
    bucket = Bucket("shared", pace_of(30, 60))
    admitted: list[int] = []
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        try:
            verdicts = [verdict for _try in range(5) for verdict in admit([Demand((bucket,))] * 3, START)]
            admitted.append(sum(each.available_at is None for each in verdicts))
        finally:
            close_old_connections()
            connection.close()

    workers = [threading.Thread(target=work) for _each in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sum(admitted) == bucket.pace.ordinary_burst == 8
    assert User.objects.count() == 0
