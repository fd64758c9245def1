"""What the actions of a rule do that other rules, or the rule itself, may hear of. Read from definitions alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel.errors import BatonError
from workflows.definition import FiringPolicy, definition_read
from workflows.engine.rehearsal import compile_definition
from workflows.engine.uses import fields_used
from workflows.models import Rule
from workflows.nesting import steps_walk

CREATED, CHANGED, STARTED = "created", "changed", "started"


@dataclass(frozen=True)
class Effect:
    """A record of `object` is made or changed at `pointer`, or the rule `starts` is started for it.

    `sets` is field → new value, as written in the definition.
    """

    object: str
    change: str
    pointer: str
    sets: Mapping[str, Any] = field(default_factory=dict)
    starts: str = ""


def effects_of(raw: Mapping[str, Any]) -> Iterator[Effect]:
    own = str(raw.get("trigger", {}).get("object", ""))
    for placed in steps_walk(raw.get("steps")):
        params = placed.params
        if placed.action == "create_document":
            yield Effect(str(params.get("object")), CREATED, placed.pointer)
        elif placed.action == "update_fields" and isinstance(params.get("values"), Mapping):
            yield Effect(own, CHANGED, placed.pointer, params["values"])
        elif placed.action == "change_state" and params.get("field"):
            yield Effect(own, CHANGED, placed.pointer, {str(params["field"]): params.get("to")})
        elif placed.action == "start_rule":
            yield Effect(own, STARTED, placed.pointer, starts=str(params.get("rule")))


def effect_starts(rule: Rule, raw: Mapping[str, Any], effect: Effect) -> bool:
    """Whether it starts the rule, whatever the rule's condition says of the values.

    A changed field starts a rule that fires on crossings only where the rule decides by that field.
    """
    if effect.starts:
        return rule.key == effect.starts
    try:
        definition = definition_read(raw)
        if definition.trigger.object != effect.object:
            return False
        if not compile_definition(rule, raw).takes(effect.change):
            return False
    except BatonError:
        return False
    if effect.change == CREATED or definition.firing.policy is FiringPolicy.EACH_TIME:
        return True
    return any(use.decides and use.name in effect.sets for use in fields_used(definition))
