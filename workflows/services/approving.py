"""The answer to “may it be put in force?”. Bound to messaging at start-up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop

from kernel import clock
from kernel.audit import audit_record
from kernel.text import localized
from messaging.bindings import Refusal
from messaging.models import Answer, Interaction, InteractionState
from messaging.services.interactions import interaction_show
from messaging.services.notices import NoticeHandler
from permissions.models import User
from permissions.objects import may_object
from workflows.models import Approval, ApprovalState
from workflows.services.approvals import APPROVE
from workflows.services.checking import errors_of, rule_check
from workflows.services.rules import publish_approved


def _asked(interaction: Interaction) -> Approval:
    rows = Approval.objects.select_related("rule__connection", "rule__owner", "asked_by")
    return rows.get(pk=int(interaction.handler_ref))


class ApprovalHandler(NoticeHandler):
    """messaging.bindings.InteractionHandler of requests for approval."""

    def answer_refuse(
        self, interaction: Interaction, user: User, button: str, inputs: Mapping[str, Any], version: int
    ) -> Refusal | None:
        asked = _asked(interaction)
        if asked.state != ApprovalState.WAITING:
            return Refusal(localized(gettext_noop("This request is over.")))
        if user.pk in (asked.asked_by_id, asked.edited_by_id):
            return Refusal(localized(gettext_noop("Nobody approves their own.")))
        if not may_object(user, "publish", asked.rule):
            return Refusal(localized(gettext_noop("You may not publish this rule.")))
        if button != APPROVE:
            return None
        if not may_object(asked.asked_by, "publish", asked.rule):
            return Refusal(localized(gettext_noop("Who asked for it may not publish this rule any more.")))
        owner = asked.rule.owner if isinstance(asked.rule.owner, User) else None
        if errors_of(rule_check(asked.rule.connection, asked.definition, owner)):
            return Refusal(
                localized(gettext_noop("It could not be published any more. Look at the rule's page."))
            )
        return None

    def answered(self, interaction: Interaction, answer: Answer) -> None:
        asked = _asked(interaction)
        asked.decided_by, asked.decided_at = answer.user, clock.now()
        name = str(getattr(answer.user, "display_name", answer.user))
        if answer.button == APPROVE:
            asked.version = publish_approved(asked)
            asked.state = ApprovalState.APPROVED
            text = localized(
                gettext_noop("%(person)s approved it; version %(number)s is in force ({at})."),
                person=name,
                number=asked.version.number,
            )
        else:
            asked.state = ApprovalState.REFUSED
            text = localized(gettext_noop("%(person)s refused it ({at})."), person=name)
        asked.save()
        audit_record(answer.user, f"rule.approval_{asked.state}", asked.rule, asked.note)
        interaction_show(interaction, state=InteractionState.DECIDED, text=text, at=clock.now())
