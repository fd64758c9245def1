"""Conditions as text and back: what the editor draws, what is kept, what is asked about, and where a text stops."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.dictionary.objects import SALES_ORDER
from connectors.dictionary.types import DictionaryField as F
from connectors.dictionary.types import DictionaryObject
from connectors.dictionary.types import FieldType as T
from kernel.grammar import Source, distinct, whole
from kernel.text import Localized as L
from workflows.conditions.reading import ConditionReader, as_kept, kept_texts
from workflows.conditions.sayable import condition_text

ITEMS = (F("sku", T.TEXT, L("Item", "物料")), F("pieces", T.INTEGER, L("Pieces", "件数")))
ORDER = DictionaryObject(
    "sales_order",
    SALES_ORDER.label,
    SALES_ORDER.plural,
    (
        *SALES_ORDER.fields,
        F("urgent", T.BOOLEAN, L("Urgent", "加急")),
        F("lines", T.LIST, L("Lines", "明细"), items=ITEMS),
        F("x_amount", T.DECIMAL, L("Amount", "金额")),
        F("x_and", T.TEXT, L("Today", "今天")),
        F("x_empty", T.TEXT, L("Due date and time", "交货日期与时间")),
    ),
    ("number",),
)
LANGUAGES = (0, 1)


def text_of(logic: Any, language: int) -> str:
    words = condition_text(logic, ORDER)
    return words.zh if language else words.en


def readings(text: str, language: int, *kept: Any) -> list[Any]:
    texts = kept_texts(kept, ORDER, language)
    reader = ConditionReader(ORDER, language, texts)
    found = whole(reader.condition, Source(text))
    return [logic for logic, _end in distinct((as_kept(each, ORDER, texts, language), 0) for each in found)]


def exact(logics: list[Any]) -> list[str]:
    """5 is not 5.0, and true is not 1."""
    return [json.dumps(each) for each in logics]


def failure(text: str, language: int) -> tuple[int, list[str]]:
    source = Source(text)
    assert whole(ConditionReader(ORDER, language, {}).condition, source) == []
    return source.furthest, source.expected


# What the editor can make: a field, a comparison its type is offered, an operand of one of four kinds.

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
roots = st.sampled_from(["record", "before", "shown"])


def path(*names: str) -> st.SearchStrategy[str]:
    return st.builds("{}.{}".format, roots, st.sampled_from(names))


def var(paths: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.builds(lambda each: {"var": each}, paths)


NUMBERS, TEXTS, DATES = (
    path("amount", "quantity", "x_amount"),
    path("number", "x_and", "x_empty"),
    path("due_on", "ordered_on"),
)
CODES = st.sampled_from([code for code, _label in SALES_ORDER.by_name["status"].codes])
days = st.builds(lambda sign, n: {sign: [{"var": "today"}, n]}, st.sampled_from("+-"), st.integers(1, 400))
shares = st.builds(lambda field, factor: {"*": [field, factor]}, var(NUMBERS), numbers)
number_operands = st.one_of(numbers, texts, st.none(), var(NUMBERS), shares)
date_operands = st.one_of(st.dates().map(str), var(DATES), st.just({"var": "today"}), days)


def compared(operators: str, field: Any, operand: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda name, left, right: {name: [left, right]},
        st.sampled_from(operators.split()),
        var(field),
        operand,
    )


def ranged(field: Any, operand: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda name, low, left, high: {name: [low, left, high]},
        st.sampled_from(["<=", "<"]),
        operand,
        var(field),
        operand,
    )


anything = st.sampled_from([each.name for each in ORDER.fields])
leaves = st.one_of(
    compared("< <= > >= == != crosses_below crosses_above", NUMBERS, number_operands),
    compared("== != contains starts_with ends_with", TEXTS, st.one_of(texts, var(TEXTS))),
    compared("== != < <= > >=", DATES, date_operands),
    compared("== !=", st.just("record.status"), st.one_of(CODES, st.none(), st.just("unheard of"))),
    compared("in", st.just("record.status"), st.lists(CODES, min_size=1, max_size=3)),
    compared("in", TEXTS, st.lists(texts, min_size=1, max_size=3)),
    compared("in", NUMBERS, st.lists(numbers, min_size=1, max_size=3)),
    ranged(NUMBERS, st.one_of(numbers, var(NUMBERS))),
    ranged(DATES, date_operands),
    st.builds(lambda name: {"changed": name}, anything),
    st.builds(lambda root, name: {"missing": f"{root}.{name}"}, roots, anything),
    var(st.just("record.urgent")),
)
item_leaves = st.one_of(
    compared("> < ==", st.just("pieces"), numbers), compared("== contains", st.just("sku"), texts)
)


def trees(of: Any) -> st.SearchStrategy[Any]:
    return st.recursive(
        of,
        lambda inner: st.one_of(
            st.builds(
                lambda name, parts: {name: parts}, st.sampled_from(["and", "or"]), st.lists(inner, max_size=4)
            ),
            st.builds(lambda part: {"!": part}, inner),
        ),
        max_leaves=8,
    )


item_tests = st.builds(
    lambda name, tests: {name: [{"var": "record.lines"}, tests]},
    st.sampled_from(["some", "all", "none"]),
    st.one_of(st.just(True), trees(item_leaves)),
)
drawn = trees(st.one_of(leaves, item_tests))
DRAWN = settings(max_examples=400, deadline=None)


@DRAWN
@given(drawn)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_editor_draws_is_read_back_to_the_letter(language: int, logic: Any) -> None:
    assert exact(readings(text_of(logic, language), language)) == exact([logic])


OTHERS: list[Any] = [
    {"===": [{"var": "record.number"}, "a"]},
    {"if": [{"<": [{"var": "record.amount"}, 1]}, True, False]},
    {"<": [{"-": [{"var": "record.amount"}, 3]}, 3]},
    {"changed": ["amount", "status"]},
    {"missing_some": [1, ["record.number", "record.amount"]]},
    {"in": [{"var": "record.number"}, {"var": "record.x_and"}]},
    {"==": [{"var": "record.status"}, "Open"]},
    {"in": [{"var": "record.number"}, []]},
    {"<": [{"var": "record.nowhere"}, 1]},
    {"!!": [{"var": "record.urgent"}]},
    {"!": [{"or": [{"changed": ["record.amount"]}, False]}]},
    {"==": [{"var": ["record.number", "x"]}, "y"]},
]


@settings(max_examples=200, deadline=None)
@given(trees(st.one_of(leaves, st.sampled_from(OTHERS))))
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_only_kept_stays_to_the_letter(language: int, logic: Any) -> None:
    assert exact(readings(text_of(logic, language), language, logic)) == exact([logic])


def test_a_kept_part_stays_where_another_is_changed() -> None:
    kept = {"and": [OTHERS[1], {">": [{"var": "record.quantity"}, 5]}]}
    text = text_of(kept, 0)
    assert (
        text == "[always if amount (amount) is less than 1, otherwise never] and quantity is greater than 5"
    )
    assert readings(text.replace("greater than 5", "at least 6"), 0, kept) == [
        {"and": [OTHERS[1], {">=": [{"var": "record.quantity"}, 6]}]}
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("quantity is less than 1 and urgent is true or number is empty", 0),
        ("数量小于1，且加急为真，或单号为空", 1),
    ],
)
def test_what_can_be_meant_in_two_ways_has_two_readings(text: str, language: int) -> None:
    less, urgent = {"<": [{"var": "record.quantity"}, 1]}, {"var": "record.urgent"}
    empty = {"==": [{"var": "record.number"}, None]}
    assert readings(text, language) == [
        {"or": [{"and": [less, urgent]}, empty]},
        {"and": [less, {"or": [urgent, empty]}]},
    ]


def test_two_codes_of_one_name_are_two_readings() -> None:
    status = replace(ORDER.by_name["status"], codes=(("a", L("Open", "开")), ("b", L("Open", "关"))))
    about = replace(ORDER, fields=tuple(status if each.name == "status" else each for each in ORDER.fields))
    read = ConditionReader(about, 0, {}).condition
    assert whole(read, Source("status is “Open”")) == [
        {"==": [{"var": "record.status"}, each]} for each in "ab"
    ]


@pytest.mark.parametrize(
    ("text", "language", "logic"),
    [
        ("Quantity  is below 10", 0, {"<": [{"var": "record.quantity"}, 10]}),
        ('status is "Shipped"', 0, {"==": [{"var": "record.status"}, "shipped"]}),
        ("status is shipped", 0, {"==": [{"var": "record.status"}, "shipped"]}),
        (
            "due date is before 30 days before today",
            0,
            {"<": [{"var": "record.due_on"}, {"-": [{"var": "today"}, 30]}]},
        ),
        (
            "数量低于10, 且(加急为真)",
            1,
            {"and": [{"<": [{"var": "record.quantity"}, 10]}, {"var": "record.urgent"}]},
        ),
        ("交货日期早于今天前7天", 1, {"<": [{"var": "record.due_on"}, {"-": [{"var": "today"}, 7]}]}),
    ],
)
def test_other_words_are_understood(text: str, language: int, logic: Any) -> None:
    assert readings(text, language) == [logic]


@pytest.mark.parametrize(
    ("text", "language", "word", "expected"),
    [
        ("quantity is fewer than 5", 0, "fewer", "a number"),
        ("quantity is less than many", 0, "many", "a number"),
        ("quantitty is less than 5", 0, "quantitty", "quantity"),
        ("quantity is less than 5 but urgent is true", 0, "but", "and"),
        ("数量小于很多", 1, "很多", "数字"),
        ("[anything at all]", 0, "[anything", "quantity"),
    ],
)
def test_an_error_points_at_the_word(text: str, language: int, word: str, expected: str) -> None:
    at, wanted = failure(text, language)
    assert text[at:].startswith(word)
    assert expected in wanted


def test_a_long_condition_is_read_in_time() -> None:
    rng = random.Random(4)

    def leaf() -> Any:
        return {rng.choice(["<", ">="]): [{"var": "record.quantity"}, rng.randrange(1000)]}

    logic = {"and": [{"or": [{"and": [leaf() for _ in range(5)]} for _ in range(5)]} for _ in range(8)]}
    for language in LANGUAGES:
        assert exact(readings(text_of(logic, language), language)) == exact([logic])
