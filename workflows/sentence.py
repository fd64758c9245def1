"""A rule as one sentence a person can check, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from connectors.selectors import dictionary_object, dictionary_objects
from kernel.errors import ConfigError
from kernel.text import Localized, duration_words, localized
from workflows.blocks import RuleScope
from workflows.catalog import ACTIONS, TRIGGERS
from workflows.conditions import ConditionSchema
from workflows.conditions.words import ALWAYS, condition_words
from workflows.definition import Definition, Firing, FiringPolicy, TriggerSpec, definition_read, firing_read
from workflows.hours import hours_words
from workflows.models import Rule
from workflows.nesting import lists_inside, steps_walk

INCOMPLETE = (ConfigError, KeyError, TypeError, AttributeError, ValueError)
"""What reading a draft in the making may raise."""
POLICY_WORDS = {
    FiringPolicy.BECOMES_TRUE: gettext_noop("when it becomes true"),
    FiringPolicy.EACH_TIME: gettext_noop("each time it is true"),
    FiringPolicy.WHILE_TRUE: gettext_noop("when it becomes true, and again while it is"),
}


def rule_sentence(rule: Rule, raw: Mapping[str, Any] | None = None) -> Localized:
    """Of the definition `raw`, else the one in force, else the draft. What is incomplete is said to be so.

    "When a stock level record in Demo ERP is created or changed and on hand is less than reorder level
    becomes true, ask the buyer of the record with “Create PO” / “Not now”. “Create PO”: create a …"
    """
    try:
        definition = definition_read(
            raw if raw is not None else rule.current.definition if rule.current else rule.draft
        )
        scope = _scope(rule, definition.trigger.object)
        return _sentence(rule, definition, scope)
    except INCOMPLETE:
        return localized(gettext_noop("This rule is not complete yet."))


def trigger_words(rule: Rule, raw: Mapping[str, Any]) -> Localized:
    """ "When a stock level record in Demo ERP is created or changed"; what cannot be said is said to be incomplete."""
    try:
        trigger = raw["trigger"]
        spec = TriggerSpec(str(trigger["type"]), str(trigger["object"]), trigger)
        about = dictionary_object(rule.connection_id, spec.object)
        return TRIGGERS.get(spec.type).sentence(spec, about, rule.connection.name)
    except INCOMPLETE:
        return localized(gettext_noop("the start is not complete yet"))


def firing_words(rule: Rule, raw: Mapping[str, Any]) -> Localized:
    """When it fires, and how often: "when it becomes true. At most once every hour for the same record." """
    try:
        firing = raw.get("firing", {})
        scope = _scope(rule, str(raw["trigger"]["object"]))
        read = firing_read(firing)
        said = [localized(POLICY_WORDS[read.policy]), *_firing(read, firing, scope)]
        return Localized(
            ". ".join(each.en.rstrip(".") for each in said), "。".join(each.zh.rstrip("。") for each in said)
        )
    except INCOMPLETE:
        return localized(gettext_noop("the firing policy is not complete yet"))


def action_words(rule: Rule, raw: Mapping[str, Any], step: Any) -> Localized:
    try:
        return action_sentence(step, _scope(rule, str(raw["trigger"]["object"])))
    except INCOMPLETE:
        return localized(gettext_noop("an action that is not complete yet"))


def _scope(rule: Rule, object_name: str) -> RuleScope:
    """What words need: the objects and their labels."""
    return RuleScope(
        about=dictionary_object(rule.connection_id, object_name),
        schema=ConditionSchema({}),
        manifest=rule.connection.manifest,
        channels=frozenset(),
        objects={each.name: each for each in dictionary_objects(rule.connection_id)},
    )


def _sentence(rule: Rule, definition: Definition, scope: RuleScope) -> Localized:
    trigger = TRIGGERS.get(definition.trigger.type).sentence(
        definition.trigger, scope.about, rule.connection.name
    )
    then = _in_order(definition.raw["steps"], scope)
    condition = condition_words(definition.condition, scope.about)
    if condition == ALWAYS:
        main = Localized(f"{trigger.en}, {then.en}.", f"{trigger.zh}时，{then.zh}。")
    elif definition.firing.policy is FiringPolicy.EACH_TIME:
        main = Localized(
            f"{trigger.en} and {condition.en}, each time {then.en}.",
            f"{trigger.zh}，且{condition.zh}时，每次都{then.zh}。",
        )
    else:
        main = Localized(
            f"{trigger.en} and {condition.en} becomes true, {then.en}.",
            f"{trigger.zh}，且“{condition.zh}”由不成立变为成立时，{then.zh}。",
        )
    rest = [
        *_firing(definition.firing, definition.raw.get("firing", {}), scope),
        *_buttons(definition, scope),
    ]
    return Localized(
        " ".join([main.en, *(each.en for each in rest)]), "".join([main.zh, *(each.zh for each in rest)])
    )


def action_sentence(step: Mapping[str, Any], scope: RuleScope) -> Localized:
    """One action with those inside it: "if … (create a …, then wait 2 hours; otherwise tell …)".

    What follows a button is said apart, after the main sentence.
    """
    words = ACTIONS.get(str(step["action"])).sentence(step.get("params", {}), scope)
    inside = {
        each.name: _in_order(each.steps, scope)
        for each in lists_inside(step, "")
        if each.button is None and each.steps
    }
    if not inside:
        return words
    parts = [inside[name] for name in ("do", "then") if name in inside]
    if "otherwise" in inside:
        other = inside["otherwise"]
        parts.append(Localized(f"otherwise {other.en}", f"否则{other.zh}"))
    return Localized(
        f"{words.en} ({'; '.join(each.en for each in parts)})",
        f"{words.zh}（{'；'.join(each.zh for each in parts)}）",
    )


def _in_order(steps: Sequence[Mapping[str, Any]], scope: RuleScope) -> Localized:
    said = [action_sentence(each, scope) for each in steps]
    return Localized(", then ".join(each.en for each in said), "，然后".join(each.zh for each in said))


def _firing(firing: Firing, raw: Mapping[str, Any], scope: RuleScope) -> list[Localized]:
    found = []
    if firing.policy is FiringPolicy.WHILE_TRUE:
        every = duration_words(firing.every_seconds)
        found.append(
            Localized(
                f"While it is true, again every {every.en.removeprefix('1 ')}.",
                f"成立期间每 {every.zh}再次触发。",
            )
        )
    if firing.policy is not FiringPolicy.EACH_TIME and firing.rearm is not None:
        again = condition_words(firing.rearm, scope.about)
        found.append(Localized(f"It can fire again once {again.en}.", f"当{again.zh}之后，可再次触发。"))
    if firing.cooldown_seconds:
        every = duration_words(firing.cooldown_seconds)
        found.append(
            Localized(
                f"At most once every {every.en.removeprefix('1 ')} for the same record.",
                f"同一记录每 {every.zh}最多触发一次。",
            )
        )
    hours = hours_words(raw)
    return [*found, hours] if hours is not None else found


def _buttons(definition: Definition, scope: RuleScope) -> list[Localized]:
    found = []
    for placed in steps_walk(definition.raw["steps"]):
        for each in lists_inside(placed.step, placed.pointer):
            if each.button is None or not each.steps:
                continue
            follow = _in_order(each.steps, scope)
            label = Localized.from_json(each.button.get("label") or each.button["key"])
            found.append(Localized(f"“{label.en}”: {follow.en}.", f"“{label.zh}”：{follow.zh}。"))
    return found
