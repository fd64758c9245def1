"""What a condition becomes: typed nodes that carry lowered expressions and remember where they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.dictionary.types import FieldType
from workflows.conditions import lowered
from workflows.conditions.lowered import Lowered
from workflows.conditions.schema import NUMBERS, TEXTS, FieldSpec

NUMBER_TEXT = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DATE_BITS = 22
DATETIME_BITS = 59

Equality = tuple[str, Any]
Bound = tuple[str, str, Any]
"""(path, one of < <= > >=, value): what stands at the path is on this side of the value."""


@dataclass(frozen=True, kw_only=True)
class Node:
    pointer: str
    operator: str
    children: tuple[Node, ...] = ()
    reads: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Broken(Node):
    """Something with a problem; what stands above it is not checked any further."""


@dataclass(frozen=True, kw_only=True)
class Constant(Node):
    """A literal whose type its neighbour decides."""

    value: Any


@dataclass(frozen=True, kw_only=True)
class Condition(Node):
    """Three-valued: surely true, surely false, otherwise unknown. Both expressions are two-valued."""

    when_true: Lowered
    when_false: Lowered
    equalities: tuple[Equality, ...] = ()
    bounds: tuple[Bound, ...] = ()
    each_item: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class Value(Node):
    """A typed value: `stored / divisor / 10 ** scale`. It is known when every expression in `known` is true.

    `divisor` is absent or positive. Only numbers have a divisor or a scale.
    """

    type: FieldType
    stored: Lowered
    scale: int = 0
    divisor: Lowered | None = None
    known: Mapping[str, Lowered] = field(default_factory=dict)
    spec: FieldSpec | None = None

    @property
    def is_known(self) -> Lowered:
        return lowered.all_of(tuple(self.known.values()))


def reads_of(nodes: Sequence[Node]) -> frozenset[str]:
    return frozenset().union(*(each.reads for each in nodes))


def known_of(*values: Value) -> dict[str, Lowered]:
    return {key: guard for each in values for key, guard in each.known.items()}


def truth(
    pointer: str,
    operator: str,
    test: Lowered,
    opposite: Lowered,
    values: Sequence[Value],
    *,
    children: Sequence[Node] | None = None,
    equalities: tuple[Equality, ...] = (),
    bounds: tuple[Bound, ...] = (),
) -> Condition:
    """A leaf: `test` where every value is known, its `opposite` likewise; unknown where any is not."""
    known = tuple(known_of(*values).values())
    return Condition(
        pointer=pointer,
        operator=operator,
        children=tuple(values if children is None else children),
        reads=reads_of(values),
        when_true=lowered.all_of((*known, test)),
        when_false=lowered.all_of((*known, opposite)),
        equalities=equalities,
        bounds=bounds,
    )


def same_family(left: FieldType, right: FieldType) -> bool:
    """Whether two types compare: numbers with numbers, text with codes, else only like with like."""
    return left is right or {left, right} <= NUMBERS or {left, right} <= TEXTS


def align(values: Sequence[Value]) -> tuple[list[Lowered], Lowered | None, int]:
    """Numbers over one common positive divisor and scale: (numerators, divisor, scale)."""
    scale = max(each.scale for each in values)
    raised = [lowered.scaled(each.stored, scale - each.scale) for each in values]
    divisors = [each.divisor for each in values]
    common = [each for each in divisors if each is not None]
    if not common:
        return raised, None, scale
    numerators = []
    for index, number in enumerate(raised):
        others = [each for at, each in enumerate(divisors) if at != index and each is not None]
        numerators.append(lowered.product(number, *others))
    return numerators, lowered.product(*common), scale


def decimal_scaled(number: Decimal, scale: int) -> int | None:
    """`number * 10 ** scale`, or None where digits would be lost. Exact at any size; the caller bounds it."""
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        return None
    mantissa: int = int("".join(map(str, digits)) or "0")
    shift = exponent + scale
    if shift >= 0:
        mantissa *= int(10**shift)
    else:
        mantissa, rest = divmod(mantissa, int(10**-shift))
        if rest:
            return None
    return -mantissa if sign else mantissa


def number_parse(value: Any) -> Decimal | None:
    """An int, Decimal, float (as written) or plain numeric text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and NUMBER_TEXT.fullmatch(value):
        return Decimal(value)
    return None


def date_stored(value: Any) -> int | None:
    """Days since 1970-01-01 of a date or of "YYYY-MM-DD"."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.toordinal() - EPOCH.toordinal()
    return None


def datetime_stored(value: Any) -> int | None:
    """Microseconds since 1970-01-01T00:00Z of an aware datetime or of ISO 8601 text with its offset."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime) and value.tzinfo is not None:
        since: timedelta = value - EPOCH
        return since // MICROSECOND
    return None


def value_restore(kind: FieldType, stored: Any, scale: int = 0) -> Any:
    """A stored value as Python knows it: text, int, exact Decimal, bool, date, aware UTC datetime."""
    if stored is None:
        return None
    if kind in TEXTS:
        return stored[len(lowered.TEXT_TAG) :]
    if kind is FieldType.DECIMAL:
        return decimal_plain(Decimal(stored), scale)
    if kind is FieldType.DATE:
        return date.fromordinal(stored + EPOCH.toordinal())
    if kind is FieldType.DATETIME:
        return EPOCH + stored * MICROSECOND
    return stored


def decimal_plain(number: Decimal, scale: int = 0) -> Decimal:
    """`number / 10 ** scale` exactly, without trailing zeros or an exponent."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    kept, place = list(digits), exponent - scale
    while place < 0 and len(kept) > 1 and kept[-1] == 0:
        kept.pop()
        place += 1
    if kept == [0]:
        return Decimal(0)
    if place > 0:
        kept.extend([0] * place)
        place = 0
    return Decimal((sign, tuple(kept), place))
