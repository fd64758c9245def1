"""What a rule does to other rules: a write that starts it again, the same person told twice of one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kernel.errors import BatonError
from workflows.definition import Definition, Problem, definition_read
from workflows.engine.rehearsal import compile_definition
from workflows.models import Rule, RuleState
from workflows.nesting import steps_walk

CREATED = "created"
MOST_RULES = 20


def rules_beside(rule: Rule) -> list[Rule]:
    """The other rules in force on the same connection."""
    return list(
        Rule.objects.filter(connection_id=rule.connection_id, state=RuleState.LIVE, current__isnull=False)
        .exclude(pk=rule.pk)
        .select_related("current", "connection", "owner")
        .order_by("pk")
    )


def loop_problems(rule: Rule, definition: Definition, beside: list[Rule]) -> list[Problem]:
    """A document that is made is a record that appears: whether that, through others, starts this rule again."""
    own = _written(definition.raw)
    if not own or not _starts(rule, definition.raw, definition.trigger.object):
        return []
    others = [(each, each.current.definition) for each in beside if each.current is not None]
    reached, frontier, through = set(own), list(own), []
    while frontier:
        name = frontier.pop()
        for other, raw in others:
            if _starts(other, raw, name):
                through.append(str(other))
                fresh = set(_written(raw)) - reached
                reached |= fresh
                frontier += fresh
    if definition.trigger.object not in reached:
        return []
    pointer = own.get(definition.trigger.object) or next(iter(own.values()))
    if definition.trigger.object in own:
        words = _(
            "What it creates starts this rule again. Add a condition that is false for what it made itself."
        )
    else:
        words = _("What it creates starts this rule again, through %(rules)s.") % {
            "rules": ", ".join(dict.fromkeys(through))
        }
    return [Problem(pointer, "loop", words, severity="warning")]


def _written(raw: Mapping[str, Any]) -> dict[str, str]:
    """Object → the place of the action that makes one."""
    return {
        str(placed.params.get("object")): placed.pointer
        for placed in steps_walk(raw.get("steps"))
        if placed.action == "create_document"
    }


def _starts(rule: Rule, raw: Mapping[str, Any], object_name: str) -> bool:
    """Whether a new record of this object starts the rule, whatever its condition says."""
    try:
        definition = definition_read(raw)
        return definition.trigger.object == object_name and compile_definition(rule, raw).takes(CREATED)
    except BatonError:
        return False
