"""Which rules an event may concern at all, without asking each: an index over the equalities they demand.

A condition that can only be true where `warehouse == 'EAST'` need not be evaluated for an event from the west. Every
rule stands under one of its equalities, the one that parts the most rules; rules that demand none are always asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from workflows.conditions import PreparedData
from workflows.engine.compiled import CompiledRule


class RuleIndex:
    """The live rules of one object of one connection, in the order they are asked."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self.rules = list(rules)
        self._always: list[int] = []
        self._by_path: dict[str, dict[Any, list[int]]] = {}
        self._place = {rule.rule_id: at for at, rule in enumerate(self.rules)}
        values: dict[str, set[Any]] = {}
        for rule in self.rules:
            for path, value in rule.condition.equalities:
                values.setdefault(path, set()).add(value)
        for at, rule in enumerate(self.rules):
            usable = [(len(values[path]), path, value) for path, value in rule.condition.equalities]
            if not usable:
                self._always.append(at)
                continue
            _count, path, value = max(usable, key=lambda each: each[:2])
            self._by_path.setdefault(path, {}).setdefault(value, []).append(at)

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
        if remembered:
            places += [self._place[each] for each in remembered if each in self._place]
            return [self.rules[at] for at in sorted(set(places))]
        if self._by_path:
            places.sort()
        return [self.rules[at] for at in places]
