"""A rule as one sentence a person can check, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from connectors.dictionary.types import DictionaryObject
from connectors.selectors import dictionary_object, dictionary_objects
from kernel.errors import ConfigError
from kernel.grammar import quote
from kernel.text import Localized, duration_words, localized
from workflows.blocks import RuleScope
from workflows.catalog import ACTIONS, TRIGGERS
from workflows.conditions import ConditionSchema
from workflows.conditions.sayable import condition_text
from workflows.definition import Definition, Firing, FiringPolicy, TriggerSpec, definition_read, firing_read
from workflows.hours import hours_words
from workflows.models import Rule
from workflows.nesting import lists_inside, steps_walk
from workflows.phrases import Worded

# (is always, is each time) → the main sentence. These tables say a rule and read it back (workflows/services/wording.py).
MAIN = {
    (True, True): ("{trigger}, each time {then}.", "{trigger}时，每次都{then}。"),
    (True, False): ("{trigger}, {then}.", "{trigger}时，{then}。"),
    (False, True): (
        "{trigger} and {condition}, each time {then}.",
        "{trigger}，且{condition}时，每次都{then}。",
    ),
    (False, False): (
        "{trigger} and {condition} becomes true, {then}.",
        "{trigger}，且“{condition}”由不成立变为成立时，{then}。",
    ),
}
THEN = (", then ", "，然后")
OTHERWISE = ("otherwise ", "否则")
REARM = ("It can fire again once {again}.", "当{again}之后，可再次触发。")
AGAIN = ("While it is true, again every {span}.", "成立期间每 {span}再次触发。")
COOLDOWN = ("At most once every {span} for the same record.", "同一记录每 {span}最多触发一次。")
FOLLOWS = ("{label}: {then}.", "{label}：{then}。")
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
        scope = rule_scope(rule, definition.trigger.object)
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
        scope = rule_scope(rule, str(raw["trigger"]["object"]))
        read = firing_read(firing)
        said = [localized(POLICY_WORDS[read.policy]), *_firing(read, firing, scope)]
        return Localized(
            ". ".join(each.en.rstrip(".") for each in said), "。".join(each.zh.rstrip("。") for each in said)
        )
    except INCOMPLETE:
        return localized(gettext_noop("the firing policy is not complete yet"))


def action_words(rule: Rule, raw: Mapping[str, Any], step: Any) -> Localized:
    try:
        return action_sentence(step, rule_scope(rule, str(raw["trigger"]["object"])))
    except INCOMPLETE:
        return localized(gettext_noop("an action that is not complete yet"))


def rule_scope(rule: Rule, object_name: str) -> RuleScope:
    """What words need: the objects and their labels."""
    return RuleScope(
        about=dictionary_object(rule.connection_id, object_name),
        schema=ConditionSchema({}),
        manifest=rule.connection.manifest,
        channels=frozenset(),
        objects={each.name: each for each in dictionary_objects(rule.connection_id)},
    )


def _sentence(rule: Rule, definition: Definition, scope: RuleScope) -> Localized:
    is_each, is_always = definition.firing.policy is FiringPolicy.EACH_TIME, definition.condition is True
    main = _filled(
        MAIN[is_always, is_each],
        trigger=trigger_text(definition.trigger, scope.about, rule.connection.name),
        condition=condition_text(definition.condition, scope.about),
        then=_in_order(definition.raw["steps"], scope),
    )
    rest = [
        *_firing(definition.firing, definition.raw.get("firing", {}), scope),
        *_buttons(definition, scope),
    ]
    return Localized(
        " ".join([main.en, *(each.en for each in rest)]), "".join([main.zh, *(each.zh for each in rest)])
    )


def _filled(template: tuple[str, str], **values: Localized) -> Localized:
    return Localized(
        template[0].format(**{name: each.en for name, each in values.items()}),
        template[1].format(**{name: each.zh for name, each in values.items()}),
    )


def trigger_text(spec: TriggerSpec, about: DictionaryObject, connection_name: str) -> Localized:
    return TRIGGERS.get(spec.type).sentence(spec, about, connection_name)


def step_text(step: Mapping[str, Any], scope: RuleScope) -> Localized:
    """One action with those inside it; between brackets where it cannot be edited as text."""
    words = action_sentence(step, scope)
    return words if isinstance(ACTIONS.get(str(step["action"])), Worded) else _kept(words)


def _kept(words: Localized) -> Localized:
    return Localized(f"[{words.en}]", f"[{words.zh}]")


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
        parts.append(Localized(f"{OTHERWISE[0]}{other.en}", f"{OTHERWISE[1]}{other.zh}"))
    return Localized(
        f"{words.en} ({'; '.join(each.en for each in parts)})",
        f"{words.zh}（{'；'.join(each.zh for each in parts)}）",
    )


def _in_order(steps: Sequence[Mapping[str, Any]], scope: RuleScope) -> Localized:
    said = [step_text(each, scope) for each in steps]
    return Localized(THEN[0].join(each.en for each in said), THEN[1].join(each.zh for each in said))


def _firing(firing: Firing, raw: Mapping[str, Any], scope: RuleScope) -> list[Localized]:
    found = []
    if firing.policy is FiringPolicy.WHILE_TRUE:
        found.append(_filled(AGAIN, span=_every(firing.every_seconds)))
    if firing.policy is not FiringPolicy.EACH_TIME and firing.rearm is not None:
        found.append(_filled(REARM, again=condition_text(firing.rearm, scope.about)))
    if firing.cooldown_seconds:
        found.append(_filled(COOLDOWN, span=_every(firing.cooldown_seconds)))
    hours = hours_words(raw)
    return [*found, hours] if hours is not None else found


def _every(seconds: float) -> Localized:
    words = duration_words(seconds)
    return Localized(words.en.removeprefix("1 "), words.zh)


def _buttons(definition: Definition, scope: RuleScope) -> list[Localized]:
    found = []
    for placed in steps_walk(definition.raw["steps"]):
        for each in lists_inside(placed.step, placed.pointer):
            if each.button is None or not each.steps:
                continue
            follow = _in_order(each.steps, scope)
            label = Localized.from_json(each.button.get("label") or each.button["key"])
            quoted = Localized(quote(label.en), quote(label.zh))
            found.append(_filled(FOLLOWS, label=quoted, then=follow))
    return found
