"""Telling people of a rule that Baton itself has stopped: its owner, and the administrators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from kernel.audit import audit_record
from kernel.text import Localized, localized, text_show
from messaging.bindings import Refusal
from messaging.models import Answer, Interaction
from messaging.services.notices import notice_send
from permissions.identities import administrators
from permissions.models import User
from workflows.models import Rule, RuleStop

HANDLER = "workflows.notice"


class NoticeHandler:
    """messaging.bindings.InteractionHandler for what Baton itself tells: nobody answers it."""

    def answer_refuse(
        self, interaction: Interaction, user: User, button: str, inputs: Mapping[str, Any], version: int
    ) -> Refusal | None:
        return Refusal(localized(gettext_noop("This card has no such button.")))

    def answered(self, interaction: Interaction, answer: Answer) -> None:
        """A notice has no buttons."""

    def expired(self, interaction: Interaction) -> None:
        """A notice is never open."""

    def delivered(self, interaction: Interaction) -> None:
        """Nothing waits for it."""

    def undeliverable(self, interaction: Interaction, reason: str) -> None:
        audit_record(None, "interaction.undeliverable", interaction, reason)

    def unconfirmed(self, interaction: Interaction) -> Sequence[str]:
        """Nobody stands in for an administrator."""
        return ()


def stop_tell(stop: RuleStop) -> int:
    """One notice to each, through the built-in inbox. Inside the caller's transaction. Returns how many are told."""
    rule = stop.rule
    owner = [rule.owner] if isinstance(rule.owner, User) and rule.owner.is_active else []
    people = {person.pk: person for person in [*owner, *administrators()]}
    title = localized(
        gettext_noop("The rule “%(name)s” was stopped: it runs in a circle"),
        name=Localized.from_json(rule.name),
    )
    todo = localized(
        gettext_noop(
            "%(why)s %(count)s waiting runs are ended. Look at what it wrote, change the rule, then switch it on again."
        ),
        why=_why(rule),
        count=stop.found,
    )
    source = f"rule-stop-{stop.pk}"
    return notice_send(people.values(), title, todo, source=source, handler=HANDLER, ref=str(stop.pk))


def _why(rule: Rule) -> Localized:
    return Localized(text_show(rule.state_reason, "en"), text_show(rule.state_reason, "zh-hans"))
