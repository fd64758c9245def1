"""Action: send a notice that needs no answer. Parameters as in ask.py, without buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop

from kernel.text import Localized
from workflows.actions.question import card_build, card_check
from workflows.actions.shapes import SEND
from workflows.actions.wordings import FALLBACK, PRIORITY, THROUGH
from workflows.blocks import ActionBase, Ask, RuleScope, StepContext
from workflows.definition import Problem
from workflows.phrases import Phrase, Wording
from workflows.slots import People, Text


class SendAction(ActionBase):
    key = "send"
    wording = Wording(
        (
            Phrase(
                gettext_noop("tell %(people)s %(title)s"), people=People("recipients"), title=Text("title")
            ),
        ),
        (THROUGH, PRIORITY, FALLBACK),
    )
    label = Localized("Send", "发送")
    params = SEND
    shows_latest = False
    is_immediate = True
    asks = True
    follows = False

    def check(self, params: Mapping[str, Any], scope: RuleScope, pointer: str) -> list[Problem]:
        return card_check(params, scope, pointer)

    def card(self, params: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
        return card_build({**params, "buttons": []}, context)

    def execute(self, params: Mapping[str, Any], context: StepContext) -> Ask:
        return Ask(
            card=self.card(params, context),
            shown=dict(context.record),
            recipients=params.get("recipients", ()),
            fallback=params.get("fallback", ()),
            channels=params.get("channels", ()),
            priority=int(params.get("priority", 5)),
            is_question=False,
        )

    def sentence(self, params: Mapping[str, Any], scope: RuleScope) -> Localized:
        return self.wording.say(params, scope)


ACTION = SendAction()
