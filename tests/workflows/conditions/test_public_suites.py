"""The public JsonLogic suites, through the engine that production uses and through the typed evaluator."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.needs import needs
from tests.workflows.conditions import deviations
from tests.workflows.conditions.public_suites import (
    MISSING,
    Case,
    classic_cases,
    compat_cases,
    fields_of,
    same,
)
from workflows.conditions import ConditionInvalid, data_prepare, value_compile
from workflows.conditions.engine_port import EngineFailure, engine_default
from workflows.conditions.schema import ConditionSchema

pytestmark = needs("jsonlogic-suite")


def engine_agrees(case: Case) -> bool:
    engine = engine_default()
    try:
        found: Any = engine.compile(case.rule).evaluate(engine.load(case.data))
    except EngineFailure:
        return case.result is MISSING
    return case.result is not MISSING and same(found, case.result)


def evaluator_outcome(case: Case) -> str:
    """`same`, `refused <code>`, or what went otherwise."""
    schema = ConditionSchema(fields_of(case.data))
    try:
        compiled = value_compile(case.rule, schema)
    except ConditionInvalid as refused:
        return f"refused {refused.problems[0].code}"
    found = compiled.evaluate(data_prepare(schema, case.data if isinstance(case.data, dict) else {}))
    if case.result is MISSING:
        return "same" if found is None else "otherwise"
    return "same" if same(found, case.result) else "otherwise"


def test_the_suites_are_whole() -> None:
    assert len(classic_cases()) == 277
    assert len(compat_cases()) == 1138


def test_the_engine_passes_the_classic_suite() -> None:
    assert [case.name for case in classic_cases() if not engine_agrees(case)] == []


def test_the_engine_passes_the_compat_suite_but_for_the_written_list() -> None:
    assert [case.name for case in compat_cases() if not engine_agrees(case)] == list(deviations.ENGINE)


@pytest.mark.parametrize(("suite", "agreeing"), [("classic", 136), ("compat", 333)])
def test_the_evaluator_agrees_or_refuses_but_for_the_written_list(suite: str, agreeing: int) -> None:
    cases = classic_cases() if suite == "classic" else compat_cases()
    outcomes = {case.name: evaluator_outcome(case) for case in cases}
    otherwise = {name for name, outcome in outcomes.items() if outcome == "otherwise"}
    files = {case.file for case in cases}
    assert otherwise == {name for name in deviations.EVALUATOR if name.rpartition(":")[0] in files}
    counted = Counter(outcomes.values())
    assert counted.pop("same") == agreeing
    counted.pop("otherwise")
    assert dict(counted) == {f"refused {code}": count for code, count in deviations.REFUSED[suite].items()}
