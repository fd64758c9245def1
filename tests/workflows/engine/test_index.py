"""The index of rules never leaves out one that is true, and leaves out most that are not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.conditions.fields import SCHEMA, prepared, var
from workflows.conditions import Verdict, condition_compile
from workflows.engine.compiled import CompiledRule
from workflows.engine.index import RuleIndex

EAST, WEST = {"==": [var("name"), "east"]}, {"==": ["west", var("name")]}
OPEN = {"==": [var("status"), "open"]}
LOW = {"<": [var("count"), 5]}


def _rules(logics: Sequence[Any]) -> list[CompiledRule]:
    """Rules 100, 101, …; of a rule the index looks at nothing else."""
    return [
        cast(
            CompiledRule,
            SimpleNamespace(
                rule_id=100 + at,
                condition=condition_compile(logic, SCHEMA),
                takes=lambda change, at=at: change == f"c{at}",
            ),
        )
        for at, logic in enumerate(logics)
    ]


def _asked(index: RuleIndex, remembered: Sequence[int] = (), **record: Any) -> list[int]:
    return [rule.rule_id for rule in index.asked(prepared(record=record), remembered)]


def test_only_rules_that_may_be_true_are_asked_in_their_order() -> None:
    index = RuleIndex(_rules([EAST, LOW, WEST, {"and": [OPEN, EAST]}, {"or": [EAST, WEST]}, {"!": [EAST]}]))
    assert _asked(index, name="east", status="closed") == [100, 101, 103, 104, 105]
    assert _asked(index, name="west", status="open", count=9) == [101, 102, 104, 105]
    assert _asked(index, name="north") == [101, 104, 105]
    assert _asked(index, count=1) == [101, 104, 105]
    assert _asked(RuleIndex([]), name="east") == []


def test_only_rules_whose_bound_the_value_keeps_are_asked() -> None:
    logics = [{operator: [var("count"), bound]} for operator in ("<", "<=", ">", ">=") for bound in (5, 9)]
    turned = {"<": [7, var("count")]}
    between = {"<": [2, var("count"), 8]}
    index = RuleIndex(_rules([*logics, turned, between, {"and": [LOW, EAST]}]), few=1)
    assert _asked(index, count=5) == [101, 102, 103, 106, 109]
    assert _asked(index, count=9) == [103, 104, 106, 107, 108, 109]
    assert _asked(index, count=2, name="east") == [100, 101, 102, 103, 110]
    assert _asked(index) == list(range(100, 110))  # missing: each is unknown, and says so
    few = RuleIndex(_rules(logics), few=8)
    assert _asked(few, count=5) == list(range(100, 108))


def test_what_is_no_demand_is_no_bound() -> None:
    """Under a negation, in one of several alternatives, and between two fields."""
    loose = [{"!": [LOW]}, {"or": [LOW, EAST]}, {"<": [var("count"), var("on_hand")]}]
    index = RuleIndex(_rules([*loose, LOW, LOW]), few=1)
    assert _asked(index, count=9, on_hand=1) == [100, 101, 102]


def test_a_rule_stands_under_the_field_that_parts_the_most() -> None:
    index = RuleIndex(
        _rules([{"and": [OPEN, {"==": [var("name"), word]}]} for word in ("a", "b", "c")] + [OPEN])
    )
    assert _asked(index, status="open", name="b") == [101, 103]
    assert _asked(index, status="closed", name="b") == [101]
    assert _asked(index, status="open") == [103]


def test_the_remembered_are_asked_once_and_strangers_are_not() -> None:
    index = RuleIndex(_rules([EAST, LOW, WEST]))
    assert _asked(index, [102, 101, 7], name="east") == [100, 101, 102]
    assert _asked(index, [102], name="north") == [101, 102]


def test_whether_any_rule_starts_on_a_change() -> None:
    index = RuleIndex(_rules([EAST, LOW]))
    assert [index.takes(change) for change in ("c0", "c1", "c2")] == [True, True, False]
    assert RuleIndex([]).takes("c0") is False


VALUES: dict[str, list[Any]] = {
    "on_hand": ["1.50", "1.5", 2, "2.00", Decimal("-0.25"), 0],
    "count": [1, 2, 0, 10**17, 10**20, "1"],
    "name": ["east", "west", "", "螺栓", "1d", "24h"],
    "status": ["open", "closed"],
    "active": [True, False],
    "due_on": ["2026-11-22", "2026-11-23"],
    "changed_at": ["2026-11-22T10:00:00Z", "2026-11-22T18:00:00+08:00", "2026-11-23T00:00:00Z"],
}
ASKED_FOR: dict[str, list[Any]] = {
    **VALUES,
    "on_hand": [Decimal("1.50"), Decimal("1.5"), 2, Decimal("2.000"), 0],
    "count": [1, 2, 0, 10**17],
}
SPELT = {"on_hand": Decimal("1.5"), "due_on": dt.date(2026, 11, 22)}


def _compared(name: str) -> st.SearchStrategy[Any]:
    operators = (
        ["==", "!="] if name in ("name", "status", "active") else ["==", "==", "!=", "<", "<=", ">", ">="]
    )
    one = st.tuples(st.just(var(name)), st.sampled_from(ASKED_FOR[name])).map(list)
    return st.builds(
        lambda operator, pair, turned: {operator: pair[::-1] if turned else pair},
        st.sampled_from(operators),
        one,
        st.booleans(),
    )


leaves = st.one_of(*map(_compared, VALUES)) | st.just(var("active")) | st.booleans()
conditions = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"and": parts})
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"or": parts})
        | inner.map(lambda part: {"!": [part]})
        | inner.map(lambda part: {"!!": [part]})
        | st.builds(lambda a, b, c: {"if": [a, b, c]}, inner, inner, inner)
    ),
    max_leaves=6,
)
records = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from([*values, *([SPELT[name]] if name in SPELT else []), None])
        for name, values in VALUES.items()
    },
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    logics=st.lists(conditions, max_size=8),
    several=st.lists(records, min_size=1, max_size=4),
    remembered=st.sets(st.integers(98, 109), max_size=3),
)
def test_no_rule_that_is_true_is_left_out(
    logics: list[Any], several: list[dict[str, Any]], remembered: set[int]
) -> None:
    rules = _rules(logics)
    index = RuleIndex(rules, few=0)
    for record in several:
        data = prepared(record=record)
        true = {rule.rule_id for rule in rules if rule.condition.evaluate(data) is Verdict.TRUE}
        asked = [rule.rule_id for rule in index.asked(data, ())]
        assert true <= set(asked), record
        assert asked == sorted(set(asked))
        known = remembered & {rule.rule_id for rule in rules}
        assert [rule.rule_id for rule in index.asked(data, remembered)] == sorted({*asked, *known})
