"""Which rules an event may concern at all, without asking each: an index over what their conditions demand.

A condition that can only be true where `warehouse == 'EAST'` need not be evaluated for an event from the west, and one
that demands `qty < 5` not for an event with nine. Every rule stands under one of its equalities, the one that parts the
most rules, else under one of its bounds; rules that demand neither are always asked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from workflows.conditions import PreparedData
from workflows.engine.compiled import CompiledRule

FEW = 20
"""So many rules that demand bounds of one field are asked all the same: an event then keeps what each of them said."""


class _Bounds:
    """The rules that demand bounds of one field, by their place; sorted by threshold under each operator."""

    def __init__(self, demanded: Sequence[tuple[str, Any, int]]) -> None:
        self.places = [at for _operator, _value, at in demanded]
        self._sorted: dict[str, tuple[list[Any], list[int]]] = {}
        for operator in ("<", "<=", ">", ">="):
            found = sorted((value, at) for each, value, at in demanded if each == operator)
            if found:
                self._sorted[operator] = [value for value, _at in found], [at for _value, at in found]

    def met_by(self, value: Any) -> Iterator[int]:
        for operator, (values, places) in self._sorted.items():
            if operator == ">":
                yield from places[: bisect_left(values, value)]
            elif operator == ">=":
                yield from places[: bisect_right(values, value)]
            elif operator == "<":
                yield from places[bisect_right(values, value) :]
            else:
                yield from places[bisect_left(values, value) :]


class RuleIndex:
    """The live rules of one object of one connection, in the order they are asked."""

    def __init__(self, rules: Sequence[CompiledRule], few: int = FEW) -> None:
        self.rules = list(rules)
        self._always: list[int] = []
        self._by_path: dict[str, dict[Any, list[int]]] = {}
        self._place = {rule.rule_id: at for at, rule in enumerate(self.rules)}
        values: dict[str, set[Any]] = {}
        for rule in self.rules:
            for path, value in rule.condition.equalities:
                values.setdefault(path, set()).add(value)
        bounded: dict[str, list[tuple[str, Any, int]]] = {}
        for at, rule in enumerate(self.rules):
            usable = [(len(values[path]), path, value) for path, value in rule.condition.equalities]
            if usable:
                _count, path, value = max(usable, key=lambda each: each[:2])
                self._by_path.setdefault(path, {}).setdefault(value, []).append(at)
            elif rule.condition.bounds:
                path, operator, value = rule.condition.bounds[0]
                bounded.setdefault(path, []).append((operator, value, at))
            else:
                self._always.append(at)
        self._bounds: dict[str, _Bounds] = {}
        for path, demanded in bounded.items():
            if len(demanded) > few:
                self._bounds[path] = _Bounds(demanded)
            else:
                self._always += [at for _operator, _value, at in demanded]
        self._always.sort()

    def takes(self, change: str) -> bool:
        """Whether any rule starts on this kind of change."""
        return any(rule.takes(change) for rule in self.rules)

    def only(self, rule_id: int) -> list[CompiledRule]:
        """The one rule an event was made for; none when it is not live any more."""
        at = self._place.get(rule_id)
        return [] if at is None else [self.rules[at]]

    def asked(self, data: PreparedData, remembered: Collection[int]) -> list[CompiledRule]:
        """Every rule whose condition may be true, and the `remembered` ones: their re-arming depends on the verdict."""
        places = list(self._always)
        for path, by_value in self._by_path.items():
            value = data.value(path)
            if value is not None:
                places += by_value.get(value, ())
        for path, bounds in self._bounds.items():
            value = data.value(path)
            # Where it is missing none can be true; each is asked all the same, so that the event tells what is missing.
            places += bounds.places if value is None else bounds.met_by(value)
        if remembered:
            places += [self._place[each] for each in remembered if each in self._place]
            return [self.rules[at] for at in sorted(set(places))]
        if self._by_path or self._bounds:
            places.sort()
        return [self.rules[at] for at in places]
