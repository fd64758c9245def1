"""The shape of a rule, `schema: 1`, read from JSON into frozen dataclasses.

    {"schema": 1,
     "trigger": {"type": "record", "object": "stock_level", "changes": ["created", "changed"]},
     "condition": {"<": [{"var": "record.on_hand"}, {"var": "record.reorder_level"}]},
     "firing": {"policy": "becomes_true", "rearm": null, "cooldown_seconds": 0},
     "steps": [{"action": "ask", "params": {…see workflows/actions/ask.py…}}]}

`policy`: `becomes_true` (fires on the crossing, re-arms when the condition, or `rearm`, says so), `each_time`, or `while_true`
(fires on the crossing and then every `every_seconds` until the condition is false). Active hours are in hours.py.
Reading an older schema upgrades it through UPGRADES, one step a version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from django.utils.translation import gettext as _

from kernel.errors import ConfigError
from kernel.text import Localized
from workflows.nesting import list_at, path_split

SCHEMA = 1
CHANGES = ("created", "changed", "gone", "event")
"""What happens to records out there."""
SCHEDULED = "scheduled"
BY_HAND = "by_hand"
AGAIN = "again"
PUBLISHED = "published"
MADE = {
    SCHEDULED: Localized("due", "到点"),
    BY_HAND: Localized("started by hand", "手动启动"),
    AGAIN: Localized("looked at again", "再次检查"),
    PUBLISHED: Localized("true when published", "发布时已成立"),
}
"""What Baton itself makes events of, each for one rule, with its word."""
REVISITS = (AGAIN, PUBLISHED)
"""Looks at a record that any rule may ask for, whatever starts it."""
LEAST_EVERY_SECONDS = 300
MOST_EVERY_SECONDS = 90 * 86_400
Severity = Literal["error", "warning"]
UPGRADES: dict[int, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {}


class FiringPolicy(StrEnum):
    BECOMES_TRUE = "becomes_true"
    EACH_TIME = "each_time"
    WHILE_TRUE = "while_true"


@dataclass(frozen=True)
class Problem:
    """What speaks against publishing a rule: a JSON pointer into the definition and a sentence.

    An `error` keeps it from being published; a `warning` is for a person to weigh.
    """

    pointer: str
    code: str
    message: str
    severity: Severity = "error"

    def as_json(self) -> dict[str, str]:
        return {
            "pointer": self.pointer,
            "code": self.code,
            "message": self.message,
            "severity": self.severity,
        }


class DefinitionInvalid(ConfigError):
    """`problems` lists every reason at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class TriggerSpec:
    type: str
    object: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Firing:
    policy: FiringPolicy
    rearm: Any
    cooldown_seconds: float
    every_seconds: float = 0.0


@dataclass(frozen=True)
class StepSpec:
    action: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Definition:
    trigger: TriggerSpec
    condition: Any
    firing: Firing
    steps: tuple[StepSpec, ...]
    raw: Mapping[str, Any]


def definition_upgrade(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Bring a definition to the present schema. Raises ConfigError for one from a newer Baton."""
    number = raw.get("schema")
    if not isinstance(number, int) or number > SCHEMA or number < 1:
        raise ConfigError(
            _("This rule has the format %(found)s; this Baton reads up to %(known)d. Update Baton first.")
            % {"found": number, "known": SCHEMA}
        )
    while number < SCHEMA:
        raw = UPGRADES[number](raw)
        number += 1
    return raw


def _structure_problems(raw: Mapping[str, Any]) -> list[Problem]:
    problems: list[Problem] = []
    trigger = raw.get("trigger")
    if not isinstance(trigger, Mapping) or not trigger.get("type"):
        problems.append(Problem("/trigger", "missing", _("Choose what starts the rule.")))
    elif not trigger.get("object"):
        problems.append(
            Problem("/trigger/object", "missing", _("Choose the kind of record the rule watches."))
        )
    firing = raw.get("firing", {})
    if not isinstance(firing, Mapping):
        problems.append(Problem("/firing", "type", _("The firing policy is not readable.")))
    else:
        if firing.get("policy", FiringPolicy.BECOMES_TRUE) not in set(FiringPolicy):
            problems.append(Problem("/firing/policy", "unknown", _("Unknown firing policy.")))
        cooldown = firing.get("cooldown_seconds", 0)
        if not isinstance(cooldown, int | float) or isinstance(cooldown, bool) or cooldown < 0:
            problems.append(
                Problem("/firing/cooldown_seconds", "range", _("The cool-down is a number of seconds ≥ 0."))
            )
        every = firing.get("every_seconds")
        if firing.get("policy") == FiringPolicy.WHILE_TRUE and not (
            isinstance(every, int | float)
            and not isinstance(every, bool)
            and LEAST_EVERY_SECONDS <= every <= MOST_EVERY_SECONDS
        ):
            words = _("Say how often: between 5 minutes and 90 days.")
            problems.append(Problem("/firing/every_seconds", "range", words))
    steps = raw.get("steps")
    if not isinstance(steps, list) or not steps:
        problems.append(Problem("/steps", "missing", _("Add at least one action.")))
    else:
        for index, step in enumerate(steps):
            if not isinstance(step, Mapping) or not step.get("action"):
                problems.append(Problem(f"/steps/{index}", "missing", _("Choose an action.")))
            elif not isinstance(step.get("params", {}), Mapping):
                problems.append(
                    Problem(f"/steps/{index}/params", "type", _("The action's settings are not readable."))
                )
    return problems


def firing_read(firing: Mapping[str, Any]) -> Firing:
    """Raises ValueError for an unknown policy."""
    policy = FiringPolicy(firing.get("policy", FiringPolicy.BECOMES_TRUE))
    return Firing(
        policy,
        firing.get("rearm"),
        float(firing.get("cooldown_seconds") or 0) if policy is not FiringPolicy.WHILE_TRUE else 0.0,
        float(firing.get("every_seconds") or 0),
    )


def definition_read(raw: Any) -> Definition:
    """Raises DefinitionInvalid (all structural problems at once) or ConfigError (foreign schema)."""
    if not isinstance(raw, Mapping):
        raise DefinitionInvalid([Problem("", "type", _("A rule is a JSON object."))])
    raw = definition_upgrade(raw)
    problems = _structure_problems(raw)
    if problems:
        raise DefinitionInvalid(problems)
    trigger = raw["trigger"]
    return Definition(
        trigger=TriggerSpec(str(trigger["type"]), str(trigger["object"]), dict(trigger)),
        condition=raw.get("condition", True),
        firing=firing_read(raw.get("firing", {})),
        steps=tuple(StepSpec(str(step["action"]), dict(step.get("params", {}))) for step in raw["steps"]),
        raw=raw,
    )


def step_at(definition: Definition, path: str) -> StepSpec:
    """The step a path addresses (see nesting.py). Raises ConfigError."""
    try:
        head, at = path_split(path)
        chosen = list_at(definition.raw, head)[at]
        return StepSpec(str(chosen["action"]), dict(chosen.get("params", {})))
    except (IndexError, ValueError, KeyError) as error:
        raise ConfigError(f"The rule has no step at “{path}”.") from error
