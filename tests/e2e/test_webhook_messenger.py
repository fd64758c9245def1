"""The stock story through a messenger of somebody's own: signed cards out, signed answers back, each worked once."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from connectors.models import Connection, Event
from connectors.services.connections import (
    ConnectionRefused,
    connection_check,
    connection_pause,
    connection_register,
)
from demo.rules import STOCK_KEY, STOCK_RULE
from kernel import clock
from messaging.models import Answer, Delivery, Interaction, Reply
from permissions.models import Identity
from tests.company import DemoCompany
from tests.connectors.contract import peer
from tests.connectors.contract.peer import Fault, Peer, answer_json
from tests.e2e.receiver import SECRET, Receiver, SignedReply
from workflows.models import Rule, Run
from workflows.services.rules import rule_edit, rule_publish

pytestmark = pytest.mark.database
LATER_SECONDS = 3600.0


@dataclass
class Messenger:
    """The demo company, whose stock rule asks through the webhook only."""

    company: DemoCompany
    receiver: Receiver
    connection: Connection
    client: Client

    def post(self, reply: SignedReply, slug: str = "shop-floor") -> HttpResponse:
        path = f"/replies/{slug}/"
        return self.client.post(path, reply.body, "application/json", headers=None, **dict(reply.headers))

    def answer(self, **item: Any) -> HttpResponse:
        """The buyer answers the newest card; Baton works."""
        named = {"address": "u-17", "message_id": self.receiver.latest["id"], **item}
        response = self.post(self.receiver.reply(**named))
        self.company.work()
        return response

    def later(self) -> None:
        """An hour goes by: whatever waits to be tried again is due."""
        self.elapsed += LATER_SECONDS
        clock.shift(self.elapsed)
        self.company.work()

    elapsed: float = 0.0


@pytest.fixture
def messenger(company: DemoCompany, client: Client) -> Iterator[Messenger]:
    receiver = Receiver()
    with Peer(receiver) as server:
        connection, report = connection_register(
            company.user("it"),
            name="Shop floor",
            slug="shop-floor",
            connector="im.webhook",
            values={"url": f"{server.url}/baton", "signing_secret": SECRET, "timeout_seconds": 1},
        )
        assert report.ok
        Identity.objects.create(connection=connection, external_id="u-17", user=company.user("buyer"))
        Identity.objects.create(connection=connection, external_id="u-18", user=company.user("buyer2"))
        definition = copy.deepcopy(STOCK_RULE)
        definition["steps"][0]["params"]["channels"] = ["shop-floor"]
        analyst, rule = company.user("analyst"), Rule.objects.get(key=STOCK_KEY)
        rule_edit(analyst, rule, name=None, draft=definition)
        rule_publish(analyst, rule)
        yield Messenger(company, receiver, connection, client)


def test_the_card_arrives_once_and_says_where_answers_go(messenger: Messenger) -> None:
    messenger.company.sell()
    messenger.company.work()
    receiver = messenger.receiver
    assert (len(receiver.cards), receiver.refused) == (1, [])
    event = Event.objects.get(object="stock_level")
    assert receiver.raw[0].startswith(f'{{"event_id":"{event.pk}","id":'.encode())
    (card,) = receiver.cards
    interaction = messenger.company.interaction()
    assert (card["id"], card["version"], card["address"], card["state"]) == (
        str(interaction.uid), 1, "u-17", "open",
    )  # fmt: skip
    assert card["reply_to"] == "/replies/shop-floor/"
    assert card["title"] == "库存不足：M6×20 六角螺栓（华东仓）"
    assert {each["name"]: each["value"] for each in card["fields"]} == {
        "product_code": "BLT-M6-20 M6×20 六角螺栓",
        "warehouse": "EAST 华东仓",
        "on_hand": "92",
        "reorder_level": "100",
        "incoming": "0",
        "supplier_code": "S001 苏州固力紧固件厂",
        "unit_price": "¥0.35",
        "reorder_quantity": "200",
    }
    assert [each["key"] for each in card["buttons"]] == ["create_po", "not_now"]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.vendor_message_id) == ("delivered", f"card-{card['id'][:8]}")


@pytest.mark.parametrize(
    ("item", "quantity"),
    [
        ({"button": "create_po", "inputs": {"quantity": 250}, "version": 1}, 250),
        ({"button": "create_po"}, 200),
        ({"text": "order 200"}, 200),
        ({"text": "下单 ３００", "message_id": ""}, 300),
        ({"text": "1"}, 200),
    ],
)
def test_an_answer_makes_one_order_and_the_card_says_so(
    messenger: Messenger, item: dict[str, Any], quantity: int
) -> None:
    messenger.company.sell()
    response = messenger.answer(**item)
    assert (response.status_code, response.json()) == (200, {"accepted": 1})
    (order,) = messenger.company.orders()
    assert (order.product_code, order.quantity, order.warehouse) == ("BLT-M6-20", Decimal(quantity), "EAST")
    reply = Reply.objects.get()
    assert (reply.state, reply.result["status"], reply.address) == ("done", "taken", "u-17")
    answer = Answer.objects.get()
    assert (answer.user.get_username(), answer.accepted, answer.channel) == ("buyer", True, "im.webhook")
    shown = messenger.receiver.latest
    assert (shown["kind"], shown["state"], shown["buttons"]) == ("update", "decided", [])
    assert shown["vendor_message_id"] == f"card-{shown['id'][:8]}"
    assert order.number in shown["state_text"]
    assert len(messenger.receiver.cards) == 1
    assert Run.objects.get().state == "done"


@pytest.mark.parametrize("item", [{"text": "2"}, {"text": "暂不"}, {"button": "not_now"}])
def test_not_now_orders_nothing(messenger: Messenger, item: dict[str, Any]) -> None:
    messenger.company.sell()
    messenger.answer(**item)
    assert messenger.company.orders() == []
    assert messenger.receiver.latest["state"] == "decided"
    assert (messenger.company.interaction().decision["button"], Run.objects.get().outcome) == ("not_now", "not_now")


def test_a_repeated_reply_counts_once(messenger: Messenger) -> None:
    messenger.company.sell()
    reply = messenger.receiver.reply(
        webhook_id="answer-x", address="u-17", message_id=messenger.receiver.latest["id"], button="create_po"
    )
    for _time in range(3):
        assert messenger.post(reply).status_code == 200
        messenger.company.work()
    assert Reply.objects.count() == 1
    assert len(messenger.company.orders()) == 1
    assert Answer.objects.count() == 1


def test_a_second_answer_is_told_what_was_decided(messenger: Messenger) -> None:
    messenger.company.sell()
    messenger.answer(button="create_po")
    (order,) = messenger.company.orders()
    messenger.answer(text="order 500")
    second = Reply.objects.latest("id")
    assert (second.state, second.result["status"]) == ("refused", "decided")
    assert order.number in second.result["message"]
    assert len(messenger.company.orders()) == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"age_seconds": 301.0},
        {"age_seconds": -302.0},
        {"key": b"somebody else's key"},
        {"webhook_id": "a.b"},
    ],
)
def test_what_is_not_provably_the_receivers_is_refused(messenger: Messenger, forged: dict[str, Any]) -> None:
    messenger.company.sell()
    item = {"address": "u-17", "message_id": messenger.receiver.latest["id"], "button": "create_po"}
    assert messenger.post(messenger.receiver.reply(**item, **forged)).status_code == 401
    _nothing_came_of_it(messenger)
    assert Reply.objects.count() == 0


def test_a_signed_body_that_was_changed_is_refused(messenger: Messenger) -> None:
    messenger.company.sell()
    reply = messenger.receiver.reply(address="u-17", text="order 200")
    assert messenger.post(SignedReply(reply.body.replace(b"200", b"900"), reply.headers)).status_code == 401
    assert messenger.post(SignedReply(reply.body, {})).status_code == 401
    _nothing_came_of_it(messenger)
    assert Reply.objects.count() == 0


@pytest.mark.parametrize(
    ("item", "status"),
    [
        ({"address": "u-99"}, "refused"),  # an account nobody linked
        ({"address": "u-18"}, "invalid"),  # a buyer who was not asked this
        ({"message_id": "0d3c2f9e-6f0b-4d43-9a63-2f6a1b7c8d90"}, "invalid"),
        ({"message_id": "card-1"}, "invalid"),
        ({"button": "approve"}, "invalid"),
        ({"button": "create_po", "inputs": {"quantity": 0}}, "invalid"),
        ({"button": "create_po", "inputs": {"price": "0.01"}}, "invalid"),
        ({"button": "", "text": "order 200 tomorrow"}, "invalid"),
        ({"button": "", "text": "3"}, "invalid"),
    ],
)
def test_an_answer_that_fits_nothing_has_no_effect(messenger: Messenger, item: dict[str, Any], status: str) -> None:
    messenger.company.sell()
    assert messenger.answer(**{"button": "create_po", **item}).status_code == 200
    reply = Reply.objects.get()
    assert (reply.state, reply.result["status"]) == ("refused", status)
    assert reply.result["message"]
    _nothing_came_of_it(messenger)


def test_a_blocked_account_may_not_answer_an_old_card(messenger: Messenger) -> None:
    messenger.company.sell()
    Identity.objects.filter(connection=messenger.connection, external_id="u-17").update(state="blocked")
    messenger.answer(button="create_po")
    assert Reply.objects.get().state == "refused"
    _nothing_came_of_it(messenger)


def test_where_no_answers_are_taken(messenger: Messenger) -> None:
    messenger.company.sell()
    reply = messenger.receiver.reply(address="u-17", text="order 200")
    assert messenger.post(reply, "no-such-connection").status_code == 404
    assert messenger.post(reply, "demo-erp").status_code == 404
    assert messenger.client.get("/replies/shop-floor/").status_code == 405
    connection_pause(messenger.company.user("it"), messenger.connection)
    assert messenger.post(reply).status_code == 403
    _nothing_came_of_it(messenger)
    assert Reply.objects.count() == 0


def test_an_answer_to_an_old_price_is_refused_and_the_new_one_is_shown(messenger: Messenger) -> None:
    messenger.company.sell()
    messenger.company.sql("UPDATE products SET unit_price = '0.40' WHERE code = 'BLT-M6-20'")
    messenger.company.work()
    messenger.answer(button="create_po", version=1)
    assert Reply.objects.get().result["status"] == "changed"
    assert messenger.company.orders() == []
    shown = messenger.receiver.latest
    assert {each["name"]: each["value"] for each in shown["fields"]}["unit_price"] == "¥0.40"
    messenger.answer(button="create_po", version=shown["version"])
    assert [each.unit_price for each in messenger.company.orders()] == [Decimal("0.40")]


@pytest.mark.parametrize("stores_first", [False, True])
@pytest.mark.parametrize(
    "fault",
    [answer_json({}, 500), answer_json({}, 429, **{"retry-after": "7"}), answer_json({}, 503), *Fault],
    ids=["500", "429", "503", *(each.value for each in Fault)],
)
def test_a_receiver_in_trouble_gets_the_card_once_in_the_end(
    messenger: Messenger, fault: peer.Answer | Fault, stores_first: bool
) -> None:
    messenger.receiver.faults = [fault]
    messenger.receiver.stores_first = stores_first
    messenger.company.sell()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.sent_at) == ("ready", None)
    assert delivery.last_error
    assert delivery.available_at is not None
    messenger.later()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.available_at) == ("delivered", None)
    assert len(messenger.receiver.raw) == 2
    assert messenger.receiver.raw[0] == messenger.receiver.raw[1]
    assert len(messenger.receiver.cards) == 1
    messenger.answer(button="create_po")
    assert len(messenger.company.orders()) == 1


def test_the_wait_a_receiver_asks_for_is_kept(messenger: Messenger) -> None:
    messenger.receiver.faults = [answer_json({}, 429, **{"retry-after": "700"})]
    messenger.company.sell()
    delivery = Delivery.objects.get()
    assert delivery.available_at is not None
    clock.shift(690)
    messenger.company.work()
    assert len(messenger.receiver.raw) == 1
    clock.shift(710)
    messenger.company.work()
    assert len(messenger.receiver.cards) == 1


def test_a_refusal_inside_a_200_is_a_failure_with_the_receivers_words(messenger: Messenger) -> None:
    messenger.receiver.faults = [answer_json({"ok": False, "error": "nobody is u-17 here"})]
    messenger.company.sell()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.available_at) == ("failed", None)
    assert "nobody is u-17 here" in delivery.reason
    interaction, run = messenger.company.interaction(), Run.objects.get()
    assert (interaction.state, run.state, run.outcome) == ("failed", "failed", "dead_letter")
    assert "nobody is u-17 here" in run.reason
    messenger.later()
    assert len(messenger.receiver.raw) == 1


def test_a_refused_signature_pauses_the_connection_until_it_is_right(messenger: Messenger) -> None:
    messenger.receiver.faults = [answer_json({"error": "unknown key"}, 401)]
    messenger.company.sell()
    connection = messenger.connection
    connection.refresh_from_db()
    assert connection.state == "auth_failed"
    messenger.later()
    assert messenger.receiver.cards == []
    assert connection_check(messenger.company.user("it"), connection).ok
    messenger.later()
    assert len(messenger.receiver.cards) == 1
    assert Interaction.objects.count() == 1


def test_a_receiver_with_another_secret_is_not_registered(messenger: Messenger) -> None:
    with Peer(messenger.receiver) as server, pytest.raises(ConnectionRefused):
        connection_register(
            messenger.company.user("it"),
            name="Other",
            slug="other",
            connector="im.webhook",
            values={"url": server.url, "signing_secret": "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA=="},
        )
    assert not Connection.objects.filter(slug="other").exists()


def _nothing_came_of_it(messenger: Messenger) -> None:
    messenger.company.work()
    assert messenger.company.orders() == []
    assert messenger.company.interaction().state == "open"
    assert Answer.objects.filter(accepted=True).count() == 0
