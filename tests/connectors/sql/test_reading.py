"""Walks, changes, single records and discovery on the demo company's SQLite file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.dictionary.objects import OBJECTS_BY_NAME
from connectors.erp.sql.connector import SqlConnector
from connectors.mapping import CompiledMapping, definition_check
from connectors.ports.erp import Page, SourceSpec
from demo.company import SHOWCASE, come_back, go_down, sell
from kernel.errors import ConfigError, Transient

ITEM, WAREHOUSE, QUANTITY = SHOWCASE
STOCK = SourceSpec("v_stock_levels", "id", ("on_hand", "unit_price", "updated_at"), "updated_at")


def run(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def walk(erp: SqlConnector, source: SourceSpec, *, limit: int) -> list[Page]:
    pages = [erp.poll(source, {}, limit=limit)]
    while pages[-1].has_more:
        pages.append(erp.poll(source, pages[-1].cursor, limit=limit))
    return pages


def keys(pages: Iterable[Page]) -> list[str]:
    return [record.key for page in pages for record in page.records]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("stock_level", 192),
        ("product", 64),
        ("supplier", 8),
        ("customer", 16),
        ("sales_order", 200),
        ("purchase_order", 36),
        ("receivable", 171),
        ("employee", 22),
    ],
)
def test_default_mapping_fits_every_view(erp: SqlConnector, name: str, count: int) -> None:
    definition = erp.default_mapping()[name]
    assert definition_check(OBJECTS_BY_NAME[name], definition) == []
    mapping = CompiledMapping(OBJECTS_BY_NAME[name], definition)
    pages = walk(erp, mapping.source, limit=50)
    records = [record for page in pages for record in page.records]
    assert len(records) == count == len({record.key for record in records})
    assert [mapping.map(record.data, record.key).problems for record in records] == [()] * count
    assert erp.get(mapping.source, records[-1].key) == records[-1]


def test_stock_in_canonical_form(erp: SqlConnector) -> None:
    mapping = CompiledMapping(OBJECTS_BY_NAME["stock_level"], erp.default_mapping()["stock_level"])
    record = erp.get(mapping.source, f"{ITEM}@{WAREHOUSE}")
    assert record is not None
    data = mapping.map(record.data, record.key).data
    assert (data["product_code"], data["warehouse"]) == (ITEM, WAREHOUSE)
    assert (data["on_hand"], data["reorder_level"], data["buyer"]) == ("112", "100", "buyer")


@pytest.mark.parametrize("limit", [1, 7, 191, 192, 500])
def test_pages_hold_every_record_once_in_key_order(erp: SqlConnector, limit: int) -> None:
    pages = walk(erp, STOCK, limit=limit)
    found = keys(pages)
    assert len(found) == 192 == len(set(found))
    assert found == sorted(found)
    assert len(pages) == -(-192 // limit)
    assert all(page.snapshot and not page.unchanged for page in pages)


def test_an_unchanged_file_is_not_walked_again(erp: SqlConnector, company: Path) -> None:
    cursor = walk(erp, STOCK, limit=100)[-1].cursor
    assert erp.poll(STOCK, cursor, limit=100) == Page((), cursor, unchanged=True)
    other = SourceSpec("v_stock_levels", "id", ("on_hand",))
    assert not erp.poll(other, cursor, limit=100).unchanged  # other fields were never read
    sell(company, ITEM, WAREHOUSE, QUANTITY)
    page = erp.poll(STOCK, cursor, limit=500)
    assert {record.key: record.data["on_hand"] for record in page.records}[f"{ITEM}@{WAREHOUSE}"] == 92


def test_a_change_that_moves_no_date_is_noticed(erp: SqlConnector, company: Path) -> None:
    before = walk(erp, STOCK, limit=500)[-1]
    run(company, f"UPDATE stock SET quantity = 5 WHERE product_code = '{ITEM}' AND warehouse = '{WAREHOUSE}'")
    after = erp.poll(STOCK, before.cursor, limit=500)
    changed = [new for old, new in zip(before.records, after.records, strict=True) if old != new]
    assert [(record.key, record.data["on_hand"]) for record in changed] == [(f"{ITEM}@{WAREHOUSE}", 5)]
    assert changed[0].version == ""


def test_a_change_in_the_middle_of_a_walk_is_seen_by_the_next(erp: SqlConnector, company: Path) -> None:
    first = erp.poll(STOCK, {}, limit=100)
    run(company, f"UPDATE stock SET quantity = 5 WHERE product_code = '{ITEM}' AND warehouse = '{WAREHOUSE}'")
    last = erp.poll(STOCK, first.cursor, limit=100)
    assert (first.has_more, last.has_more) == (True, False)
    assert not erp.poll(STOCK, last.cursor, limit=100).unchanged


def test_a_change_within_one_tick_of_the_file_system_is_noticed(erp: SqlConnector, company: Path) -> None:
    cursor = walk(erp, STOCK, limit=500)[-1].cursor
    before = company.stat()
    run(
        company,
        f"UPDATE stock SET quantity = 113 WHERE product_code = '{ITEM}' AND warehouse = '{WAREHOUSE}'",
    )
    os.utime(company, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert company.stat().st_size == before.st_size
    assert not erp.poll(STOCK, cursor, limit=500).unchanged


def test_wal_mode_is_walked_every_time(erp: SqlConnector, company: Path) -> None:
    run(company, "PRAGMA journal_mode = WAL")
    cursor = walk(erp, STOCK, limit=500)[-1].cursor
    assert cursor == {"token": ""}
    assert len(erp.poll(STOCK, cursor, limit=500).records) == 192


def test_another_file_under_the_same_name_is_another_state(
    erp: SqlConnector, company: Path, tmp_path: Path
) -> None:
    cursor = walk(erp, STOCK, limit=500)[-1].cursor
    copy = tmp_path / "copy"
    copy.write_bytes(company.read_bytes())
    copy.replace(company)
    assert not erp.poll(STOCK, cursor, limit=500).unchanged


def test_raw_values_are_exact(erp: SqlConnector, company: Path) -> None:
    run(
        company,
        "CREATE TABLE t (id TEXT, real_value REAL, numeric_value NUMERIC, text_value TEXT, bytes BLOB)",
        "INSERT INTO t VALUES ('a', 0.1, '12.50', '007', x'00ff'), ('b', 9e999, 7, NULL, NULL)",
        "CREATE VIEW v_t AS SELECT * FROM t",
    )
    first, second = walk(erp, SourceSpec("v_t", "id", ()), limit=5)[0].records
    assert first.data == {
        "id": "a",
        "real_value": Decimal("0.1"),
        "numeric_value": Decimal("12.5"),
        "text_value": "007",
        "bytes": "00ff",
    }
    assert (second.data["real_value"], second.data["numeric_value"]) == ("Infinity", 7)
    assert not any(isinstance(value, float) for value in first.data.values())


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("INTEGER", ["2", "10", "1"], ["1", "2", "10"]),
        ("TEXT", ["'2'", "'10'", "'1'"], ["1", "10", "2"]),
        ("", ["2", "10", "1"], ["1", "2", "10"]),
    ],
)
def test_keys_of_any_type(
    erp: SqlConnector, company: Path, column: str, values: list[str], expected: list[str]
) -> None:
    rows = ", ".join(f"({value})" for value in values)
    run(company, f"CREATE TABLE t (k {column})", f"INSERT INTO t VALUES {rows}")
    source = SourceSpec("t", "k", ("k",))
    assert keys(walk(erp, source, limit=1)) == expected
    assert [erp.get(source, key) is not None for key in ("10", "010", "x")] == [True, False, False]


def test_a_key_of_two_columns(erp: SqlConnector) -> None:
    source = SourceSpec("stock", "product_code@warehouse", ("quantity",))
    found = keys(walk(erp, source, limit=5))
    assert len(found) == 192 == len(set(found))
    record = erp.get(source, f"{ITEM}@{WAREHOUSE}")
    assert record is not None
    assert record.data == {"product_code": ITEM, "warehouse": WAREHOUSE, "quantity": 112}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("('a'), ('b'), ('b')", "“t” has several rows with k = “b”. Choose a key that is unique."),
        ("('a'), (NULL)", "“t” has a row without a value in k. Choose a key that every row has."),
    ],
)
@pytest.mark.parametrize("limit", [2, 10])
def test_a_key_that_is_none_is_told(
    erp: SqlConnector, company: Path, rows: str, message: str, limit: int
) -> None:
    run(company, "CREATE TABLE t (k TEXT)", f"INSERT INTO t VALUES {rows}")
    with pytest.raises(ConfigError) as caught:
        walk(erp, SourceSpec("t", "k", ("k",)), limit=limit)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SourceSpec("v_nothing", "id", ("x",)), "no view “v_nothing”"),
        (SourceSpec("v_products; DROP TABLE stock", "code", ("name",)), "no view"),
        (SourceSpec("v_products", "code", ("name", "nam", "1")), "has no column 1, nam."),
        (SourceSpec("v_products", "", ("name",)), "has no column ?."),
        (SourceSpec("v_products", "code", ('name" FROM stock --',)), "has no column"),
    ],
)
def test_unknown_names_never_reach_the_database(erp: SqlConnector, source: SourceSpec, words: str) -> None:
    for call in (lambda: erp.poll(source, {}, limit=5), lambda: erp.get(source, "x")):
        with pytest.raises(ConfigError) as caught:
            call()
        assert words in caught.value.message


def test_a_column_added_later_is_found(erp: SqlConnector, company: Path) -> None:
    run(company, "CREATE TABLE t (k TEXT PRIMARY KEY)", "INSERT INTO t VALUES ('a')")
    assert keys(walk(erp, SourceSpec("t", "k", ("k",)), limit=5)) == ["a"]
    run(company, "ALTER TABLE t ADD COLUMN n INTEGER DEFAULT 3")
    record = erp.get(SourceSpec("t", "k", ("n",)), "a")
    assert record is not None and record.data["n"] == 3


def test_a_column_taken_away_is_forgotten(erp: SqlConnector, company: Path) -> None:
    run(
        company,
        "CREATE TABLE t (k TEXT PRIMARY KEY, n INTEGER, m INTEGER)",
        "INSERT INTO t VALUES ('a', 1, 2)",
    )
    everything = SourceSpec("t", "k", ())
    assert erp.poll(everything, {}, limit=5).records[0].data == {"k": "a", "n": 1, "m": 2}
    run(company, "ALTER TABLE t DROP COLUMN n")
    with pytest.raises(ConfigError, match="n"):
        erp.poll(everything, {}, limit=5)
    assert erp.poll(everything, {}, limit=5).records[0].data == {"k": "a", "m": 2}


def test_json_columns_are_read_for_dotted_paths(erp: SqlConnector, company: Path) -> None:
    run(company, "CREATE TABLE t (k TEXT, data TEXT)", "INSERT INTO t VALUES ('a', '{}')")
    record = erp.get(SourceSpec("t", "k", ("data.qty", "data.unit")), "a")
    assert record is not None and record.data == {"k": "a", "data": "{}"}


def test_down_is_transient_and_makes_no_file(erp: SqlConnector, company: Path) -> None:
    cursor = walk(erp, STOCK, limit=500)[-1].cursor
    go_down(company)
    with pytest.raises(Transient, match="The ERP does not answer"):
        erp.poll(STOCK, cursor, limit=5)
    assert company.is_dir()
    come_back(company)
    assert erp.poll(STOCK, cursor, limit=5).unchanged
    company.unlink()
    with pytest.raises(Transient):
        erp.poll(STOCK, cursor, limit=5)
    assert not company.exists()


def test_reading_cannot_write(erp: SqlConnector, company: Path) -> None:
    before = company.read_bytes()
    client, _reader = erp._open()
    with pytest.raises(Exception, match="readonly"), client.reading() as connection:
        connection.exec_driver_sql("DELETE FROM stock")
        connection.commit()
    assert company.read_bytes() == before


def test_discovery(erp: SqlConnector) -> None:
    found = {source.name: source for source in erp.discover()}
    suggested = {name: source.suggested_object for name, source in found.items() if source.suggested_object}
    assert suggested == {
        "v_customers": "customer",
        "v_employees": "employee",
        "v_products": "product",
        "v_purchase_orders": "purchase_order",
        "v_receivables": "receivable",
        "v_sales_orders": "sales_order",
        "v_stock_levels": "stock_level",
        "v_suppliers": "supplier",
    }
    assert list(found)[:8] == sorted(suggested)
    assert "baton_inbox" not in found and "demo_next_numbers" not in found
    types: dict[str, Any] = {field.name: field.type for field in found["v_stock_levels"].fields}
    assert (types["id"], types["on_hand"], types["reserved"]) == ("text", "integer", "integer")
    assert found["stock"].key_field == "product_code@warehouse"
    assert found["v_stock_levels"].key_field == "id"
