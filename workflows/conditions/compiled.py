"""Check, compile, evaluate: the interface of the room's other parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any

from connectors.dictionary.types import FieldType
from workflows.conditions import lowered
from workflows.conditions.builder import Builder
from workflows.conditions.engine_port import EnginePort, EngineRule, engine_default, engine_exact
from workflows.conditions.lowered import Lowered
from workflows.conditions.nodes import (
    Bound,
    Broken,
    Condition,
    Equality,
    Node,
    Value,
    decimal_plain,
    value_restore,
)
from workflows.conditions.operators import OPERATORS
from workflows.conditions.prepare import PreparedData
from workflows.conditions.problems import ConditionInvalid, Problem
from workflows.conditions.schema import ConditionSchema, FieldSpec, schema_of

DIVISION = Context(prec=28)
"""A quotient that does not end is rounded to 28 digits when it becomes a value; comparisons never round."""

Schema = ConditionSchema | Mapping[str, FieldSpec]


class Verdict(StrEnum):
    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class SchemaMismatch(Exception):
    """The data was prepared for fields of other types than the condition was compiled for."""


class Expression:
    """A lowered expression on the engine; on the exact one where numbers outgrow 64 bits. Thread-safe."""

    __slots__ = ("_engine", "_exact", "_logic", "_safe_bits", "rule")

    def __init__(self, found: Lowered, engine: EnginePort) -> None:
        self._logic = found.json
        self._safe_bits = found.safe_bits
        self._engine = engine
        self.rule: EngineRule = (engine if found.safe_bits >= 0 else engine_exact()).compile(found.json)
        self._exact: EngineRule | None = None

    def fits(self, data: PreparedData) -> bool:
        """Whether `rule` can compute this data's numbers."""
        return data.bits <= self._safe_bits and data.engine is self._engine

    def integer(self, data: PreparedData) -> int:
        if data.bits <= self._safe_bits and data.engine is self._engine:
            return self.rule.evaluate_int(data.loaded)
        return self._exactly().evaluate_int(data.tree)

    def value(self, data: PreparedData) -> Any:
        if self.fits(data):
            return self.rule.evaluate(data.loaded)
        return self._exactly().evaluate(data.tree)

    def _exactly(self) -> EngineRule:
        if self._exact is None:
            self._exact = engine_exact().compile(self._logic)
        return self._exact


_VERDICTS = (Verdict.UNKNOWN, Verdict.TRUE, Verdict.FALSE)
"""Indexed by 0, 1 and -1."""


class CompiledCondition:
    """Immutable and thread-safe; compile once per RuleVersion.

    `reads` are the paths it looks at. `equalities` (path, value) and `bounds` (path, < <= > or >=, value) must all hold
    for it to be true, with values as `PreparedData.value` gives them.
    """

    def __init__(self, node: Condition, schema: ConditionSchema, engine: EnginePort) -> None:
        self.reads: frozenset[str] = node.reads
        self.equalities: list[Equality] = list(dict.fromkeys(node.equalities))
        self.bounds: list[Bound] = list(dict.fromkeys(node.bounds))
        self._fields = _Fields(node.reads, schema)
        self._schema = schema
        self.expression = Expression(lowered.verdict(node.when_true, node.when_false), engine)

    def evaluate(self, data: PreparedData) -> Verdict:
        """Raises SchemaMismatch for data prepared with other types."""
        self.require(data)
        return _VERDICTS[self.expression.integer(data)]

    def require(self, data: PreparedData) -> None:
        """Raises SchemaMismatch."""
        if data.schema is not self._schema:
            self._fields.require(data.schema)


class CompiledValue:
    """A calculated value, for a prefilled input. Immutable and thread-safe."""

    def __init__(self, node: Value | Condition, schema: ConditionSchema, engine: EnginePort) -> None:
        self.reads: frozenset[str] = node.reads
        self._fields = _Fields(node.reads, schema)
        self._type = node.type if isinstance(node, Value) else FieldType.BOOLEAN
        self._scale = node.scale if isinstance(node, Value) else 0
        divisor: Lowered | None = None
        if isinstance(node, Value):
            known, stored, divisor = node.is_known, node.stored, node.divisor
        else:
            known, stored = lowered.any_of((node.when_true, node.when_false)), node.when_true
        self._known = Expression(lowered.choose(known, lowered.literal(1), lowered.literal(0)), engine)
        self._stored = Expression(stored, engine)
        self._divisor = Expression(divisor, engine) if divisor else None

    def evaluate(self, data: PreparedData) -> Any:
        """Text, int, exact Decimal, bool, date or aware UTC datetime; None when unknown."""
        if data.schema is not self._fields.schema:
            self._fields.require(data.schema)
        if not self._known.integer(data):
            return None
        stored = self._stored.value(data)
        if self._type is FieldType.LIST:
            return None
        if self._divisor is None:
            try:
                return value_restore(self._type, stored, self._scale)
            except (ValueError, OverflowError):
                return None  # days added beyond the calendar: no such date
        quotient = DIVISION.divide(Decimal(stored), Decimal(self._divisor.value(data)))
        return decimal_plain(quotient, self._scale)


class _Fields:
    """Which prepared data a condition may look at: the fields it reads must be stored alike."""

    def __init__(self, reads: Iterable[str], schema: ConditionSchema) -> None:
        self.schema = schema
        self._specs = [spec for spec in map(schema.find, sorted(reads)) if spec is not None]
        self._accepted: list[ConditionSchema] = []

    def require(self, other: ConditionSchema) -> None:
        if any(other is each for each in self._accepted):
            return
        for spec in self._specs:
            found = other.find(spec.path)
            if found is not None and not spec.stored_alike(found):
                raise SchemaMismatch(
                    f"{spec.path} was {spec.type}, the data has {found.type}; compile the condition again"
                )
        self._accepted = [*self._accepted[-7:], other]


def condition_check(logic: Any, schema: Schema) -> list[Problem]:
    """Everything wrong with a condition; empty when it can be compiled. Never raises for any `logic`."""
    builder = Builder(schema_of(schema), OPERATORS)
    _lowered_condition(builder, logic)
    return builder.problems


def condition_compile(logic: Any, schema: Schema, *, engine: EnginePort | None = None) -> CompiledCondition:
    """Raises ConditionInvalid(problems)."""
    found = schema_of(schema)
    return CompiledCondition(condition_node(logic, found), found, engine or engine_default())


def condition_node(logic: Any, schema: ConditionSchema) -> Condition:
    """The typed tree of a condition. Raises ConditionInvalid."""
    builder = Builder(schema, OPERATORS)
    node = _lowered_condition(builder, logic)
    if node is None:
        raise ConditionInvalid(builder.problems)
    return node


def value_check(logic: Any, schema: Schema) -> list[Problem]:
    """Everything wrong with a calculated value."""
    builder = Builder(schema_of(schema), OPERATORS)
    _lowered_value(builder, logic)
    return builder.problems


def value_compile(logic: Any, schema: Schema, *, engine: EnginePort | None = None) -> CompiledValue:
    """Raises ConditionInvalid(problems)."""
    found = schema_of(schema)
    builder = Builder(found, OPERATORS)
    node = _lowered_value(builder, logic)
    if node is None:
        raise ConditionInvalid(builder.problems)
    return CompiledValue(node, found, engine or engine_default())


def value_evaluate(logic: Any, schema: Schema, data: PreparedData) -> Any:
    """`value_compile` and `evaluate` in one: see there."""
    return value_compile(logic, schema, engine=data.engine).evaluate(data)


def conditions_evaluate(conditions: Iterable[CompiledCondition], data: PreparedData) -> list[Verdict]:
    """The verdicts of many conditions on one Event, in their order."""
    found = list(conditions)
    schema = data.schema
    for each in found:
        if each._schema is not schema:
            each.require(data)
    if all(each.expression.fits(data) for each in found):
        rules = [each.expression.rule for each in found]
        return [_VERDICTS[verdict] for verdict in data.engine.evaluate_ints(rules, data.loaded)]
    return [_VERDICTS[each.expression.integer(data)] for each in found]


def _lowered_condition(builder: Builder, logic: Any) -> Condition | None:
    def want(item: Any, pointer: str, scope: Any) -> Condition | Broken:
        found = builder.condition(item, pointer, scope)
        if isinstance(found, Condition):
            lowered.verdict(found.when_true, found.when_false)
        return found

    return builder.build_root(logic, want)


def _lowered_value(builder: Builder, logic: Any) -> Value | Condition | None:
    def want(item: Any, pointer: str, scope: Any) -> Node:
        node = builder.build(item, pointer, scope)
        return node if isinstance(node, Condition) else builder.value(node)

    found = builder.build_root(logic, want)
    return found if isinstance(found, Value | Condition) else None
