"""One schema with a field of every type, for the condition tests."""

from __future__ import annotations

from typing import Any

from workflows.conditions import (
    ConditionSchema,
    FieldSpec,
    FieldType,
    PreparedData,
    Verdict,
    condition_compile,
    data_prepare,
)
from workflows.conditions.engine_port import EnginePort

LINES = FieldSpec(
    "record.lines",
    FieldType.LIST,
    items={
        "quantity": FieldSpec("quantity", FieldType.DECIMAL, decimals=1),
        "sku": FieldSpec("sku", FieldType.TEXT),
    },
)
SCHEMA = ConditionSchema(
    {
        "record.on_hand": FieldSpec("record.on_hand", FieldType.DECIMAL, decimals=2),
        "record.level": FieldSpec("record.level", FieldType.DECIMAL, decimals=3),
        "record.count": FieldSpec("record.count", FieldType.INTEGER),
        "record.name": FieldSpec("record.name", FieldType.TEXT),
        "record.note": FieldSpec("record.note", FieldType.TEXT),
        "record.status": FieldSpec("record.status", FieldType.CODE, codes=frozenset({"open", "closed"})),
        "record.active": FieldSpec("record.active", FieldType.BOOLEAN),
        "record.due_on": FieldSpec("record.due_on", FieldType.DATE),
        "record.changed_at": FieldSpec("record.changed_at", FieldType.DATETIME),
        "record.lines": LINES,
        "record.tags": FieldSpec("record.tags", FieldType.LIST, items={"": FieldSpec("", FieldType.TEXT)}),
        "event.kind": FieldSpec("event.kind", FieldType.TEXT),
    }
)


def var(name: str) -> dict[str, Any]:
    """`on_hand` → record.on_hand; a name with a dot is a whole path."""
    return {"var": name if "." in name else f"record.{name}"}


def prepared(engine: EnginePort | None = None, /, **roots: Any) -> PreparedData:
    return data_prepare(SCHEMA, roots, engine=engine)


def decide(logic: Any, engine: EnginePort | None = None, /, **roots: Any) -> Verdict:
    """The verdict of a condition on data of the given roots."""
    return condition_compile(logic, SCHEMA, engine=engine).evaluate(prepared(engine, **roots))
