"""What can be wrong with a condition, and the limits checked before anything else touches it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

from kernel.errors import BatonError

MAX_DEPTH = 64
"""Objects and arrays inside each other. The native engine crashes on much deeper Python objects."""
MAX_NODES = 2000
MAX_BYTES = 64 * 1024
MAX_DIGITS = 18

Message: TypeAlias = str | Promise


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a condition.

    `pointer` is an RFC 6901 JSON pointer into it, `code` is stable, `message` is translatable and says what
    to do.
    """

    pointer: str
    code: str
    message: Message

    def as_json(self) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "message": str(self.message)}


class ConditionInvalid(BatonError):
    """The condition cannot be used. `problems` is never empty."""

    code = "condition_invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(f"{first.pointer or '/'}: {first.message}")


def message(text: Message, **values: object) -> Message:
    """A translatable sentence with `%(name)s` placeholders, resolved when it is shown."""
    return _filled_lazily(text, values)


def _filled(text: Message, values: Mapping[str, object]) -> str:
    return str(text) % values


_filled_lazily = lazy(_filled, str)


def pointer_join(pointer: str, *tokens: str | int) -> str:
    """`pointer` extended by tokens, each escaped as RFC 6901 asks."""
    return pointer + "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def logic_parse(text: str | bytes) -> Any:
    """JSON text → logic, numbers with a fraction as `Decimal`. Raises ConditionInvalid for text over a limit.

    The nesting is measured on the text, before the JSON parser recurses into it.
    """
    if len(text) > MAX_BYTES:
        raise ConditionInvalid([_too_large("")])
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise ConditionInvalid([_not_json(error)]) from error
    if _text_depth(decoded) > MAX_DEPTH:
        raise ConditionInvalid([_too_deep("")])
    try:
        return json.loads(
            decoded, parse_float=_decimal, parse_constant=_refuse_constant, object_pairs_hook=_unique_keys
        )
    except ValueError as error:
        raise ConditionInvalid([_not_json(error)]) from error


def logic_measure(logic: Any) -> list[Problem]:
    """Problems of shape only: depth, size, values JSON does not have. Never recurses."""
    problems: list[Problem] = []
    nodes = size = 0
    pending: list[tuple[Any, str, int]] = [(logic, "", 0)]
    while pending:
        item, pointer, depth = pending.pop()
        nodes += 1
        size += 2
        if nodes > MAX_NODES or size > MAX_BYTES:
            return [_too_large(pointer)]
        if isinstance(item, dict | list | tuple):
            if depth >= MAX_DEPTH:
                return [_too_deep(pointer)]
            children: Iterable[tuple[Any, Any]] = item.items() if isinstance(item, dict) else enumerate(item)
            if len(item) > MAX_NODES:
                return [_too_large(pointer)]
            for key, child in children:
                if isinstance(item, dict):
                    if not isinstance(key, str):
                        problems.append(_bad_value(pointer))
                        continue
                    size += len(key)
                pending.append((child, pointer_join(pointer, key), depth + 1))
            continue
        if isinstance(item, str):
            size += len(item)
        found = _scalar_problem(item, pointer)
        if found:
            problems.append(found)
    return problems


def _scalar_problem(item: Any, pointer: str) -> Problem | None:
    if item is None or isinstance(item, bool):
        return None
    if isinstance(item, str):
        if any("\ud800" <= letter <= "\udfff" for letter in item):
            return Problem(pointer, "bad_text", _("This text is not valid Unicode. Type it again."))
        return None
    if isinstance(item, int):
        return _too_precise(pointer) if abs(item) >= 10**MAX_DIGITS else None
    if isinstance(item, float | Decimal):
        if not (item.is_finite() if isinstance(item, Decimal) else math.isfinite(item)):
            return Problem(
                pointer, "not_finite", _("NaN and Infinity are no numbers to compare with. Write a number.")
            )
        digits = Decimal(repr(item)) if isinstance(item, float) else item
        _sign, mantissa, exponent = digits.as_tuple()
        if (
            not isinstance(exponent, int)
            or len(mantissa) + abs(exponent) > 2 * MAX_DIGITS
            or digits.adjusted() >= MAX_DIGITS
        ):
            return _too_precise(pointer)
        return None
    return _bad_value(pointer)


def _text_depth(text: str) -> int:
    deepest = depth = 0
    for mark in re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _decimal(text: str) -> Decimal:
    return Decimal(text)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same key twice in one object")
    return found


def _too_deep(pointer: str) -> Problem:
    text = _("The condition is nested more than %(limit)s levels deep. Split it into several rules.")
    return Problem(pointer, "too_deep", message(text, limit=MAX_DEPTH))


def _too_large(pointer: str) -> Problem:
    text = _("The condition is larger than %(nodes)s parts or %(bytes)s bytes. Split it into several rules.")
    return Problem(pointer, "too_large", message(text, nodes=MAX_NODES, bytes=MAX_BYTES))


def _too_precise(pointer: str) -> Problem:
    text = _("This number has more than %(limit)s digits. Write a shorter one.")
    return Problem(pointer, "number_too_long", message(text, limit=MAX_DIGITS))


def _bad_value(pointer: str) -> Problem:
    return Problem(
        pointer,
        "not_json",
        _("This is no JSON value. Use text, a number, true, false, a list or one operator."),
    )


def _not_json(error: Exception) -> Problem:
    return Problem(
        "", "not_json", message(_("This is not JSON: %(error)s. Correct the text."), error=str(error)[:200])
    )
