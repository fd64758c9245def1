import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from demo.company import OperationRefused, accept, orders, refusal_reason, refuse_next, sell, stock
from tests.demo.rows import inbox_read, inbox_write, row_write, rows_read

ORDER = {
    "supplier_code": "S001",
    "product_code": "BLT-M6-20",
    "quantity": "200",
    "unit_price": "0.35",
    "reference": "baton-7",
}


def purchase_count(path: Path) -> int:
    return len(orders(path))


def test_a_purchase_order_is_made_at_once_with_the_next_number(company: Path) -> None:
    payload = {**ORDER, "warehouse": "EAST", "currency": "CNY"}
    status, number, message = inbox_write(company, "k1", "purchase_order", payload)
    order = orders(company)[0]
    year = order.created_at[:4]
    assert (status, number, message) == ("done", f"PO-{year}-00001", None)
    assert (order.number, order.supplier_code, order.product_code) == (number, "S001", "BLT-M6-20")
    assert (order.quantity, order.unit_price, order.amount) == (
        Decimal(200),
        Decimal("0.35"),
        Decimal("70.00"),
    )
    assert (order.reference, order.status, order.warehouse, order.company) == (
        "baton-7",
        "open",
        "EAST",
        "HX01",
    )
    assert inbox_write(company, "k2", "purchase_order", ORDER)[:2] == ("done", f"PO-{year}-00002")
    assert purchase_count(company) == 38


def test_an_order_is_incoming_where_it_goes_or_everywhere(company: Path) -> None:
    inbox_write(company, "k1", "purchase_order", {**ORDER, "warehouse": "WEST"})
    inbox_write(company, "k2", "purchase_order", {**ORDER, "quantity": 30})
    incoming = {
        level.warehouse: level.incoming for level in stock(company) if level.product_code == "BLT-M6-20"
    }
    assert incoming == {"EAST": Decimal(30), "WEST": Decimal(230), "NORTH": Decimal(30)}


@pytest.mark.parametrize("quantity", [200, 200.0, "200", "200.00"])
@pytest.mark.parametrize("unit_price", [0.35, "0.35", "0.3500"])
def test_numbers_may_be_json_numbers_or_text(company: Path, quantity: object, unit_price: object) -> None:
    payload = {**ORDER, "quantity": quantity, "unit_price": unit_price}
    assert inbox_write(company, "k1", "purchase_order", payload)[0] == "done"
    assert rows_read(
        company,
        "SELECT quantity, typeof(quantity), amount FROM v_purchase_orders WHERE reference = 'baton-7'",
    ) == [(200, "integer", "70.00")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"supplier_code": "S999"}, "unknown supplier: S999"),
        ({"supplier_code": None}, "supplier_code is missing"),
        ({"product_code": "NOPE"}, "unknown product: NOPE"),
        ({"product_code": None}, "product_code is missing"),
        ({"supplier_code": "S002"}, "supplier S002 does not sell product BLT-M6-20"),
        ({"warehouse": "SOUTH"}, "unknown warehouse: SOUTH"),
        ({"quantity": 0}, "quantity must be above 0: 0"),
        ({"quantity": "-5"}, "quantity must be above 0: -5"),
        ({"quantity": "many"}, "quantity is not a number: many"),
        ({"quantity": ""}, "quantity is not a number: "),
        ({"quantity": "1e3"}, "quantity is not a number: 1e3"),
        ({"quantity": "--5"}, "quantity is not a number: --5"),
        ({"quantity": True}, "quantity is not a number: true"),
        ({"quantity": [200]}, "quantity is not a number: [200]"),
        ({"quantity": None}, "quantity is missing"),
        ({"quantity": 12.5}, "quantity must be a whole number: 12.5"),
        ({"quantity": "99999999999999999999"}, "quantity is too large: 99999999999999999999"),
        ({"unit_price": "cheap"}, "unit_price is not a number: cheap"),
        ({"unit_price": "0.3.5"}, "unit_price is not a number: 0.3.5"),
        ({"unit_price": "0,35"}, "unit_price is not a number: 0,35"),
        ({"unit_price": 0}, "unit_price must be above 0: 0"),
        ({"unit_price": "-0.35"}, "unit_price must be above 0: -0.35"),
        ({"unit_price": "0.35001"}, "unit_price has more than 4 decimals: 0.35001"),
        ({"unit_price": None}, "unit_price is missing"),
        ({"currency": "USD"}, "supplier S001 sells in CNY, not in USD"),
    ],
)
def test_a_bad_purchase_order_is_refused_with_its_reason(
    company: Path, change: dict[str, object], message: str
) -> None:
    assert inbox_write(company, "k1", "purchase_order", {**ORDER, **change}) == ("refused", None, message)
    assert purchase_count(company) == 36


@pytest.mark.parametrize(
    ("type_name", "payload", "message"),
    [
        ("purchase_order", "{not json", "payload is not a JSON object"),
        ("purchase_order", "[1, 2]", "payload is not a JSON object"),
        ("purchase_order", "", "payload is not a JSON object"),
        ("invoice", "{}", "unknown type: invoice"),
        ("sales_order_confirm", "{}", "number is missing"),
        ("sales_order_confirm", '{"number": "SO-1"}', "unknown sales order: SO-1"),
    ],
)
def test_an_unreadable_row_is_refused(company: Path, type_name: str, payload: str, message: str) -> None:
    assert inbox_write(company, "k1", type_name, payload) == ("refused", None, message)
    assert purchase_count(company) == 36


def test_a_duplicate_key_makes_nothing_twice(company: Path) -> None:
    first = inbox_write(company, "k1", "purchase_order", ORDER)
    with pytest.raises(
        sqlite3.IntegrityError, match=r"UNIQUE constraint failed: baton_inbox\.idempotency_key"
    ):
        inbox_write(company, "k1", "purchase_order", {**ORDER, "quantity": 500})
    row_write(
        company,
        "INSERT OR IGNORE INTO baton_inbox (idempotency_key, type, payload) VALUES ('k1', 'purchase_order', '{}')",
    )
    assert inbox_read(company, "k1") == first
    assert purchase_count(company) == 37


@pytest.mark.parametrize("key", [None, ""])
def test_a_row_needs_a_key(company: Path, key: str | None) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        row_write(
            company,
            "INSERT INTO baton_inbox (idempotency_key, type, payload) VALUES (?, 'purchase_order', '{}')",
            key,
        )
    assert rows_read(company, "SELECT COUNT(*) FROM baton_inbox") == [(0,)]


def test_the_answer_is_the_erps_whatever_the_writer_claims(company: Path) -> None:
    row_write(
        company,
        "INSERT INTO baton_inbox (idempotency_key, type, payload, status, number, message)"
        " VALUES ('k1', 'purchase_order', '{}', 'done', 'PO-1', 'trust me')",
    )
    assert inbox_read(company, "k1") == ("refused", None, "supplier_code is missing")
    assert purchase_count(company) == 36


def test_a_number_once_given_is_not_given_again(company: Path) -> None:
    _status, number, _message = inbox_write(company, "k1", "purchase_order", ORDER)
    assert number is not None
    row_write(company, "DELETE FROM purchase_orders WHERE number = ?", number)
    assert inbox_write(company, "k2", "purchase_order", ORDER)[1] == number[:-1] + "2"


def test_a_rolled_back_row_leaves_no_order(company: Path) -> None:
    connection = sqlite3.connect(company)
    connection.execute(
        "INSERT INTO baton_inbox (idempotency_key, type, payload) VALUES ('k1', 'purchase_order',"
        """ '{"supplier_code":"S001","product_code":"BLT-M6-20","quantity":200,"unit_price":"0.35"}')"""
    )
    assert connection.execute("SELECT status FROM baton_inbox").fetchall() == [("done",)]
    connection.rollback()
    connection.close()
    assert purchase_count(company) == 36


def test_a_new_sales_order_is_confirmed_once(company: Path) -> None:
    ((number, updated_at),) = rows_read(
        company, "SELECT number, updated_at FROM sales_orders WHERE status = 'new' ORDER BY number LIMIT 1"
    )
    assert inbox_write(company, "k1", "sales_order_confirm", {"number": number}) == ("done", number, None)
    ((status, moved_at),) = rows_read(
        company, "SELECT status, updated_at FROM sales_orders WHERE number = ?", number
    )
    assert status == "confirmed"
    assert moved_at > updated_at
    again = inbox_write(company, "k2", "sales_order_confirm", {"number": number})
    assert again == ("refused", None, f"sales order {number} is already confirmed")
    assert rows_read(company, "SELECT COUNT(*) FROM sales_orders WHERE status = 'confirmed'") == [(9,)]


def test_a_shipped_sales_order_is_not_confirmed(company: Path) -> None:
    sale = sell(company, "BLT-M6-20", "EAST", 1)
    answer = inbox_write(company, "k1", "sales_order_confirm", {"number": sale.number})
    assert answer == ("refused", None, f"sales order {sale.number} is already shipped")


def test_the_next_order_is_refused_and_the_one_after_it_is_not(company: Path) -> None:
    refuse_next(company, "credit hold")
    assert refusal_reason(company) == "credit hold"
    answer = inbox_write(company, "k1", "purchase_order", ORDER)
    assert answer == ("refused", None, "order entry is closed: credit hold")
    assert (purchase_count(company), refusal_reason(company)) == (36, None)
    assert inbox_write(company, "k2", "purchase_order", ORDER)[0] == "done"


def test_orders_are_refused_until_the_erp_accepts_again(company: Path) -> None:
    refuse_next(company, "year-end closing", entries=None)
    for key in ("k1", "k2", "k3"):
        answer = inbox_write(company, key, "purchase_order", ORDER)
        assert answer == ("refused", None, "order entry is closed: year-end closing")
    accept(company)
    assert refusal_reason(company) is None
    assert inbox_write(company, "k4", "purchase_order", ORDER)[0] == "done"
    assert purchase_count(company) == 37


def test_the_last_word_counts_when_refusing(company: Path) -> None:
    refuse_next(company, "credit hold", entries=None)
    refuse_next(company, "stocktaking", entries=2)
    messages = [inbox_write(company, key, "purchase_order", ORDER)[2] for key in ("k1", "k2", "k3")]
    assert messages == ["order entry is closed: stocktaking", "order entry is closed: stocktaking", None]


@pytest.mark.parametrize(("reason", "entries"), [(" ", 1), ("credit hold", 0)])
def test_a_refusal_needs_a_reason_and_a_count(company: Path, reason: str, entries: int) -> None:
    with pytest.raises(OperationRefused):
        refuse_next(company, reason, entries=entries)
    assert refusal_reason(company) is None
