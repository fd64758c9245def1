"""Action: ask people, with buttons, inputs and quick replies.

    {"channels": ["inbox"], "recipients": [{"type": "record_person", "field": "buyer"}], "fallback": [{"type": "rule_owner"}],
     "title": {"en": "…", "zh-hans": "…"}, "fields": [{"name": "on_hand", "emphasis": true}],
     "material": ["product_code", "supplier_code", "unit_price"], "precondition": [{"check": {…JsonLogic…}, "text": {…}}],
     "expires_seconds": 604800, "confirm_seconds": 600, "priority": 5,
     "buttons": [{"key": "create_po", "label": {…}, "style": "primary", "replies": ["order {quantity}", "下单 {quantity}"],
                  "inputs": [{"name": "quantity", "label": {…}, "type": "decimal", "value": {…JsonLogic…}, "minimum": "0.001"}],
                  "then": [{"action": "create_document", "params": {…}}]},
                 {"key": "not_now", "label": {…}, "then": []}]}

Past `confirm_seconds` without a sign the next channel or person is tried, where the messenger may discard silently.
`priority` 1 and 2 are the priority lane. `material` and `precondition` bind a click to what the person saw: see ARCHITECTURE, "What you saw is what you approved".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel.text import Localized
from workflows.actions.question import card_build, card_check, logic_problems, preconditions_check
from workflows.actions.shapes import ASK, INPUT_TYPES
from workflows.actions.wordings import FALLBACK, PRIORITY, THROUGH
from workflows.blocks import ActionBase, Ask, RuleScope, StepContext
from workflows.definition import Problem
from workflows.phrases import Phrase, Wording
from workflows.slots import Buttons, Duration, People


class AskAction(ActionBase):
    key = "ask"
    wording = Wording(
        (
            Phrase(
                gettext_noop("ask %(people)s with %(buttons)s"),
                people=People("recipients"),
                buttons=Buttons("buttons"),
            ),
        ),
        (
            THROUGH,
            Phrase(gettext_noop(", open for %(span)s"), span=Duration("expires_seconds")),
            PRIORITY,
            FALLBACK,
        ),
    )
    label = Localized("Ask", "询问")
    params = ASK
    is_immediate = True
    asks = True
    is_question = True
    follows = False

    def check(self, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
        problems = card_check(params, scope, pointer)
        buttons = params.get("buttons", [])
        if not buttons:
            problems.append(Problem(f"{pointer}/buttons", "missing", _("Add at least one button.")))
        keys = [each.get("key") for each in buttons]
        if len(set(keys)) != len(keys) or not all(keys):
            problems.append(Problem(f"{pointer}/buttons", "keys", _("Every button needs a key of its own.")))
        for index, button in enumerate(buttons):
            for number, each in enumerate(button.get("inputs", ())):
                where = f"{pointer}/buttons/{index}/inputs/{number}"
                if each.get("type", "text") not in INPUT_TYPES:
                    problems.append(Problem(f"{where}/type", "unknown", _("Unknown type of input.")))
                if each.get("value") is not None:
                    problems += logic_problems(each["value"], scope, f"{where}/value", is_condition=False)
        for index, name in enumerate(params.get("material", ())):
            if name not in scope.about.by_name:
                problems.append(
                    Problem(
                        f"{pointer}/material/{index}",
                        "unknown_field",
                        _("“%(name)s” is not a field of %(object)s.")
                        % {"name": name, "object": str(scope.about.label)},
                    )
                )
        return problems + preconditions_check(params, scope, pointer)

    def card(self, params: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
        return card_build(params, context)

    def execute(self, params: Mapping[str, Any], context: StepContext) -> Ask:
        return Ask(
            card=self.card(params, context),
            shown=dict(context.record),
            recipients=params.get("recipients", ()),
            fallback=params.get("fallback", ()),
            channels=params.get("channels", ()),
            expires_seconds=params.get("expires_seconds"),
            priority=int(params.get("priority", 5)),
        )

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        return self.wording.say(params, scope)


ACTION = AskAction()
