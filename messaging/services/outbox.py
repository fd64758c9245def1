"""The outbox: the only caller of a messenger's `send`, and it asks the gate in the same breath, also days later."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.utils.translation import gettext_noop, override

from connectors.services.factory import im_open
from kernel import clock
from kernel.errors import AuthFailed, BatonError, OutcomeUnknown, RateLimited, Transient
from kernel.live import live_publish
from kernel.text import localized, text_store
from kernel.work import backoff_at, due, work_claim, work_held
from messaging.bindings import handler_of
from messaging.card import card_render
from messaging.models import Delivery, DeliveryState, Interaction
from permissions.policies import Decision, may_see_record

BATCH = 50
GIVE_UP_DAYS = 3
logger = logging.getLogger(__name__)


def deliver_is_due() -> bool:
    return Delivery.objects.filter(due()).exists()


def deliver_drain() -> int:
    claimed = work_claim(
        Delivery.objects.select_related("interaction__record", "connection", "user"),
        limit=BATCH,
        order=("priority", "available_at", "pk"),
    )
    for delivery in claimed:
        delivery_send(delivery)
    return len(claimed)


def gate_now(delivery: Delivery) -> Decision:
    record = delivery.interaction.record
    if record is None:
        return Decision(delivery.user.is_active)
    return may_see_record(delivery.user, record)


def delivery_send(delivery: Delivery) -> None:
    """Send or update one message. Raises nothing: whatever happens is on the row."""
    interaction, user = delivery.interaction, delivery.user
    decision = gate_now(delivery)
    if not decision.allowed:
        _finish_refused(delivery, decision)
        return
    try:
        with im_open(delivery.connection) as im, override(user.language):
            payload = im.render(card_render(interaction, user, decision)).payload
            key = f"{delivery.uid.hex}-{interaction.version}"
            if delivery.vendor_message_id:
                result = im.update(delivery.address, delivery.vendor_message_id, payload, idempotency_key=key)
            else:
                result = im.send(delivery.address, payload, idempotency_key=key)
    except BatonError as error:
        _finish_error(delivery, error)
        return
    with transaction.atomic():
        if not work_held(delivery):
            return
        now = clock.now()
        first = delivery.sent_at is None
        current = Interaction.objects.values_list("version", flat=True).get(pk=interaction.pk)
        wanted = Delivery.objects.values_list("wanted_version", flat=True).get(pk=delivery.pk)
        delivery.version = interaction.version
        delivery.wanted_version = max(current, wanted)
        delivery.state = DeliveryState.DELIVERED if result.confirmed else DeliveryState.UNCONFIRMED
        delivery.vendor_message_id = result.vendor_message_id or delivery.vendor_message_id
        delivery.proof, delivery.reason, delivery.last_error = decision.as_json(), "", ""
        delivery.sent_at = delivery.sent_at or now
        delivery.delivered_at = delivery.delivered_at or (now if result.confirmed else None)
        delivery.lease_release(now if delivery.wanted_version > delivery.version else None)
        delivery.attempts = 0
        delivery.save()
        if first:
            handler_of(interaction).delivered(interaction)
        live_publish(f"user-{user.pk}", type="card", id=str(interaction.uid), version=interaction.version)


def _finish_refused(delivery: Delivery, decision: Decision) -> None:
    with transaction.atomic():
        if not work_held(delivery):
            return
        was_sent = delivery.sent_at is not None
        delivery.proof = decision.as_json()
        delivery.reason = " ".join(decision.reasons)
        if not was_sent:
            delivery.state = DeliveryState.REFUSED
        delivery.lease_release(None)
        delivery.save()
        live_publish(f"user-{delivery.user_id}", type="card", id=str(delivery.interaction.uid), version=0)
        if not was_sent:
            handler_of(delivery.interaction).undeliverable(delivery.interaction, delivery.reason)


def _finish_error(delivery: Delivery, error: BatonError) -> None:
    with transaction.atomic():
        if not work_held(delivery):
            return
        delivery.last_error = error.message
        too_old = delivery.created_at < clock.now() - dt.timedelta(days=GIVE_UP_DAYS)
        retry = isinstance(error, Transient | RateLimited | AuthFailed | OutcomeUnknown)
        if isinstance(error, OutcomeUnknown):
            # The receiver knows our idempotency key, or the message may appear twice; a lost one would be worse.
            delivery.state = DeliveryState.UNCONFIRMED if delivery.sent_at else DeliveryState.READY
        if retry and not too_old:
            if isinstance(error, RateLimited):
                again = clock.now() + dt.timedelta(seconds=error.retry_after_seconds)
            else:
                again = backoff_at(delivery.attempts)
            delivery.reason = error.message
            delivery.lease_release(again)
            delivery.save()
            return
        delivery.state = DeliveryState.FAILED
        delivery.reason = error.message
        delivery.lease_release(None)
        delivery.save()
        live_publish("staff", type="delivery", id=delivery.pk)
        reason = localized(gettext_noop("The message could not be delivered: %(reason)s"), reason=error.message)
        handler_of(delivery.interaction).undeliverable(delivery.interaction, text_store(reason))


def delivery_replay(delivery: Delivery) -> None:
    """Send a failed or held-back message again (the gate is asked anew)."""
    Delivery.objects.filter(pk=delivery.pk, state__in=[DeliveryState.FAILED, DeliveryState.REFUSED]).update(
        state=DeliveryState.READY, available_at=clock.now(), attempts=0, created_at=clock.now()
    )
