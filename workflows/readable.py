"""What an action may read besides the record: what was entered at the button, and what earlier actions gave.

`answer.<input>` is typed as the button's input is, `result.<name>` as the action that gives it says. Where two actions
give the same name the later one counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.catalog import ACTIONS
from workflows.conditions import ConditionSchema, FieldSpec, FieldType
from workflows.nesting import steps_walk

DECIMALS = 6
INPUT_KINDS = {
    "integer": FieldSpec("", FieldType.INTEGER),
    "decimal": FieldSpec("", FieldType.DECIMAL, decimals=DECIMALS),
}
TEXT = FieldSpec("", FieldType.TEXT)


def schema_with(
    base: ConditionSchema, raw: Mapping[str, Any], button: Mapping[str, Any] | None
) -> ConditionSchema:
    """`base`, and what a step of the definition that follows `button` (None: nobody's answer) may read besides."""
    extra = {**_answer(button), **_results(raw)}
    if not extra:
        return base
    return ConditionSchema({**{each.path: each for each in base}, **extra})


def _answer(button: Mapping[str, Any] | None) -> dict[str, FieldSpec]:
    inputs = button.get("inputs", ()) if button is not None else ()
    return {
        f"answer.{each.get('name')}": INPUT_KINDS.get(str(each.get("type")), TEXT)
        for each in (inputs if isinstance(inputs, list) else ())
        if isinstance(each, Mapping)
    }


def _results(raw: Mapping[str, Any]) -> dict[str, FieldSpec]:
    return {
        f"result.{name}": spec
        for placed in steps_walk(raw.get("steps"))
        if placed.action in ACTIONS
        for name, spec in ACTIONS.get(placed.action).gives(placed.params).items()
    }
