"""Values in the reader's language and zone."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import dates, numbers

from connectors.dictionary.types import DictionaryField, FieldType
from kernel.text import language_normalise

LOCALES = {"en": "en_GB", "zh-hans": "zh_Hans_CN"}


def locale_of(language: str | None) -> str:
    return LOCALES[language_normalise(language)]


def number_format(value: Decimal | int | str, language: str, decimals: int = 3) -> str:
    """Grouped, at most `decimals` places, no trailing zeros."""
    return _number_format(str(value), locale_of(language), decimals)


@lru_cache(maxsize=20_000)  # the same quantities and levels stand on many cards, and one costs 50 µs
def _number_format(text: str, locale: str, decimals: int) -> str:
    pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
    return str(numbers.format_decimal(Decimal(text), format=pattern, locale=locale))


def money_format(value: Decimal | str, currency: str, language: str) -> str:
    amount = Decimal(str(value))
    if len(currency) != 3 or not currency.isalpha():
        return number_format(amount, language, 4)
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    return numbers.format_currency(
        amount,
        currency.upper(),
        format="¤#,##0." + "0" * places,
        locale=locale_of(language),
        currency_digits=False,
    )


def _zone(name: str) -> dt.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def moment_format(value: dt.datetime | str, language: str, zone: str) -> str:
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return dates.format_datetime(
        moment.astimezone(_zone(zone)),
        "yyyy-MM-dd HH:mm" if language_normalise(language) == "zh-hans" else "d MMM yyyy, HH:mm",
        locale=locale_of(language),
    )


def date_format(value: dt.date | str, language: str) -> str:
    day = dt.date.fromisoformat(value) if isinstance(value, str) else value
    return dates.format_date(
        day,
        "yyyy-MM-dd" if language_normalise(language) == "zh-hans" else "d MMM yyyy",
        locale=locale_of(language),
    )


def field_format(field: DictionaryField, data: Mapping[str, Any], language: str, zone: str) -> str:
    """The field's value in `data` as text for a reader; "–" when there is none. A masked value stays the mask."""
    value = data.get(field.name)
    if value is None or value == "":
        return "–"
    try:
        return _formatted(field, value, data, language, zone)
    except (ValueError, ArithmeticError, TypeError):
        return str(value)


def _formatted(field: DictionaryField, value: Any, data: Mapping[str, Any], language: str, zone: str) -> str:
    if field.type is FieldType.DECIMAL and field.currency_field:
        return money_format(value, str(data.get(field.currency_field) or ""), language)
    if field.type in (FieldType.DECIMAL, FieldType.INTEGER):
        return number_format(value, language, field.decimals)
    if field.type is FieldType.DATETIME:
        return moment_format(value, language, zone)
    if field.type is FieldType.DATE:
        return date_format(value, language)
    if field.type is FieldType.CODE:
        return next((label.in_language(language) for code, label in field.codes if code == value), str(value))
    if field.type is FieldType.BOOLEAN and isinstance(value, bool):
        yes, no = ("是", "否") if language_normalise(language) == "zh-hans" else ("yes", "no")
        return yes if value else no
    return str(value)
