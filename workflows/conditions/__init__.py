"""Conditions: JsonLogic, typed, three-valued, compiled. See docs/conditions.md.

The one evaluator of production, dry run, back-test and preview.
"""

from connectors.dictionary.types import FieldType
from workflows.conditions.compiled import (
    CompiledCondition,
    CompiledValue,
    SchemaMismatch,
    Verdict,
    condition_check,
    condition_compile,
    conditions_evaluate,
    value_check,
    value_compile,
    value_evaluate,
)
from workflows.conditions.prepare import PreparedData, data_prepare
from workflows.conditions.problems import ConditionInvalid, Problem, logic_parse
from workflows.conditions.schema import ConditionSchema, FieldSpec
from workflows.conditions.trace import CompiledTrace, Trace, condition_trace

__all__ = [
    "CompiledCondition",
    "CompiledTrace",
    "CompiledValue",
    "ConditionInvalid",
    "ConditionSchema",
    "FieldSpec",
    "FieldType",
    "PreparedData",
    "Problem",
    "SchemaMismatch",
    "Trace",
    "Verdict",
    "condition_check",
    "condition_compile",
    "condition_trace",
    "conditions_evaluate",
    "data_prepare",
    "logic_parse",
    "value_check",
    "value_compile",
    "value_evaluate",
]
