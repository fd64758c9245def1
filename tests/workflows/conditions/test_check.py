"""What is refused, where, and that the refusal never crashes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.workflows.conditions.fields import SCHEMA, var
from workflows.conditions import (
    ConditionInvalid,
    FieldSpec,
    FieldType,
    SchemaMismatch,
    condition_check,
    condition_compile,
    data_prepare,
    logic_parse,
    value_check,
)
from workflows.conditions.problems import MAX_DEPTH

COUNT = var("count")
REFUSED: list[tuple[Any, str, str]] = [
    ({"frobnicate": [1]}, "", "operator_unknown"),
    ({"and": [{"==": [COUNT, 1]}, {"nope": 1}]}, "/and/1", "operator_unknown"),
    ({"method": ["x", "system"]}, "", "operator_unknown"),
    ({"map": [var("lines"), COUNT]}, "", "operator_unknown"),
    ({"<": [var("changed_at"), {"now": []}]}, "/</1", "operator_refused"),
    ({"==": [var("nothing"), 1]}, "/==/0/var", "field_unknown"),
    ({"==": [{"var": ["record.nothing", 1]}, 1]}, "/==/0/var/0", "field_unknown"),
    ({"==": [{"var": {"cat": ["a"]}}, 1]}, "/==/0/var", "field_unknown"),
    ({"==": [{"var": ""}, 1]}, "/==/0/var", "field_unknown"),
    ({"missing": ["record.count", "record.nope"]}, "/missing/1", "field_unknown"),
    ({"missing_some": [1, ["record.nope"]]}, "/missing_some/1/0", "field_unknown"),
    ({"changed": ["nope"]}, "/changed/0", "field_unknown"),
    ({"some": [var("lines"), {"==": [var("count"), 1]}]}, "/some/1/==/0/var", "field_unknown"),
    ({"==": [COUNT, "ten"]}, "/==/1", "type_mismatch"),
    ({"==": [COUNT, True]}, "/==/1", "type_mismatch"),
    ({"==": [COUNT, "0x10"]}, "/==/1", "type_mismatch"),
    ({"==": [COUNT, " 10"]}, "/==/1", "type_mismatch"),
    ({"==": [var("name"), 10]}, "/==/1", "type_mismatch"),
    ({"<": [var("name"), var("note")]}, "", "type_mismatch"),
    ({"==": [var("name"), COUNT]}, "", "type_mismatch"),
    ({"==": [var("due_on"), "31.01.2026"]}, "/==/1", "type_mismatch"),
    ({"==": [var("due_on"), "2026-02-30"]}, "/==/1", "type_mismatch"),
    ({"<": [var("due_on"), var("changed_at")]}, "", "type_mismatch"),
    ({"<": [var("changed_at"), "2026-01-31T09:00:00"]}, "/</1", "type_mismatch"),
    ({"==": [var("active"), "true"]}, "/==/1", "type_mismatch"),
    ({"==": [var("lines"), var("lines")]}, "", "type_mismatch"),
    ({"in": [COUNT, ["a"]]}, "/in/1/0", "type_mismatch"),
    ({"in": ["a", var("lines")]}, "/in/1", "type_mismatch"),
    ({"in": [COUNT, []]}, "/in/1", "operand_count"),
    ({"contains": [COUNT, "1"]}, "/contains/0", "type_mismatch"),
    ({">": [{"+": [var("name"), 1]}, 1]}, "/>/0/+/0", "type_mismatch"),
    ({">": [{"+": [var("due_on"), "2026-01-01"]}, 1]}, "/>/0", "type_mismatch"),
    ({"==": [var("status"), "opne"]}, "/==/1", "code_unknown"),
    ({"in": [var("status"), ["open", "shut"]]}, "/in/1/1", "code_unknown"),
    ({"==": [COUNT, None]}, "/==/1", "null_literal"),
    ({"and": []}, "", "operand_count"),
    ({"<": [1]}, "", "operand_count"),
    ({"==": [1, 1, 1]}, "", "operand_count"),
    ({"if": [var("active"), True]}, "", "operand_count"),
    ({"and": [True], "or": [True]}, "", "not_one_operator"),
    ({}, "", "not_one_operator"),
    ([], "", "list_not_expected"),
    (COUNT, "", "not_a_condition"),
    (5, "", "not_a_condition"),
    (None, "", "null_literal"),
    ({"and": [COUNT]}, "/and/0", "not_a_condition"),
    ({"==": [{"<": [COUNT, 1]}, True]}, "/==/0", "not_a_value"),
    ({">": [{"/": [COUNT, 0]}, 1]}, "/>/0/~1/1", "division_by_zero"),
    ({"crosses_below": [5, COUNT]}, "/crosses_below/0", "type_mismatch"),
    ({"some": [var("lines"), {"changed": ["count"]}]}, "/some/1", "operator_refused"),
    ({"==": [COUNT, float("nan")]}, "/==/1", "not_finite"),
    ({"==": [COUNT, float("inf")]}, "/==/1", "not_finite"),
    ({"==": [COUNT, Decimal("NaN")]}, "/==/1", "not_finite"),
    ({"==": [COUNT, Decimal("sNaN")]}, "/==/1", "not_finite"),
    ({"==": [COUNT, 10**18]}, "/==/1", "number_too_long"),
    ({"==": [COUNT, 10**5000]}, "/==/1", "number_too_long"),
    ({"==": [COUNT, Decimal("1E+999999")]}, "/==/1", "number_too_long"),
    ({"==": [COUNT, 1e300]}, "/==/1", "number_too_long"),
    ({"==": [COUNT, b"10"]}, "/==/1", "not_json"),
    ({"==": [COUNT, {1}]}, "/==/1", "not_json"),
    ({1: [COUNT]}, "", "not_json"),
    ({"==": [var("name"), "\ud800"]}, "/==/1", "bad_text"),
]


@pytest.mark.parametrize(("logic", "pointer", "code"), REFUSED, ids=[str(at) for at in range(len(REFUSED))])
def test_refused_with_its_place_and_a_sentence(logic: Any, pointer: str, code: str) -> None:
    problems = condition_check(logic, SCHEMA)
    assert [(each.pointer, each.code) for each in problems] == [(pointer, code)]
    assert str(problems[0].message).endswith((".", "?"))
    with pytest.raises(ConditionInvalid) as refused:
        condition_compile(logic, SCHEMA)
    assert [each.code for each in refused.value.problems] == [code]


def test_every_problem_is_reported_at_once() -> None:
    logic = {"and": [{"==": [var("a"), 1]}, {"or": [{"==": [COUNT, "x"]}, {"nope": []}]}]}
    assert [(each.pointer, each.code) for each in condition_check(logic, SCHEMA)] == [
        ("/and/0/==/0/var", "field_unknown"),
        ("/and/1/or/0/==/1", "type_mismatch"),
        ("/and/1/or/1", "operator_unknown"),
    ]


def test_the_sentence_names_what_was_meant() -> None:
    (problem,) = condition_check({"==": [var("on_hnd"), 1]}, SCHEMA)
    assert str(problem.message) == (
        "There is no field “record.on_hnd” here. Did you mean: record.on_hand, before.on_hand, record.count?"
    )


def nested(levels: int) -> Any:
    """A condition `levels` containers deep."""
    logic: Any = var("active")
    for _level in range(levels - 1):
        logic = {"!": logic}
    return logic


def test_depth_is_limited_before_anything_recurses() -> None:
    assert condition_check(nested(MAX_DEPTH), SCHEMA) == []
    assert [each.code for each in condition_check(nested(MAX_DEPTH + 1), SCHEMA)] == ["too_deep"]
    assert [each.code for each in condition_check(nested(200_000), SCHEMA)] == ["too_deep"]
    endless: list[Any] = []
    endless.append(endless)
    assert [each.code for each in condition_check(endless, SCHEMA)] == ["too_deep"]


def test_the_deepest_accepted_conditions_run_on_the_engine() -> None:
    negative: Any = COUNT
    for _level in range(MAX_DEPTH - 3):
        negative = {"-": negative}
    logic: Any = {"==": [COUNT, 1]}
    for _level in range(30):
        logic = {"and": [{"==": [COUNT, 1]}, logic]} if _level % 2 else {"or": [{"==": [COUNT, 1]}, logic]}
    data = data_prepare(SCHEMA, {"record": {"count": 1}})
    assert condition_compile({"==": [negative, -1]}, SCHEMA).evaluate(data) == "true"
    assert condition_compile(logic, SCHEMA).evaluate(data) == "true"


def test_size_is_limited() -> None:
    many = {"or": [{"==": [COUNT, at]} for at in range(500)]}
    assert [each.code for each in condition_check(many, SCHEMA)] == ["too_large"]
    long = {"==": [var("name"), "x" * 70_000]}
    assert [each.code for each in condition_check(long, SCHEMA)] == ["too_large"]


def test_what_multiplies_out_is_refused_quickly() -> None:
    logic: Any = {"==": [COUNT, 1]}
    for _level in range(30):
        logic = {"if": [logic, {"==": [COUNT, 2]}, {"==": [COUNT, 3]}]}
    assert [each.code for each in condition_check(logic, SCHEMA)] == ["too_complex"]
    quotient: Any = COUNT
    for _level in range(14):
        quotient = {"/": [1, {"+": [quotient, 1]}]}
    assert [each.code for each in condition_check({">": [quotient, 0]}, SCHEMA)] == ["too_complex"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"!":' * 5000, "too_deep"),
        ("[" * 60_000, "too_deep"),
        ("[" * 70_000, "too_large"),
        ('{"<": [1, NaN]}', "not_json"),
        ('{"<": [1, -Infinity]}', "not_json"),
        ('{"<": [1, ' + "9" * 5000 + "]}", "not_json"),
        ('{"==": [1, 1], "==": [1, 2]}', "not_json"),
        ("{", "not_json"),
        (b"\xff\xfe", "not_json"),
    ],
    ids=range(9),
)
def test_text_that_is_refused(text: str | bytes, code: str) -> None:
    with pytest.raises(ConditionInvalid) as refused:
        logic_parse(text)
    assert [each.code for each in refused.value.problems] == [code]


def test_text_keeps_decimals_and_brackets_inside_strings() -> None:
    parsed = logic_parse(
        '{"and": [{"==": [{"var": "record.name"}, "[[\\"{"]}, {"<": [1, 0.1000000000000000055]}]}'
    )
    assert parsed["and"][0]["=="][1] == '[["{'
    assert parsed["and"][1]["<"][1] == Decimal("0.1000000000000000055")


def test_a_value_is_checked_alike() -> None:
    assert value_check({"max": [var("level"), {"-": [var("level"), var("on_hand")]}]}, SCHEMA) == []
    assert [each.code for each in value_check({"max": [var("name")]}, SCHEMA)] == ["type_mismatch"]


def test_data_of_other_types_is_refused_not_misread() -> None:
    compiled = condition_compile({"<": [var("on_hand"), 10]}, SCHEMA)
    same = {"record.on_hand": FieldSpec("record.on_hand", FieldType.DECIMAL, decimals=2)}
    other = {"record.on_hand": FieldSpec("record.on_hand", FieldType.DECIMAL, decimals=3)}
    record = {"record": {"on_hand": "9.99"}}
    assert compiled.evaluate(data_prepare(same, record)) == "true"
    with pytest.raises(SchemaMismatch, match=r"record\.on_hand"):
        compiled.evaluate(data_prepare(other, record))
    assert compiled.evaluate(data_prepare({}, record)) == "unknown"


def test_what_a_condition_reads_and_demands() -> None:
    logic = {
        "and": [
            {"==": [var("status"), "open"]},
            {"===": ["1.50", var("on_hand")]},
            var("active"),
            {"or": [{"==": [COUNT, 1]}, {"==": [var("name"), "a"]}]},
            {"crosses_below": [var("level"), 5]},
            {"changed": ["note"]},
        ]
    }
    compiled = condition_compile(logic, SCHEMA)
    assert compiled.equalities == [
        ("record.status", "open"),
        ("record.on_hand", Decimal("1.5")),
        ("record.active", True),
    ]
    assert compiled.reads == {
        "record.status",
        "record.on_hand",
        "record.active",
        "record.count",
        "record.name",
        "record.level",
        "before.level",
        "changed",
    }
    assert condition_compile({"!": [var("active")]}, SCHEMA).equalities == [("record.active", False)]
    assert condition_compile({"!": [{"==": [COUNT, 1]}]}, SCHEMA).equalities == []
    data = data_prepare(SCHEMA, {"record": {"on_hand": "1.50", "status": "open", "active": True}})
    assert all(data.value(path) == demanded for path, demanded in compiled.equalities)
