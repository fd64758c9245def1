"""Prefilled values are exact; a trace says what each part saw and why something is unknown."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.workflows.conditions.fields import SCHEMA, prepared, var
from workflows.conditions import condition_compile, condition_trace, value_evaluate

ORDER = {"max": [var("level"), {"-": [{"*": [2, var("level")]}, var("on_hand")]}]}


@pytest.mark.parametrize(
    ("logic", "record", "wanted"),
    [
        (ORDER, {"level": "20.000", "on_hand": "5.50"}, Decimal("34.5")),
        (ORDER, {"level": "20.000", "on_hand": "25.00"}, Decimal(20)),
        (ORDER, {"level": "20.000"}, None),
        ({"+": ["0.1", "0.2"]}, {}, Decimal("0.3")),
        ({"/": [1, 3]}, {}, Decimal("0.3333333333333333333333333333")),
        ({"/": [var("count"), 4]}, {"count": 10}, Decimal("2.5")),
        ({"/": [1, var("count")]}, {"count": 0}, None),
        (var("count"), {"count": 7}, 7),
        (var("level"), {"level": Decimal("1200.000")}, Decimal(1200)),
        ({"*": [var("count"), var("count")]}, {"count": 10**12}, 10**24),
        (var("name"), {"name": "M6 六角螺栓"}, "M6 六角螺栓"),
        ({"+": [var("due_on"), 14]}, {"due_on": "2026-02-20"}, date(2026, 3, 6)),
        ({"+": [var("due_on"), 10**9]}, {"due_on": "2026-02-20"}, None),
        (
            var("changed_at"),
            {"changed_at": "2026-01-31T09:00:00+08:00"},
            datetime(2026, 1, 31, 1, tzinfo=UTC),
        ),
        ({"if": [var("active"), var("count"), 5]}, {"active": False}, 5),
        ({"<": [var("count"), 5]}, {"count": 4}, True),
        ({"<": [var("count"), 5]}, {"count": 5}, False),
        ({"<": [var("count"), 5]}, {}, None),
        (200, {}, 200),
        ("text", {}, "text"),
    ],
)
def test_values(logic: Any, record: dict[str, Any], wanted: Any) -> None:
    found = value_evaluate(logic, SCHEMA, prepared(record=record))
    assert (found, type(found), str(found)) == (wanted, type(wanted), str(wanted))


def test_a_trace_shows_every_part() -> None:
    logic = {"and": [{"==": [var("status"), "open"]}, {"!": [{">=": [var("on_hand"), var("level")]}]}]}
    data = prepared(record={"status": "open", "on_hand": "5.50"})
    assert condition_trace(logic, SCHEMA, data).as_json() == {
        "pointer": "",
        "operator": "and",
        "verdict": "unknown",
        "unknown": [{"path": "record.level", "why": "missing"}],
        "note": "unknown: level missing",
        "operands": [
            {
                "pointer": "/and/0",
                "operator": "==",
                "verdict": "true",
                "operands": [
                    {"pointer": "/and/0/==/0", "operator": "var", "path": "record.status", "value": "open"},
                    {"pointer": "/and/0/==/1", "operator": "literal", "value": "open"},
                ],
            },
            {
                "pointer": "/and/1",
                "operator": "!",
                "verdict": "unknown",
                "unknown": [{"path": "record.level", "why": "missing"}],
                "note": "unknown: level missing",
                "operands": [
                    {
                        "pointer": "/and/1/!/0",
                        "operator": ">=",
                        "verdict": "unknown",
                        "unknown": [{"path": "record.level", "why": "missing"}],
                        "note": "unknown: level missing",
                        "operands": [
                            {
                                "pointer": "/and/1/!/0/>=/0",
                                "operator": "var",
                                "path": "record.on_hand",
                                "value": "5.5",
                            },
                            {
                                "pointer": "/and/1/!/0/>=/1",
                                "operator": "var",
                                "path": "record.level",
                                "value": None,
                                "unknown": [{"path": "record.level", "why": "missing"}],
                                "note": "unknown: level missing",
                            },
                        ],
                    }
                ],
            },
        ],
    }


def test_a_decided_part_names_nothing_unknown() -> None:
    logic = {"or": [{"<": [var("on_hand"), 10]}, {"==": [var("count"), 1]}]}
    trace = condition_trace(logic, SCHEMA, prepared(record={"count": 1}))
    assert (trace.verdict, trace.note) == ("true", "")
    assert [each.note for each in trace.operands] == ["unknown: on_hand missing", ""]


@pytest.mark.parametrize(
    ("logic", "record", "note"),
    [
        ({"<": [var("on_hand"), 10]}, {"on_hand": "many"}, "unknown: on_hand 'many' is no decimal number"),
        (
            {"<": [var("on_hand"), 10]},
            {"on_hand": "1.005"},
            "unknown: on_hand 1.005 has more than 2 decimals",
        ),
        ({"<": [1, {"/": [1, var("count")]}]}, {"count": 0}, "unknown: / cannot be calculated"),
        ({"changed": ["count"]}, {}, "unknown: changed missing"),
        ({"crosses_below": [var("count"), 5]}, {"count": 1}, "unknown: before.count missing"),
        (
            {"some": [var("lines"), {">": [{"var": "quantity"}, 1]}]},
            {"lines": [{"quantity": 1}, {"quantity": "x"}]},
            "unknown: lines.1.quantity 'x' is no decimal number",
        ),
    ],
)
def test_a_trace_says_why_it_is_unknown(logic: Any, record: dict[str, Any], note: str) -> None:
    assert condition_trace(logic, SCHEMA, prepared(record=record)).note == note


def test_a_list_is_traced_item_by_item() -> None:
    logic = {"some": [var("lines"), {">": [{"var": "quantity"}, 1]}]}
    record = {"lines": [{"quantity": "0.5"}, {"quantity": 2}]}
    trace = condition_trace(logic, SCHEMA, prepared(record=record))
    assert trace.verdict == "true"
    assert [(each.verdict, each.operands[0].path, each.operands[0].value) for each in trace.items] == [
        ("false", "record.lines.0.quantity", Decimal("0.5")),
        ("true", "record.lines.1.quantity", Decimal(2)),
    ]
    tags = condition_trace(
        {"some": [var("tags"), {"==": [{"var": ""}, "a"]}]}, SCHEMA, prepared(record={"tags": ["b"]})
    )
    assert [(each.verdict, each.operands[0].value) for each in tags.items] == [("false", "b")]


def test_a_trace_is_json_and_agrees_with_production() -> None:
    logic = {
        "if": [
            {"missing": ["record.due_on"]},
            {"changed": ["count"]},
            {"<": [var("due_on"), {"var": "today"}, {"+": [{"var": "today"}, 7]}]},
        ]
    }
    now = datetime(2026, 2, 1, tzinfo=UTC)
    for record, verdict in (
        ({}, "true"),
        ({"due_on": "2026-01-31"}, "true"),
        ({"due_on": "2026-02-01"}, "false"),
    ):
        data = prepared(record=record, changed=["count"], now=now)
        trace = condition_trace(logic, SCHEMA, data)
        assert trace.verdict == verdict == condition_compile(logic, SCHEMA).evaluate(data)
        assert json.loads(json.dumps(trace.as_json())) == trace.as_json()
