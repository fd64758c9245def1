"""Conditions decided straight from their meaning: Kleene's three values and fractions, no compiling."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from typing import Any

Truth = bool | None


def truth_not(value: Truth) -> Truth:
    return None if value is None else not value


def truth_and(values: Iterable[Truth]) -> Truth:
    found = list(values)
    if False in found:
        return False
    return None if None in found else True


def truth_or(values: Iterable[Truth]) -> Truth:
    return truth_not(truth_and([truth_not(each) for each in values]))


def read(path: str, scope: Any) -> Any:
    for token in path.split(".") if path else ():
        scope = scope.get(token) if isinstance(scope, dict) else None
    return scope


def number(value: Any) -> Fraction:
    return Fraction(str(value))


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def decided(logic: Any, scope: Any) -> Truth:
    """True, False or None for a condition; `scope` holds plain values, numbers as text or int."""
    if isinstance(logic, bool):
        return logic
    ((name, operands),) = logic.items()
    if name == "var":
        found = read(operands, scope)
        return found if isinstance(found, bool) else None
    if name == "!":
        return truth_not(decided(operands[0], scope))
    if name == "and":
        return truth_and(decided(each, scope) for each in operands)
    if name == "or":
        return truth_or(decided(each, scope) for each in operands)
    if name == "if":
        test = decided(operands[0], scope)
        return None if test is None else decided(operands[1 if test else 2], scope)
    if name in ("some", "all", "none"):
        return _over_items(name, read(operands[0]["var"], scope), operands[1])
    if name == "missing":
        return any(read(path, scope) in (None, "") for path in operands)
    if name == "in":
        needle = valued(operands[0], scope)
        return None if needle is None else any(needle == valued(each, scope) for each in operands[1])
    if name in ("contains", "starts_with", "ends_with"):
        text, part = valued(operands[0], scope), valued(operands[1], scope)
        if text is None or part is None:
            return None
        tests = {
            "contains": part in text,
            "starts_with": text.startswith(part),
            "ends_with": text.endswith(part),
        }
        return bool(tests[name])
    values = [valued(each, scope) for each in operands]
    steps: list[Truth] = [
        None if left is None or right is None else COMPARE[name](left, right)
        for left, right in pairwise(values)
    ]
    return truth_and(steps)


def _over_items(name: str, items: Any, test: Any) -> Truth:
    if items is None:
        return None
    found = [decided(test, item) for item in items]
    if name == "all":
        return truth_and(found) if found else False
    return truth_or(found) if name == "some" else truth_not(truth_or(found))


def valued(logic: Any, scope: Any) -> Any:
    """A text or a fraction; None when unknown."""
    if not isinstance(logic, dict):
        return _plain(logic)
    ((name, operands),) = logic.items()
    if name == "var":
        found = read(operands, scope)
        return None if found is None else _plain(found)
    if name == "if":
        test = decided(operands[0], scope)
        return None if test is None else valued(operands[1 if test else 2], scope)
    values = [valued(each, scope) for each in operands]
    if any(each is None for each in values):
        return None
    if name == "/":
        return values[0] / values[1] if values[1] else None
    if name == "+":
        return sum(values)
    if name == "-":
        return values[0] - values[1]
    if name == "*":
        return values[0] * values[1]
    return max(values) if name == "max" else min(values)


def _plain(value: Any) -> Any:
    if isinstance(value, str) and not value.lstrip("-").replace(".", "", 1).isdigit():
        return value
    return number(value)
