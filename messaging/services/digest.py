"""What a digest says, and what becomes of the notices in it. The gate is asked for each line when it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.ports.im import Message
from kernel import clock
from kernel.errors import Rejected
from messaging.bindings import handler_of, interactions_delivered
from messaging.card import card_render, interaction_link
from messaging.formatting import moment_format
from messaging.models import DIGEST, Answer, Delivery, DeliveryState, Interaction
from messaging.selectors import gate_of
from permissions.models import User, Verb
from permissions.policies import Decision, Gate

MOST_LINES = 20


def message_render(interaction: Interaction, user: User, decision: Decision) -> Message:
    """The message as `user` may see it now; a digest asks the gate for each of its lines."""
    if interaction.handler == DIGEST:
        return digest_render(interaction, user)
    return card_render(interaction, user, decision)


def carried_by(interaction: Interaction) -> QuerySet[Delivery]:
    """The notices a digest stands for."""
    return Delivery.objects.filter(through__interaction=interaction, state=DeliveryState.THROUGH)


def digest_render(interaction: Interaction, user: User) -> Message:
    """The newest MOST_LINES lines with their links, and how many more there are. Outside any transaction.

    A notice the gate closes now is refused and in no way mentioned. Raises Rejected when none is left.
    """
    allowed = _lines_judge(interaction, user)
    if not allowed:
        raise Rejected(_("Nothing of this digest may be shown any more."))
    lines = []
    for each, decision in allowed[:MOST_LINES]:
        message = card_render(each.interaction, user, decision)
        at = moment_format(each.created_at, user.language, user.time_zone)
        lines.append(f"{at} · {message.title}\n{interaction_link(each.interaction)}")
    more = len(allowed) - len(lines)
    if more > 0:
        lines.append(ngettext("And %(count)s more.", "And %(count)s more.", more) % {"count": more})
    count = len(allowed)
    return Message(
        id=str(interaction.uid),
        event_id=str(interaction.uid),
        version=interaction.version,
        title=ngettext("%(count)s message", "%(count)s messages", count) % {"count": count},
        body="\n".join(lines),
        state=interaction.state,
        link=f"{settings.BATON_PUBLIC_URL}/inbox/",
        language=user.language,
    )


def _lines_judge(interaction: Interaction, user: User) -> list[tuple[Delivery, Decision]]:
    """Ask the gate for each line and store its answer as the proof."""
    gate = Gate(user)
    allowed: list[tuple[Delivery, Decision]] = []
    with transaction.atomic():
        lines = list(carried_by(interaction).select_related("interaction__record").order_by("-pk"))
        for line in lines:
            decision = gate_of(gate, line.interaction, Verb.TOLD)
            line.proof = decision.as_json()
            if decision.allowed:
                allowed.append((line, decision))
                continue
            line.state, line.reason = DeliveryState.REFUSED, " ".join(decision.reasons)
        Delivery.objects.bulk_update(lines, ["proof", "state", "reason"])
        for line in lines:
            if line.state == DeliveryState.REFUSED:
                handler_of(line.interaction).undeliverable(line.interaction, line.reason)
    return allowed


class DigestHandler:
    """messaging.bindings.InteractionHandler of digests: what happens to one happens to each notice in it."""

    def answer_refuse(
        self, interaction: Interaction, user: User, button: str, inputs: Mapping[str, Any], version: int
    ) -> None:
        return None

    def answered(self, interaction: Interaction, answer: Answer) -> None:
        """A digest asks nothing."""

    def expired(self, interaction: Interaction) -> None:
        """A digest does not expire."""

    def delivered(self, interactions: Sequence[Interaction]) -> None:
        lines = list(
            Delivery.objects.filter(through__interaction__in=interactions, state=DeliveryState.THROUGH)
            .select_related("interaction")
            .order_by("pk")
        )
        interactions_delivered([line.interaction for line in lines])
        Delivery.objects.filter(pk__in=[each.pk for each in lines]).update(sent_at=clock.now())

    def undeliverable(self, interaction: Interaction, reason: str) -> None:
        lines = list(carried_by(interaction).select_related("interaction").order_by("pk"))
        Delivery.objects.filter(pk__in=[each.pk for each in lines]).update(
            state=DeliveryState.FAILED, reason=reason
        )
        for line in lines:
            handler_of(line.interaction).undeliverable(line.interaction, reason)

    def unconfirmed(self, interaction: Interaction) -> list[str]:
        names: dict[str, None] = {}
        for line in carried_by(interaction).select_related("interaction__record").order_by("pk"):
            names.update(dict.fromkeys(handler_of(line.interaction).unconfirmed(line.interaction)))
        return list(names)
