"""Writes through the staging table of the demo company."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.erp.sql import engines
from connectors.erp.sql.connector import SqlConnector
from connectors.ports.erp import WriteOutcome, WriteResult
from demo.company import SHOWCASE, accept, come_back, go_down, orders, refuse_next
from kernel.errors import BatonError, ConfigError, Conflict, Rejected, Transient
from tests.connectors.sql.conftest import Build

ITEM, WAREHOUSE, _QUANTITY = SHOWCASE
ORDER = "create_purchase_order"
CONFIRM = "confirm_sales_order"


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(sql).fetchall()


def inbox(path: Path) -> list[tuple[Any, ...]]:
    return rows(path, "SELECT idempotency_key, type, status, number, message FROM baton_inbox")


@pytest.fixture
def params(company: Path) -> dict[str, Any]:
    ((supplier,),) = rows(company, f"SELECT supplier_code FROM products WHERE code = '{ITEM}'")
    return {
        "product_code": ITEM,
        "supplier_code": supplier,
        "warehouse": WAREHOUSE,
        "quantity": Decimal("200"),
        "unit_price": Decimal("0.3500"),
    }


def test_an_order_is_made_once_and_read_back(
    erp: SqlConnector, company: Path, params: dict[str, Any]
) -> None:
    before = len(orders(company))
    result = erp.perform(ORDER, params, idempotency_key="k1")
    order = orders(company)[0]
    assert result.outcome is WriteOutcome.DONE and not result.already
    assert result.number == result.key == order.number
    assert (order.quantity, order.unit_price, order.reference) == (Decimal(200), Decimal("0.35"), "BATON-k1")
    assert result.record["product_code"] == ITEM
    assert (result.record["quantity"], result.record["unit_price"]) == (200, "0.3500")
    again = erp.perform(ORDER, params, idempotency_key="k1")
    assert again == WriteResult(WriteOutcome.DONE, result.key, result.number, result.record, already=True)
    assert erp.lookup(ORDER, params, idempotency_key="k1") == again
    assert len(orders(company)) == before + 1
    assert inbox(company) == [("k1", "purchase_order", "done", order.number, None)]


def test_the_payload_is_canonical(erp: SqlConnector, company: Path, params: dict[str, Any]) -> None:
    extra = {"currency": "CNY", "reference": "REQ 1 “螺栓”", "warehouse": None, "quantity": Decimal("2E+2")}
    erp.perform(ORDER, params | extra, idempotency_key="k1")
    ((payload,),) = rows(company, "SELECT payload FROM baton_inbox")
    assert json.loads(payload) == {
        "product_code": ITEM,
        "supplier_code": params["supplier_code"],
        "quantity": "200",
        "unit_price": "0.3500",
        "currency": "CNY",
        "reference": "REQ 1 “螺栓”",
    }


def test_a_refusal_makes_nothing_and_keeps_its_words(
    erp: SqlConnector, company: Path, params: dict[str, Any]
) -> None:
    before = orders(company)
    for attempt in ("perform", "perform", "lookup"):
        with pytest.raises(Rejected) as caught:
            getattr(erp, attempt)(ORDER, params | {"supplier_code": "S999"}, idempotency_key="k1")
        assert caught.value.message == "unknown supplier: S999"
    refuse_next(company, "信用冻结 credit hold")
    with pytest.raises(Rejected, match="order entry is closed: 信用冻结 credit hold"):
        erp.perform(ORDER, params, idempotency_key="k2")
    assert orders(company) == before
    accept(company)
    assert erp.perform(ORDER, params, idempotency_key="k3").outcome is WriteOutcome.DONE


def test_a_sales_order_is_confirmed(erp: SqlConnector, company: Path) -> None:
    ((number,),) = rows(company, "SELECT number FROM sales_orders WHERE status = 'new' LIMIT 1")
    result = erp.perform(CONFIRM, {"number": number}, idempotency_key="k1")
    assert (result.outcome, result.number, result.record["status"]) == (
        WriteOutcome.DONE,
        number,
        "confirmed",
    )
    with pytest.raises(Rejected, match=f"sales order {number} is already confirmed"):
        erp.perform(CONFIRM, {"number": number}, idempotency_key="k2")
    with pytest.raises(Conflict):
        erp.lookup(
            ORDER,
            dict.fromkeys(("product_code", "supplier_code"), "x") | {"quantity": 1, "unit_price": 1},
            idempotency_key="k1",
        )


def test_an_entry_that_waits_is_pending(erp: SqlConnector, company: Path, params: dict[str, Any]) -> None:
    rows(company, "DROP TRIGGER baton_inbox_validate")
    assert erp.perform(ORDER, params, idempotency_key="k1") == WriteResult(WriteOutcome.PENDING)
    assert erp.lookup(ORDER, params, idempotency_key="k1") == WriteResult(WriteOutcome.PENDING, already=True)
    rows(company, "UPDATE baton_inbox SET status = 'done', number = 'PO-9'")
    result = erp.lookup(ORDER, params, idempotency_key="k1")
    assert result == WriteResult(WriteOutcome.DONE, "PO-9", "PO-9", {}, already=True)
    rows(company, "UPDATE baton_inbox SET status = 'odd'")
    with pytest.raises(ConfigError, match="unknown status “odd”"):
        erp.lookup(ORDER, params, idempotency_key="k1")


def test_what_never_arrived_is_not_found(erp: SqlConnector, params: dict[str, Any]) -> None:
    assert erp.lookup(ORDER, params, idempotency_key="k1") is None


@pytest.mark.parametrize(
    ("action", "change", "key", "words"),
    [
        ("delete_everything", {}, "k1", "cannot “delete_everything”"),
        (ORDER, {"quantity": None}, "k1", "needs quantity."),
        (ORDER, {"buyer": "x"}, "k1", "takes no buyer."),
        (ORDER, {"quantity": 0.1}, "k1", "quantity must be a decimal number, not “0.1”."),
        (ORDER, {"quantity": True}, "k1", "must be a decimal"),
        (ORDER, {"unit_price": "NaN"}, "k1", "must be a decimal"),
        (ORDER, {"unit_price": "1e999"}, "k1", "must be a decimal"),
        (ORDER, {"quantity": "two"}, "k1", "must be a decimal"),
        (ORDER, {}, "", "1 to 200 characters"),
        (ORDER, {}, "x" * 201, "1 to 200 characters"),
    ],
)
def test_bad_parameters_reach_nobody(
    erp: SqlConnector,
    company: Path,
    params: dict[str, Any],
    action: str,
    change: dict[str, Any],
    key: str,
    words: str,
) -> None:
    for attempt in ("perform", "lookup"):
        with pytest.raises(ConfigError) as caught:
            getattr(erp, attempt)(action, params | change, idempotency_key=key)
        assert words in caught.value.message
    assert inbox(company) == []


def test_the_erps_own_constraints_are_refusals(
    erp: SqlConnector, company: Path, params: dict[str, Any]
) -> None:
    rows(
        company, "CREATE TRIGGER closed BEFORE INSERT ON baton_inbox BEGIN SELECT RAISE(ABORT, '盘点中'); END"
    )
    with pytest.raises(Rejected) as caught:
        erp.perform(ORDER, params, idempotency_key="k1")
    assert caught.value.message == "盘点中"
    rows(company, "DROP TRIGGER closed")
    rows(company, "CREATE TABLE ledger (k TEXT UNIQUE)")
    rows(company, "INSERT INTO ledger VALUES ('x')")
    rows(
        company,
        "CREATE TRIGGER booked AFTER INSERT ON baton_inbox BEGIN INSERT INTO ledger VALUES ('x'); END",
    )
    with pytest.raises(Rejected, match=r"UNIQUE constraint failed: ledger\.k"):
        erp.perform(ORDER, params, idempotency_key="k1")
    assert inbox(company) == []


def test_down_busy_and_moved_are_transient(
    erp: SqlConnector, company: Path, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    go_down(company)
    with pytest.raises(Transient, match="The ERP does not answer"):
        erp.perform(ORDER, params, idempotency_key="k1")
    come_back(company)
    with closing(sqlite3.connect(company, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(Transient, match="locked"):
            erp.perform(ORDER, params, idempotency_key="k1")
        writer.execute("ROLLBACK")
        # A reader in the way is met at COMMIT only; the database says so and has rolled back.
        writer.execute("BEGIN")
        writer.execute("SELECT * FROM stock LIMIT 1").fetchone()
        with pytest.raises(Transient, match="locked"):
            erp.perform(ORDER, params, idempotency_key="k1")
        writer.execute("ROLLBACK")
    assert inbox(company) == []
    assert not erp.perform(ORDER, params, idempotency_key="k1").already


def test_without_a_staging_table(sql_build: Build, company: Path, params: dict[str, Any]) -> None:
    erp = sql_build({"url": f"sqlite:///{company}", "staging_table": "elsewhere"})
    with pytest.raises(ConfigError, match="elsewhere"):
        erp.perform(ORDER, params, idempotency_key="k1")
    assert inbox(company) == []


def test_simultaneous_use_of_one_key_makes_one_order(
    sql_build: Build, company: Path, params: dict[str, Any]
) -> None:
    before = len(orders(company))
    results: list[WriteResult | BatonError] = []

    def order() -> None:
        connector = sql_build({"url": f"sqlite:///{company}"})
        try:
            results.append(connector.perform(ORDER, params, idempotency_key="k1"))
        except BatonError as error:
            results.append(error)

    threads = [threading.Thread(target=order) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [result for result in results if isinstance(result, WriteResult)]
    assert len(done) == 8
    assert len({result.number for result in done}) == 1
    assert [result.already for result in done].count(False) == 1
    assert len(orders(company)) == before + 1
