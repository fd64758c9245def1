"""What came of sending, on the rows. A transaction each for what ended well and for what is tried again."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_noop

from connectors.models import Connection, ConnectionState
from connectors.ports.im import SendResult
from kernel import clock
from kernel.errors import AuthFailed, BatonError, OutcomeUnknown, RateLimited, Transient
from kernel.live import live_publish, live_publish_with
from kernel.rows import Writes, rows_update
from kernel.statements import Select
from kernel.text import localized, text_store
from kernel.work import WORK_FIELDS, backoff_at, backoff_seconds, work_held
from messaging.bindings import handler_of, interactions_delivered
from messaging.models import Delivery, DeliveryState, Interaction
from messaging.services.confirming import confirmations_await, state_after_send
from messaging.services.disclosing import disclosures_note
from permissions.policies import Decision

GIVE_UP_DAYS = 3
MOST_SURPRISES = 5
PAUSED_SECONDS = 10.0
MOST_HINTS = 5
RETRY = (Transient, RateLimited, AuthFailed, OutcomeUnknown)
SENT_FIELDS = (
    *(
        "version",
        "wanted_version",
        "state",
        "vendor_message_id",
        "proof",
        "reason",
        "sent_at",
        "delivered_at",
    ),
    *WORK_FIELDS,
)
_HELD = Select(
    Delivery,
    "id {any} AND lease_owner {any}",
    tail="ORDER BY id",
    fields=("id", "wanted_version"),
    lock=True,
)
FAILED_FIELDS = ("state", "reason", "proof", *WORK_FIELDS)
"""Never the whole row: pages note meanwhile what was seen, and the engine what is wanted."""


@dataclass(frozen=True)
class Sent:
    """A message that left, under which decision of the gate, and what the messenger said."""

    delivery: Delivery
    decision: Decision
    result: SendResult


def sent_finish(sent: Sequence[Sent]) -> None:
    if not sent:
        return
    with transaction.atomic():
        # Before any lock of ours: what a rule remembers of a record is locked before its questions (see plan).
        interactions_delivered([each.delivery.interaction for each in sent if each.delivery.sent_at is None])
        wanted = _held_many([each.delivery for each in sent])
        held = [each for each in sent if each.delivery.pk in wanted]
        for each in held:
            _sent(each, wanted[each.delivery.pk])
        writes = Writes()
        writes.update(Delivery, [each.delivery for each in held], SENT_FIELDS)
        disclosures_note(((each.delivery, each.decision) for each in held), writes)
        live_publish_with(writes, _hints([each.delivery for each in held]))
        writes.run()
        confirmations_await([each.delivery for each in held])


def _held_many(deliveries: Sequence[Delivery]) -> dict[int, int]:
    """The version each row should have, of those whose claim is still ours; locked in one order.

    Whoever changes what a card shows writes the wanted version on the delivery's own row: that row alone is enough.
    """
    owners = {each.lease_owner for each in deliveries}
    return {row.pk: row.wanted_version for row in _HELD.rows([each.pk for each in deliveries], owners)}


def _sent(sent: Sent, wanted_version: int) -> None:
    delivery, result, now = sent.delivery, sent.result, clock.now()
    delivery.version = delivery.interaction.version
    delivery.wanted_version = max(wanted_version, delivery.version)
    delivery.state = state_after_send(delivery, result)
    delivery.vendor_message_id = result.vendor_message_id or delivery.vendor_message_id
    delivery.proof, delivery.reason, delivery.last_error = sent.decision.as_json(), "", ""
    delivery.sent_at = delivery.sent_at or now
    delivery.delivered_at = delivery.delivered_at or (now if result.confirmed else None)
    delivery.attempts = 0
    delivery.lease_release(now if delivery.wanted_version > delivery.version else None)


def _hints(deliveries: Sequence[Delivery]) -> list[tuple[str, dict[str, object]]]:
    """One hint a card to an open page; past a handful one that says to look at all of them."""
    by_user: dict[int, list[Delivery]] = defaultdict(list)
    for each in deliveries:
        by_user[each.user_id].append(each)
    hints: list[tuple[str, dict[str, object]]] = []
    for user_id, found in by_user.items():
        if len(found) > MOST_HINTS:
            hints.append((f"user-{user_id}", {"type": "cards"}))
            continue
        for each in found:
            card = {"type": "card", "id": str(each.interaction.uid), "version": each.interaction.version}
            hints.append((f"user-{user_id}", card))
    return hints


def failed_finish(failed: Sequence[tuple[Delivery, BatonError]]) -> None:
    """Those that may pass are due again after a pause, all in one transaction; the others end one by one."""
    now = clock.now()
    too_old = now - dt.timedelta(days=GIVE_UP_DAYS)
    later = [
        (delivery, error)
        for delivery, error in failed
        if isinstance(error, RETRY) and (delivery.held_until or delivery.created_at) >= too_old
    ]
    ended = {delivery.pk for delivery, _error in failed} - {delivery.pk for delivery, _error in later}
    if later:
        _later(later)
    for delivery, error in failed:
        if delivery.pk in ended:
            with transaction.atomic():
                if _held(delivery):
                    delivery.last_error = error.message
                    _failed(delivery, error.message)


def _later(failed: Sequence[tuple[Delivery, BatonError]]) -> None:
    """After OutcomeUnknown it may appear twice where the receiver does not know our key; a lost one would be worse."""
    with transaction.atomic():
        states = dict(
            Connection.objects.filter(pk__in={each.connection_id for each, _error in failed}).values_list(
                "pk", "state"
            )
        )
        held = _held_many([delivery for delivery, _error in failed])
        kept = [(delivery, error) for delivery, error in failed if delivery.pk in held]
        for delivery, error in kept:
            delivery.last_error = delivery.reason = error.message
            seconds = _again_seconds(delivery, error, states.get(delivery.connection_id, ""))
            delivery.lease_release(clock.now() + dt.timedelta(seconds=seconds))
        rows_update(Delivery, [delivery for delivery, _error in kept], FAILED_FIELDS)


def _again_seconds(delivery: Delivery, error: BatonError, state: str) -> float:
    if isinstance(error, RateLimited):
        return max(error.retry_after_seconds, 0.1)
    return PAUSED_SECONDS if state != ConnectionState.ACTIVE else backoff_seconds(delivery.attempts)


def _held(delivery: Delivery) -> bool:
    """Whether the claim is still ours, locked in the order every other path does: the question, then its deliveries."""
    Interaction.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=delivery.interaction_id
    ).first()
    return work_held(delivery)


def refused_finish(delivery: Delivery, decision: Decision) -> None:
    with transaction.atomic():
        if not _held(delivery):
            return
        was_sent = delivery.sent_at is not None
        delivery.proof = decision.as_json()
        delivery.reason = " ".join(decision.reasons)
        if not was_sent:
            delivery.state = DeliveryState.REFUSED
        delivery.lease_release(None)
        delivery.save(update_fields=FAILED_FIELDS)
        live_publish(f"user-{delivery.user_id}", type="card", id=str(delivery.interaction.uid), version=0)
        if not was_sent:
            _undeliverable(delivery, delivery.reason)


def defect_finish(delivery: Delivery, message: str) -> None:
    with transaction.atomic():
        if not _held(delivery):
            return
        delivery.last_error = message
        if delivery.attempts >= MOST_SURPRISES:
            _failed(delivery, message)
            return
        delivery.lease_release(backoff_at(delivery.attempts))
        delivery.save(update_fields=FAILED_FIELDS)


def _failed(delivery: Delivery, message: str) -> None:
    delivery.state, delivery.reason = DeliveryState.FAILED, message
    delivery.lease_release(None)
    delivery.save(update_fields=FAILED_FIELDS)
    live_publish("staff", type="delivery", id=delivery.pk)
    reason = localized(gettext_noop("The message could not be delivered: %(reason)s"), reason=message)
    _undeliverable(delivery, text_store(reason))


def _undeliverable(delivery: Delivery, reason: str) -> None:
    interaction = Interaction.objects.select_related("record").get(pk=delivery.interaction_id)
    handler_of(interaction).undeliverable(interaction, reason)
