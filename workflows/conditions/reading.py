"""Text → condition, by the same tables that say one (words.py, sayable.py). Every reading is found; nothing is guessed.

Some words that people use instead are understood too (“is below”, “低于”); what is said again always has the table's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.dictionary.types import DictionaryField, DictionaryObject, FieldType
from kernel import grammar as g
from kernel.text import Localized
from workflows.conditions.sayable import (
    BETWEEN_PARTS,
    CHANGED,
    DRAWN,
    EMPTY,
    GROUPS,
    IS_TRUE,
    KNOWN,
    LIST_TESTS,
    MISSING,
    NOT,
    Sayable,
    condition_text,
)
from workflows.conditions.words import BETWEEN, COMPARISONS, OF_THE_RUN, PLACES, ROOTS

ALSO: Mapping[str, tuple[tuple[str, str], ...]] = {
    "<": (
        ("{0} is below {1}", "{0}低于{1}"),
        ("{0} is before {1}", "{0}早于{1}"),
        ("{0} < {1}", "{0}少于{1}"),
    ),
    "<=": (
        ("{0} is on or before {1}", "{0}不晚于{1}"),
        ("{0} <= {1}", "{0}至多{1}"),
        ("{0} ≤ {1}", "{0}≤{1}"),
    ),
    ">": (
        ("{0} is above {1}", "{0}高于{1}"),
        ("{0} is after {1}", "{0}晚于{1}"),
        ("{0} > {1}", "{0}超过{1}"),
    ),
    ">=": (
        ("{0} is on or after {1}", "{0}不早于{1}"),
        ("{0} >= {1}", "{0}至少{1}"),
        ("{0} ≥ {1}", "{0}≥{1}"),
    ),
    "==": (("{0} equals {1}", "{0}是{1}"), ("{0} = {1}", "{0}为{1}")),
    "!=": (("{0} differs from {1}", "{0}不是{1}"), ("{0} ≠ {1}", "{0}≠{1}")),
}
"""Other words for a comparison, understood and never said."""
OR_SO = {"and": (", and ", "且"), "or": (", or ", "或")}
DAYS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "-": (
        ("today − {0}", "今天 − {0}"),
        ("{0} days before today", "今天前 {0} 天"),
        ("{0} day before today", "{0} 天前"),
    ),
    "+": (
        ("today + {0}", "今天 + {0}"),
        ("{0} days after today", "今天后 {0} 天"),
        ("{0} day after today", "{0} 天后"),
    ),
}
SHARE = "{0} × {1}"
YES_NO = {True: ("yes", "是"), False: ("no", "否")}
NOTHING = ("nothing", "空")


class ConditionReader:
    """`kept`: the texts of a condition that stood there before, each with its logic; see `kept_texts`."""

    def __init__(
        self,
        about: DictionaryObject,
        language: int,
        kept: Mapping[str, Any],
        items: Sequence[DictionaryField] = (),
    ) -> None:
        self.about, self.language, self.kept, self.items = about, language, kept, items
        self.sayable = Sayable(about, items)
        self.path = g.remembered(g.either(*self._paths()))
        self.number = g.matching(
            r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?",
            self._own(("a number", "数字")),
            lambda found: _number(found.group(0)),
        )
        self.whole_number = g.matching(
            r"[1-9]\d*", self._own(("a number", "数字")), lambda found: int(found.group(0))
        )
        self.leaf = g.remembered(g.either(*self._leaves()))
        self.condition = g.remembered(self._chain)
        self.value = g.either(g.mapped(self.path, _var), self._kept())

    def _own(self, pair: tuple[str, str]) -> str:
        return pair[self.language]

    def _in_words(self, words: Localized) -> str:
        return words.zh if self.language else words.en

    # -- fields and operands

    def _paths(self) -> list[g.Parser]:
        called = self.sayable.fields.called
        found = [g.words(self._in_words(PLACES[each]), each) for each in ("now", "today")]
        if self.items:
            return [*found, *(g.words(self._in_words(called(each.name)), each.name) for each in self.items)]
        paths = [
            f"{root}.{each.name}" for root in ("record", "before", "shown") for each in self.about.fields
        ]
        found += [g.words(self._in_words(called(each)), each) for each in paths]
        name = g.matching(r"[A-Za-z_]\w*", self._own(("a name", "名称")), lambda each: each.group(0))
        for root in OF_THE_RUN:
            parser = g.filled(self._own(ROOTS[root]), {"0": lambda _env: name})
            found.append(g.mapped(parser, lambda env, of: f"{of}.{env['0']}", root))
        return found

    def _literal(self, path: str) -> g.Parser:
        field = self.sayable.fields.field(path)
        codes = [(code, self._in_words(label)) for code, label in field.codes] if field else []

        def coded(text: str) -> list[str]:
            return [code for code, label in codes if label.casefold() == text.casefold()] or [text]

        quoted = g.quoted(self._own(("a text in “quotes”", "引号中的文本")))

        def text(source: g.Source, at: int) -> list[g.Reading]:
            return [(each, end) for found, end in quoted(source, at) for each in coded(found)]

        parsers = [text, self.number, g.words(self._own(NOTHING), None)]
        parsers += [g.words(label, code) for code, label in codes]
        if field is not None:
            parsers += [g.words(self._own(pair), value) for value, pair in YES_NO.items()]
        return g.either(*parsers)

    def _operand(self, path: str) -> g.Parser:
        parsers = [self._literal(path), g.mapped(self.path, _var)]
        for operator, templates in DAYS.items():
            for template in templates:
                day = g.filled(self._own(template), {"0": lambda _env: self.whole_number})
                parsers.append(g.mapped(day, lambda env, name: {name: [_var("today"), env["0"]]}, operator))
        share = g.filled(SHARE, {"0": lambda _env: self.path, "1": lambda _env: self.number})
        parsers.append(g.mapped(share, lambda env: {"*": [_var(env["0"]), env["1"]]}))
        return g.either(*parsers)

    # -- one test

    def _leaves(self) -> list[g.Parser]:
        one = {"0": lambda _env: self.path, "1": lambda env: self._operand(env["0"])}
        found = [self._kept()]
        for operator in DRAWN:
            for template in (COMPARISONS[operator], *ALSO.get(operator, ())):
                found.append(
                    self._test(template, one, lambda env, name: {name: [_var(env["0"]), env["1"]]}, operator)
                )
        for template, operator in ((EMPTY, "=="), (KNOWN, "!=")):
            found.append(
                self._test(template, one, lambda env, name: {name: [_var(env["0"]), None]}, operator)
            )
        many = {
            "0": lambda _env: self.path,
            "1": lambda env: g.listed(self._literal(env["0"]), g.words(",", told=""), g.words("、", told="")),
        }
        found.append(self._test(COMPARISONS["in"], many, lambda env: {"in": [_var(env["0"]), env["1"]]}))
        found += [self._between(operator) for operator in ("<=", "<")]
        found.append(self._test(IS_TRUE, one, lambda env: _var(env["0"])))
        found.append(self._test(MISSING, one, lambda env: {"missing": env["0"]}))
        changed = {"0": lambda _env: self._of_the_record()}
        found.append(self._test(CHANGED, changed, lambda env: {"changed": env["0"].removeprefix("record.")}))
        if not self.items:
            found += [self._list_test(operator) for operator in LIST_TESTS]
        inner = {"0": lambda _env: self.condition}
        found.append(self._test(NOT, inner, lambda env: {"!": env["0"]}))
        for operator, template in GROUPS.items():
            found.append(self._test(template, inner, lambda env, name: {name: [env["0"]]}, operator))
            found.append(g.words(self._own(template).format(""), {operator: []}, told=""))
        return found

    def _test(
        self,
        template: tuple[str, str],
        slots: Mapping[str, Callable[[Any], g.Parser]],
        build: Callable[..., Any],
        *given: Any,
    ) -> g.Parser:
        return g.mapped(g.filled(self._own(template), slots), build, *given)

    def _between(self, operator: str) -> g.Parser:
        slots = {
            "1": lambda _env: self.path,
            "0": lambda env: self._operand(env["1"]),
            "2": lambda env: self._operand(env["1"]),
        }
        return self._test(
            BETWEEN[operator, operator], slots, lambda env: {operator: [env["0"], _var(env["1"]), env["2"]]}
        )

    def _of_the_record(self) -> g.Parser:
        return lambda source, at: [each for each in self.path(source, at) if each[0].startswith("record.")]

    def _list_test(self, operator: str) -> g.Parser:
        lists = [each for each in self.about.fields if each.type is FieldType.LIST]
        called = self.sayable.fields.called
        parsers = []
        for field in lists:
            path = f"record.{field.name}"
            inner = ConditionReader(self.about, self.language, self.kept, field.items or ())
            always = g.words(self._own(("(always)", "（始终）")), True, told="")
            slots = {
                "0": g.fixed(g.words(self._in_words(called(path)), path)),
                "1": g.fixed(g.either(always, inner.in_brackets, inner.loose)),
            }
            parsers.append(
                self._test(COMPARISONS[operator], slots, lambda env: {operator: [_var(env["0"]), env["1"]]})
            )
        return g.either(*parsers)

    def in_brackets(self, source: g.Source, at: int) -> list[g.Reading]:
        return [
            (logic, last)
            for _open, inside in g.words("(", told="")(source, at)
            for logic, end in self.condition(source, inside)
            for _close, last in g.words(")")(source, end)
        ]

    def loose(self, source: g.Source, at: int) -> list[g.Reading]:
        """Without brackets: how far it goes is then for the person to say."""
        return [] if g.words("(", told="")(source, at) else self.condition(source, at)

    def _kept(self) -> g.Parser:
        told = self._own(("a part that is kept, as it is", "原样保留的部分"))
        return g.either(
            *(g.words(text, logic, told=told) for text, logic in self.kept.items() if text.startswith("["))
        )

    # -- several

    def _chain(self, source: g.Source, at: int) -> list[g.Reading]:
        found: list[g.Reading] = []
        for parts, joints, end in self._links(source, at):
            found += [(logic, end) for logic in _built(parts, joints)]
        return found

    def _links(self, source: g.Source, at: int) -> list[tuple[list[Any], list[str], int]]:
        found: list[tuple[list[Any], list[str], int]] = []
        for value, end in self._part(source, at):
            for joint in BETWEEN_PARTS:
                for _word, behind in self._joint(joint)(source, end):
                    found += [
                        ([value, *more], [joint, *joints], last)
                        for more, joints, last in self._links(source, behind)
                    ]
            found.append(([value], [], end))
        return found

    def _joint(self, name: str) -> g.Parser:
        own, also = BETWEEN_PARTS[name][self.language], OR_SO[name][self.language]
        return g.either(g.words(own), g.words(also, told=""))

    def _part(self, source: g.Source, at: int) -> list[g.Reading]:
        return g.distinct([*self.in_brackets(source, at), *self.leaf(source, at)])


def kept_texts(logics: Sequence[Any], about: DictionaryObject, language: int) -> dict[str, Any]:
    """The text of every part of these conditions, each with its logic."""
    sayable = Sayable(about)
    found: dict[str, Any] = {}
    for logic in logics:
        for node in sayable.nodes(logic):
            text = sayable.text(node)
            found.setdefault(text.zh if language else text.en, node)
    return found


def as_kept(logic: Any, about: DictionaryObject, kept: Mapping[str, Any], language: int) -> Any:
    """What reads the same as a part that stood there before is that part, to the letter."""
    text = condition_text(logic, about)
    known = kept.get(text.zh if language else text.en)
    if known is not None:
        return known
    if isinstance(logic, Mapping) and len(logic) == 1:
        operator, given = next(iter(logic.items()))
        if operator in GROUPS:
            return {operator: [as_kept(each, about, kept, language) for each in given]}
        if operator == "!":
            return {"!": as_kept(given, about, kept, language)}
    return logic


def _built(parts: list[Any], joints: list[str]) -> list[Any]:
    """One reading where all joints are the same; else one for each of the two that may bind tighter."""
    if len(parts) == 1:
        return parts
    if len(set(joints)) == 1:
        return [{joints[0]: parts}]
    return [_bound(parts, joints, tight) for tight in ("and", "or")]


def _bound(parts: list[Any], joints: list[str], tight: str) -> Any:
    groups = [[parts[0]]]
    for joint, part in zip(joints, parts[1:], strict=True):
        if joint == tight:
            groups[-1].append(part)
        else:
            groups.append([part])
    loose = "or" if tight == "and" else "and"
    return {loose: [each[0] if len(each) == 1 else {tight: each} for each in groups]}


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _var(path: str) -> dict[str, str]:
    return {"var": path}
