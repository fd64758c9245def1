"""Questions about cards and deliveries, asked for one person and through the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import override

from connectors.ports.im import Message
from kernel import clock
from kernel.generation import generations_held
from messaging.card import card_render
from messaging.models import DIGEST, OPEN_STATES, Delivery, DeliveryState, GroupMember, Interaction
from permissions.filters import visible_records_filter
from permissions.models import User, Verb
from permissions.policies import Decision, Gate, record_decide

DECIDED_DAYS = 30
MOST_CARDS = 200


@dataclass(frozen=True)
class InboxCard:
    """A card as this person may see it now."""

    message: Message
    created_at: dt.datetime
    seen: bool

    def as_json(self) -> dict[str, Any]:
        message = self.message
        return {
            "id": message.id,
            "version": message.version,
            "title": message.title,
            "body": message.body,
            "fields": [vars(each) for each in message.fields],
            "state": message.state,
            "state_text": message.state_text,
            "buttons": [
                {
                    "key": each.key,
                    "label": each.label,
                    "style": each.style,
                    "confirm": each.confirm,
                    "replies": list(each.replies),
                    "inputs": [vars(one) for one in each.inputs],
                }
                for each in message.buttons
            ],
            "created_at": self.created_at.isoformat(),
            "seen": self.seen,
        }


def deliveries_told(user: User) -> QuerySet[Delivery]:
    """This person's messages that open a card: those of a group chat only while the person is known to be in it."""
    inside = GroupMember.objects.filter(
        group_id=OuterRef("post__group_id"), user=user, is_external=False, group__fresh_until__gt=clock.now()
    )
    mine = Delivery.objects.filter(user=user).exclude(state=DeliveryState.REFUSED)
    return mine.filter(Q(post__isnull=True) | Exists(inside))


def _asked(user: User) -> QuerySet[Interaction]:
    mine = deliveries_told(user).filter(interaction=OuterRef("pk"))
    cards = Interaction.objects.filter(Exists(mine)).exclude(
        handler=DIGEST
    )  # what it lists is here by itself
    return cards.select_related("record", "decided_by")


def inbox_interactions(user: User) -> list[Interaction]:
    """Open cards and those that ended in the last DECIDED_DAYS days, newest first, at most MOST_CARDS.

    Cards the gate closes do not count: they would push out others.
    """
    since = clock.now() - dt.timedelta(days=DECIDED_DAYS)
    told = Q(record__isnull=True) | visible_records_filter(Gate(user), Verb.TOLD, prefix="record__")
    rows = _asked(user).filter(told, Q(state__in=OPEN_STATES) | Q(created_at__gte=since))
    return list(rows.order_by("-id")[:MOST_CARDS])


def inbox_interaction(user: User, uid: str) -> Interaction | None:
    return _asked(user).filter(uid=uid).first()


def gate_of(gate: Gate, interaction: Interaction, verb: str = Verb.SEE) -> Decision:
    """What this person may see of the card now: TOLD as somebody who was asked, SEE as anybody who looks it up."""
    record = interaction.record
    return Decision(gate.active) if record is None else record_decide(gate, record, verb)


def inbox_cards(user: User, interactions: Iterable[Interaction]) -> list[InboxCard]:
    """The cards as this person may see them now, in the person's language; those the gate closes are left out.

    What was served is noted as seen by this person: an answer without a version is bound to it.
    """
    interactions = list(interactions)
    gate = Gate(user)
    seen = dict(
        Delivery.objects.filter(user=user, interaction__in=interactions, seen_at__isnull=False).values_list(
            "interaction_id", "id"
        )
    )
    cards: list[InboxCard] = []
    served: dict[int, int] = {}
    with override(user.language), generations_held():
        for interaction in interactions:
            decision = gate_of(gate, interaction, Verb.TOLD)
            if not decision.allowed:
                continue
            message = card_render(interaction, user, decision)
            cards.append(InboxCard(message, interaction.created_at, interaction.pk in seen))
            served[interaction.pk] = interaction.version
    _versions_seen(user, served)
    return cards


def _versions_seen(user: User, served: Mapping[int, int]) -> None:
    behind = list(
        Delivery.objects.filter(
            user=user, interaction_id__in=served, seen_version__lt=F("interaction__version")
        ).only("pk", "interaction_id", "seen_version")
    )
    for delivery in behind:
        delivery.seen_version = max(delivery.seen_version, served[delivery.interaction_id])
    Delivery.objects.bulk_update(behind, ["seen_version"])
