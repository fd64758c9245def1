"""Values in the reader's language and zone."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.dictionary.objects import EMPLOYEE, SALES_ORDER, STOCK_LEVEL
from connectors.dictionary.types import DictionaryObject
from messaging.formatting import date_format, field_format, moment_format, money_format, number_format
from permissions.policies import MASK


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        ("1234567.5", 3, "1,234,567.5"),
        ("200.000", 3, "200"),
        (-12, 0, "-12"),
        ("0.0004", 3, "0"),
        ("1e3", 0, "1,000"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_numbers(value: Any, decimals: int, text: str, language: str) -> None:
    assert number_format(value, language, decimals) == text


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        ("0.35", "CNY", "zh-hans", "¥0.35"),
        ("0.35", "CNY", "en", "CN¥0.35"),
        ("0.3505", "CNY", "zh-hans", "¥0.3505"),
        ("1234567", "EUR", "en", "€1,234,567.00"),
        ("1234.5", "usd", "en", "US$1,234.50"),
        ("12.3456", "", "en", "12.3456"),
        ("12.5", "RMB!", "en", "12.5"),
    ],
)
def test_money(amount: str, currency: str, language: str, text: str) -> None:
    assert money_format(amount, currency, language) == text


@pytest.mark.parametrize(
    ("zone", "language", "text"),
    [
        ("Asia/Shanghai", "zh-hans", "2026-11-22 18:00"),
        ("Europe/Berlin", "en", "22 Nov 2026, 11:00"),
        ("UTC", "en", "22 Nov 2026, 10:00"),
        ("Mars/Phobos", "en", "22 Nov 2026, 10:00"),
        ("../../etc/passwd", "en", "22 Nov 2026, 10:00"),
        ("", "en", "22 Nov 2026, 10:00"),
    ],
)
def test_moments(zone: str, language: str, text: str) -> None:
    assert moment_format("2026-11-22T10:00:00+00:00", language, zone) == text


def test_days() -> None:
    assert (date_format("2026-11-22", "en"), date_format("2026-11-22", "zh-hans")) == (
        "22 Nov 2026",
        "2026-11-22",
    )


@pytest.mark.parametrize(
    ("about", "name", "value", "en", "zh"),
    [
        (STOCK_LEVEL, "on_hand", "1234.500", "1,234.5", "1,234.5"),
        (STOCK_LEVEL, "on_hand", None, "–", "–"),
        (STOCK_LEVEL, "on_hand", "", "–", "–"),
        (STOCK_LEVEL, "on_hand", "0", "0", "0"),
        (STOCK_LEVEL, "on_hand", "many", "many", "many"),
        (STOCK_LEVEL, "unit_price", "0.35", "CN¥0.35", "¥0.35"),
        (SALES_ORDER, "status", "open", "Open", "未完成"),
        (SALES_ORDER, "status", "new one", "new one", "new one"),
        (SALES_ORDER, "due_on", "2026-11-22", "22 Nov 2026", "2026-11-22"),
        (EMPLOYEE, "active", True, "yes", "是"),
        (EMPLOYEE, "active", False, "no", "否"),
    ],
)
def test_fields(about: DictionaryObject, name: str, value: Any, en: str, zh: str) -> None:
    data = {name: value, "currency": "CNY"}
    texts = [field_format(about.by_name[name], data, language, "UTC") for language in ("en", "zh-hans")]
    assert texts == [en, zh]


@pytest.mark.parametrize("about", [STOCK_LEVEL, SALES_ORDER, EMPLOYEE])
def test_a_mask_stays_a_mask_in_every_type(about: DictionaryObject) -> None:
    masked = dict.fromkeys(about.by_name, MASK)
    assert {field_format(field, masked, "en", "UTC") for field in about.fields} == {MASK}
