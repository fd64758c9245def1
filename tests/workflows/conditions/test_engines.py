"""Both engines and the oracle agree; what is relied on in the pinned native engine is written down."""

from __future__ import annotations

import threading
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.conditions.fields import SCHEMA, var
from tests.workflows.conditions.oracle import decided, valued
from workflows.conditions import (
    Verdict,
    condition_check,
    condition_compile,
    conditions_evaluate,
    data_prepare,
    value_compile,
)
from workflows.conditions.engine_native import NativeEngine
from workflows.conditions.engine_port import EngineFailure, engine_default, engine_exact

MEANING = {Verdict.TRUE: True, Verdict.FALSE: False, Verdict.UNKNOWN: None}

small = st.integers(-30, 30)
cents = small.map(lambda at: f"{'-' if at < 0 else ''}{abs(at) // 4}.{abs(at) % 4 * 25:02d}")
words = st.sampled_from(["a", "b", "ab", "x1d", "螺栓", ""])
number_fields = st.sampled_from(
    [var("on_hand"), var("level"), var("count"), var("before.count"), var("shown.level")]
)
text_fields = st.sampled_from([var("name"), var("note")])


def numbers(
    depth: int, leaf: st.SearchStrategy[Any], tests: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    if depth == 0:
        return leaf | small | cents.map(Decimal)
    inner = numbers(depth - 1, leaf, tests)
    pair = st.tuples(inner, inner).map(list)
    return (
        inner
        | st.builds(
            lambda name, parts: {name: parts}, st.sampled_from(["+", "-", "*", "/", "min", "max"]), pair
        ).filter(
            lambda logic: (
                not ("/" in logic and not isinstance(logic["/"][1], dict) and valued(logic["/"][1], {}) == 0)
            )
        )
        | st.builds(lambda test, parts: {"if": [test, *parts]}, tests, pair)
    )


def comparisons(leaf: st.SearchStrategy[Any], depth: int) -> st.SearchStrategy[Any]:
    value = numbers(depth, leaf, st.just(var("active")) if depth else st.just(True))
    name = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    two = st.builds(lambda name, a, b: {name: [a, b]}, name, leaf, value)
    three = st.builds(
        lambda name, a, b, c: {name: [a, b, c]}, st.sampled_from(["<", "<=", ">", ">="]), value, leaf, value
    )
    return two | three


text_tests = st.builds(
    lambda name, field, other: {name: [field, other]},
    st.sampled_from(["==", "!=", "contains", "starts_with", "ends_with"]),
    text_fields,
    text_fields | words,
)
memberships = st.builds(
    lambda field, members: {"in": [field, members]},
    number_fields,
    st.lists(cents | small, min_size=1, max_size=4),
) | st.builds(
    lambda field, members: {"in": [field, members]}, text_fields, st.lists(words, min_size=1, max_size=3)
)
item_tests = st.recursive(
    comparisons(st.just({"var": "quantity"}), 0)
    | text_tests.map(lambda logic: {k: [{"var": "sku"}, "a"] for k in logic}),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"or": parts})
        | inner.map(lambda part: {"!": [part]})
    ),
    max_leaves=3,
)
list_tests = st.builds(
    lambda name, test: {name: [var("lines"), test]}, st.sampled_from(["some", "all", "none"]), item_tests
)
absences = st.lists(
    st.sampled_from(["record.name", "record.count", "before.count"]), min_size=1, max_size=2
).map(lambda paths: {"missing": paths})
leaves = (
    comparisons(number_fields, 2)
    | text_tests
    | memberships
    | list_tests
    | absences
    | st.just(var("active"))
    | st.booleans()
)
conditions = st.recursive(
    leaves,
    lambda inner: (
        st.builds(
            lambda name, parts: {name: parts},
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=1, max_size=3),
        )
        | inner.map(lambda part: {"!": [part]})
        | st.builds(lambda a, b, c: {"if": [a, b, c]}, inner, inner, inner)
    ),
    max_leaves=8,
)
records = st.fixed_dictionaries(
    {},
    optional={
        "on_hand": cents | st.none(),
        "level": cents,
        "count": small | st.none() | st.just(10**20),
        "name": words | st.none(),
        "note": words,
        "active": st.booleans() | st.none(),
        "lines": st.lists(
            st.fixed_dictionaries({}, optional={"quantity": small | st.none(), "sku": words}), max_size=3
        ),
    },
)
events = st.fixed_dictionaries(
    {"record": records},
    optional={
        "before": st.fixed_dictionaries({"count": small}),
        "shown": st.fixed_dictionaries({"level": cents}),
    },
)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(logic=conditions, data=events)
def test_both_engines_decide_as_the_meaning_says(logic: Any, data: dict[str, Any]) -> None:
    assert condition_check(logic, SCHEMA) == []
    wanted = decided(logic, data)
    for engine in (engine_default(), engine_exact()):
        found = condition_compile(logic, SCHEMA, engine=engine).evaluate(
            data_prepare(SCHEMA, data, engine=engine)
        )
        assert MEANING[found] is wanted, (engine.name, logic, data)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(logic=numbers(3, number_fields, st.just(var("active"))), data=events)
def test_calculated_values_are_exact(logic: Any, data: dict[str, Any]) -> None:
    wanted = valued(logic, data)
    for engine in (engine_default(), engine_exact()):
        found = value_compile(logic, SCHEMA, engine=engine).evaluate(
            data_prepare(SCHEMA, data, engine=engine)
        )
        if wanted is None or isinstance(wanted, str):
            assert (found is None) == (wanted is None)
        else:
            assert abs(wanted - valued(str(found), {})) <= abs(wanted) / 10**26


def test_the_engine_in_use_is_the_pinned_one() -> None:
    assert version("datalogic-py") == "5.9.0"
    assert engine_default().name == "datalogic"


GOLDEN: list[tuple[Any, Any, Any]] = [
    ({"<": [{"val": ["a"]}, 5]}, {"a": None}, True),  # hence every leaf is guarded
    ({"===": ["1d", "24h"]}, {}, True),  # hence every text is tagged
    ({"===": ["=1d", "=24h"]}, {}, False),
    (
        {"===": [{"val": ["a"]}, {"val": ["b"]}]},
        {"a": "=2026-01-01T00:00:00Z", "b": "=2026-01-01T00:00:00+00:00"},
        False,
    ),
    ({"in": [{"val": ["a"]}, ["=24h"]]}, {"a": "=1d"}, False),
    ({"in": [1, ["1", True]]}, {}, False),
    ({"in": [None, [1, None]]}, {}, True),
    ({"!==": [{"val": ["r", "x"]}, None]}, {"r": {}}, False),
    ({"!==": [{"val": ["r", "x"]}, None]}, {}, False),
    ({"*": [{"val": ["a"]}, 2]}, {"a": 2**61 + 1}, 2**62 + 2),
    ({"-": [{"val": ["a"]}, 1]}, {"a": -(2**61)}, -(2**61) - 1),
    ({"<": [{"val": ["a"]}, 2**61 + 1]}, {"a": 2**61}, True),
    ({"===": [{"val": ["a"]}, 2**61 + 1]}, {"a": 2**61}, False),
    ({"max": [2**61 + 1, {"val": ["a"]}]}, {"a": 2**61}, 2**61 + 1),
    ({"%": [{"val": ["a"]}, 3]}, {"a": -7}, -1),
    ({"%": [{"val": ["a"]}, -3]}, {"a": 7}, 1),
    ({"all": [{"val": ["a"]}, True]}, {"a": []}, False),
    ({"some": [{"val": ["a"]}, {"===": [{"val": []}, 2]}]}, {"a": [1, 2]}, True),
    ({"some": [{"val": ["a"]}, {"<": [{"val": ["q"]}, 2]}]}, {"a": [{"q": 1}]}, True),
    ({"substr": [{"val": ["a"]}, 1]}, {"a": "=螺栓"}, "螺栓"),
    ({"cat": ["=", {"val": ["a"]}, {"val": ["n"]}]}, {"a": "x", "n": -5}, "=x-5"),
    ({"in": ["", "abc"]}, {}, True),
]


@pytest.mark.parametrize(("logic", "data", "wanted"), GOLDEN, ids=[str(at) for at in range(len(GOLDEN))])
def test_what_is_relied_on_in_the_native_engine(logic: Any, data: Any, wanted: Any) -> None:
    engine = NativeEngine()
    found = engine.compile(logic).evaluate(engine.load(data))
    assert found == wanted
    assert type(found) is type(wanted)


def test_a_plain_text_is_data_not_json_text() -> None:
    engine = NativeEngine()
    assert engine.compile("[1]").evaluate(engine.load("{}")) == "[1]"
    assert engine.compile({"val": []}).evaluate(engine.load("[1]")) == "[1]"


def test_a_failure_of_the_engine_has_one_type() -> None:
    for engine in (NativeEngine(), engine_exact()):
        with pytest.raises(EngineFailure):
            engine.compile({"no such operator": [1]}).evaluate(engine.load({}))
        with pytest.raises(EngineFailure):
            engine.compile({"===": [1, 1]}).evaluate_int(engine.load({}))


def test_one_condition_serves_many_threads() -> None:
    compiled = condition_compile({"<": [var("count"), 5]}, SCHEMA)
    found: list[list[Verdict]] = []

    def work(count: int) -> None:
        data = data_prepare(SCHEMA, {"record": {"count": count}})
        found.append(conditions_evaluate([compiled] * 200, data))

    threads = [threading.Thread(target=work, args=(at,)) for at in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == [[Verdict.FALSE] * 200] * 5 + [[Verdict.TRUE] * 200] * 5


def test_many_at_once_is_the_same_as_one_by_one() -> None:
    rules = [{"<": [var("count"), 5]}, {"*": 1}, {"==": [var("name"), "a"]}, var("active")]
    compiled = [condition_compile(each, SCHEMA) for at, each in enumerate(rules) if at != 1]
    for count in (1, 10**25):
        data = data_prepare(SCHEMA, {"record": {"count": count, "active": False}})
        assert conditions_evaluate(compiled, data) == [each.evaluate(data) for each in compiled]
