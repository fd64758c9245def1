"""Expressions for the engine: built-in JsonLogic operators over integers, tagged text and booleans.

Each expression knows its size, and a bound on the integers inside it: every number it computes stays below
`2 ** (bits + degree * b)` when no number in the data needs more than `b` bits. `safe_bits` is the largest `b`
for which nothing inside outgrows the engine's 64-bit integers; above it the pure-Python engine computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

MAX_SIZE = 20_000
MAX_DEPTH = 200
WORD_BITS = 62
UNBOUNDED = 1 << 30
TEXT_TAG = "="
"""Put before every text the engine sees.

datalogic-py 5.9.0 (tried 2026-11-22) compares texts that look like times or durations as such:
"1d" === "24h" is true. No time or duration starts with this character.
"""


class LoweredTooLarge(Exception):
    """The expression multiplies out beyond what is sensible to evaluate on every Event."""


@dataclass(frozen=True, slots=True)
class Lowered:
    json: Any
    size: int = 1
    depth: int = 0
    bits: int = 0
    degree: int = 0
    safe_bits: int = UNBOUNDED

    @property
    def key(self) -> str:
        return repr(self.json)


TRUE = Lowered(True)
FALSE = Lowered(False)


def literal(value: int | str | bool | list[Any] | None) -> Lowered:
    """A constant; text already tagged where it has to be."""
    numbers = value if isinstance(value, list) else [value]
    bits = max((each.bit_length() for each in numbers if isinstance(each, int)), default=0)
    return Lowered(value, size=len(numbers), bits=bits, safe_bits=_safe(bits, 0))


def read(tokens: Sequence[str], *, bits: int = 0, degree: int = 0) -> Lowered:
    """The value at `tokens` of the current scope."""
    return Lowered(
        {"val": list(tokens)}, size=2, depth=1, bits=bits, degree=degree, safe_bits=_safe(bits, degree)
    )


def call(operator: str, *operands: Lowered, bits: int = 0, degree: int = 0) -> Lowered:
    """An operator over operands. `bits` and `degree` bound its own result. Raises LoweredTooLarge."""
    size = 1 + sum(each.size for each in operands)
    depth = 1 + max((each.depth for each in operands), default=0)
    if size > MAX_SIZE or depth > MAX_DEPTH:
        raise LoweredTooLarge
    safe = min((each.safe_bits for each in operands), default=UNBOUNDED)
    found = {operator: [each.json for each in operands]}
    return Lowered(found, size, depth, bits, degree, min(safe, _safe(bits, degree)))


def _safe(bits: int, degree: int) -> int:
    if degree == 0:
        return UNBOUNDED if bits <= WORD_BITS else -1
    return (WORD_BITS - bits) // degree if bits <= WORD_BITS else -1


def all_of(parts: Sequence[Lowered]) -> Lowered:
    return _junction("and", parts, neutral=TRUE, absorbing=FALSE)


def any_of(parts: Sequence[Lowered]) -> Lowered:
    return _junction("or", parts, neutral=FALSE, absorbing=TRUE)


def _junction(operator: str, parts: Sequence[Lowered], *, neutral: Lowered, absorbing: Lowered) -> Lowered:
    kept = [part for part in parts if part.json is not neutral.json]
    if any(part.json is absorbing.json for part in kept):
        return absorbing
    if len(kept) < 2:
        return kept[0] if kept else neutral
    joined = call(operator, *kept)
    flat: list[Any] = []
    for part in kept:
        flat.extend(
            part.json[operator] if isinstance(part.json, dict) and operator in part.json else [part.json]
        )
    return replace(joined, json={operator: flat})


def negated(part: Lowered) -> Lowered:
    """Not, of a two-valued expression."""
    if isinstance(part.json, bool):
        return FALSE if part.json else TRUE
    return call("!", part)


def choose(test: Lowered, chosen: Lowered, other: Lowered) -> Lowered:
    if isinstance(test.json, bool):
        return chosen if test.json else other
    return call(
        "if", test, chosen, other, bits=max(chosen.bits, other.bits), degree=max(chosen.degree, other.degree)
    )


def verdict(when_true: Lowered, when_false: Lowered) -> Lowered:
    """1 for true, -1 for false, 0 for unknown."""
    return choose(when_true, literal(1), choose(when_false, literal(-1), literal(0)))


def product(*factors: Lowered) -> Lowered:
    number, kept = 1, []
    for each in factors:
        if isinstance(each.json, int):
            number *= each.json
        else:
            kept.append(each)
    if not kept:
        return literal(number)
    if number != 1:
        kept.append(literal(number))
    if len(kept) == 1:
        return kept[0]
    return call("*", *kept, bits=sum(each.bits for each in kept), degree=sum(each.degree for each in kept))


def total(terms: Sequence[Lowered]) -> Lowered:
    if len(terms) == 1:
        return terms[0]
    bits = max(each.bits for each in terms) + len(terms).bit_length()
    return call("+", *terms, bits=bits, degree=max(each.degree for each in terms))


def difference(left: Lowered, right: Lowered) -> Lowered:
    return call("-", left, right, bits=max(left.bits, right.bits) + 1, degree=max(left.degree, right.degree))


def extreme(operator: str, values: Sequence[Lowered]) -> Lowered:
    """`min` or `max`."""
    if len(values) == 1:
        return values[0]
    bits, degree = max(each.bits for each in values), max(each.degree for each in values)
    return call(operator, *values, bits=bits, degree=degree)


def scaled(value: Lowered, places: int) -> Lowered:
    return product(value, literal(10**places)) if places else value
