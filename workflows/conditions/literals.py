"""Literals take the type of what they are compared with; text never becomes a number by itself."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from connectors.dictionary.types import FieldType
from workflows.conditions import lowered
from workflows.conditions.nodes import (
    Constant,
    Value,
    date_stored,
    datetime_stored,
    decimal_scaled,
    number_parse,
)
from workflows.conditions.problems import Message, message
from workflows.conditions.schema import NUMBERS, TEXTS, TYPE_LABELS, FieldSpec


def literal_value(node: Constant, kind: FieldType, spec: FieldSpec | None) -> Value | tuple[str, Message]:
    """`node` as a value of `kind`, or the code and sentence of why it is none."""
    value = node.value
    if spec and spec.codes and isinstance(value, str) and value not in spec.codes:
        text = message(
            _("“%(value)s” is not one of the codes of %(field)s. Use one of: %(codes)s."),
            value=value[:60],
            field=spec.path,
            codes=", ".join(sorted(spec.codes)),
        )
        return "code_unknown", text
    number = number_parse(value) if kind in NUMBERS else None
    scale = 0
    if number is not None:
        exponent = number.as_tuple().exponent
        scale = max(0, -exponent) if isinstance(exponent, int) else 0
        kind = FieldType.DECIMAL if scale else FieldType.INTEGER
    stored = _stored(kind, value, number, scale)
    if stored is None:
        text = message(
            _("“%(value)s” is no %(type)s. %(advice)s"),
            value=str(value)[:60],
            type=TYPE_LABELS[kind],
            advice=ADVICE[kind],
        )
        return "type_mismatch", text
    constant = lowered.literal(stored)
    return Value(pointer=node.pointer, operator="literal", type=kind, stored=constant, scale=scale)


def literal_type(value: Any) -> FieldType:
    """What a literal looks like on its own."""
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    if isinstance(value, int | float | Decimal):
        return FieldType.DECIMAL
    return FieldType.TEXT


def _stored(kind: FieldType, value: Any, number: Decimal | None, scale: int) -> int | str | bool | None:
    if kind in TEXTS:
        return lowered.TEXT_TAG + value if isinstance(value, str) else None
    if kind is FieldType.BOOLEAN:
        return value if isinstance(value, bool) else None
    if kind is FieldType.DATE:
        return date_stored(value)
    if kind is FieldType.DATETIME:
        return datetime_stored(value)
    return decimal_scaled(number, scale) if number is not None else None


ADVICE: Mapping[FieldType, Message] = {
    FieldType.TEXT: _("Write a text in quotes."),
    FieldType.CODE: _("Write the code in quotes."),
    FieldType.INTEGER: _("Write a number such as 20."),
    FieldType.DECIMAL: _("Write a number such as 12.5."),
    FieldType.BOOLEAN: _("Write true or false."),
    FieldType.DATE: _("Write a date such as 2026-01-31."),
    FieldType.DATETIME: _("Write a time with its offset, such as 2026-01-31T09:00:00+08:00."),
    FieldType.LIST: _("Use “some”, “all” or “none” over its items."),
}
