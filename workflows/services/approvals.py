"""Four eyes: asking somebody else whether a definition may be put in force. The permission checks are in here.

What is approved is the definition as it was when it was asked for; whoever asked for it or wrote it cannot approve it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel.audit import audit_record
from kernel.errors import ConfigError, Conflict, PermissionDenied
from kernel.text import Localized, localized
from messaging.models import OPEN_STATES, Interaction
from messaging.services.cancelling import interactions_cancel
from messaging.services.notices import notice_send
from permissions.models import User
from permissions.objects import may_object, object_holders
from workflows.models import Approval, ApprovalState, FourEyes, Rule
from workflows.sentence import rule_sentence

HANDLER = "workflows.approval"
APPROVE, REFUSE = "approve", "refuse"


class ApprovalAsked(Conflict):
    """Nothing is in force yet: others were asked."""

    code = "approval"


def approval_needed(rule: Rule) -> bool:
    return FourEyes.objects.filter(Q(rule=rule) | Q(connection=rule.connection_id)).exists()


def four_eyes_set(actor: User, rule: Rule, *, is_on: bool, whole_connection: bool = False) -> None:
    """Ask for approvals from now on, of this rule or of all of its connection, or no longer.

    Who may publish the rule may ask for its approvals; only who may change the connection may do without again, and may
    decide of the whole connection. Raises PermissionDenied.
    """
    decides = may_object(actor, "change", rule.connection)
    if not decides and (whole_connection or not is_on or not may_object(actor, "publish", rule)):
        raise PermissionDenied(_("Only who may change the connection decides this."))
    of = {"connection": rule.connection} if whole_connection else {"rule": rule}
    with transaction.atomic():
        if is_on:
            FourEyes.objects.get_or_create(**of, defaults={"set_by": actor})
        else:
            FourEyes.objects.filter(**of).delete()
        what = rule.connection if whole_connection else rule
        audit_record(actor, "rule.four_eyes", what, "on" if is_on else "off")


def approval_ask(actor: User, rule: Rule, raw: Mapping[str, Any], note: str) -> ApprovalAsked:
    """Ask everybody else who may publish the rule, and return what to raise. Raises ConfigError where there is nobody.

    An earlier request of the rule is replaced by it.
    """
    edited_by = rule.edited_by if isinstance(rule.edited_by, User) and raw == rule.draft else None
    barred = {actor.pk, edited_by.pk if edited_by is not None else 0}
    people = [each for each in object_holders("publish", rule) if each.pk not in barred]
    if not people:
        raise ConfigError(
            _("Publishing needs another person's approval, and nobody else may publish this rule.")
        )
    earlier = Approval.objects.filter(rule=rule, state=ApprovalState.WAITING)
    replaced = list(earlier.values_list("pk", flat=True))
    with transaction.atomic():
        Rule.objects.select_for_update(of=("self",), no_key=True).get(pk=rule.pk)
        earlier.update(state=ApprovalState.REPLACED)
        asked = Approval.objects.create(
            rule=rule, definition=dict(raw), note=note, asked_by=actor, edited_by=edited_by
        )
        if not _card(asked, people):
            raise ConfigError(_("None of those who may approve can be reached in the inbox."))
        audit_record(actor, "rule.approval_asked", rule, note)
    approval_cards_close(replaced)
    names = ", ".join(each.display_name for each in people)
    return ApprovalAsked(_("Not in force yet: %(people)s were asked to approve it.") % {"people": names})


def _card(asked: Approval, people: list[User]) -> int:
    rule, actor = asked.rule, asked.asked_by
    title = localized(
        gettext_noop("May “%(name)s” be put in force? %(person)s asks"),
        name=Localized.from_json(rule.name),
        person=actor.display_name,
    )
    sentence = rule_sentence(rule, asked.definition)
    body = Localized(f"{sentence.en} {asked.note}".strip(), f"{sentence.zh} {asked.note}".strip())
    return notice_send(
        people,
        title,
        body,
        source=f"approval-{asked.pk}",
        handler=HANDLER,
        ref=str(asked.pk),
        buttons=[
            {"key": APPROVE, "label": localized(gettext_noop("Approve it")).as_json(), "style": "primary"},
            {"key": REFUSE, "label": localized(gettext_noop("Refuse")).as_json(), "style": "danger"},
        ],
    )


def approval_cards_close(numbers: list[int]) -> None:
    """Withdraw the cards of requests that were replaced. By itself: an answer locks the card before the rule."""
    if not numbers:
        return
    with transaction.atomic():
        cards = Interaction.objects.select_for_update(of=("self",), no_key=True).filter(
            handler=HANDLER, handler_ref__in=[str(each) for each in numbers], state__in=OPEN_STATES
        )
        text = localized(gettext_noop("A newer request has taken its place ({at})."))
        interactions_cancel(list(cards.order_by("pk")), text)


def approval_waiting(rule: Rule) -> Approval | None:
    return Approval.objects.filter(rule=rule, state=ApprovalState.WAITING).select_related("asked_by").first()
