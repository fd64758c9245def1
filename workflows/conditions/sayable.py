"""A condition as text that can be read back: what the editor draws in words, everything else between brackets.

`[a or b, if …]` is a part that is kept: it is told in words, and stands exactly as it is when the text is read again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.dictionary.types import DictionaryField, DictionaryObject
from kernel.text import Localized
from workflows.conditions.words import ALWAYS, BETWEEN, COMPARISONS, OF_THE_RUN, Words

Pair = tuple[str, str]
NOT: Pair = ("not ({0})", "并非（{0}）")
GROUPS: Mapping[str, Pair] = {
    "and": ("all of ({0})", "全部满足（{0}）"),
    "or": ("any of ({0})", "任一满足（{0}）"),
}
BETWEEN_PARTS: Mapping[str, Pair] = {"and": (" and ", "，且"), "or": (" or ", "，或")}
IS_TRUE: Pair = ("{0} is true", "{0}为真")
CHANGED: Pair = ("{0} changed", "{0}发生变化")
MISSING: Pair = ("{0} is missing", "缺少{0}")
EMPTY: Pair = ("{0} is empty", "{0}为空")
KNOWN: Pair = ("{0} is known", "{0}有值")
LIST_TESTS = ("some", "all", "none")
SAID_OTHERWISE = ("===", "!==", *LIST_TESTS, "in")
DRAWN = tuple(name for name in COMPARISONS if name not in SAID_OTHERWISE)
"""Comparisons of a field with one operand."""


def condition_text(logic: Any, about: DictionaryObject) -> Localized:
    return Sayable(about).text(logic)


class Sayable:
    def __init__(self, about: DictionaryObject, items: Sequence[DictionaryField] = ()) -> None:
        self.about, self.items = about, items
        self.words = Words(about, items)
        self.fields = self.words.fields

    def text(self, logic: Any) -> Localized:
        return ALWAYS if logic is True else self._node(logic)

    def value_text(self, logic: Any) -> Localized:
        """A value that is no condition: a plain field in words, anything else between brackets."""
        path = var_path(logic)
        if path is not None and self.can_name(path):
            return self.fields.called(path)
        return _between("[{0}]", self.words.say(logic))

    def nodes(self, logic: Any) -> Iterator[Any]:
        """Every part that has a text of its own."""
        yield logic
        for part in _parts(logic):
            yield from self.nodes(part)

    def can_name(self, path: str) -> bool:
        root, _dot, name = path.partition(".")
        if path in ("now", "today") or path in self.fields.items:
            return True
        if self.items:  # a test of an item sees nothing but the item
            return False
        if root in OF_THE_RUN:
            return name.isidentifier() and name.isascii()
        return root in ("record", "before", "shown") and name in self.about.by_name

    def _node(self, logic: Any) -> Localized:
        if isinstance(logic, Mapping) and len(logic) == 1:
            operator, given = next(iter(logic.items()))
            if operator in GROUPS and isinstance(given, list):
                return self._group(operator, given)
            inner = _parts(logic)
            if operator == "!" and len(inner) == 1:
                return _fill(NOT, self._node(inner[0]))
            if (found := self._leaf(operator, given)) is not None:
                return found
        return _between("[{0}]", self.words.say(logic))

    def _group(self, operator: str, parts: list[Any]) -> Localized:
        if len(parts) < 2:
            return _fill(GROUPS[operator], self._node(parts[0]) if parts else Localized("", ""))
        said = [_bracketed(self._node(each)) if _is_group(each) else self._node(each) for each in parts]
        en, zh = BETWEEN_PARTS[operator]
        return Localized(en.join(each.en for each in said), zh.join(each.zh for each in said))

    def _leaf(self, operator: str, given: Any) -> Localized | None:
        if operator == "var" and isinstance(given, str):
            return _fill(IS_TRUE, self.fields.called(given)) if self.can_name(given) else None
        if operator in ("changed", "missing"):
            return self._field_test(operator, given)
        if not isinstance(given, list):
            return None
        if len(given) == 3 and (operator, operator) in BETWEEN and operator in ("<", "<="):
            low, field, high = given
            path = var_path(field)
            fits = path is not None and self.can_name(path) and self._is_operand(low, path)
            return self.words.say({operator: given}) if fits and self._is_operand(high, str(path)) else None
        path = var_path(given[0]) if len(given) == 2 else None
        if path is None or not self.can_name(path):
            return None
        if operator in LIST_TESTS:
            return self._list_test(operator, path, given[1])
        if operator == "in":
            fits = isinstance(given[1], list) and bool(given[1])
            fits = fits and all(each is not None and self._is_literal(each, path) for each in given[1])
            return self.words.say({operator: given}) if fits else None
        return (
            self.words.say({operator: given})
            if operator in DRAWN and self._is_operand(given[1], path)
            else None
        )

    def _field_test(self, operator: str, given: Any) -> Localized | None:
        name = given[0] if isinstance(given, list) and len(given) == 1 else given
        if not isinstance(name, str):
            return None
        if operator == "missing":
            return _fill(MISSING, self.fields.called(name)) if self.can_name(name) else None
        path = name if name.startswith("record.") else f"record.{name}"
        return _fill(CHANGED, self.fields.called(path)) if self.can_name(path) else None

    def _list_test(self, operator: str, path: str, tests: Any) -> Localized | None:
        field = self.fields.field(path)
        if field is None or self.items:
            return None
        inner = Sayable(self.about, field.items)
        return _fill(COMPARISONS[operator], self.fields.called(path), _bracketed(inner.text(tests)))

    def _is_operand(self, logic: Any, path: str) -> bool:
        if not isinstance(logic, Mapping):
            return self._is_literal(logic, path)
        other = var_path(logic)
        if other is not None:
            return self.can_name(other)
        if len(logic) != 1:
            return False
        operator, given = next(iter(logic.items()))
        if not isinstance(given, list) or len(given) != 2:
            return False
        left, right = var_path(given[0]), given[1]
        if operator in ("+", "-") and left == "today":
            return isinstance(right, int) and not isinstance(right, bool) and right > 0
        return operator == "*" and left is not None and self.can_name(left) and _is_number(right)

    def _is_literal(self, value: Any, path: str) -> bool:
        field = self.fields.field(path)
        if isinstance(value, bool):
            return field is not None
        if isinstance(value, str):
            # A text that is no code, but reads like the name of one, would be read back as that code.
            names = (
                {text.casefold() for _code, label in field.codes for text in (label.en, label.zh)}
                if field
                else set()
            )
            codes = [code for code, _label in field.codes] if field else []
            return value in codes or value.casefold() not in names
        return value is None or _is_number(value)


def var_path(logic: Any) -> str | None:
    """The path of `{"var": path}`."""
    path = logic.get("var") if isinstance(logic, Mapping) and len(logic) == 1 else None
    return path if isinstance(path, str) else None


def _parts(logic: Any) -> list[Any]:
    if not isinstance(logic, Mapping) or len(logic) != 1:
        return []
    operator, given = next(iter(logic.items()))
    if operator in GROUPS:
        return list(given) if isinstance(given, list) else []
    if operator == "!":
        return given if isinstance(given, list) else [given]
    return []


def _is_group(logic: Any) -> bool:
    return (
        isinstance(logic, Mapping)
        and len(logic) == 1
        and bool(set(logic) & set(GROUPS))
        and len(_parts(logic)) > 1
    )


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _fill(template: Pair, *parts: Localized) -> Localized:
    return Localized(
        template[0].format(*(each.en for each in parts)), template[1].format(*(each.zh for each in parts))
    )


def _between(template: str, words: Localized) -> Localized:
    return Localized(template.format(words.en), template.format(words.zh))


def _bracketed(words: Localized) -> Localized:
    return Localized(f"({words.en})", f"（{words.zh}）")
