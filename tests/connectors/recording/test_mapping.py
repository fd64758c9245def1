"""Translation, value by value: what a source's value becomes, what is refused, and the way back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from connectors.dictionary.extension import object_extend
from connectors.dictionary.objects import EMPLOYEE, SALES_ORDER, STOCK_LEVEL
from connectors.dictionary.types import DictionaryObject
from connectors.mapping import CompiledMapping, Mapped, decimal_read, definition_check
from kernel.errors import ConfigError, Rejected

STOCK = {"key": "id", "fields": {name: {"source": name} for name in ("product_code", "warehouse", "on_hand")}}
ORDER = {"key": "id", "fields": {"number": {"source": "id"}, "customer_code": {"constant": "C1"}}}


def mapped(
    about: DictionaryObject, field: str, value: Any, *, spec: dict[str, Any] | None = None, **definition: Any
) -> Mapped:
    base = STOCK if about is STOCK_LEVEL else ORDER
    fields = {**base["fields"], field: {"source": "value", **(spec or {})}}  # type: ignore[dict-item]
    mapping = CompiledMapping(about, {**base, **definition, "fields": fields})
    raw = {"id": "1", "product_code": "A", "warehouse": "EAST", "on_hand": 1, "value": value}
    return mapping.map(raw)


def codes_of(result: Mapped) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in result.problems]


@pytest.mark.parametrize(
    ("value", "spec", "expected"),
    [
        (12, {}, "12"),
        ("12.3400", {}, "12.34"),
        (0.1, {}, "0.1"),
        (Decimal("1E+2"), {}, "100"),
        ("1,234.5", {}, "1234.5"),
        ("-1,234,567", {}, "-1234567"),
        ("２００．５", {}, "200.5"),
        (" 7 ", {}, "7"),
        ("0", {}, "0"),
        ("-0.0004", {}, "0"),
        (3, {"factor": "1000"}, "3000"),
        ("2500", {"factor": "0.001"}, "2.5"),
        (1, {"factor": "0.0005"}, "0"),
        ("123456789012345678901234.567", {}, "123456789012345678901234.567"),
    ],
)
def test_numbers(value: Any, spec: dict[str, Any], expected: str) -> None:
    result = mapped(STOCK_LEVEL, "on_hand", value, spec=spec)
    assert (result.data["on_hand"], codes_of(result)) == (expected, [])


@pytest.mark.parametrize(
    "value",
    ["1,5", "1,23", "12,34,567", "1_000", "10²", "½", "abc", "NaN", "-Infinity", "1e400", "9" * 60, True, {}, [], "1 000",
     float("inf"), Decimal("NaN")],
)  # fmt: skip
def test_what_is_no_number_is_a_problem_of_its_field(value: Any) -> None:
    result = mapped(STOCK_LEVEL, "on_hand", value)
    assert (codes_of(result), "on_hand" in result.data) == ([("on_hand", "bad_value")], False)
    assert result.reason.en.startswith("On hand cannot be read from “")


@pytest.mark.parametrize("value", ["1,5", "1_0", "10²", "", "１，５"])
def test_what_a_person_enters_is_not_guessed_either(value: str) -> None:
    with pytest.raises(ValueError, match="number"):
        decimal_read(value)


def test_money_has_the_scale_of_its_field() -> None:
    assert mapped(STOCK_LEVEL, "unit_price", "0.35005").data["unit_price"] == "0.35"
    assert mapped(SALES_ORDER, "amount", "1234.5").data["amount"] == "1234.5"


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-11-22 10:00:00", "Asia/Shanghai", "2026-11-22T02:00:00+00:00"),
        ("2026-11-22T10:00:00Z", "Asia/Shanghai", "2026-11-22T10:00:00+00:00"),
        ("2026-11-22T10:00:00+02:00", "Asia/Shanghai", "2026-11-22T08:00:00+00:00"),
        ("2026-07-01 12:00", "Europe/Berlin", "2026-07-01T10:00:00+00:00"),
        ("2026-12-01 12:00", "Europe/Berlin", "2026-12-01T11:00:00+00:00"),
        ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25T00:30:00+00:00"),  # twice that night: the first
        ("2026-03-29 02:30", "Europe/Berlin", "2026-03-29T01:30:00+00:00"),  # never that night
        (1763805600, "Asia/Shanghai", "2025-11-22T10:00:00+00:00"),
        (dt.datetime(2026, 11, 22, 10), "Asia/Shanghai", "2026-11-22T02:00:00+00:00"),
        (dt.date(2026, 11, 22), "Asia/Shanghai", "2026-11-21T16:00:00+00:00"),
    ],
)
def test_moments_are_told_in_utc(value: Any, zone: str, expected: str) -> None:
    result = mapped(STOCK_LEVEL, "updated_at", value, time_zone=zone)
    assert (result.data["updated_at"], codes_of(result)) == (expected, [])


@pytest.mark.parametrize(
    "value", ["soon", 1e20, -1e20, 10**30, float("nan"), "0001-01-01T00:00:00+14:00", True, {}]
)
def test_what_is_no_moment_is_a_problem(value: Any) -> None:
    assert codes_of(mapped(STOCK_LEVEL, "updated_at", value)) == [("updated_at", "bad_value")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-22", "2026-11-22"),
        (dt.date(2026, 11, 22), "2026-11-22"),
        ("2026-11-21T17:00:00Z", "2026-11-22"),  # already the next day where the ERP stands
        (dt.datetime(2026, 11, 22, 23, 59), "2026-11-22"),
    ],
)
def test_days_are_those_of_the_erps_zone(value: Any, expected: str) -> None:
    assert mapped(SALES_ORDER, "due_on", value, time_zone="Asia/Shanghai").data["due_on"] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, True), ("是", True), ("Y", True), (False, False), ("no", False), ("否", False)],
)
def test_booleans(value: Any, expected: bool) -> None:
    definition = {"key": "id", "fields": {"active": {"source": "value"}}}
    assert CompiledMapping(EMPLOYEE, definition).map({"id": 1, "value": value}).data["active"] is expected


def test_codes_both_ways_and_never_raw() -> None:
    table = {"codes": {"status": {"10": "open", "20": "done", "21": "done"}}}
    assert mapped(SALES_ORDER, "status", 10, **table).data["status"] == "open"
    unknown = mapped(SALES_ORDER, "status", "99", **table)
    assert (codes_of(unknown), "status" in unknown.data) == ([("status", "unknown_code")], False)
    assert unknown.reason.en == "Status has the unknown code “99”."
    assert codes_of(mapped(SALES_ORDER, "status", "10")) == [("status", "unknown_code")]
    assert mapped(SALES_ORDER, "status", "open").data["status"] == "open"
    mapping = CompiledMapping(SALES_ORDER, {**ORDER, **table})
    assert mapping.unmap({"status": "open"}) == {"status": "10"}
    with pytest.raises(Rejected, match="no code for “confirmed”"):
        mapping.unmap({"status": "confirmed"})
    with pytest.raises(Rejected, match="several codes for “done”"):
        mapping.unmap({"status": "done"})
    with pytest.raises(Rejected, match="no code for “99”"):
        CompiledMapping(SALES_ORDER, ORDER).unmap({"status": "99"})


def test_a_write_is_in_the_erps_units() -> None:
    fields = {**STOCK["fields"], "on_hand": {"source": "on_hand", "factor": "1000"}}  # type: ignore[dict-item]
    mapping = CompiledMapping(STOCK_LEVEL, {**STOCK, "fields": fields})
    assert mapping.unmap({"on_hand": "2,500", "warehouse": "EAST", "x": None}) == {
        "on_hand": Decimal("2.5"), "warehouse": "EAST", "x": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "raw", "expected"),
    [
        ("id", {"id": 7}, "7"),
        ("data.id", {"data": {"id": "A"}}, "A"),
        ("a.b", {"a.b": "x", "a": {"b": "y"}}, "x"),
        (["sku", "wh"], {"sku": "A", "wh": "EAST"}, "A@EAST"),
        (["sku", "wh"], {"sku": "A", "wh": ""}, ""),
        ("id", {"id": None}, ""),
    ],
)
def test_keys(key: Any, raw: dict[str, Any], expected: str) -> None:
    result = CompiledMapping(object_extend(None, "x_thing", {}), {"key": key, "fields": {}}).map(raw)
    assert (result.key, codes_of(result)) == (expected, [] if expected else [("", "key")])


def test_a_key_that_is_too_long_is_a_problem_not_another_record() -> None:
    result = CompiledMapping(object_extend(None, "x_thing", {}), {"key": "id", "fields": {}}).map(
        {"id": "k" * 201}
    )
    assert codes_of(result) == [("", "key")]


def test_all_problems_are_told_at_once_in_both_languages() -> None:
    result = CompiledMapping(STOCK_LEVEL, STOCK).map({"on_hand": "many"})
    assert codes_of(result) == [
        ("product_code", "missing"), ("warehouse", "missing"), ("on_hand", "bad_value"), ("", "key"),
    ]  # fmt: skip
    assert result.reason.en == (
        "Item is missing. Warehouse is missing. On hand cannot be read from “many”. "
        "The record's key is missing or too long."
    )
    assert "物料编码" in result.reason.zh


def test_text_no_database_takes_is_replaced() -> None:
    assert mapped(STOCK_LEVEL, "product_name", "a\x00b\ud800").data["product_name"] == "a�b�"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"key": ""}, "key"),
        ({"fields": {}}, "required"),
        ({"fields": []}, "shape"),
        ({"fields": {"on_hand": "qty"}}, "shape"),
        ({"time_zone": "Mars/Phobos"}, "time_zone"),
        ({"fields": {**STOCK["fields"], "on_hand": {"source": "q", "factor": "0"}}}, "factor"),  # type: ignore[dict-item]
        ({"fields": {**STOCK["fields"], "on_hand": {"source": "q", "factor": "x"}}}, "factor"),  # type: ignore[dict-item]
        ({"fields": {**STOCK["fields"], "colour": {"source": "c"}}}, "unknown"),  # type: ignore[dict-item]
    ],
)
def test_a_definition_that_cannot_work_is_refused(change: dict[str, Any], code: str) -> None:
    assert definition_check(STOCK_LEVEL, STOCK) == []
    assert code in {problem.code for problem in definition_check(STOCK_LEVEL, {**STOCK, **change})}


def test_a_code_without_a_meaning_is_refused() -> None:
    (problem,) = definition_check(SALES_ORDER, {**ORDER, "codes": {"status": {"10": "opened"}}})
    assert (problem.field, problem.code) == ("status", "code")


def test_a_zone_that_does_not_exist_says_so() -> None:
    with pytest.raises(ConfigError, match="Mars/Phobos"):
        CompiledMapping(STOCK_LEVEL, {**STOCK, "time_zone": "Mars/Phobos"})
