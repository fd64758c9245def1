"""The outbox: the only caller of a messenger's `send`, and it asks the gate in the same breath, also days later."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.utils.translation import gettext_noop, override

from connectors.models import Connection, ConnectionState
from connectors.ports.im import SendResult
from connectors.services.factory import OpenConnectors, im_batch
from kernel import clock, doorbell
from kernel.errors import AuthFailed, BatonError, OutcomeUnknown, RateLimited, Transient
from kernel.live import live_publish
from kernel.text import localized, text_store
from kernel.work import WORK_FIELDS, backoff_at, backoff_seconds, due, work_held
from messaging.bindings import handler_of
from messaging.models import Delivery, DeliveryState, Interaction
from messaging.services.admission import deliveries_admit
from messaging.services.confirming import confirmations_await, state_after_send
from messaging.services.digest import message_render
from messaging.services.interactions import DELIVER_QUEUE
from messaging.services.lane import deliveries_claim, overtakable
from permissions.models import Verb
from permissions.policies import Decision, Gate, may_see_record

BATCH = 50
GIVE_UP_DAYS = 3
MOST_SURPRISES = 5
PAUSED_SECONDS = 10.0
logger = logging.getLogger(__name__)


def deliver_is_due() -> bool:
    return Delivery.objects.filter(due()).exists()


def deliver_drain() -> int:
    claimed = deliveries_claim(
        Delivery.objects.select_related("interaction__record", "connection", "user"), BATCH
    )
    with im_batch() as messengers:
        for delivery in overtakable(deliveries_admit(claimed)):
            delivery_send(delivery, messengers)
    return len(claimed)


def gate_now(delivery: Delivery) -> Decision:
    record = delivery.interaction.record
    if record is None:
        return Decision(Gate(delivery.user).active)
    return may_see_record(delivery.user, record, Verb.TOLD)


def delivery_send(delivery: Delivery, messengers: OpenConnectors) -> None:
    """Send or update one message. Raises nothing of the outside world: whatever happens is on the row."""
    decision = gate_now(delivery)
    if not decision.allowed:
        _finish_refused(delivery, decision)
        return
    try:
        result = _sent(delivery, decision, messengers)
    except BatonError as error:
        _finish_error(delivery, error)
    except (
        Exception
    ) as error:  # a defect of ours: kept on the row, tried again, and nobody else's message waits
        logger.exception("delivery %s", delivery.pk)
        _finish_defect(delivery, f"{error.__class__.__name__}: {error}"[:2000])
    else:
        _finish_sent(delivery, decision, result)


def _sent(delivery: Delivery, decision: Decision, messengers: OpenConnectors) -> SendResult:
    interaction, user = delivery.interaction, delivery.user
    key = f"{delivery.uid.hex}-{interaction.version}"
    with override(user.language), messengers.im(delivery.connection) as im:
        payload = im.render(message_render(interaction, user, decision)).payload
        if delivery.vendor_message_id:
            return im.update(delivery.address, delivery.vendor_message_id, payload, idempotency_key=key)
        return im.send(delivery.address, payload, idempotency_key=key)


def _held(delivery: Delivery) -> int | None:
    """The question's version now, locked in the order every other path does: the question, then its deliveries.

    None when the claim is no longer ours.
    """
    question = Interaction.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=delivery.interaction_id
    )
    version: int = question.values_list("version", flat=True).get()
    return version if work_held(delivery) else None


def _finish_sent(delivery: Delivery, decision: Decision, result: SendResult) -> None:
    interaction = delivery.interaction
    with transaction.atomic():
        if delivery.sent_at is None:
            # Before any lock of ours: what a rule remembers of a record is locked before its questions (see plan).
            handler_of(interaction).delivered(interaction)
        current = _held(delivery)
        if current is None:
            return
        now = clock.now()
        delivery.version = interaction.version
        delivery.wanted_version = current
        delivery.state = state_after_send(delivery, result)
        delivery.vendor_message_id = result.vendor_message_id or delivery.vendor_message_id
        delivery.proof, delivery.reason, delivery.last_error = decision.as_json(), "", ""
        delivery.sent_at = delivery.sent_at or now
        delivery.delivered_at = delivery.delivered_at or (now if result.confirmed else None)
        delivery.attempts = 0
        delivery.lease_release(now if delivery.wanted_version > delivery.version else None)
        delivery.save(
            update_fields=[
                *("version", "wanted_version", "state", "vendor_message_id", "proof", "reason"),
                *("sent_at", "delivered_at", *WORK_FIELDS),
            ]
        )
        confirmations_await([delivery])
        live_publish(
            f"user-{delivery.user_id}", type="card", id=str(interaction.uid), version=interaction.version
        )


def _save(delivery: Delivery) -> None:
    """Never the whole row: pages note meanwhile what was seen, and the engine what is wanted."""
    delivery.save(update_fields=["state", "reason", "proof", *WORK_FIELDS])


def _finish_refused(delivery: Delivery, decision: Decision) -> None:
    with transaction.atomic():
        if _held(delivery) is None:
            return
        was_sent = delivery.sent_at is not None
        delivery.proof = decision.as_json()
        delivery.reason = " ".join(decision.reasons)
        if not was_sent:
            delivery.state = DeliveryState.REFUSED
        delivery.lease_release(None)
        _save(delivery)
        live_publish(f"user-{delivery.user_id}", type="card", id=str(delivery.interaction.uid), version=0)
        if not was_sent:
            _undeliverable(delivery, delivery.reason)


def _finish_error(delivery: Delivery, error: BatonError) -> None:
    with transaction.atomic():
        if _held(delivery) is None:
            return
        delivery.last_error = error.message
        since = delivery.held_until or delivery.created_at
        too_old = since < clock.now() - dt.timedelta(days=GIVE_UP_DAYS)
        retry = isinstance(error, Transient | RateLimited | AuthFailed | OutcomeUnknown)
        if not retry or too_old:
            _failed(delivery, error.message)
            return
        delivery.reason = error.message
        # After OutcomeUnknown it may appear twice where the receiver does not know our key; a lost one would be worse.
        delivery.lease_release(clock.now() + dt.timedelta(seconds=_again_seconds(delivery, error)))
        _save(delivery)


def _again_seconds(delivery: Delivery, error: BatonError) -> float:
    if isinstance(error, RateLimited):
        return max(error.retry_after_seconds, 0.1)
    state = Connection.objects.values_list("state", flat=True).get(pk=delivery.connection_id)
    if state != ConnectionState.ACTIVE:
        return PAUSED_SECONDS
    return backoff_seconds(delivery.attempts)


def _finish_defect(delivery: Delivery, message: str) -> None:
    with transaction.atomic():
        if _held(delivery) is None:
            return
        delivery.last_error = message
        if delivery.attempts >= MOST_SURPRISES:
            _failed(delivery, message)
            return
        delivery.lease_release(backoff_at(delivery.attempts))
        _save(delivery)


def _failed(delivery: Delivery, message: str) -> None:
    delivery.state, delivery.reason = DeliveryState.FAILED, message
    delivery.lease_release(None)
    _save(delivery)
    live_publish("staff", type="delivery", id=delivery.pk)
    reason = localized(gettext_noop("The message could not be delivered: %(reason)s"), reason=message)
    _undeliverable(delivery, text_store(reason))


def _undeliverable(delivery: Delivery, reason: str) -> None:
    interaction = Interaction.objects.select_related("record").get(pk=delivery.interaction_id)
    handler_of(interaction).undeliverable(interaction, reason)


def delivery_replay(delivery: Delivery) -> None:
    """Send a failed or held-back message again (the gate is asked anew), with what the card says now."""
    now = clock.now()
    Delivery.objects.filter(pk=delivery.pk, state__in=[DeliveryState.FAILED, DeliveryState.REFUSED]).update(
        state=DeliveryState.READY, available_at=now, attempts=0, created_at=now, reason="", last_error=""
    )
    doorbell.ring(DELIVER_QUEUE)
