import sqlite3
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from demo.company import SHOWCASE, CompanyError, company_create, go_down, orders, stock
from tests.demo.conftest import TODAY
from tests.demo.rows import row_write, rows_read

LOGINS = {
    *("it", "analyst", "owner", "auditor", "buyer", "buyer2"),
    *("warehouse", "sales", "sales2", "finance", "approver"),
}


@pytest.mark.parametrize(
    ("table", "count"),
    [
        ("companies", 2),
        ("warehouses", 3),
        ("suppliers", 8),
        ("products", 64),
        ("stock", 192),
        ("customers", 16),
        ("sales_orders", 200),
        ("purchase_orders", 36),
        ("receivables", 171),
        ("employees", 22),
        ("baton_inbox", 0),
        ("demo_switches", 0),
    ],
)
def test_the_first_day_has_this_many_rows(first_day: Path, table: str, count: int) -> None:
    assert rows_read(first_day, f"SELECT COUNT(*) FROM {table}") == [(count,)]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("stock", "product_code warehouse quantity reorder_level reorder_quantity updated_at"),
        (
            "purchase_orders",
            "number supplier_code product_code quantity unit_price reference status created_at warehouse",
        ),
        ("baton_inbox", "idempotency_key type payload status number message"),
        (
            "v_stock_levels",
            (
                "id product_code product_name product_name_en warehouse warehouse_name company on_hand reserved incoming"
                " reorder_level reorder_quantity supplier_code supplier_name unit_price currency buyer updated_at"
            ),
        ),
    ],
)
def test_columns_are_the_agreed_ones(first_day: Path, table: str, columns: str) -> None:
    assert [
        name for (name,) in rows_read(first_day, "SELECT name FROM pragma_table_info(?)", table)
    ] == columns.split()


@pytest.mark.parametrize(
    ("view", "key", "count"),
    [
        ("v_stock_levels", "id", 192),
        ("v_products", "code", 64),
        ("v_suppliers", "code", 8),
        ("v_customers", "code", 16),
        ("v_sales_orders", "number", 200),
        ("v_purchase_orders", "number", 36),
        ("v_receivables", "number", 171),
        ("v_employees", "code", 22),
    ],
)
def test_every_view_has_one_key_column(first_day: Path, view: str, key: str, count: int) -> None:
    assert rows_read(first_day, f"SELECT COUNT(*), COUNT(DISTINCT {key}) FROM {view}") == [(count, count)]


def test_only_a_handful_starts_below_its_level_and_nothing_on_it(first_day: Path) -> None:
    below = {level.id for level in stock(first_day) if level.on_hand <= level.reorder_level}
    assert below == {"BRG-6308@EAST", "ALP-4080@WEST", "RLY-24@NORTH", "OSL-35@EAST", "GMT-200@EAST"}


def test_no_more_is_reserved_than_there_is(first_day: Path) -> None:
    levels = stock(first_day)
    assert [level.id for level in levels if level.reserved > level.on_hand] == []
    assert sum(level.reserved for level in levels) > 0


def test_the_showcase_item_crosses_with_one_sale_and_has_nothing_on_its_way(first_day: Path) -> None:
    item, warehouse, quantity = SHOWCASE
    (level,) = [level for level in stock(first_day) if level.id == f"{item}@{warehouse}"]
    assert (level.on_hand, level.reorder_level, level.reorder_quantity) == (
        Decimal(112),
        Decimal(100),
        Decimal(200),
    )
    assert level.on_hand - quantity == Decimal(92)
    assert (level.incoming, level.reserved, level.buyer) == (Decimal(0), Decimal(0), "buyer")
    assert (level.product_name, level.product_name_en) == ("M6×20 六角螺栓", "Hex bolt M6×20")
    assert level.warehouse_name == "华东仓"


def test_an_open_order_without_a_warehouse_is_incoming_in_every_one(first_day: Path) -> None:
    incoming = {level.id: level.incoming for level in stock(first_day) if level.incoming}
    assert incoming == {
        "BRG-6308@EAST": Decimal(150),
        "ALP-4080@WEST": Decimal(60),
        "NUT-M8@EAST": Decimal(5000),
        "CBL-2X15@NORTH": Decimal(50),
        "MSK-N95@EAST": Decimal(3000),
        "MSK-N95@WEST": Decimal(3000),
        "MSK-N95@NORTH": Decimal(3000),
        "CPL-25@WEST": Decimal(100),
    }


def test_money_is_text_without_binary_noise(first_day: Path) -> None:
    kinds = rows_read(
        first_day,
        "SELECT DISTINCT typeof(unit_price) FROM products UNION SELECT DISTINCT typeof(unit_price) FROM purchase_orders"
        " UNION SELECT typeof(amount) FROM sales_orders UNION SELECT typeof(amount) FROM v_purchase_orders"
        " UNION SELECT typeof(paid) FROM receivables UNION SELECT typeof(balance) FROM v_receivables",
    )
    assert kinds == [("text",)]


@pytest.mark.parametrize(
    ("quantity", "unit_price", "amount"),
    [
        (200, "0.35", "70.00"),
        (3, "0.085", "0.26"),
        (1, "0.0049", "0.00"),
        (999999, "1234.56", "1234558765.44"),
    ],
)
def test_the_amount_of_a_purchase_is_exact_to_the_cent(
    company: Path, quantity: int, unit_price: str, amount: str
) -> None:
    row_write(
        company,
        "INSERT INTO purchase_orders (number, supplier_code, product_code, quantity, unit_price, created_at)"
        " VALUES ('X-1', 'S001', 'NUT-M6', ?, ?, '2024-05-20T00:00:00.000Z')",
        quantity,
        unit_price,
    )
    (order,) = [order for order in orders(company) if order.number == "X-1"]
    assert (order.amount, order.unit_price, order.status) == (Decimal(amount), Decimal(unit_price), "open")
    assert (order.warehouse, order.company, order.currency) == (None, None, "CNY")


def test_what_is_left_of_an_invoice_is_exact(first_day: Path) -> None:
    invoices = rows_read(first_day, "SELECT amount, paid, balance, status FROM v_receivables")
    for amount, paid, balance, status in invoices:
        assert Decimal(balance) == Decimal(amount) - Decimal(paid)
        settled = {"open": Decimal(paid) == 0, "paid": Decimal(balance) == 0, "partial": 0 < Decimal(paid)}
        assert settled[status]
    counted = Counter(status for *_money, status in invoices)
    assert set(counted) == {"open", "partial", "paid"}


def test_history_lies_in_the_ninety_days_before_today(first_day: Path) -> None:
    assert rows_read(
        first_day,
        "SELECT MIN(substr(ordered_at, 1, 10)), MAX(substr(ordered_at, 1, 10)), MAX(substr(updated_at, 1, 10))"
        " FROM sales_orders",
    ) == [("2024-02-20", "2024-05-19", "2024-05-19")]
    assert rows_read(first_day, "SELECT MAX(substr(created_at, 1, 10)) FROM purchase_orders") == [
        ("2024-05-17",)
    ]


def test_a_record_belongs_to_the_company_of_its_warehouse(first_day: Path) -> None:
    assert rows_read(first_day, "SELECT DISTINCT company, warehouse FROM sales_orders ORDER BY 1, 2") == [
        ("HX01", "EAST"),
        ("HX01", "NORTH"),
        ("HX02", "WEST"),
    ]
    assert rows_read(first_day, "SELECT DISTINCT company, warehouse FROM v_stock_levels ORDER BY 1, 2") == [
        ("HX01", "EAST"),
        ("HX01", "NORTH"),
        ("HX02", "WEST"),
    ]


def test_the_demo_users_work_there_and_buy_and_sell(first_day: Path) -> None:
    employees = {login for (login,) in rows_read(first_day, "SELECT login FROM v_employees WHERE active")}
    assert employees >= LOGINS
    assert rows_read(first_day, "SELECT buyer, COUNT(*) FROM products GROUP BY buyer ORDER BY buyer") == [
        ("buyer", 32),
        ("buyer2", 32),
    ]
    sellers = {login for (login,) in rows_read(first_day, "SELECT DISTINCT salesperson FROM customers")}
    assert {"sales", "sales2"} <= sellers <= employees


def test_the_same_day_gives_the_same_company(first_day: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.sqlite3"
    company_create(again, today=TODAY)
    with sqlite3.connect(first_day) as one, sqlite3.connect(again) as other:
        assert list(one.iterdump()) == list(other.iterdump())
    one.close()
    other.close()


def test_numbers_start_anew_with_the_year(tmp_path: Path) -> None:
    path = tmp_path / "january.sqlite3"
    company_create(path, today=date(2025, 1, 31))
    years = rows_read(
        path, "SELECT substr(number, 1, 7), MIN(substr(number, 9)) FROM sales_orders GROUP BY 1 ORDER BY 1"
    )
    assert years == [("SO-2024", "00001"), ("SO-2025", "00001")]


def test_a_company_is_never_overwritten(company: Path) -> None:
    row_write(company, "DELETE FROM stock")
    with pytest.raises(CompanyError, match=r"there is already a demo ERP at .*: delete it first"):
        company_create(company, today=TODAY)
    go_down(company)
    with pytest.raises(CompanyError, match="there is already a demo ERP"):
        company_create(company, today=TODAY)
    assert rows_read(company.with_name("demo-erp.sqlite3.down"), "SELECT COUNT(*) FROM stock") == [(0,)]


def test_nothing_is_left_behind_when_creation_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_connection: sqlite3.Connection, _today: date) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr("demo.company.seed._purchases_write", broken)
    with pytest.raises(RuntimeError, match="disk on fire"):
        company_create(tmp_path / "demo-erp.sqlite3", today=TODAY)
    assert list(tmp_path.iterdir()) == []


def test_the_file_keeps_a_rollback_journal(first_day: Path) -> None:
    assert rows_read(first_day, "PRAGMA journal_mode") == [("delete",)]
    assert rows_read(first_day, "PRAGMA integrity_check") == [("ok",)]
    assert rows_read(first_day, "PRAGMA foreign_key_check") == []
