"""How long 1,000 rules take on one event.  Run: python -m bench.conditions"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from workflows.conditions import (
    ConditionSchema,
    FieldSpec,
    FieldType,
    condition_compile,
    conditions_evaluate,
    data_prepare,
)
from workflows.conditions.engine_port import EnginePort, engine_default, engine_exact

RULES = 1000
ROUNDS = 200
ON_HAND, LEVEL, WAREHOUSE = (
    {"var": "record.on_hand"},
    {"var": "record.reorder_level"},
    {"var": "record.warehouse"},
)
SHAPES: dict[str, Callable[[int], Any]] = {
    "one_comparison": lambda at: {"<": [ON_HAND, at]},
    "code_and_level": lambda at: {"and": [{"==": [WAREHOUSE, f"W{at}"]}, {"<": [ON_HAND, LEVEL]}]},
    "crossing": lambda at: {"crosses_below": [ON_HAND, {"+": [LEVEL, at]}]},
}
RECORD = {"on_hand": "12.5", "reorder_level": "20", "incoming": "0", "warehouse": "W7"}
EVENT = {"record": RECORD, "before": {**RECORD, "on_hand": "25"}, "changed": ["on_hand"]}


def fastest_ms(run: Callable[[], object]) -> float:
    """The fastest of ROUNDS, in milliseconds: the machine's own noise only ever adds."""
    best = float("inf")
    for _round in range(ROUNDS):
        started = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - started)
    return round(best * 1000, 3)


def measured(engine: EnginePort) -> dict[str, object]:
    schema = ConditionSchema(
        {
            f"record.{name}": FieldSpec(name, FieldType.DECIMAL, decimals=3)
            for name in ("on_hand", "reorder_level")
        }
        | {"record.warehouse": FieldSpec("record.warehouse", FieldType.CODE)}
    )
    data = data_prepare(schema, EVENT, engine=engine)
    found: dict[str, object] = {"engine": engine.name, "rules": RULES}
    found["prepare_ms"] = fastest_ms(lambda: data_prepare(schema, EVENT, engine=engine))
    for name, shape in SHAPES.items():
        rules = [condition_compile(shape(at), schema, engine=engine) for at in range(RULES)]
        found[f"{name}_ms"] = fastest_ms(lambda rules=rules: conditions_evaluate(rules, data))  # type: ignore[misc]
    found["compile_one_ms"] = fastest_ms(
        lambda: condition_compile(SHAPES["crossing"](1), schema, engine=engine)
    )
    return found


if __name__ == "__main__":
    for each in (engine_default(), engine_exact()):
        print(json.dumps(measured(each)))
