"""A rule as one sentence a person can check, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop

from connectors.selectors import dictionary_object, dictionary_objects
from kernel.errors import ConfigError
from kernel.text import Localized, localized
from workflows.blocks import RuleScope
from workflows.catalog import ACTIONS, TRIGGERS
from workflows.conditions import ConditionSchema
from workflows.conditions.words import ALWAYS, condition_words
from workflows.definition import Definition, Firing, FiringPolicy, TriggerSpec, definition_read
from workflows.models import Rule

INCOMPLETE = (ConfigError, KeyError, TypeError, AttributeError, ValueError)
"""What reading a draft in the making may raise."""
POLICY_WORDS = {
    FiringPolicy.BECOMES_TRUE: gettext_noop("when it becomes true"),
    FiringPolicy.EACH_TIME: gettext_noop("each time it is true"),
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
        policy = FiringPolicy(firing.get("policy", FiringPolicy.BECOMES_TRUE))
        said = [localized(POLICY_WORDS[policy])]
        said += _firing(Firing(policy, firing.get("rearm"), float(firing.get("cooldown_seconds", 0))), scope)
        return Localized(
            ". ".join(each.en.rstrip(".") for each in said), "。".join(each.zh.rstrip("。") for each in said)
        )
    except INCOMPLETE:
        return localized(gettext_noop("the firing policy is not complete yet"))


def action_words(rule: Rule, raw: Mapping[str, Any], step: Any) -> Localized:
    try:
        return _action(
            str(step["action"]), step.get("params", {}), _scope(rule, str(raw["trigger"]["object"]))
        )
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
    actions = [_action(step.action, step.params, scope) for step in definition.steps]
    then = Localized(", then ".join(each.en for each in actions), "，然后".join(each.zh for each in actions))
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
    rest = [*_firing(definition.firing, scope), *_buttons(definition, scope)]
    return Localized(
        " ".join([main.en, *(each.en for each in rest)]), "".join([main.zh, *(each.zh for each in rest)])
    )


def _action(key: str, params: Mapping[str, Any], scope: RuleScope) -> Localized:
    return ACTIONS.get(key).sentence(params, scope)


def _firing(firing: Firing, scope: RuleScope) -> list[Localized]:
    found = []
    if firing.policy is FiringPolicy.BECOMES_TRUE and firing.rearm is not None:
        again = condition_words(firing.rearm, scope.about)
        found.append(Localized(f"It can fire again once {again.en}.", f"当{again.zh}之后，可再次触发。"))
    if firing.cooldown_seconds:
        en, zh = _duration(firing.cooldown_seconds)
        found.append(
            Localized(f"At most once every {en} for the same record.", f"同一记录每{zh}最多触发一次。")
        )
    return found


def _buttons(definition: Definition, scope: RuleScope) -> list[Localized]:
    found = []
    for step in definition.steps:
        for button in step.params.get("buttons", ()):
            follow = [
                _action(str(each["action"]), each.get("params", {}), scope) for each in button.get("then", ())
            ]
            if follow:
                label = Localized.from_json(button.get("label") or button["key"])
                found.append(
                    Localized(
                        f"“{label.en}”: {', then '.join(each.en for each in follow)}.",
                        f"“{label.zh}”：{'，然后'.join(each.zh for each in follow)}。",
                    )
                )
    return found


def _duration(seconds: float) -> tuple[str, str]:
    for size, en, zh in (
        (86400, "day", "天"),
        (3600, "hour", "小时"),
        (60, "minute", "分钟"),
        (1, "second", "秒"),
    ):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return (en if count == 1 else f"{count} {en}s"), f" {count} {zh}"
    return f"{seconds:g} seconds", f" {seconds:g} 秒"
