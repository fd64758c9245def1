"""What a rule does to other rules: a write that starts it again, values that contradict another rule's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from connectors.selectors import dictionary_object
from workflows.definition import Definition, Problem
from workflows.models import Rule, RuleState
from workflows.services.effects import CREATED, Effect, effect_starts, effects_of

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
    """What is made or changed is an event: whether that, through others, starts this rule again. One warning at most."""
    others = [(each, each.current.definition) for each in beside if each.current is not None]
    frontier: list[tuple[Effect, str, tuple[str, ...]]] = [
        (effect, effect.pointer, ()) for effect in effects_of(definition.raw)
    ]
    met: set[int] = set()
    while frontier:
        effect, pointer, through = frontier.pop(0)
        if effect_starts(rule, definition.raw, effect):
            return [_loop(pointer, effect, through)]
        for other, raw in others:
            if other.pk not in met and effect_starts(other, raw, effect):
                met.add(other.pk)
                frontier += [(each, pointer, (*through, str(other))) for each in effects_of(raw)]
    return []


def _loop(pointer: str, effect: Effect, through: Sequence[str]) -> Problem:
    if through:
        words = _("What it does starts this rule again, through %(rules)s.") % {"rules": ", ".join(through)}
    elif effect.change == CREATED:
        words = _(
            "What it creates starts this rule again. Add a condition that is false for what it made itself."
        )
    else:
        words = _(
            "What it changes starts this rule again. Add a condition that is false once it has changed it."
        )
    return Problem(pointer, "loop", words, severity="warning")


def opposite_problems(
    rule: Rule, raw: Mapping[str, Any], beside: Sequence[Rule], together: Mapping[int, int]
) -> list[Problem]:
    """Another rule sets the same field of the same records to another value. `together`: how often both were true in the
    recorded events, by rule; one that never was at the same time is no contradiction.
    """
    problems = []
    for other in beside:
        if other.pk not in together or other.current is None:
            continue
        theirs = _sets(other.current.definition)
        for (name, value), pointer in _sets(raw).items():
            against = [found for (field, found), _place in theirs.items() if field == name and found != value]
            if against and together[other.pk]:
                words = _(
                    "“%(rule)s” sets “%(field)s” of the same records to another value; both conditions were true %(count)s times in the recorded events."
                )
                values = {"rule": str(other), "field": _label(rule, raw, name), "count": together[other.pk]}
                problems.append(Problem(pointer, "opposite", words % values, severity="warning"))
    return problems


def _sets(raw: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """(field, value as written) → the place that sets it."""
    return {
        (name, json.dumps(value, sort_keys=True)): effect.pointer
        for effect in effects_of(raw)
        for name, value in effect.sets.items()
    }


def _label(rule: Rule, raw: Mapping[str, Any], name: str) -> str:
    field = dictionary_object(rule.connection_id, str(raw["trigger"]["object"])).by_name.get(name)
    return str(field.label) if field is not None else name
