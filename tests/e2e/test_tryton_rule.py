"""The stock rule on a running Tryton 8.2: goods leave, the buyer is asked, one answer makes one purchase there."""

from __future__ import annotations

import copy
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import pytest

from connectors.models import Connection, Event, Record, RecordedObject
from connectors.services.connections import ConnectionRefused, connection_register, mapping_save
from demo.rules import STOCK_RULE
from kernel.models import AuditEntry
from messaging.models import Interaction
from messaging.services.answers import AnswerResult
from messaging.services.replies import content_answer
from permissions.models import Identity
from permissions.objects import object_share
from tests.company import DemoCompany
from tests.connectors.contract.peer import Answer, Fault, Peer, PeerRequest
from tests.e2e.conftest import Elapse
from tests.needs import needs
from tests.tryton_server import PASSWORD, TrytonServer
from workflows.models import Attempt, Run, Step
from workflows.services.drafts import rule_create
from workflows.services.rules import rule_publish

pytestmark = needs("tryton")
BUYER_IN_TRYTON = "li.wei"
LATER_SECONDS = 120.0
UNCARRIED = ("host", "connection", "content-length")


class TrytonRule:
    """The demo company's people, with the stock rule on a Tryton instead of their own ERP."""

    def __init__(self, company: DemoCompany, server: TrytonServer, url: str, elapse: Elapse) -> None:
        self.company, self.server, self._elapse = company, server, elapse
        it, analyst = company.user("it"), company.user("analyst")
        values = {"url": url, "database": server.database, "username": "baton", "password": PASSWORD}
        with pytest.raises(ConnectionRefused, match="password"):
            connection_register(
                it,
                name="Tryton",
                slug="tryton",
                connector="erp.tryton",
                values={**values, "password": "wrong"},
            )
        assert not Connection.objects.filter(slug="tryton").exists()
        self.connection, report = connection_register(
            it, name="Tryton", slug="tryton", connector="erp.tryton", values=values, poll_seconds=3600.0
        )
        assert report.ok
        assert self.connection.account == "baton@baton"
        self._buyer_map(it)
        Identity.objects.create(
            connection=self.connection,
            external_id=BUYER_IN_TRYTON,
            user=company.user("buyer"),
            linked_by="it",
        )
        object_share(it, analyst, self.connection, "view", "use")
        rule = rule_create(
            analyst,
            key="tryton-stock",
            name={"en": "Stock in Tryton", "zh-hans": "Tryton 库存"},
            connection=self.connection,
            draft=copy.deepcopy(STOCK_RULE),
        )
        rule_publish(analyst, rule)
        company.work()
        assert not RecordedObject.objects.filter(
            connection=self.connection, snapshot_at__isnull=True
        ).exists()
        assert Event.objects.filter(connection=self.connection).count() == 0

    def _buyer_map(self, it: Any) -> None:
        """Tryton has no buyer on a product: one person for all."""
        mapping = self.connection.mappings.get(object="stock_level", active=True).definition
        fields = {**mapping["fields"], "buyer": {"constant": BUYER_IN_TRYTON}}
        saved = mapping_save(it, self.connection, "stock_level", {**mapping, "fields": fields})
        assert saved.version == 2

    def later(self) -> None:
        """Two minutes go by: whatever waits to be tried again is due."""
        self._elapse(LATER_SECONDS)
        self.company.work()

    def sell(self, product_code: str, quantity: object, warehouse: str = "WH") -> None:
        self.server.sell(product_code, quantity, warehouse)
        self.company.work()

    def reply(self, text: str) -> AnswerResult:
        """The buyer writes under the newest card; nothing is worked yet."""
        buyer = self.company.user("buyer")
        return content_answer(self.company.interaction(), buyer, {"text": text}, channel="im.inbox")

    def purchases(self) -> list[dict[str, Any]]:
        """What Baton made for the newest question, in Tryton's own words."""
        step = Step.objects.filter(action="create_document").latest("id")
        return self.server.purchases(f"BATON-{step.idempotency_key.hex}")


@pytest.fixture
def tryton(elapse: Elapse, company: DemoCompany, tryton_server: TrytonServer) -> TrytonRule:
    return TrytonRule(company, tryton_server, tryton_server.url, elapse)


@pytest.fixture
def lossy(
    elapse: Elapse, company: DemoCompany, tryton_server: TrytonServer
) -> Iterator[tuple[TrytonRule, list[bytes]]]:
    """Tryton behind a line that carries a request and then loses the answer, if its method is in the list."""
    losing: list[bytes] = []

    def carry(request: PeerRequest) -> Answer | Fault:
        passed = {
            name: value for name, value in request.headers.items() if name not in ("host", "connection")
        }
        onward = urllib.request.Request(
            tryton_server.url + request.path, request.body, passed, method=request.method
        )
        try:
            with urllib.request.urlopen(onward, timeout=30) as answer:
                kept = ("Content-Type", "Content-Encoding")
                result = Answer(
                    answer.status,
                    answer.read(),
                    {name: answer.headers[name] for name in kept if name in answer.headers},
                )
        except urllib.error.HTTPError as error:
            result = Answer(error.code, error.read())
        for method in losing:
            if method in request.body:
                losing.remove(method)
                return Fault.RESET
        return result

    with ExitStack() as stack:
        peer = stack.enter_context(Peer(carry))
        yield TrytonRule(company, tryton_server, peer.url, elapse), losing


def test_goods_leave_and_one_reply_makes_one_purchase(tryton: TrytonRule) -> None:
    tryton.sell("BOLT-M8", 15)
    assert Interaction.objects.count() == 0  # 105 left, the level is 100
    tryton.sell("BOLT-M8", 15)
    tryton.company.work()
    assert Interaction.objects.count() == 1
    card = tryton.company.cards()[0].as_json()
    assert card["title"] == "库存不足：六角螺栓 M8 Hex bolt（Warehouse）"
    assert {each["name"]: each["value"] for each in card["fields"]} == {
        "product_code": "BOLT-M8 六角螺栓 M8 Hex bolt",
        "warehouse": "WH Warehouse",
        "on_hand": "90",
        "reorder_level": "100",
        "incoming": "0",
        "supplier_code": "S-001 宏达五金 Hongda Hardware",
        "unit_price": "¥4.20",
        "reorder_quantity": "200",
    }
    assert card["buttons"][0]["inputs"][0]["value"] == "200"
    assert tryton.company.cards("buyer2") == []

    assert tryton.reply("下单 200").status == "taken"
    tryton.company.work()
    (purchase,) = tryton.purchases()
    ((line),) = purchase["lines"]
    assert (purchase["state"], purchase["supplier"], purchase["warehouse"], purchase["currency"]) == (
        "quotation", "S-001", "WH", "CNY",
    )  # fmt: skip
    assert (line["product"], Decimal(str(line["quantity"])), Decimal(line["unit_price"])) == (
        "BOLT-M8", Decimal(200), Decimal("4.2"),
    )  # fmt: skip
    assert Decimal(purchase["total_amount"]) == Decimal(200) * Decimal("4.2") * Decimal("1.13")

    interaction = tryton.company.interaction()
    assert interaction.state == "decided"
    assert interaction.state_text["en"] == f"{purchase['number']} created by Wei Li at {{at}}"
    step = Step.objects.get(action="create_document")
    assert (step.output["number"], step.output["mismatch"]) == (purchase["number"], {})
    read = step.output["read_back"]
    assert (read["number"], read["status"], read["reference"]) == (
        purchase["number"], "open", purchase["reference"],
    )  # fmt: skip
    assert {name: Decimal(read[name]) for name in ("quantity", "unit_price")} == {
        "quantity": Decimal(200),
        "unit_price": Decimal("4.2"),
    }
    assert AuditEntry.objects.filter(action="write.done").count() == 1
    assert Run.objects.get().state == "done"

    second = tryton.reply("下单 500")
    assert second.status == "decided"
    assert purchase["number"] in second.message
    tryton.company.work()
    assert len(tryton.purchases()) == 1
    assert Interaction.objects.count() == 1
    order = Record.objects.get(
        connection=tryton.connection, object="purchase_order", data__number=purchase["number"]
    )
    assert order.data["status"] == "open"


def test_tryton_is_stopped_during_the_click(tryton: TrytonRule) -> None:
    tryton.sell("BOX-40", 30)
    assert tryton.reply("order 250").status == "taken"
    tryton.server.stop()
    try:
        tryton.company.work()
        interaction = tryton.company.interaction()
        assert (interaction.state, interaction.state_text["en"]) == (
            "working", "“Tryton” does not answer. This will be done, once, as soon as it is back.",
        )  # fmt: skip
        assert tryton.reply("order 100").status == "decided"
        tryton.later()
        assert tryton.company.interaction().state == "working"
    finally:
        tryton.server.start()
    tryton.later()
    (purchase,) = tryton.purchases()
    assert (purchase["state"], [each["quantity"] for each in purchase["lines"]]) == ("quotation", [250.0])
    interaction = tryton.company.interaction()
    assert (interaction.state, purchase["number"] in interaction.state_text["en"]) == ("decided", True)
    outcomes = list(
        Attempt.objects.filter(step__action="create_document")
        .order_by("id")
        .values_list("outcome", flat=True)
    )
    assert (len(outcomes) >= 3, outcomes[-1], set(outcomes[:-1]) <= {"transient", "rate_limited"}) == (
        True, "done", True,
    )  # fmt: skip


def test_the_answers_to_two_writes_are_lost(lossy: tuple[TrytonRule, list[bytes]]) -> None:
    """The purchase was created, and later quoted, without Baton being told: it looks, and makes no second one."""
    tryton, losing = lossy
    bought = tryton.server.purchases()
    tryton.sell("BOLT-M8", 25, "SZ")
    losing += [b"purchase.purchase.create", b"purchase.purchase.quote"]
    assert tryton.reply("order 40").status == "taken"
    tryton.company.work()
    assert losing == [b"purchase.purchase.quote"]
    assert tryton.company.interaction().state_text["en"] == (
        "“Tryton” did not confirm. Checking whether it was done; nothing is done twice."
    )
    assert [each["state"] for each in tryton.purchases()] == ["draft"]
    tryton.later()
    assert losing == []
    assert tryton.company.interaction().state == "working"
    tryton.later()
    assert tryton.company.interaction().state == "decided"
    (purchase,) = tryton.purchases()
    assert (purchase["state"], purchase["warehouse"], purchase["lines"][0]["quantity"]) == (
        "quotation",
        "SZ",
        40.0,
    )
    assert len(tryton.server.purchases()) == len(bought) + 1
    outcomes = (
        Attempt.objects.filter(step__action="create_document")
        .order_by("id")
        .values_list("outcome", flat=True)
    )
    assert list(outcomes) == ["outcome_unknown", "outcome_unknown", "done"]
