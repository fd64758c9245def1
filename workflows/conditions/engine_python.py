"""The operators the compiler emits, in Python: fallback, oracle, and the engine for very large numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from workflows.conditions.engine_port import EngineFailure

Run = Callable[[Any], Any]


class PythonRule:
    __slots__ = ("_run",)

    def __init__(self, run: Run) -> None:
        self._run = run

    def evaluate(self, loaded: Any) -> Any:
        try:
            return self._run(loaded)
        except (TypeError, ArithmeticError) as error:
            raise EngineFailure(str(error)) from error

    def evaluate_int(self, loaded: Any) -> int:
        found = self.evaluate(loaded)
        if isinstance(found, bool) or not isinstance(found, int):
            raise EngineFailure(f"not an integer: {type(found).__name__}")
        return found


class PythonEngine:
    name = "python"

    def compile(self, logic: Any) -> PythonRule:
        return PythonRule(_compile(logic))

    def evaluate_ints(self, rules: Sequence[Any], loaded: Any) -> list[int]:
        return [each.evaluate_int(loaded) for each in rules]

    def load(self, data: Any) -> Any:
        return data


def _compile(logic: Any) -> Run:
    if not isinstance(logic, dict):
        return lambda _scope: logic
    ((name, operands),) = logic.items()
    if name == "val":
        return _reader(operands)
    build = _LAZY.get(name)
    parts = [_compile(each) for each in operands]
    if build is not None:
        return build(parts)
    apply = _EAGER.get(name)
    if apply is None:
        raise EngineFailure(f"unknown operator: {name}")
    if len(parts) == 2:
        left, right = parts
        return lambda scope: apply(left(scope), right(scope))
    return lambda scope: apply(*(part(scope) for part in parts))


def _reader(tokens: list[str]) -> Run:
    def run(scope: Any) -> Any:
        for token in tokens:
            scope = scope.get(token) if isinstance(scope, Mapping) else None
        return scope

    return run


def _and(parts: list[Run]) -> Run:
    return lambda scope: all(part(scope) for part in parts)


def _or(parts: list[Run]) -> Run:
    return lambda scope: any(part(scope) for part in parts)


def _if(parts: list[Run]) -> Run:
    test, chosen, other = parts
    return lambda scope: chosen(scope) if test(scope) else other(scope)


def _some(parts: list[Run]) -> Run:
    source, test = parts
    return lambda scope: any(test(item) for item in source(scope) or ())


def _all(parts: list[Run]) -> Run:
    source, test = parts

    def run(scope: Any) -> bool:
        items = source(scope)
        return bool(items) and all(test(item) for item in items)

    return run


def _same(left: Any, right: Any) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _member(needle: Any, hay: Any) -> bool:
    return needle in hay if isinstance(hay, str) else any(_same(needle, each) for each in hay)


def _remainder(left: int, right: int) -> int:
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


_LAZY: Mapping[str, Callable[[list[Run]], Run]] = {
    "and": _and,
    "or": _or,
    "if": _if,
    "some": _some,
    "all": _all,
}
_EAGER: Mapping[str, Callable[..., Any]] = {
    "!": operator.not_,
    "===": _same,
    "!==": lambda left, right: not _same(left, right),
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": _member,
    "+": lambda *terms: sum(terms),
    "-": operator.sub,
    "*": lambda *factors: reduce(operator.mul, factors),
    "%": _remainder,
    "min": min,
    "max": max,
    "cat": lambda *parts: "".join(map(str, parts)),
    "substr": lambda text, start: text[start:],
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}
