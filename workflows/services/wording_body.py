"""Everything behind the words of a trigger: the condition, the actions, how often, what follows buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kernel import grammar as g
from kernel.text import Localized
from workflows.blocks import RuleScope
from workflows.catalog import ACTIONS
from workflows.definition import SCHEMA, FiringPolicy
from workflows.hours import hours_words
from workflows.models import Rule
from workflows.nesting import LISTS, lists_inside, steps_walk
from workflows.phrases import Tongue, Worded
from workflows.sentence import (
    AGAIN,
    COOLDOWN,
    FOLLOWS,
    INCOMPLETE,
    MAIN,
    OTHERWISE,
    REARM,
    THEN,
    rule_scope,
    step_text,
)
from workflows.slots import button_label, duration_parser

KEPT_WORDS = Localized("an action that is kept, as it is", "原样保留的动作")
BUTTON_WORDS = Localized("a button in “quotes”", "引号中的按钮")


class RuleBody:
    """Everything behind the trigger's words, for rules about one object."""

    def __init__(self, rule: Rule, raw: Mapping[str, Any], tongue: Tongue) -> None:
        self.raw, self.tongue = raw, tongue
        self.scope = rule_scope(rule, tongue.about.name)
        self.kept_steps = self._texts()
        self.step = g.remembered(self._step)
        self.steps = g.remembered(g.listed(self.step, g.words(THEN[tongue.language])))
        self.read = self._sentences()

    def _texts(self) -> dict[str, Mapping[str, Any]]:
        found = {}
        for placed in steps_walk(self.raw.get("steps")):
            text = _text_of(placed.step, self.scope, self.tongue)
            if text.startswith("["):
                found[text] = placed.step
        return found

    def _step(self, source: g.Source, at: int) -> list[g.Reading]:
        found: list[g.Reading] = []
        told = self.tongue.own(KEPT_WORDS)
        for text, step in self.kept_steps.items():
            found += [({"kept": dict(step)}, end) for _word, end in g.words(text, told=told)(source, at)]
        for key, action in ACTIONS.items():
            if not isinstance(action, Worded):
                continue
            names = [name for name in LISTS if name in action.params.get("properties", {})]
            for said, end in action.wording.parser(self.tongue)(source, at):
                step = {"action": key, "said": said, "inside": {}}
                found.append((step, end))
                for inside, last in self._inside(names)(source, end) if names else []:
                    found.append(({**step, "inside": inside}, last))
        return found

    def _inside(self, names: Sequence[str]) -> g.Parser:
        own = [name for name in names if name != "otherwise"]
        other = g.filled(
            OTHERWISE[self.tongue.language] + "{otherwise}", {"otherwise": lambda _env: self.steps}
        )
        parsers = [other] if "otherwise" in names else []
        for name in own:
            first = g.mapped(self.steps, lambda steps, own_name: {own_name: steps}, name)
            parsers.append(first)
            if "otherwise" in names:
                both = g.in_order(first, g.words(";"), other)
                parsers.append(g.mapped(both, lambda found: {**found[0], **found[2]}))
        bracketed = g.in_order(g.words("("), g.either(*parsers), g.words(")"))
        return g.mapped(bracketed, lambda found: found[1])

    def _sentences(self) -> g.Parser:
        language = self.tongue.language
        slots = {"condition": lambda _env: self.tongue.conditions.condition, "then": lambda _env: self.steps}
        mains = []
        for (is_always, is_each), template in MAIN.items():
            policy = FiringPolicy.EACH_TIME if is_each else FiringPolicy.BECOMES_TRUE
            read = g.filled(template[language].removeprefix("{trigger}"), slots)
            always = {"condition": True} if is_always else {}
            mains.append(
                g.mapped(read, lambda env, rest: {**rest, **env}, {**always, "policy": policy.value})
            )
        label = g.quoted(self.tongue.own(BUTTON_WORDS))
        rest = g.either(
            g.filled(REARM[language], {"again": lambda _env: self.tongue.conditions.condition}),
            g.filled(COOLDOWN[language], {"span": lambda _env: duration_parser(self.tongue, alone=True)}),
            g.mapped(
                g.filled(AGAIN[language], {"span": lambda _env: duration_parser(self.tongue, alone=True)}),
                lambda env: {"every": env["span"]},
            ),
            *self._hours(),
            g.mapped(
                g.filled(FOLLOWS[language], {"label": lambda _env: label, "then": lambda _env: self.steps}),
                lambda env: {"follows": (env["label"], env["then"])},
            ),
        )
        more = g.maybe(g.listed(rest, g.words("")), [])
        return g.mapped(g.in_order(g.either(*mains), more), lambda found: {**found[0], "rest": found[1]})

    def _hours(self) -> list[g.Parser]:
        """The times it is active are told and kept; they are set in the story."""
        firing = self.raw.get("firing")
        try:
            told = hours_words(firing) if isinstance(firing, Mapping) else None
        except INCOMPLETE:
            told = None
        return [g.words(self.tongue.own(told), {"hours": True})] if told is not None else []

    def hours_told(self) -> str:
        firing: Any = self.raw.get("firing")
        return self.tongue.own(hours_words(firing) or Localized("", ""))

    # -- what was said, joined to what stood there

    def definition(self, trigger: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
        """Raises Unattached for words about a button that is not there, or there twice."""
        found = {"schema": SCHEMA, **self.raw, "trigger": dict(trigger)}
        condition = True if said["condition"] is True else self.tongue.condition(said["condition"])
        if condition is not True or self.raw.get("condition", True) is not True:
            found["condition"] = condition
        if self._hours() and not any("hours" in each for each in said["rest"]):
            raise HoursLeftOut
        found["firing"] = self._firing(said)
        follows = [each["follows"] for each in said["rest"] if "follows" in each]
        kept = self.raw.get("steps")
        found["steps"] = self._joined(said["then"], kept if isinstance(kept, list) else [])
        self._attach(found["steps"], follows)
        return found

    def _firing(self, said: Mapping[str, Any]) -> dict[str, Any]:
        kept = self.raw.get("firing")
        firing = dict(kept) if isinstance(kept, Mapping) else {}
        was = firing.get("policy", FiringPolicy.BECOMES_TRUE.value)
        if said["policy"] != was:
            firing["policy"] = said["policy"]
        rest = {name: value for each in said["rest"] for name, value in each.items()}
        if "every" in rest:
            firing["policy"] = FiringPolicy.WHILE_TRUE.value
            if firing.get("every_seconds") != rest["every"]:
                firing["every_seconds"] = rest["every"]
        if "again" in rest:
            firing["rearm"] = self.tongue.condition(rest["again"])
        elif firing.get("rearm") is not None and was != FiringPolicy.EACH_TIME:
            firing.pop("rearm")
        if "span" in rest:
            if firing.get("cooldown_seconds") != rest["span"]:
                firing["cooldown_seconds"] = rest["span"]
        elif firing.get("cooldown_seconds") and was != FiringPolicy.WHILE_TRUE:
            firing.pop("cooldown_seconds")
        return firing

    def _joined(self, said: Sequence[Mapping[str, Any]], kept: Sequence[Any]) -> list[dict[str, Any]]:
        """Each step that was said, with what else the step had that it stands for."""
        left = [each for each in kept if isinstance(each, Mapping)]
        found: list[dict[str, Any]] = []
        for at, each in enumerate(said):
            if "kept" in each:
                found.append(each["kept"])
                left = [other for other in left if other != each["kept"]]
                continue
            same = [place for place, other in enumerate(left) if other.get("action") == each["action"]]
            later = [other for other in said[at:] if other.get("action") == each["action"]]
            # Where no more are left than are said, they go in order; else one that reads the same goes first.
            if len(same) > len(later):
                exact = [place for place in same if self._step_joined(each, left[place]) == left[place]]
                place = (exact or same)[0]
                chosen, left = left[place], left[place + 1 :]
            else:
                chosen = left.pop(same[0]) if same else {"action": each["action"], "params": {}}
            found.append(self._step_joined(each, chosen))
        return found

    def _step_joined(self, said: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
        action: Any = ACTIONS.get(said["action"])
        before = kept.get("params", {})
        before = before if isinstance(before, Mapping) else {}
        params = action.wording.apply(said["said"], before, self.tongue)
        for name in LISTS:
            found = before.get(name)
            steps = found if isinstance(found, list) else []
            if name in said["inside"]:
                params[name] = self._joined(said["inside"][name], steps)
            elif steps:
                params[name] = []
        return {
            **kept,
            "action": said["action"],
            **({"params": params} if params or "params" in kept else {}),
        }

    def _attach(self, steps: Sequence[dict[str, Any]], follows: Sequence[tuple[str, Any]]) -> None:
        waiting = list(follows)
        for placed in _questions(steps):
            buttons = placed["params"]["buttons"]
            for at, button in enumerate(buttons):
                label = button_label(button, self.tongue)
                mine = next((each for each in waiting if each[0] == label), None)
                before = button.get("then") or []
                if mine is not None:
                    waiting.remove(mine)
                    buttons[at] = {**button, "then": self._joined(mine[1], before)}
                elif before:
                    buttons[at] = {**button, "then": []}
                inner = buttons[at].get("then") or []
                own = [each for each in waiting if each[0] in _labels(inner, self.tongue)]
                if own:
                    self._attach(inner, own)
                    waiting = [each for each in waiting if each not in own]
        labels = _labels(steps, self.tongue)
        for label, _steps in follows:
            if labels.count(label) != 1:
                raise Unattached(label)


class HoursLeftOut(Exception):
    """The sentence about the times it is active is gone: that is not changed as text."""


class Unattached(Exception):
    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


def _questions(steps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps with buttons that the text has named: those in branches too, those behind buttons not yet."""
    found = []
    for step in steps:
        params = step.get("params") or {}
        if isinstance(params.get("buttons"), list):
            params["buttons"] = list(params["buttons"])
            found.append(step)
        for name in LISTS:
            if isinstance(params.get(name), list):
                found += _questions(params[name])
    return found


def _labels(steps: Any, tongue: Tongue) -> list[str]:
    return [
        button_label(each.button, tongue)
        for placed in steps_walk(steps)
        for each in lists_inside(placed.step, "")
        if each.button is not None
    ]


def conditions_said(raw: Mapping[str, Any]) -> list[Any]:
    """Every condition and value of a draft that its sentence says."""
    firing = raw.get("firing")
    found = [raw.get("condition"), firing.get("rearm") if isinstance(firing, Mapping) else None]
    for placed in steps_walk(raw.get("steps")):
        found += [placed.params.get(name) for name in ("condition", "moment")]
    return [each for each in found if each is not None and each is not True]


def _text_of(step: Mapping[str, Any], scope: RuleScope, tongue: Tongue) -> str:
    try:
        return tongue.own(step_text(step, scope))
    except INCOMPLETE:
        return ""
