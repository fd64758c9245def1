"""What Baton itself tells people: a card without buttons in the built-in inbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from connectors.models import Connection, ConnectionState
from kernel.audit import audit_record
from kernel.text import Localized, localized
from messaging.bindings import Refusal
from messaging.models import Answer, Interaction
from messaging.services.interactions import Target, interaction_open
from permissions.identities import BUILT_IN, address_for
from permissions.models import User

PRIORITY = 1
HANDLER = "messaging.notice"


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

    def delivered(self, interactions: Sequence[Interaction]) -> None:
        """Nothing waits for it."""

    def undeliverable(self, interaction: Interaction, reason: str) -> None:
        audit_record(None, "interaction.undeliverable", interaction, reason)

    def unconfirmed(self, interaction: Interaction) -> Sequence[str]:
        """Nobody stands in for an administrator."""
        return ()


def notice_send(
    people: Iterable[User],
    title: Localized,
    body: Localized,
    *,
    source: str,
    handler: str,
    ref: str = "",
    priority: int = PRIORITY,
    buttons: Sequence[Mapping[str, Any]] = (),
) -> int:
    """One card for all of `people`, inside the caller's transaction. Returns how many are told.

    `source` names what it is about, `handler` who is asked when it cannot be delivered. With `buttons`, as in
    messaging/card.py, it is a question, whose answer goes to `handler`.
    """
    targets = [
        Target(person, channel, address, "owner")
        for channel in Connection.objects.filter(connector=BUILT_IN, state=ConnectionState.ACTIVE)[:1]
        for person in people
        if (address := address_for(person, channel))
    ]
    if not targets:
        return 0
    interaction_open(
        # Through the data: a name with braces in it is no template.
        card={
            "title": {"en": "{{ record.title_en }}", "zh-hans": "{{ record.title_zh }}"},
            "body": {"en": "{{ record.body_en }}", "zh-hans": "{{ record.body_zh }}"},
            "data": {"title_en": title.en, "title_zh": title.zh, "body_en": body.en, "body_zh": body.zh},
            "buttons": list(buttons),
        },
        shown={},
        targets=targets,
        record=None,
        event_id=None,
        source_event_id=source,
        handler=handler,
        handler_ref=ref,
        priority=priority,
        is_question=bool(buttons),
    )
    return len(targets)
