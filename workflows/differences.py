"""What is different between two definitions of a rule, one sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryObject
from connectors.selectors import dictionary_object
from kernel.errors import ConfigError
from kernel.text import LANGUAGES, Localized, localized
from workflows.conditions.words import condition_words
from workflows.models import Rule
from workflows.nesting import LISTS
from workflows.sentence import action_words, firing_words, trigger_words

UNTOLD = Localized("something else", "其他内容")


@dataclass(frozen=True)
class Difference:
    """`change`: added, removed or changed. `pointer` leads to the place in the newer definition, else in the older."""

    pointer: str
    change: str
    message: Localized


def definition_differences(
    rule: Rule, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Difference]:
    """Empty when both say the same."""
    return _Comparison(rule, before, after).found()


def _said(text: str, **values: Any) -> Localized:
    return localized(text, **values)


class _Comparison:
    def __init__(self, rule: Rule, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        self.rule, self.before, self.after = rule, before, after
        self.differences: list[Difference] = []

    def found(self) -> list[Difference]:
        self._trigger()
        self._condition()
        self._firing()
        self._steps("/steps", _list(self.before, "steps"), _list(self.after, "steps"))
        return self.differences

    def _add(self, pointer: str, change: str, message: Localized) -> None:
        self.differences.append(Difference(pointer, change, message))

    def _about(self, raw: Mapping[str, Any]) -> DictionaryObject | None:
        try:
            return dictionary_object(self.rule.connection_id, str(raw.get("trigger", {}).get("object", "")))
        except (ConfigError, AttributeError):
            return None

    def _trigger(self) -> None:
        if self.before.get("trigger") != self.after.get("trigger"):
            self._changed(
                "/trigger", trigger_words(self.rule, self.before), trigger_words(self.rule, self.after)
            )

    def _changed(self, pointer: str, old: Localized, new: Localized) -> None:
        self._add(pointer, "changed", _said(gettext_noop("“%(old)s” is now “%(new)s”."), old=old, new=new))

    def _condition(self) -> None:
        old, new = self.before.get("condition", True), self.after.get("condition", True)
        if old == new:
            return
        operator = _operator(old)
        if operator in ("and", "or") and operator == _operator(new):
            self._parts(old[operator], new[operator], f"/condition/{operator}")
        else:
            self._changed("/condition", self._words(old, self.before), self._words(new, self.after))

    def _parts(self, old: Sequence[Any], new: Sequence[Any], pointer: str) -> None:
        for index, part in enumerate(old):
            if part not in new:
                words = self._words(part, self.before)
                text = _said(gettext_noop("The condition “%(words)s” is gone."), words=words)
                self._add(f"{pointer}/{index}", "removed", text)
        for index, part in enumerate(new):
            if part not in old:
                words = self._words(part, self.after)
                text = _said(gettext_noop("The condition “%(words)s” is new."), words=words)
                self._add(f"{pointer}/{index}", "added", text)
        if sorted(map(str, old)) == sorted(map(str, new)):
            self._add(pointer, "changed", _said(gettext_noop("The conditions stand in another order.")))

    def _words(self, logic: Any, raw: Mapping[str, Any]) -> Localized:
        about = self._about(raw)
        return condition_words(logic, about) if about is not None else UNTOLD

    def _firing(self) -> None:
        if self.before.get("firing", {}) != self.after.get("firing", {}):
            self._changed(
                "/firing", firing_words(self.rule, self.before), firing_words(self.rule, self.after)
            )

    def _steps(self, pointer: str, old: Sequence[Any], new: Sequence[Any]) -> None:
        for index in range(max(len(old), len(new))):
            where = f"{pointer}/{index}"
            if index >= len(new):
                text = gettext_noop("The action “%(words)s” is gone.")
                self._add(where, "removed", _said(text, words=self._action(old[index], self.before)))
            elif index >= len(old):
                text = gettext_noop("The action “%(words)s” is new.")
                self._add(where, "added", _said(text, words=self._action(new[index], self.after)))
            elif old[index] != new[index]:
                self._step(where, old[index], new[index])

    def _action(self, step: Any, raw: Mapping[str, Any]) -> Localized:
        return action_words(self.rule, raw, step)

    def _step(self, where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        if old.get("action") != new.get("action"):
            self._changed(where, self._action(old, self.before), self._action(new, self.after))
            return
        olds, news = old.get("params", {}), new.get("params", {})
        for name in dict.fromkeys([*olds, *news]):
            if olds.get(name) == news.get(name):
                continue
            place = f"{where}/params/{name}"
            if name == "buttons":
                self._buttons(place, olds.get(name) or [], news.get(name) or [])
            elif name in LISTS:
                self._steps(place, _list(olds, name), _list(news, name))
            elif name in ("recipients", "fallback"):
                self._changed(place, self._action(old, self.before), self._action(new, self.after))
            elif name in ("title", "body", "done"):
                self._texts(place, olds.get(name, ""), news.get(name, ""))
            else:
                self._add(place, "changed", _said(gettext_noop("The setting “%(name)s” of “%(words)s” is another."),
                          name=name, words=self._action(new, self.after)))  # fmt: skip

    def _texts(self, place: str, old: Any, new: Any) -> None:
        was, now = Localized.from_json(old), Localized.from_json(new)
        for language in LANGUAGES:
            before, after = was.in_language(language), now.in_language(language)
            if before != after:
                self._changed(place, Localized(before, before), Localized(after, after))

    def _buttons(self, place: str, old: Sequence[Any], new: Sequence[Any]) -> None:
        before = {str(each.get("key")): each for each in old}
        after = {str(each.get("key")): each for each in new}
        places = {str(each.get("key")): f"{place}/{index}" for index, each in enumerate(new)}
        for key, button in before.items():
            if key not in after:
                text = gettext_noop("The button “%(label)s” is gone.")
                self._add(place, "removed", _said(text, label=_label(button)))
        for key, button in after.items():
            if key not in before:
                text = gettext_noop("The button “%(label)s” is new.")
                self._add(places[key], "added", _said(text, label=_label(button)))
            elif button != before[key]:
                self._button(places[key], before[key], button)

    def _button(self, place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        if _label(old) != _label(new):
            self._changed(f"{place}/label", _label(old), _label(new))
        self._steps(f"{place}/then", _list(old, "then"), _list(new, "then"))
        rest = {name for name in {*old, *new} - {"label", "then"} if old.get(name) != new.get(name)}
        for name in sorted(rest):
            text = gettext_noop("The setting “%(name)s” of “%(words)s” is another.")
            self._add(f"{place}/{name}", "changed", _said(text, name=name, words=_label(new)))


def _label(button: Mapping[str, Any]) -> Localized:
    return Localized.from_json(button.get("label") or button.get("key") or "")


def _list(raw: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = raw.get(name)
    return found if isinstance(found, list) else []


def _operator(logic: Any) -> str:
    if isinstance(logic, Mapping) and len(logic) == 1:
        name, value = next(iter(logic.items()))
        return str(name) if isinstance(value, list) else ""
    return ""
