"""erp.tryton against the fake of its JSON-RPC."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.ports.erp import Page, SourceSpec, WriteOutcome, WriteResult
from kernel.errors import AuthFailed, OutcomeUnknown, Rejected
from tests.connectors.contract.fake_tryton import DATABASE, LOGIN, PASSWORD, TOKEN, FakeTryton
from tests.connectors.contract.http_driver import REFUSAL, HttpDriver
from tests.connectors.contract.peer import Answer, Fault, PeerRequest, answer_json

ACTION = "create_purchase_order"
PARAMS = {
    "product_code": "P-001",
    "supplier_code": "S-001",
    "quantity": Decimal(200),
    "unit_price": Decimal("4.1000"),
    "warehouse": "WH",
    "currency": "CNY",
}
CREATE, QUOTE = "model.purchase.purchase.create", "model.purchase.purchase.quote"


class ConnectorDriver(HttpDriver):
    key = "erp.tryton"
    secrets = (PASSWORD, TOKEN)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tryton = FakeTryton()

    def credentials(self) -> Mapping[str, Any]:
        return {"password": PASSWORD}

    def settings_for(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "database": DATABASE, "username": LOGIN}

    def answer(self, request: PeerRequest) -> Answer | Fault:
        return self.tryton.answer(request)

    def refusal(self, request: PeerRequest) -> Answer | Fault:
        return _refused(request) if self.is_write(request) else self.answer(request)

    def is_write(self, request: PeerRequest) -> bool:
        return request.json()["method"] in (CREATE, QUOTE, "model.purchase.purchase.delete")

    def read(self, connector: Any) -> Page:
        page: Page = connector.poll(SourceSpec("stock_level", "id", ("on_hand",)), {}, limit=10)
        return page

    def write(self, connector: Any, key: str) -> WriteResult:
        result: WriteResult = connector.perform(ACTION, PARAMS, idempotency_key=key)
        return result

    def rule_auth_failed(self) -> None:
        super().rule_auth_failed()
        with self.opened(self.answer) as (connector, peer):
            assert self.read(connector).records
            peer.script = lambda request: Answer(401)
            self.raised(AuthFailed, lambda: self.read(connector))

    def rule_error_in_200(self) -> None:
        super().rule_error_in_200()
        assert self.tryton.tables["purchase.purchase"] == []
        self.tryton.intercept[QUOTE] = _refused
        with self.opened(self.answer) as (connector, _peer):
            error = self.raised(Rejected, lambda: self.write(connector, "k-quote"))
        assert REFUSAL in error.message
        assert self.tryton.tables["purchase.purchase"] == [], "a refused purchase was left behind"

    def rule_write_once(self) -> None:
        with self.opened(self.answer) as (connector, _peer):
            assert connector.lookup(ACTION, PARAMS, idempotency_key="k-1") is None
            first, second = (self.write(connector, "k-1") for _attempt in range(2))
            found = connector.lookup(ACTION, PARAMS, idempotency_key="k-1")
            self.tryton.intercept[QUOTE] = lambda request: Fault.RESET
            self.raised(OutcomeUnknown, lambda: self.write(connector, "k-2"))
            del self.tryton.intercept[QUOTE]
            finished = connector.lookup(ACTION, PARAMS, idempotency_key="k-2")
        assert (first.outcome, first.number, first.already) == (WriteOutcome.DONE, "PO-00001", False)
        assert (first.record["quantity"], first.record["unit_price"]) == (Decimal(200), Decimal("4.1000"))
        for again in (second, found):
            assert (again.outcome, again.number, again.key, again.already) == (
                *(WriteOutcome.DONE, "PO-00001", first.key, True),
            )
        assert (finished.outcome, finished.number) == (WriteOutcome.DONE, "PO-00002")
        made = [(row["reference"], row["state"]) for row in self.tryton.tables["purchase.purchase"]]
        assert made == [("BATON-k-1", "quotation"), ("BATON-k-2", "quotation")]

    def rule_poll_complete(self) -> None:
        levels = [f"P-{number:03}@WH" for number in range(1, 26)]
        with self.opened(self.answer) as (connector, _peer):
            for limit in (1, 7, 25, 26):
                assert _walk(connector, "stock_level", limit) == levels
            for number in range(9):
                self.write(connector, f"k-{number}")
            # All nine lines were made at the same moment: it falls on every border between pages.
            for limit in (1, 4, 9, 10):
                assert _walk(connector, "purchase_order", limit) == [str(number) for number in range(1, 10)]


def _refused(request: PeerRequest) -> Answer:
    return answer_json({"id": 0, "error": ["UserError", [REFUSAL, "", None]]})


def _walk(connector: Any, source: str, limit: int) -> list[str]:
    keys: list[str] = []
    cursor: Mapping[str, Any] = {}
    for _page in range(100):
        page: Page = connector.poll(SourceSpec(source, "id", ()), cursor, limit=limit)
        assert len(page.records) <= limit
        keys += [record.key for record in page.records]
        cursor = page.cursor
        if not page.has_more:
            return keys
    raise AssertionError("the walk does not end")
