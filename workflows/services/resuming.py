"""The answer to “it fires more often than forecast”: let it go on, or switch it off. Bound to messaging at start-up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop

from kernel import clock
from kernel.text import localized
from messaging.bindings import Refusal
from messaging.models import Answer, Interaction, InteractionState
from messaging.services.interactions import interaction_show
from messaging.services.notices import NoticeHandler
from permissions.models import User
from permissions.objects import may_object
from workflows.engine.flood import RESUME
from workflows.engine.stopping import rule_stop
from workflows.models import Rule, RuleState, StopReason
from workflows.services.rules import rule_switch_on


class FloodHandler(NoticeHandler):
    """messaging.bindings.InteractionHandler for rules that stopped by themselves."""

    def answer_refuse(
        self, interaction: Interaction, user: User, button: str, inputs: Mapping[str, Any], version: int
    ) -> Refusal | None:
        rule = Rule.objects.filter(pk=int(interaction.handler_ref)).first()
        if rule is None or rule.state != RuleState.FLOOD:
            return Refusal(localized(gettext_noop("This is over: the rule is not stopped so any more.")))
        if not may_object(user, "publish", rule):
            return Refusal(localized(gettext_noop("You may not publish this rule.")))
        return None

    def answered(self, interaction: Interaction, answer: Answer) -> None:
        rule = Rule.objects.get(pk=int(interaction.handler_ref))
        if answer.button == RESUME:
            text = localized(gettext_noop("%(person)s lets it go on ({at})."), person=_name(answer))
        else:
            text = localized(gettext_noop("%(person)s switched it off ({at})."), person=_name(answer))
        interaction_show(interaction, state=InteractionState.DECIDED, text=text, at=clock.now())
        if answer.button == RESUME:
            rule_switch_on(answer.user, rule)
        else:
            rule_stop(rule, StopReason.SWITCHED_OFF, actor=answer.user)


def _name(answer: Answer) -> str:
    return str(getattr(answer.user, "display_name", answer.user))
