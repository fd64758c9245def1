"""A queue that grows becomes one message: notices only, each line through the gate at that moment, none lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from connectors.models import Connection, Record
from connectors.services.limits import limits_set
from kernel import clock
from kernel.errors import Rejected, Transient
from kernel.text import text_show
from messaging import bindings
from messaging.models import Confirmation, Delivery, Interaction
from messaging.selectors import inbox_cards, inbox_interactions
from messaging.services import folding
from messaging.services.attention import attention_set
from messaging.services.outbox import deliver_drain
from messaging.services.seen import cards_seen
from permissions.models import Grant, Identity, User
from permissions.policies import MASK
from tests.messaging.quiet import QuietHandler
from tests.messaging.webhook import Receiver, tell, webhook_register
from tests.workflows.engine.source import Source

EVENING = dt.datetime(2026, 11, 27, 22, tzinfo=dt.UTC)
MORNING = dt.datetime(2026, 11, 28, 8, tzinfo=dt.UTC)


class Night:
    """Li is not to be disturbed until the morning; several records make notices meanwhile."""

    def __init__(self, source: Source, monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
        self.source, self.receiver, self.handler = source, Receiver(monkeypatch), QuietHandler()
        monkeypatch.setitem(bindings._handlers, "tests", self.handler)
        self.hook = webhook_register(**values)
        self.li = source.person
        Identity.objects.create(connection=self.hook, external_id="li@hook", user=self.li)
        attention_set(self.li, self.li, {"quiet_from": dt.time(20), "quiet_until": dt.time(8)})
        for sku in ("A", "B", "C", "D", "E", "F"):
            source.post(source.item(90, sku=sku, price="12.50"))
        source.plan()

    def notice(self, sku: str, **values: Any) -> Delivery:
        record = Record.objects.get(key=f"{sku}@EAST")
        title = "Low: {{ record.product_code }} at {{ record.unit_price }}"
        return tell(self.li, self.hook, record=record, title=title, **values)

    @staticmethod
    def morning() -> None:
        with clock.frozen(MORNING):
            deliver_drain()


@pytest.fixture
def night(source: Source, monkeypatch: pytest.MonkeyPatch) -> Iterator[Night]:
    with clock.frozen(EVENING):
        yield Night(source, monkeypatch)


def states() -> list[str]:
    return list(Delivery.objects.exclude(purpose="digest").order_by("pk").values_list("state", flat=True))


def test_what_waits_over_night_is_one_message_in_the_morning(night: Night) -> None:
    notices = [night.notice(sku) for sku in "ABCDE"]
    question = night.notice("F", buttons=[{"key": "ok"}])
    urgent = night.notice("F", priority=1)
    deliver_drain()
    assert [each["title"] for each in night.receiver.posted] == ["Low: F at 12.5"]
    digest = Delivery.objects.get(purpose="digest")
    assert (digest.state, digest.hold, digest.available_at) == ("ready", "quiet", MORNING)
    assert states() == ["through"] * 5 + ["ready", "delivered"]
    first = Delivery.objects.get(pk=notices[0].pk)
    assert (first.through, first.available_at) == (digest, None)
    assert text_show(first.reason, "en") == f"In a digest: message #{digest.pk}."
    assert text_show(first.reason, "zh-hans") == f"已并入摘要：消息 #{digest.pk}。"
    night.morning()
    sent = {each["title"]: each for each in night.receiver.posted[1:]}
    assert set(sent) == {"5 messages", "Low: F at 12.5"}
    body = str(sent["5 messages"]["body"])
    assert [f"Low: {sku} at 12.5" in body for sku in "ABCDE"] == [True] * 5
    assert str(notices[0].interaction.uid) in body and str(question.interaction.uid) not in body
    first.refresh_from_db()
    assert (first.state, first.sent_at, first.proof["allowed"]) == ("through", MORNING, True)
    assert urgent.pk and night.handler.lost == []


def test_each_line_is_asked_for_when_it_is_sent_and_masks_stay(night: Night) -> None:
    gone, masked = [night.notice(sku) for sku in "AB"]
    for sku in "CDE":
        night.notice(sku)
    deliver_drain()
    Grant.objects.update(field_classes=[])
    Record.objects.filter(key="A@EAST").update(warehouse="WEST")
    Grant.objects.update(scopes={"warehouse": ["EAST"]})
    night.morning()
    (sent,) = night.receiver.posted
    assert sent["title"] == "4 messages"
    assert "Low: A" not in str(sent) and str(gone.interaction.uid) not in str(sent)
    assert f"Low: B at {MASK}" in str(sent["body"]) and "12.5" not in str(sent)
    gone.refresh_from_db()
    assert (gone.state, gone.proof["allowed"], gone.sent_at) == ("refused", False, None)
    assert [pk for pk, _reason in night.handler.lost] == [gone.interaction_id]
    masked.refresh_from_db()
    assert masked.proof["masked"] == ["unit_price"]


def test_nothing_is_sent_when_no_line_is_left(night: Night) -> None:
    notices = [night.notice(sku) for sku in "ABCDE"]
    deliver_drain()
    Grant.objects.all().delete()
    night.morning()
    assert night.receiver.posted == []
    assert states() == ["refused"] * 5
    assert len(night.handler.lost) == len(notices)


def test_two_that_wait_long_are_folded_and_one_is_not(night: Night) -> None:
    night.notice("A")
    deliver_drain()
    with clock.frozen(EVENING + dt.timedelta(seconds=folding.FOLD_SECONDS - 1)):
        night.notice("B")
        deliver_drain()
    assert states() == ["ready", "ready"]
    with clock.frozen(EVENING + dt.timedelta(seconds=folding.FOLD_SECONDS)):
        night.notice("C")
        deliver_drain()
    assert states() == ["through"] * 3


def test_later_notices_join_until_the_digest_was_tried(night: Night) -> None:
    for sku in "ABCDE":
        night.notice(sku)
    deliver_drain()
    for sku in "ABCDE":
        night.notice(sku)
    deliver_drain()
    assert (Delivery.objects.filter(purpose="digest").count(), states()) == (1, ["through"] * 10)

    def down(_body: object) -> dict[str, str]:
        raise Transient("down")

    night.receiver.answer = down
    night.morning()
    digest = Delivery.objects.get(purpose="digest")
    assert digest.attempts == 1
    with clock.frozen(EVENING + dt.timedelta(days=1)):
        for sku in "ABCDE":
            night.notice(sku)
        deliver_drain()
    assert digest.carried.count() == 10
    night.receiver.answer = lambda _body: {}
    with clock.frozen(MORNING + dt.timedelta(days=1)):
        while deliver_drain():
            pass
    assert "10 messages" in [each["title"] for each in night.receiver.posted]
    assert not Delivery.objects.filter(state="ready").exists()


def test_a_digest_that_cannot_be_delivered_loses_none_of_its_notices(night: Night) -> None:
    notices = [night.notice(sku) for sku in "ABCDE"]
    deliver_drain()

    def no(_body: object) -> dict[str, str]:
        raise Rejected("No such address.")

    night.receiver.answer = no
    night.morning()
    assert states() == ["failed"] * 5
    assert [pk for pk, _reason in night.handler.lost] == [each.interaction_id for each in notices]


def test_a_growing_queue_for_one_address_is_folded_and_the_inbox_shows_each_card(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.frozen(EVENING):
        day = Night(source, monkeypatch)
        attention_set(day.li, day.li, {"quiet_from": None, "quiet_until": None})
        limits_set(None, Connection.objects.get(pk=day.hook.pk), {"recipient-60": 3})
        for sku in "ABCDEF":
            day.notice(sku)
        deliver_drain()
        assert states() == ["delivered"] + ["through"] * 5
        with clock.frozen(EVENING + dt.timedelta(seconds=30)):
            deliver_drain()
        assert [each["title"] for each in day.receiver.posted] == ["Low: A at 12.5", "5 messages"]
        titles = [each.message.title for each in inbox_cards(day.li, inbox_interactions(day.li))]
        assert titles == [f"Low: {sku} at 12.5" for sku in "FEDCBA"]


def test_a_look_at_a_notice_confirms_the_digest_that_carried_it(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.frozen(EVENING):
        night = Night(source, monkeypatch, may_discard=True)
        notices = [night.notice(sku) for sku in "ABCDE"]
        deliver_drain()
        night.morning()
        digest = Delivery.objects.get(purpose="digest")
        assert digest.state == "unconfirmed"
        cards_seen(night.li, [notices[2].interaction.uid])
        digest.refresh_from_db()
        assert (digest.state, Confirmation.objects.get().state) == ("delivered", "confirmed")


def test_the_database_knows_one_waiting_digest_per_person_and_channel(night: Night) -> None:
    for sku in "ABCDE":
        night.notice(sku)
    deliver_drain()
    digest = Delivery.objects.get(purpose="digest")
    other = Interaction.objects.create(handler="messaging.digest", state="decided")
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(
            interaction=other, connection=night.hook, user=night.li, address="li@hook", purpose="digest"
        )
    made = folding._digest_make([digest])
    assert made == digest
    assert Interaction.objects.filter(handler="messaging.digest", deliveries__isnull=True).count() == 1
    assert User.objects.filter(pk=night.li.pk).exists()
