"""A condition in words, English and Chinese: what a rule says, what a trace tells of each of its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from connectors.dictionary.types import DictionaryField, DictionaryObject
from kernel.grammar import quote
from kernel.text import Localized

COMPARISONS = {
    "<": ("{0} is less than {1}", "{0}小于{1}"),
    "<=": ("{0} is at most {1}", "{0}不大于{1}"),
    ">": ("{0} is greater than {1}", "{0}大于{1}"),
    ">=": ("{0} is at least {1}", "{0}不小于{1}"),
    "==": ("{0} is {1}", "{0}等于{1}"),
    "===": ("{0} is {1}", "{0}等于{1}"),
    "!=": ("{0} is not {1}", "{0}不等于{1}"),
    "!==": ("{0} is not {1}", "{0}不等于{1}"),
    "crosses_below": ("{0} falls below {1}", "{0}降到{1}以下"),
    "crosses_above": ("{0} rises above {1}", "{0}升到{1}以上"),
    "contains": ("{0} contains {1}", "{0}包含{1}"),
    "starts_with": ("{0} starts with {1}", "{0}以{1}开头"),
    "ends_with": ("{0} ends with {1}", "{0}以{1}结尾"),
    "in": ("{0} is one of {1}", "{0}是{1}之一"),
    "some": ("for some item of {0}: {1}", "{0}中有一项满足：{1}"),
    "all": ("for every item of {0}: {1}", "{0}中每一项都满足：{1}"),
    "none": ("for no item of {0}: {1}", "{0}中没有一项满足：{1}"),
}
BETWEEN = {
    ("<", "<"): ("{1} lies between {0} and {2}", "{1}介于{0}与{2}之间"),
    ("<=", "<="): ("{1} is from {0} to {2}", "{1}在{0}到{2}之间（含两端）"),
    (">", ">"): ("{1} lies between {2} and {0}", "{1}介于{2}与{0}之间"),
    (">=", ">="): ("{1} is from {2} to {0}", "{1}在{2}到{0}之间（含两端）"),
}
ARITHMETIC = {"+": " + ", "*": " × ", "/": " ÷ ", "%": " mod ", "-": " − "}
ROOTS = {
    "record": ("{0}", "{0}"),
    "before": ("{0} before the change", "变更前的{0}"),
    "shown": ("{0} as shown", "卡片上显示的{0}"),
    "answer": ("the answer’s {0}", "回答中的{0}"),
    "result": ("the result’s {0}", "结果中的{0}"),
}
OF_THE_RUN = ("answer", "result")
"""Roots that name no field of the record."""
PLACES = {
    "now": Localized("now", "当前时间"),
    "today": Localized("today", "今天"),
    "event.change": Localized("the kind of change", "变化类型"),
    "event.source": Localized("the source of the event", "事件来源"),
    "event.id": Localized("the event's id", "事件编号"),
    "": Localized("the item", "该项"),
}
ALWAYS = Localized("always", "始终")
NEVER = Localized("never", "从不")


def condition_words(logic: Any, about: DictionaryObject) -> Localized:
    """A sentence without its full stop: "on hand is less than reorder level"."""
    return Words(about).say(logic)


def pointer_resolve(logic: Any, pointer: str) -> Any:
    """The part of `logic` at a JSON pointer; None when there is no such part."""
    found = logic
    for part in [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]:
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif part == "0" and not isinstance(found, list):
            continue  # a single argument may be written without its list
        else:
            return None
    return found


def _fill(template: tuple[str, str], *parts: Localized) -> Localized:
    return Localized(template[0].format(*(p.en for p in parts)), template[1].format(*(p.zh for p in parts)))


def _join(parts: Sequence[Localized], en: str, zh: str) -> Localized:
    return Localized(en.join(each.en for each in parts), zh.join(each.zh for each in parts))


def _plain(text: Any) -> Localized:
    return Localized(str(text), str(text))


def _quoted(words: Localized) -> Localized:
    return Localized(quote(words.en), quote(words.zh))


def _bracketed(words: Localized) -> Localized:
    return Localized(f"({words.en})", f"（{words.zh}）")


class FieldWords:
    """What fields are called; two of an object with the same label are told apart by their names.

    `items` are the fields of a list's items, which are named without a root.
    """

    def __init__(self, about: DictionaryObject, items: Sequence[DictionaryField] = ()) -> None:
        self.about = about
        self.items = {each.name: each for each in items}
        self._called = {
            **{("record", name): words for name, words in _labels(about.fields).items()},
            **{("", name): words for name, words in _labels(items).items()},
        }

    def field(self, path: str) -> DictionaryField | None:
        """The field at the end of a path; None where it names no field of the object or the item."""
        root, _dot, name = path.rpartition(".")
        if not root and name in self.items:
            return self.items[name]
        return self.about.by_name.get(name) if root not in OF_THE_RUN else None

    def called(self, path: str) -> Localized:
        """A path in words: "on hand before the change"."""
        if path in PLACES:
            return PLACES[path]
        if path in self.items:
            return self._called["", path]
        root, _dot, name = path.partition(".")
        if root not in ROOTS or not name:
            return _plain(path)
        known = self._called.get(("record", name)) if root not in OF_THE_RUN else None
        return _fill(ROOTS[root], known or _plain(name))


def _labels(fields: Sequence[DictionaryField]) -> dict[str, Localized]:
    english = Counter(each.label.en.lower() for each in fields)
    chinese = Counter(each.label.zh for each in fields)
    taken = {each.en for each in PLACES.values()} | {each.zh for each in PLACES.values()}
    found = {}
    for each in fields:
        en, zh = each.label.en.lower(), each.label.zh
        found[each.name] = Localized(
            en if english[en] == 1 and en not in taken else f"{en} ({each.name})",
            zh if chinese[zh] == 1 and zh not in taken else f"{zh}（{each.name}）",
        )
    return found


class Words:
    def __init__(self, about: DictionaryObject, items: Sequence[DictionaryField] = ()) -> None:
        self.fields = FieldWords(about, items)
        self.special: Mapping[str, Callable[[list[Any]], Localized]] = {
            "var": self._var,
            "and": lambda args: self._group(args, (" and ", "，且")),
            "or": lambda args: self._group(args, (" or ", "，或")),
            "!": lambda args: _fill(("not ({0})", "并非（{0}）"), self.say(args[0])),
            "!!": lambda args: _fill(("{0} is true", "{0}为真"), self.say(args[0])),
            "if": self._choice,
            "?:": self._choice,
            "changed": lambda args: _fill(("{0} changed", "{0}发生变化"), self._names(args)),
            "missing": lambda args: _fill(("{0} is missing", "缺少{0}"), self._names(args)),
            "missing_some": self._missing_some,
            "min": lambda args: _fill(("the smallest of {0}", "{0}中最小的值"), self._list(args)),
            "max": lambda args: _fill(("the largest of {0}", "{0}中最大的值"), self._list(args)),
            "cat": self._list,
        }

    def say(self, logic: Any, field: DictionaryField | None = None) -> Localized:
        if not isinstance(logic, Mapping) or len(logic) != 1:
            return self._literal(logic, field)
        operator, given = next(iter(logic.items()))
        args = list(given) if isinstance(given, list) else [given]
        if operator in self.special and args:
            return self.special[operator](args)
        if operator in ARITHMETIC:
            return self._arithmetic(operator, args)
        if operator in COMPARISONS and len(args) >= 2:
            return self._comparison(operator, args)
        return _fill((operator + " {0}", operator + " {0}"), self._list(args))

    def _comparison(self, operator: str, args: list[Any]) -> Localized:
        field = next((found for found in map(self._field, args) if found is not None), None)
        if len(args) == 3 and (operator, operator) in BETWEEN:
            return _fill(BETWEEN[operator, operator], *(self.say(each, field) for each in args))
        if operator in ("==", "===", "!=", "!==") and None in args:
            other = next((each for each in args if each is not None), None)
            known = operator.startswith("!")
            return _fill(
                ("{0} is known", "{0}有值") if known else ("{0} is empty", "{0}为空"), self.say(other)
            )
        if operator == "in" and not isinstance(args[1], list):
            return _fill(("{1} contains {0}", "{1}包含{0}"), self.say(args[0]), self.say(args[1]))
        return _fill(COMPARISONS[operator], self.say(args[0], field), self.say(args[1], field))

    def _var(self, args: list[Any]) -> Localized:
        return self.fields.called(str(args[0] if args else ""))

    def _field(self, logic: Any) -> DictionaryField | None:
        if not isinstance(logic, Mapping) or "var" not in logic:
            return None
        path = logic["var"][0] if isinstance(logic["var"], list) and logic["var"] else logic["var"]
        return self.fields.field(str(path))

    def _literal(self, value: Any, field: DictionaryField | None) -> Localized:
        if isinstance(value, bool):
            return ALWAYS if value and field is None else NEVER if field is None else _yes_no(value)
        if value is None:
            return Localized("nothing", "空")
        if isinstance(value, list):
            return _join([self.say(each, field) for each in value], ", ", "、")
        if isinstance(value, str):
            label = next((label for code, label in field.codes if code == value), None) if field else None
            return _quoted(label) if label is not None else _quoted(_plain(value))
        return _plain(value)

    def _group(self, args: list[Any], words: tuple[str, str]) -> Localized:
        return _join(self._parts(args, {"and", "or"}), *words)

    def _parts(self, args: list[Any], loose: Set[str]) -> list[Localized]:
        """Each argument in words; one whose operator binds no tighter is put in brackets."""
        return [
            _bracketed(self.say(each)) if isinstance(each, Mapping) and loose & set(each) else self.say(each)
            for each in args
        ]

    def _choice(self, args: list[Any]) -> Localized:
        if len(args) < 3:
            return self._list(args)
        template = ("{1} if {0}, otherwise {2}", "若{0}则为{1}，否则为{2}")
        return _fill(template, self.say(args[0]), self.say(args[1]), self.special["if"](args[2:])
                     if len(args) > 3 else self.say(args[2]))  # fmt: skip

    def _arithmetic(self, operator: str, args: list[Any]) -> Localized:
        said = self._parts(args, set(ARITHMETIC))
        sign = ARITHMETIC[operator]
        if operator == "-" and len(said) == 1:
            return Localized(f"−{said[0].en}", f"−{said[0].zh}")
        return _join(said, sign, sign)

    def _names(self, args: list[Any]) -> Localized:
        flat = args[0] if args and isinstance(args[0], list) else args
        return _join([self._var([each["var"] if isinstance(each, Mapping) and "var" in each else _path(each)])
                      for each in flat], ", ", "、")  # fmt: skip

    def _missing_some(self, args: list[Any]) -> Localized:
        wanted = args[1] if len(args) > 1 and isinstance(args[1], list) else []
        template = ("fewer than {0} of {1} are there", "{1}中有值的少于 {0} 个")
        return _fill(template, _plain(args[0]), self._names(list(wanted)))

    def _list(self, args: list[Any]) -> Localized:
        return _join([self.say(each) for each in args], ", ", "、")


def _path(name: Any) -> str:
    text = str(name)
    return text if "." in text else f"record.{text}"


def _yes_no(value: bool) -> Localized:
    return Localized("yes", "是") if value else Localized("no", "否")
