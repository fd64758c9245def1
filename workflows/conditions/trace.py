"""What each part of a condition saw and decided, computed by the same engine on the same expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from connectors.dictionary.types import FieldType
from workflows.conditions.compiled import (
    CompiledCondition,
    CompiledValue,
    Verdict,
    condition_node,
)
from workflows.conditions.engine_port import EnginePort
from workflows.conditions.nodes import Condition, Node, Value
from workflows.conditions.prepare import PreparedData
from workflows.conditions.problems import Message
from workflows.conditions.schema import ConditionSchema, FieldSpec, schema_of

MAX_ITEMS = 20

Unknown = tuple[tuple[str, Message], ...]


@dataclass(frozen=True)
class Trace:
    """One node. `verdict` is set for a condition, `value` for a value; `items` are a list test's own traces.

    The value of a list is how many items it has. `unknown` are (path, why) of the fields below that are not
    known.
    """

    pointer: str
    operator: str
    verdict: Verdict | None = None
    value: Any = None
    path: str = ""
    operands: tuple[Trace, ...] = ()
    items: tuple[Trace, ...] = ()
    unknown: Unknown = ()

    @property
    def note(self) -> str:
        """ "unknown: on_hand missing", in the active language; empty when everything was known."""
        if not self.unknown:
            return ""
        parts = [f"{path.removeprefix('record.')} {why}" for path, why in self.unknown]
        return _("unknown: %(what)s") % {"what": ", ".join(parts)}

    def as_json(self) -> dict[str, Any]:
        """Only JSON types: decimals and times as text."""
        found: dict[str, Any] = {"pointer": self.pointer, "operator": self.operator}
        if self.path:
            found["path"] = self.path
        if self.verdict is None:
            found["value"] = str(self.value) if isinstance(self.value, Decimal | date) else self.value
        else:
            found["verdict"] = self.verdict.value
        if self.unknown:
            found["unknown"] = [{"path": path, "why": str(why)} for path, why in self.unknown]
            found["note"] = self.note
        if self.items:
            found["items"] = [each.as_json() for each in self.items]
        if self.operands:
            found["operands"] = [each.as_json() for each in self.operands]
        return found


class CompiledTrace:
    """The whole tree of decisions of one condition, compiled once. Immutable and thread-safe."""

    def __init__(self, logic: Any, schema: ConditionSchema | Mapping[str, FieldSpec]) -> None:
        """Raises ConditionInvalid."""
        self._schema = schema_of(schema)
        self._engines: dict[str, _Compiled] = {}
        self._node = condition_node(logic, self._schema)

    def of(self, data: PreparedData) -> Trace:
        root = self._engines.get(data.engine.name)
        if root is None:
            root = self._engines[data.engine.name] = _Compiled(self._node, self._schema, data.engine)
        return root.trace(data)


def condition_trace(
    logic: Any, schema: ConditionSchema | Mapping[str, FieldSpec], data: PreparedData
) -> Trace:
    """The whole tree of decisions, for a condition that is looked at once. Raises ConditionInvalid."""
    return CompiledTrace(logic, schema).of(data)


class _Compiled:
    """One node of the tree with its own expression, and its operands' and its list items'."""

    def __init__(self, node: Node, schema: ConditionSchema, engine: EnginePort) -> None:
        self.node = node
        self.operands = tuple(_Compiled(each, schema, engine) for each in node.children)
        self.each_item: _Compiled | None = None
        self.condition: CompiledCondition | None = None
        self.value: CompiledValue | None = None
        if isinstance(node, Condition):
            self.condition = CompiledCondition(node, schema, engine)
            source = node.children[0] if node.children else None
            if node.each_item is not None and isinstance(source, Value) and source.spec is not None:
                self.each_item = _Compiled(node.each_item, schema, engine)
        elif isinstance(node, Value) and node.type is not FieldType.LIST:
            self.value = CompiledValue(node, schema, engine)

    def trace(self, data: PreparedData, prefix: str = "") -> Trace:
        operands = tuple(each.trace(data, prefix) for each in self.operands)
        if self.condition is not None:
            return self._condition(self.condition, operands, data, prefix)
        node = self.node
        assert isinstance(node, Value)
        path = prefix + node.spec.path if node.spec and node.operator == "var" else ""
        if self.value is None:
            entries = data.stored(node.spec) if node.spec else None
            value = None if entries is None else len(entries)
        else:
            value = self.value.evaluate(data)
        unknown: Unknown = ()
        if value is None:
            why = data.unusable.get(path) or _("missing")
            impossible = ((node.operator, _("cannot be calculated")),)
            unknown = ((path, why),) if path else _unknown(operands) or impossible
        return Trace(node.pointer, node.operator, value=value, path=path, operands=operands, unknown=unknown)

    def _condition(
        self, condition: CompiledCondition, operands: tuple[Trace, ...], data: PreparedData, prefix: str
    ) -> Trace:
        node = self.node
        verdict = condition.evaluate(data)
        items = self._items(data, prefix)
        unknown: Unknown = ()
        if verdict is Verdict.UNKNOWN:
            unknown = (
                (("changed", _("missing")),) if node.operator == "changed" else _unknown((*operands, *items))
            )
        return Trace(node.pointer, node.operator, verdict, operands=operands, items=items, unknown=unknown)

    def _items(self, data: PreparedData, prefix: str) -> tuple[Trace, ...]:
        source = self.node.children[0] if self.node.children else None
        if self.each_item is None or not isinstance(source, Value) or source.spec is None:
            return ()
        entries = (data.stored(source.spec) or ())[:MAX_ITEMS]
        return tuple(
            self.each_item.trace(data.item(entry), f"{prefix}{source.spec.path}.{at}.")
            for at, entry in enumerate(entries)
        )


def _unknown(operands: tuple[Trace, ...]) -> Unknown:
    return tuple(dict(pair for each in operands for pair in each.unknown).items())
