"""The kinds of parameters a sentence can say and read: people, texts, buttons, times, conditions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from kernel import grammar as g
from kernel.text import Localized, duration_words, localized
from workflows.conditions.sayable import Sayable, condition_text
from workflows.phrases import LANGUAGES, Slot, SlotScope, Tongue, template_in

LIST = Localized(", ", "、")
NOBODY = Localized("nobody", "没有人")
NO_BUTTONS = Localized("no buttons", "无按钮")
UNITS = ((86400, "days?", "天"), (3600, "hours?", "小时"), (60, "minutes?", "分钟"), (1, "seconds?", "秒"))


class People(Slot):
    """Recipients: the person a field names, a person, everybody with a role, the owner of the rule."""

    def say(self, value: Any, scope: SlotScope) -> Localized:
        return _list([self._one(each, scope) for each in value or ()]) if value else NOBODY

    @staticmethod
    def _one(spec: Mapping[str, Any], scope: SlotScope) -> Localized:
        kind = spec.get("type")
        if kind == "record_person" and spec.get("field") in scope.about.by_name:
            called = Sayable(scope.about).fields.called(f"record.{spec['field']}")
            return localized(gettext_noop("the %(field)s of the record"), field=called)
        if kind == "rule_owner":
            return localized(gettext_noop("the owner of the rule"))
        if kind == "user":
            return localized(gettext_noop("the person %(name)s"), name=g.quote(str(spec.get("username", ""))))
        if kind == "role":
            return localized(
                gettext_noop("everybody with the role %(name)s"), name=g.quote(str(spec.get("group", "")))
            )
        return Localized(
            f"[{json.dumps(spec, ensure_ascii=False, sort_keys=True)}]",
            f"[{json.dumps(spec, ensure_ascii=False, sort_keys=True)}]",
        )

    def parser(self, tongue: Tongue) -> g.Parser:
        language = LANGUAGES[tongue.language]
        people = [each for each in tongue.about.fields if each.person]
        called = Sayable(tongue.about).fields.called
        persons = [g.words(tongue.own(called(f"record.{each.name}")), each.name) for each in people]
        name = g.quoted(tongue.own(Localized("a name in “quotes”", "引号中的名称")))
        kinds = [
            ("the %(field)s of the record", "field", "record_person", g.either(*persons)),
            ("the person %(name)s", "username", "user", name),
            ("everybody with the role %(name)s", "group", "role", name),
        ]
        parsers = []
        for template, param, kind, slot in kinds:
            read = g.filled(template_in(template, language), {"field": g.fixed(slot), "name": g.fixed(slot)})
            parsers.append(
                g.mapped(
                    read,
                    lambda env, param, kind: {"type": kind, param: next(iter(env.values()))},
                    param,
                    kind,
                )
            )
        parsers.append(g.words(template_in("the owner of the rule", language), {"type": "rule_owner"}))
        parsers.append(g.matching(r"\[(\{.*?\})\]", "", lambda found: json.loads(found.group(1))))
        some = g.listed(g.either(*parsers), g.words(",", told=""), g.words("、", told=""))
        return g.either(some, g.words(tongue.own(NOBODY), [], told=""))


class Names(Slot):
    """A list of texts in quotes."""

    def say(self, value: Any, scope: SlotScope) -> Localized:
        return _list([_same(g.quote(str(each))) for each in value or ()])

    def parser(self, tongue: Tongue) -> g.Parser:
        name = g.quoted(tongue.own(Localized("a name in “quotes”", "引号中的名称")))
        return g.listed(name, g.words(",", told=""), g.words("、", told=""))


class Text(Slot):
    """A text for people, in the language of the sentence; the other language's stays."""

    def is_said(self, params: Mapping[str, Any]) -> bool:
        return True

    def say(self, value: Any, scope: SlotScope) -> Localized:
        words = Localized.from_json(value or "")
        return Localized(g.quote(words.en), g.quote(words.zh))

    def parser(self, tongue: Tongue) -> g.Parser:
        return g.quoted(tongue.own(Localized("a text in “quotes”", "引号中的文本")))

    def merge(self, said: Any, kept: Any, tongue: Tongue) -> Any:
        return text_merged(said, kept, tongue)


def text_merged(said: str, kept: Any, tongue: Tongue) -> Any:
    if kept is not None and said == tongue.own(Localized.from_json(kept)):
        return kept
    language = LANGUAGES[tongue.language]
    return {**(Localized.from_json(kept).as_json() if kept else {}), language: said}


class Buttons(Slot):
    """The labels of buttons. A label that is known is its button; where as many stand there, another one is renamed."""

    def is_said(self, params: Mapping[str, Any]) -> bool:
        return True

    def say(self, value: Any, scope: SlotScope) -> Localized:
        labels = [Localized.from_json(each.get("label") or each["key"]) for each in value or ()]
        if not labels:
            return NO_BUTTONS
        return Localized(
            " / ".join(g.quote(each.en) for each in labels), " / ".join(g.quote(each.zh) for each in labels)
        )

    def parser(self, tongue: Tongue) -> g.Parser:
        label = g.quoted(tongue.own(Localized("a button in “quotes”", "引号中的按钮")))
        return g.either(g.listed(label, g.words("/")), g.words(tongue.own(NO_BUTTONS), [], told=""))

    def merge(self, said: Any, kept: Any, tongue: Tongue) -> Any:
        left = list(kept or ())
        found: list[Any] = [None] * len(said)
        for at, label in enumerate(said):
            found[at] = next((each for each in left if label == button_label(each, tongue)), None)
            if found[at] is not None:
                left.remove(found[at])
        taken = {str(each.get("key")) for each in kept or ()}
        for at, label in enumerate(said):
            if found[at] is not None:
                continue
            if len(said) == len(kept or ()) and kept[at] in left:
                found[at] = {**kept[at], "label": text_merged(label, kept[at].get("label"), tongue)}
                continue
            key = next(
                name for name in (f"button_{number}" for number in range(1, 1000)) if name not in taken
            )
            taken.add(key)
            found[at] = {"key": key, "label": {LANGUAGES[tongue.language]: label}, "then": []}
        return found


def button_label(button: Mapping[str, Any], tongue: Tongue) -> str:
    return tongue.own(Localized.from_json(button.get("label") or button.get("key", "")))


class Duration(Slot):
    """Seconds, in the largest unit that says them exactly."""

    def say(self, value: Any, scope: SlotScope) -> Localized:
        return duration_words(value or 0)

    def parser(self, tongue: Tongue) -> g.Parser:
        return duration_parser(tongue)

    def merge(self, said: Any, kept: Any, tongue: Tongue) -> Any:
        return kept if kept == said else said


def duration_parser(tongue: Tongue, *, alone: bool = False) -> g.Parser:
    """`alone`: an English unit without a number is one of it ("every hour")."""
    told = tongue.own(Localized("a time such as “2 hours”", "时长，例如“2 小时”"))
    number = r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    if tongue.language:
        return g.either(
            *(
                g.matching(rf"{number}\s*{zh}", told, lambda found, each: _times(found.group(1), each), size)
                for size, _en, zh in UNITS
            )
        )
    optional = rf"(?:{number}\s+)?" if alone else rf"{number}\s+"
    return g.either(
        *(
            g.matching(
                rf"{optional}{en}(?![a-z])",
                told,
                lambda found, each: _times(found.group(1) or "1", each),
                size,
            )
            for size, en, _zh in UNITS
        )
    )


class Number(Slot):
    def is_said(self, params: Mapping[str, Any]) -> bool:
        return params.get(self.param) is not None

    def say(self, value: Any, scope: SlotScope) -> Localized:
        return _same(str(value))

    def parser(self, tongue: Tongue) -> g.Parser:
        told = tongue.own(Localized("a whole number", "整数"))
        return g.matching(r"\d+", told, lambda found: int(found.group(0)))


class TimeOfDay(Slot):
    def say(self, value: Any, scope: SlotScope) -> Localized:
        return _same(str(value or ""))

    def parser(self, tongue: Tongue) -> g.Parser:
        told = tongue.own(Localized("a time such as 09:00", "时刻，例如 09:00"))
        return g.matching(r"(?:[01]\d|2[0-3]):[0-5]\d", told, lambda found: found.group(0))


class Object(Slot):
    """A kind of record, by its label."""

    def is_said(self, params: Mapping[str, Any]) -> bool:
        return True

    def say(self, value: Any, scope: SlotScope) -> Localized:
        about = scope.objects.get(str(value))
        return Localized(about.label.en.lower(), about.label.zh) if about else _same(f"[{value}]")

    def parser(self, tongue: Tongue) -> g.Parser:
        known = [
            g.words(tongue.own(Localized(each.label.en.lower(), each.label.zh)), name)
            for name, each in tongue.objects.items()
        ]
        return g.either(*known, g.matching(r"\[([^\]]*)\]", "", lambda found: found.group(1)))


class Condition(Slot):
    def is_said(self, params: Mapping[str, Any]) -> bool:
        return params.get(self.param) is not None

    def say(self, value: Any, scope: SlotScope) -> Localized:
        return condition_text(value, scope.about)

    def parser(self, tongue: Tongue) -> g.Parser:
        always = g.words(tongue.own(Localized("always", "始终")), True, told="")
        return g.either(tongue.conditions.condition, always)

    def merge(self, said: Any, kept: Any, tongue: Tongue) -> Any:
        return tongue.condition(said)


class Value(Slot):
    """A value read from the record."""

    def is_said(self, params: Mapping[str, Any]) -> bool:
        return params.get(self.param) is not None

    def say(self, value: Any, scope: SlotScope) -> Localized:
        return Sayable(scope.about).value_text(value)

    def parser(self, tongue: Tongue) -> g.Parser:
        return tongue.conditions.value


class Choices(Slot):
    """Some of a few words, joined by “or”. Left out, `default` is meant."""

    def __init__(self, param: str, choices: Mapping[str, Localized], default: Sequence[str]) -> None:
        super().__init__(param)
        self.choices, self.default = choices, default

    def is_said(self, params: Mapping[str, Any]) -> bool:
        return True

    def say(self, value: Any, scope: SlotScope) -> Localized:
        said = [self.choices[each] for each in value or self.default]
        return Localized(" or ".join(each.en for each in said), "或".join(each.zh for each in said))

    def parser(self, tongue: Tongue) -> g.Parser:
        known = [g.words(tongue.own(label), name) for name, label in self.choices.items()]
        return g.listed(g.either(*known), g.words(("or", "或")[tongue.language]))

    def merge(self, said: Any, kept: Any, tongue: Tongue) -> Any:
        return kept if kept is None and said == list(self.default) else said


class ConnectionName(Slot):
    """The name of the rule's own connection: said, and never changed."""

    def is_said(self, params: Mapping[str, Any]) -> bool:
        return False

    def say(self, value: Any, scope: SlotScope) -> Localized:
        return _same(str(value))

    def parser(self, tongue: Tongue) -> g.Parser:
        return g.words(tongue.connection)

    def merge(self, said: Any, kept: Any, tongue: Tongue) -> Any:
        return kept


def _times(number: str, seconds: int) -> int | float:
    product = float(number) * seconds
    return int(product) if product == int(product) else product


def _list(words: Sequence[Localized]) -> Localized:
    return Localized(LIST.en.join(each.en for each in words), LIST.zh.join(each.zh for each in words))


def _same(text: str) -> Localized:
    return Localized(text, text)
