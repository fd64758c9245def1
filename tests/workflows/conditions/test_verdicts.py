"""What conditions decide, case by case, on both engines."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.workflows.conditions.fields import decide, var
from workflows.conditions import Verdict
from workflows.conditions.engine_port import EnginePort, engine_default, engine_exact

T, F, U = Verdict.TRUE, Verdict.FALSE, Verdict.UNKNOWN
ENGINES = pytest.mark.parametrize(
    "engine", [engine_default(), engine_exact()], ids=lambda each: str(each.name)
)

MANY = {">": [{"var": "quantity"}, 1]}
BELOW = {"<": [var("on_hand"), 10]}
UNKNOWN_CASES: list[tuple[str, Any, dict[str, Any], Verdict]] = [
    ("null is not below", BELOW, {"on_hand": None}, U),
    ("missing is not below", BELOW, {}, U),
    ("nor is it not below", {"!": [BELOW]}, {}, U),
    ("twice not", {"!": [{"!": [BELOW]}]}, {}, U),
    ("!!", {"!!": [BELOW]}, {}, U),
    ("!= of a missing one", {"!=": [var("count"), 1]}, {}, U),
    ("!== of null", {"!==": [var("count"), 1]}, {"count": None}, U),
    ("not ==", {"!": [{"==": [var("name"), "a"]}]}, {}, U),
    ("in", {"in": [var("name"), ["a", "b"]]}, {}, U),
    ("not in", {"!": [{"in": [var("name"), ["a", "b"]]}]}, {}, U),
    ("none of a missing list", {"none": [var("lines"), MANY]}, {}, U),
    (
        "none with an unknown item",
        {"none": [var("lines"), MANY]},
        {"lines": [{}]},
        U,
    ),
    (
        "none with a true item",
        {"none": [var("lines"), MANY]},
        {"lines": [{}, {"quantity": 2}]},
        F,
    ),
    (
        "some with a true item",
        {"some": [var("lines"), MANY]},
        {"lines": [{}, {"quantity": 2}]},
        T,
    ),
    (
        "some with an unknown item",
        {"some": [var("lines"), MANY]},
        {"lines": [{}, {"quantity": 1}]},
        U,
    ),
    (
        "all with a false item",
        {"all": [var("lines"), MANY]},
        {"lines": [{}, {"quantity": 1}]},
        F,
    ),
    (
        "all with an unknown item",
        {"all": [var("lines"), MANY]},
        {"lines": [{}, {"quantity": 2}]},
        U,
    ),
    ("false and unknown", {"and": [BELOW, {"==": [var("count"), 1]}]}, {"count": 2}, F),
    ("true and unknown", {"and": [BELOW, {"==": [var("count"), 1]}]}, {"count": 1}, U),
    ("true or unknown", {"or": [BELOW, {"==": [var("count"), 1]}]}, {"count": 1}, T),
    ("false or unknown", {"or": [BELOW, {"==": [var("count"), 1]}]}, {"count": 2}, U),
    ("not (false and unknown)", {"!": [{"and": [BELOW, {"==": [var("count"), 1]}]}]}, {"count": 2}, T),
    ("not (true or unknown)", {"!": [{"or": [BELOW, {"==": [var("count"), 1]}]}]}, {"count": 1}, F),
    ("unknown boolean", var("active"), {}, U),
    ("not an unknown boolean", {"!": [var("active")]}, {}, U),
    ("if unknown", {"if": [var("active"), True, True]}, {}, U),
    ("arithmetic on a missing one", {">": [{"+": [var("on_hand"), 1]}, 0]}, {}, U),
    ("max with a missing one", {">": [{"max": [var("on_hand"), 100]}, 1]}, {}, U),
    ("divided by zero", {">": [{"/": [1, var("count")]}, 0]}, {"count": 0}, U),
    ("not divided by zero", {"!": [{">": [{"/": [1, var("count")]}, 0]}]}, {"count": 0}, U),
    ("remainder by zero", {"==": [{"%": [1, var("count")]}, 0]}, {"count": 0}, U),
    ("between with a missing bound", {"<": [1, var("count"), var("on_hand")]}, {"count": 2}, U),
    ("between, out already", {"<": [1, var("count"), var("on_hand")]}, {"count": 1}, F),
    ("text in a number field", BELOW, {"on_hand": "many"}, U),
    ("more decimals than the field has", BELOW, {"on_hand": Decimal("1.005")}, U),
    ("a huge exponent", BELOW, {"on_hand": "1E+999999999"}, U),
    ("not a number", BELOW, {"on_hand": float("nan")}, U),
    (
        "a naive time",
        {"<": [var("changed_at"), "2026-01-01T00:00:00Z"]},
        {"changed_at": "2025-01-01T00:00:00"},
        U,
    ),
    ("a null inside the list", {"in": ["b", var("tags")]}, {"tags": ["a", None]}, U),
    ("found beside a null", {"in": ["a", var("tags")]}, {"tags": ["a", None]}, T),
    ("contains in a missing text", {"contains": [var("name"), "a"]}, {}, U),
    ("does not contain, missing", {"!": [{"contains": [var("name"), "a"]}]}, {}, U),
    (
        "now was not given",
        {"<": [var("changed_at"), {"var": "now"}]},
        {"changed_at": "2025-01-01T00:00:00Z"},
        U,
    ),
]

EXACT_CASES: list[tuple[str, Any, dict[str, Any], Verdict]] = [
    ("0.1 + 0.2", {"==": [{"+": [0.1, 0.2]}, 0.3]}, {}, T),
    ("0.1 + 0.2 as text", {"==": [{"+": ["0.1", "0.2"]}, var("on_hand")]}, {"on_hand": "0.30"}, T),
    ("scales differ", {"==": [var("on_hand"), var("level")]}, {"on_hand": "1.50", "level": "1.500"}, T),
    ("a thousandth apart", {"<": [var("on_hand"), var("level")]}, {"on_hand": "1.50", "level": "1.501"}, T),
    ("literal finer than the field", {"<": [var("on_hand"), "1.5049"]}, {"on_hand": "1.50"}, T),
    ("text of a number", {"==": [var("count"), "10"]}, {"count": 10}, T),
    ("number as text in the data", {"<": [var("count"), 10]}, {"count": "9"}, T),
    ("a third", {"==": [{"*": [{"/": [var("count"), 3]}, 3]}, var("count")]}, {"count": 10}, T),
    ("a third, compared", {"<": [{"/": [1, 3]}, 0.3333333]}, {}, F),
    ("negative divisor", {"<": [{"/": [1, var("count")]}, 0]}, {"count": -3}, T),
    ("min of quotients", {"==": [{"min": [{"/": [1, var("count")]}, {"/": [1, 2]}]}, 0.25]}, {"count": 4}, T),
    ("remainder keeps the sign", {"==": [{"%": [var("count"), 3]}, -1]}, {"count": -7}, T),
    ("unary minus", {"==": [{"-": [var("count")]}, -7]}, {"count": 7}, T),
    (
        "beyond 64 bits",
        {"==": [{"*": [var("count"), var("count")]}, var("level")]},
        {"count": 10**12, "level": str(10**24)},
        T,
    ),
    (
        "one beyond 64 bits",
        {"<": [{"*": [var("count"), var("count")]}, var("level")]},
        {"count": 10**12, "level": f"{10**24}.001"},
        T,
    ),
    ("a number no 64 bits hold", {">": [var("count"), 5]}, {"count": 10**25}, T),
    ("in, scaled", {"in": [var("on_hand"), ["0.301", 0.3]]}, {"on_hand": "0.3"}, T),
    ("not in", {"!": [{"in": [var("on_hand"), [1, 2]]}]}, {"on_hand": "0.3"}, T),
    ("in, computed members", {"in": [var("count"), [1, {"+": [var("count"), 0]}]]}, {"count": 3}, T),
    ("between", {"<=": [1, var("count"), 3]}, {"count": 3}, T),
    (
        "if as a value",
        {">": [{"if": [var("active"), 1, var("on_hand")]}, 1]},
        {"active": False, "on_hand": "1.01"},
        T,
    ),
    (
        "if does not read the other branch",
        {"==": [{"if": [var("active"), 1, var("level")]}, 1]},
        {"active": True},
        T,
    ),
    (
        "else if",
        {"if": [{"<": [var("count"), 1]}, False, {"<": [var("count"), 5]}, True, False]},
        {"count": 3},
        T,
    ),
    ("?:", {"?:": [var("active"), False, True]}, {"active": False}, T),
    ("default", {"==": [{"var": ["record.level", "1.5"]}, 1.5]}, {}, T),
    ("default not needed", {"==": [{"var": ["record.level", "1.5"]}, 2]}, {"level": 2}, T),
    ("true is not one", {"==": [var("count"), 1]}, {"count": True}, U),
    ("equal texts", {"==": [var("name"), var("note")]}, {"name": "a", "note": "a"}, T),
    ("text that looks like a duration", {"==": [var("name"), "24h"]}, {"name": "1d"}, F),
    (
        "text that looks like a time",
        {"==": [var("name"), "2026-01-01T00:00:00Z"]},
        {"name": "2026-01-01T00:00:00+00:00"},
        F,
    ),
    ("10 and 10.0 are other texts", {"==": [var("name"), "10.0"]}, {"name": "10"}, F),
    ("text in a list", {"in": ["1d", var("tags")]}, {"tags": ["24h"]}, F),
    ("text among constants", {"in": [var("name"), ["24h"]]}, {"name": "1d"}, F),
    ("contains", {"contains": [var("name"), "螺栓"]}, {"name": "M6 六角螺栓"}, T),
    ("in as contains", {"in": ["六角", var("name")]}, {"name": "M6 六角螺栓"}, T),
    ("starts with", {"starts_with": [var("name"), "M6 六"]}, {"name": "M6 六角螺栓"}, T),
    ("ends with", {"ends_with": [var("name"), var("note")]}, {"name": "M6 六角螺栓", "note": "栓"}, T),
    ("the tag is not part of the text", {"contains": [var("name"), "="]}, {"name": "a"}, F),
    ("cat", {"==": [{"cat": [var("name"), "-", var("count")]}, "a-7"]}, {"name": "a", "count": 7}, T),
    ("date", {"<": [var("due_on"), "2026-02-01"]}, {"due_on": date(2026, 1, 31)}, T),
    ("date and days", {"==": [{"+": [var("due_on"), 1]}, "2026-02-01"]}, {"due_on": "2026-01-31"}, T),
    ("days between", {">=": [{"-": ["2026-03-01", var("due_on")]}, 29]}, {"due_on": "2026-01-31"}, T),
    (
        "time zones",
        {"==": [var("changed_at"), "2026-01-31T01:00:00Z"]},
        {"changed_at": "2026-01-31T09:00:00+08:00"},
        T,
    ),
    ("missing", {"missing": ["record.name", "record.note"]}, {"name": "a"}, T),
    ("nothing missing", {"missing": ["record.name"]}, {"name": "a"}, F),
    ("an empty text is missing", {"missing": "record.name"}, {"name": ""}, T),
    ("and stays a text", {"==": [var("name"), ""]}, {"name": ""}, T),
    (
        "zero and false are there",
        {"missing": ["record.count", "record.active"]},
        {"count": 0, "active": False},
        F,
    ),
    ("not missing", {"!": [{"missing": ["record.name"]}]}, {}, F),
    ("missing_some, enough", {"missing_some": [1, ["record.name", "record.note"]]}, {"note": "a"}, F),
    ("missing_some, too few", {"missing_some": [2, ["record.name", "record.note"]]}, {"note": "a"}, T),
    (
        "all of nothing is false, as JsonLogic has it",
        {"all": [var("lines"), MANY]},
        {"lines": []},
        F,
    ),
    ("none of nothing", {"none": [var("lines"), MANY]}, {"lines": []}, T),
    ("some tag", {"some": [var("tags"), {"==": [{"var": ""}, "a"]}]}, {"tags": ["b", "a"]}, T),
]


@ENGINES
@pytest.mark.parametrize(
    ("logic", "record", "wanted"),
    [each[1:] for each in UNKNOWN_CASES],
    ids=[each[0] for each in UNKNOWN_CASES],
)
def test_unknown_never_becomes_an_answer(
    engine: EnginePort, logic: Any, record: dict[str, Any], wanted: Verdict
) -> None:
    assert decide(logic, engine, record=record) is wanted


@ENGINES
@pytest.mark.parametrize(
    ("logic", "record", "wanted"), [each[1:] for each in EXACT_CASES], ids=[each[0] for each in EXACT_CASES]
)
def test_numbers_and_texts_are_exact(
    engine: EnginePort, logic: Any, record: dict[str, Any], wanted: Verdict
) -> None:
    assert decide(logic, engine, record=record) is wanted


CROSSING = {"crosses_below": [var("on_hand"), var("level")]}


@ENGINES
@pytest.mark.parametrize(
    ("before", "record", "wanted"),
    [
        ({"on_hand": 20, "level": 20}, {"on_hand": "19.99", "level": 20}, T),
        ({"on_hand": "19.99", "level": 20}, {"on_hand": 5, "level": 20}, F),
        ({"on_hand": 20, "level": 20}, {"on_hand": 20, "level": 20}, F),
        ({"on_hand": 20, "level": 20}, {"on_hand": 20, "level": 30}, T),
        (None, {"on_hand": 5, "level": 20}, U),
        ({"level": 20}, {"on_hand": 5, "level": 20}, U),
        ({"on_hand": 20, "level": 20}, {"level": 20}, U),
        (None, {"on_hand": 50, "level": 20}, F),
    ],
)
def test_crossing_below(engine: EnginePort, before: Any, record: Any, wanted: Verdict) -> None:
    assert decide(CROSSING, engine, record=record, before=before) is wanted


@ENGINES
def test_crossing_above_is_the_mirror(engine: EnginePort) -> None:
    logic = {"crosses_above": [var("count"), 5]}
    assert decide(logic, engine, record={"count": 6}, before={"count": 5}) is T
    assert decide(logic, engine, record={"count": 7}, before={"count": 6}) is F
    assert decide(logic, engine, record={"count": 6}) is U


@ENGINES
def test_changed_reads_the_list_of_the_event(engine: EnginePort) -> None:
    logic = {"changed": ["on_hand", "record.level"]}
    assert decide(logic, engine, changed=["level"]) is T
    assert decide(logic, engine, changed=["record.on_hand"]) is T
    assert decide(logic, engine, changed=["name"]) is F
    assert decide(logic, engine, changed=[]) is F
    assert decide(logic, engine) is U
    assert decide({"!": [logic]}, engine) is U


@ENGINES
def test_the_time_is_data(engine: EnginePort) -> None:
    now = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
    assert (
        decide(
            {"<": [var("changed_at"), {"var": "now"}]},
            engine,
            record={"changed_at": "2026-02-01T07:59:59.999999Z"},
            now=now,
        )
        is T
    )
    assert (
        decide({"<": [var("due_on"), {"var": "today"}]}, engine, record={"due_on": "2026-01-31"}, now=now)
        is T
    )
    assert (
        decide({"<": [var("due_on"), {"var": "today"}]}, engine, record={"due_on": "2026-02-01"}, now=now)
        is F
    )
    later = date(2026, 2, 2)
    assert (
        decide(
            {"<": [var("due_on"), {"var": "today"}]},
            engine,
            record={"due_on": "2026-02-01"},
            now=now,
            today=later,
        )
        is T
    )


@ENGINES
def test_what_was_shown_and_the_event_can_be_read(engine: EnginePort) -> None:
    assert (
        decide(
            {"==": [var("level"), {"var": "shown.level"}]},
            engine,
            record={"level": "1.5"},
            shown={"level": "1.50"},
        )
        is T
    )
    assert decide({"==": [{"var": "event.kind"}, "update"]}, engine, event={"kind": "update"}) is T
