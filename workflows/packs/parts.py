"""What starter packs have in common: the questions they ask, and the rule they make of the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.text import Localized as L
from workflows.definition import SCHEMA, FiringPolicy
from workflows.shapes import Shape, shape, shape_list

WHO_LABEL = L("Who is told?", "通知谁？")
OWNER = [{"type": "rule_owner"}]


def who(field: str, label: L = WHO_LABEL) -> dict[str, Any]:
    """The question for recipients; at first the person that `field` of the record names."""
    return shape_list(
        label,
        {"type": "object", "required": ["type"]},
        editor="recipients",
        minItems=1,
        default=[{"type": "record_person", "field": field}],
    )


def number(label: L, default: float, *, minimum: float = 0) -> dict[str, Any]:
    return shape("number", label, minimum=minimum, default=default)


def record_rule(
    about: str,
    condition: Any,
    steps: Sequence[Mapping[str, Any]],
    *,
    changes: Sequence[str] = ("created", "changed"),
    policy: FiringPolicy = FiringPolicy.BECOMES_TRUE,
) -> dict[str, Any]:
    """A definition about records of `about`."""
    return {
        "schema": SCHEMA,
        "trigger": {"type": "record", "object": about, "changes": list(changes)},
        "condition": condition,
        "firing": {"policy": policy.value, "cooldown_seconds": 0},
        "steps": [dict(each) for each in steps],
    }


def notice(recipients: Any, title: L, fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A message that needs no answer; the owner of the rule is told when nobody can be reached."""
    return {
        "action": "send",
        "params": {
            "channels": ["inbox"],
            "recipients": recipients,
            "fallback": OWNER,
            "title": title.as_json(),
            "fields": [dict(each) for each in fields],
        },
    }


def var(name: str) -> dict[str, str]:
    return {"var": f"record.{name}"}


def past_due(field: str, days: Any) -> dict[str, Any]:
    """The date in `field` is more than `days` days ago."""
    today = {"var": "today"}
    return {"<": [var(field), {"-": [today, days]} if days else today]}


def defaults(questions: Shape) -> dict[str, Any]:
    """The answers a pack begins with."""
    return {name: each.get("default") for name, each in questions["properties"].items()}
