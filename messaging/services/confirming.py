"""Sent is not delivered where the receiver may discard silently: a sign in time, or the next way is tried.

A sign is a look, an answer or a receipt. Past its deadline a delivery goes on: to the next channel of its person, then
to the substitutes the asker names, each once. What was reached that way is waited for in the same manner.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from connectors.ports.im import SendResult
from kernel import clock
from kernel.audit import audit_record
from kernel.doorbell import Due
from kernel.live import live_publish
from kernel.text import Localized, localized, text_store
from kernel.work import due, work_claim, work_each, work_held
from messaging.bindings import handler_of
from messaging.models import (
    OPEN_STATES,
    Answer,
    Confirmation,
    ConfirmationState,
    Delivery,
    DeliveryState,
    Interaction,
    InteractionState,
)
from messaging.services.channels import channel_next
from messaging.services.interactions import targets_add
from permissions.models import User

CONFIRM_QUEUE = "confirm"
CONFIRM_SECONDS = 600.0
NEXT_CHANNEL = "next_channel"
BATCH = 50
logger = logging.getLogger(__name__)


def state_after_send(delivery: Delivery, result: SendResult) -> DeliveryState:
    """What was confirmed once stays so, also when a later version of the card is sent."""
    im = delivery.connection.manifest.im
    confirms = result.confirmed and im is not None and im.confirms_delivery
    return (
        DeliveryState.DELIVERED
        if confirms or delivery.state == DeliveryState.DELIVERED
        else DeliveryState.UNCONFIRMED
    )


def confirmations_await(sent: Sequence[Delivery]) -> None:
    """Set the deadline of those just sent that need a sign. Inside the transaction that stores that they were sent.

    Needs `interaction` loaded. No query where everything was confirmed.
    """
    now = clock.now()
    Confirmation.objects.bulk_create(
        [
            Confirmation(delivery=each, available_at=_deadline(each.interaction, now))
            for each in sent
            if each.state == DeliveryState.UNCONFIRMED or each.purpose == NEXT_CHANNEL
        ],
        ignore_conflicts=True,
    )


def _deadline(interaction: Interaction, now: dt.datetime) -> dt.datetime:
    """`confirm_seconds` of the card; at half time where the question ends before that."""
    wait = dt.timedelta(seconds=float(interaction.card.get("confirm_seconds") or CONFIRM_SECONDS))
    if interaction.expires_at is not None and interaction.expires_at > now:
        wait = min(wait, (interaction.expires_at - now) / 2)
    return now + wait


def deliveries_confirm(user: User, interactions: Sequence[int]) -> None:
    """This person gave a sign for these cards."""
    now = clock.now()
    asked = Q(interaction_id__in=interactions) | Q(carried__interaction_id__in=interactions)
    mine = Delivery.objects.filter(asked, user=user)
    confirmed = mine.filter(state=DeliveryState.UNCONFIRMED).update(
        state=DeliveryState.DELIVERED, delivered_at=now, reason=""
    )
    if confirmed:
        Confirmation.objects.filter(delivery__in=mine, available_at__isnull=False).update(
            state=ConfirmationState.CONFIRMED, available_at=None, ended_at=now
        )


def confirm_due(now: dt.datetime) -> Due:
    return [Confirmation.objects.filter(due(now))]


def confirm_drain() -> int:
    claimed = work_claim(Confirmation.objects.select_related("delivery"), limit=BATCH)
    for each in work_each(claimed):
        _past_deadline(each)
    return len(claimed)


def _past_deadline(claimed: Confirmation) -> None:
    try:
        with transaction.atomic():
            interaction = (
                Interaction.objects.select_for_update(of=("self",), no_key=True)
                .select_related("record")
                .get(pk=claimed.delivery.interaction_id)
            )
            if work_held(claimed):
                delivery = Delivery.objects.select_related("user").get(pk=claimed.delivery_id)
                _judge(claimed, delivery, interaction)
    except Exception as error:  # a defect of ours: kept on the row, which is due again when its lease ends
        logger.exception("confirmation %s", claimed.pk)
        message = f"{error.__class__.__name__}: {error}"[:2000]
        Confirmation.objects.filter(pk=claimed.pk).update(last_error=message)


def _judge(row: Confirmation, delivery: Delivery, interaction: Interaction) -> None:
    if _has_sign(interaction):
        Delivery.objects.filter(
            pk=delivery.pk, state=DeliveryState.UNCONFIRMED, seen_at__isnull=False
        ).update(state=DeliveryState.DELIVERED, delivered_at=delivery.seen_at)
        _end(row, ConfirmationState.CONFIRMED)
    elif not _is_wanted(interaction):
        _end(row, ConfirmationState.ENDED)
    else:
        _go_on(row, delivery, interaction)


def _has_sign(interaction: Interaction) -> bool:
    """A look at a notice is one at the digest that carried it."""
    asked = Q(interaction=interaction) | Q(through__interaction=interaction)
    deliveries = Delivery.objects.filter(asked)
    return (
        deliveries.filter(seen_at__isnull=False).exists()
        or deliveries.filter(confirmation__state=ConfirmationState.CONFIRMED).exists()
        or Answer.objects.filter(interaction=interaction).exists()
    )


def _is_wanted(interaction: Interaction) -> bool:
    """A question as long as it is open; a notice always."""
    is_notice = not interaction.card.get("buttons")
    return interaction.state in OPEN_STATES or (is_notice and interaction.state == InteractionState.DECIDED)


def _go_on(row: Confirmation, delivery: Delivery, interaction: Interaction) -> None:
    tried = set(
        Delivery.objects.filter(interaction=interaction, user=delivery.user).values_list(
            "connection_id", flat=True
        )
    )
    following = channel_next(delivery.user, tried, NEXT_CHANNEL)
    if following is not None:
        targets_add(interaction, [following], delivery.priority)
        words = localized(
            gettext_noop("Not confirmed in time; went on through “%(name)s”."), name=following.connection.name
        )
        _end(row, ConfirmationState.WENT_ON, words)
        return
    names = handler_of(interaction).unconfirmed(interaction)
    if names:
        words = localized(
            gettext_noop("Not confirmed in time; went on to %(names)s."), names=", ".join(names)
        )
        _end(row, ConfirmationState.WENT_ON, words)
        return
    words = localized(gettext_noop("Not confirmed in time, and nobody is left to try."))
    _end(row, ConfirmationState.EXHAUSTED, words)
    audit_record(None, "delivery.unconfirmed", delivery, words.en)
    live_publish("staff", type="delivery", id=delivery.pk)


def _end(row: Confirmation, state: ConfirmationState, words: Localized | None = None) -> None:
    row.state, row.ended_at = state, clock.now()
    row.lease_release(None)
    row.save()
    if words is not None:
        Delivery.objects.filter(pk=row.delivery_id).update(reason=text_store(words))
