"""The stock story through a messenger of somebody's own: signed cards out, signed answers back, each worked once."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from connectors.models import Connection, Event
from connectors.services.connections import (
    ConnectionRefused,
    connection_check,
    connection_pause,
    connection_register,
)
from demo.rules import STOCK_KEY, STOCK_RULE
from messaging.models import Answer, Delivery, Interaction, Reply
from permissions.models import Identity
from tests.company import DemoCompany
from tests.connectors.contract.peer import Fault, Peer, answer_json
from tests.e2e.conftest import Elapse
from tests.e2e.receiver import SECRET, Receiver, SignedReply
from workflows.models import Rule, Run
from workflows.services.drafts import rule_edit
from workflows.services.rules import rule_publish

pytestmark = pytest.mark.database


@dataclass
class Messenger:
    """The demo company, whose stock rule asks through the webhook only."""

    company: DemoCompany
    receiver: Receiver
    connection: Connection
    client: Client
    elapse: Elapse
    said: bytes = b""

    def post(self, reply: SignedReply, slug: str = "shop-floor") -> int:
        """The status; what Baton said is kept in `said`."""
        response = self.client.post(
            f"/replies/{slug}/", reply.body, content_type="application/json", headers=dict(reply.headers)
        )
        self.said = response.content
        return response.status_code

    def answer(self, **item: Any) -> int:
        """The buyer answers the newest card; Baton works."""
        named = {"address": "u-17", "message_id": self.receiver.latest["id"], **item}
        status = self.post(self.receiver.reply(**named))
        self.company.work()
        return status

    def later(self, seconds: float = 3600.0) -> None:
        """An hour goes by: whatever waits to be tried again is due."""
        self.elapse(seconds)
        self.company.work()


@pytest.fixture
def messenger(elapse: Elapse, company: DemoCompany, client: Client) -> Iterator[Messenger]:
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
        yield Messenger(company, receiver, connection, client, elapse)


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
    assert (messenger.answer(**item), messenger.said) == (200, b'{"accepted": 1}')
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
    assert (messenger.company.interaction().decision["button"], Run.objects.get().outcome) == (
        "not_now",
        "not_now",
    )


def test_a_repeated_reply_counts_once(messenger: Messenger) -> None:
    messenger.company.sell()
    reply = messenger.receiver.reply(
        webhook_id="answer-x", address="u-17", message_id=messenger.receiver.latest["id"], button="create_po"
    )
    for _time in range(3):
        assert messenger.post(reply) == 200
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


def test_what_is_not_provably_the_receivers_is_refused(messenger: Messenger) -> None:
    messenger.company.sell()
    forgeries: list[dict[str, Any]] = [
        {"age_seconds": 301.0},
        {"age_seconds": -302.0},
        {"key": b"somebody else's key"},
        {"webhook_id": "a.b"},
    ]
    item = {"address": "u-17", "message_id": messenger.receiver.latest["id"], "button": "create_po"}
    for forged in forgeries:
        assert messenger.post(messenger.receiver.reply(**item, **forged)) == 401, forged
    _nothing_came_of_it(messenger)
    assert Reply.objects.count() == 0


def test_a_signed_body_that_was_changed_is_refused(messenger: Messenger) -> None:
    messenger.company.sell()
    reply = messenger.receiver.reply(address="u-17", text="order 200")
    assert messenger.post(SignedReply(reply.body.replace(b"200", b"900"), reply.headers)) == 401
    assert messenger.post(SignedReply(reply.body, {})) == 401
    _nothing_came_of_it(messenger)
    assert Reply.objects.count() == 0


def test_an_answer_that_fits_nothing_has_no_effect(messenger: Messenger) -> None:
    messenger.company.sell()
    misfits: list[tuple[dict[str, Any], str]] = [
        ({"address": "u-99"}, "refused"),  # an account nobody linked
        ({"address": "u-18"}, "invalid"),  # a buyer who was not asked this
        ({"message_id": "0d3c2f9e-6f0b-4d43-9a63-2f6a1b7c8d90"}, "invalid"),
        ({"message_id": "card-1"}, "invalid"),
        ({"button": "approve"}, "invalid"),
        ({"inputs": {"quantity": 0}}, "invalid"),
        ({"inputs": {"price": "0.01"}}, "invalid"),
        ({"button": "", "text": "order 200 tomorrow"}, "invalid"),
        ({"button": "", "text": "3"}, "invalid"),
    ]
    for item, status in misfits:
        assert messenger.answer(**{"button": "create_po", **item}) == 200, item
        reply = Reply.objects.latest("id")
        assert (reply.state, reply.result["status"]) == ("refused", status), item
        assert reply.result["message"], item
    assert Reply.objects.count() == len(misfits)
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
    assert messenger.post(reply, "no-such-connection") == 404
    assert messenger.post(reply, "demo-erp") == 404
    assert messenger.client.get("/replies/shop-floor/").status_code == 405
    connection_pause(messenger.company.user("it"), messenger.connection)
    assert messenger.post(reply) == 403
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
def test_a_receiver_in_trouble_shows_the_card_once_in_the_end(
    messenger: Messenger, stores_first: bool
) -> None:
    """Every way of not answering in a row; `stores_first`: each time it had taken the message before."""
    receiver = messenger.receiver
    trouble = [
        answer_json({}, 500),
        answer_json({}, 429, **{"retry-after": "7"}),
        answer_json({}, 503),
        *Fault,
    ]
    receiver.faults, receiver.stores_first = list(trouble), stores_first
    messenger.company.sell()
    delivery = Delivery.objects.get()
    for failed in range(1, len(trouble) + 1):
        assert len(receiver.raw) == failed
        assert (delivery.state, delivery.sent_at) == ("ready", None)
        assert delivery.last_error
        assert delivery.available_at is not None
        messenger.later()
        delivery.refresh_from_db()
    assert (delivery.state, delivery.available_at, delivery.last_error) == ("delivered", None, "")
    assert len(receiver.raw) == len(trouble) + 1
    assert len(set(receiver.raw)) == 1
    assert (len(receiver.cards), receiver.refused) == (1, [])
    messenger.answer(button="create_po")
    assert len(messenger.company.orders()) == 1


def test_the_wait_a_receiver_asks_for_is_kept(messenger: Messenger) -> None:
    messenger.receiver.faults = [answer_json({}, 429, **{"retry-after": "700"})]
    messenger.company.sell()
    messenger.later(690)
    assert len(messenger.receiver.raw) == 1
    messenger.later(20)
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
