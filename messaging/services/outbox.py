"""The outbox: the only caller of a messenger's `send`, and it asks the gate in the same breath, also days later.

A batch is claimed, judged and rendered, sent (many at once where the messenger can), and its outcome stored.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import override

from connectors.models import Connection, Record
from connectors.ports.im import SendResult
from connectors.services.factory import OpenConnectors, im_batch
from kernel import clock, doorbell
from kernel.doorbell import Due
from kernel.errors import BatonError
from kernel.generation import NUMBERS, generations_held, generations_known
from kernel.http import HttpRequest
from kernel.http_many import MOST_AT_ONCE, requests_send
from kernel.network import nets_parse
from kernel.statements import Select, selects_run
from kernel.work import due
from messaging.models import Attention, Delivery, DeliveryState, Interaction
from messaging.services import sent
from messaging.services.admission import deliveries_admit
from messaging.services.attention import ATTENTION
from messaging.services.digest import message_render
from messaging.services.interactions import DELIVER_QUEUE
from messaging.services.lane import deliveries_claim, overtakable
from permissions.models import User, Verb
from permissions.policies import Decision, Gates

BATCH = 256
SEND_AT_ONCE = 2 * MOST_AT_ONCE
PAUSED_SECONDS = sent.PAUSED_SECONDS
RECORD_COLUMNS = (
    *("connection_id", "object", "key"),
    *("company", "warehouse", "salesperson", "department", "region", "supplier_group"),
)
_INTERACTIONS = Select(Interaction, "id {any}")
_USERS = Select(User, "id {any}")
_CONNECTIONS = Select(Connection, "id {any}")
_RECORDS = Select(
    Record,
    "id IN (SELECT record_id FROM messaging_interaction WHERE id {any})",
    fields=RECORD_COLUMNS,
)
logger = logging.getLogger(__name__)


def deliver_due(now: dt.datetime) -> Due:
    return [Delivery.objects.filter(due(now))]


def deliver_drain() -> int:
    claimed = deliveries_claim(BATCH)
    if claimed:
        with generations_held():
            wishes = _attach(claimed)
            deliveries_send(deliveries_admit(claimed, wishes))
    return len(claimed)


def _attach(deliveries: Sequence[Delivery]) -> dict[int, Attention]:
    """Give the rows what they refer to, in one round trip. Returns the wishes of their people, by person."""
    asked, people = [each.interaction_id for each in deliveries], {each.user_id for each in deliveries}
    interactions, users, connections, records, wishes, numbers = selects_run(
        (_INTERACTIONS, (asked,)),
        (_USERS, (people,)),
        (_CONNECTIONS, ({each.connection_id for each in deliveries},)),
        (_RECORDS, (asked,)),
        (ATTENTION, (people,)),
        (NUMBERS, ()),
    )
    generations_known(numbers)
    questions = {each.pk: each for each in interactions}
    receivers = {each.pk: each for each in users}
    channels = {each.pk: each for each in connections}
    known = {each.pk: each for each in records}
    for each in interactions:
        if each.record_id is not None:
            each.record = known.get(each.record_id)
    for delivery in deliveries:
        delivery.interaction = questions[delivery.interaction_id]
        delivery.user, delivery.connection = (
            receivers[delivery.user_id],
            channels[delivery.connection_id],
        )
    return {each.user_id: each for each in wishes}


@dataclass
class _Outcome:
    """What came of each delivery of a batch."""

    sent: list[sent.Sent] = field(default_factory=list)
    failed: list[tuple[Delivery, BatonError]] = field(default_factory=list)


@dataclass(frozen=True)
class _Ready:
    """A message that may leave now; `request` where its messenger sends many at once."""

    delivery: Delivery
    decision: Decision
    key: str
    request: HttpRequest | None = None


def deliveries_send(deliveries: Sequence[Delivery]) -> None:
    """Send or update claimed messages. Raises nothing of the outside world: whatever happens is on the rows."""
    outcome = _Outcome()
    by_connection: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        by_connection[delivery.connection_id].append(delivery)
    groups = [
        found[start : start + SEND_AT_ONCE]
        for found in by_connection.values()
        for start in range(0, len(found), SEND_AT_ONCE)
    ]
    with im_batch() as messengers:
        for index, group in enumerate(overtakable(groups)):
            # The first is sent at the caller's look at the generations, the others take their own.
            with generations_held() if index else contextlib.nullcontext():
                _send_some(group, messengers, outcome)
    sent.sent_finish(outcome.sent)
    sent.failed_finish(outcome.failed)


def _send_some(deliveries: Sequence[Delivery], messengers: OpenConnectors, outcome: _Outcome) -> None:
    """Deliveries of one connection. The breaker is asked before and told after, so that a dead one costs little."""
    gates = Gates()
    gates.load({each.user_id: each.user for each in deliveries}.values())
    ready: list[_Ready] = []
    for delivery in deliveries:
        decision = gate_now(delivery, gates)
        if not decision.allowed:
            sent.refused_finish(delivery, decision)
            continue
        key = f"{delivery.uid.hex}-{delivery.interaction.version}"
        try:
            done = _begun(delivery, decision, key, messengers)
        except BatonError as error:
            outcome.failed.append((delivery, error))
        except Exception as error:  # a defect of ours: kept on the row, and nobody else's message waits
            logger.exception("delivery %s", delivery.pk)
            sent.defect_finish(delivery, f"{error.__class__.__name__}: {error}"[:2000])
        else:
            if isinstance(done, SendResult):
                outcome.sent.append(sent.Sent(delivery, decision, done))
            else:
                ready.append(_Ready(delivery, decision, key, done))
    if ready:
        _send_at_once(ready, messengers, outcome)


def gate_now(delivery: Delivery, gates: Gates) -> Decision:
    record = delivery.interaction.record
    if record is None:
        return Decision(gates.of(delivery.user).active)
    return gates.record(delivery.user, record, Verb.TOLD)


def _begun(
    delivery: Delivery, decision: Decision, key: str, messengers: OpenConnectors
) -> SendResult | HttpRequest:
    """The message sent, or the request that will send it."""
    interaction, user = delivery.interaction, delivery.user
    with override(user.language), messengers.im(delivery.connection) as im:
        payload = im.render(message_render(interaction, user, decision)).payload
        known = delivery.vendor_message_id
        if hasattr(im, "outgoing"):
            request: HttpRequest = im.outgoing(
                delivery.address, payload, idempotency_key=key, vendor_message_id=known
            )
            return request
        if known:
            return im.update(delivery.address, known, payload, idempotency_key=key)
        return im.send(delivery.address, payload, idempotency_key=key)


def _send_at_once(ready: Sequence[_Ready], messengers: OpenConnectors, outcome: _Outcome) -> None:
    connection = ready[0].delivery.connection
    im = messengers.many(connection)
    answers = requests_send(
        [each.request for each in ready if each.request is not None],
        allow_nets=nets_parse(settings.BATON_ALLOW_NETS),
    )
    noted: list[BatonError | None] = []
    for each, answer in zip(ready, answers, strict=True):
        try:
            if isinstance(answer, BatonError):
                raise answer
            with override(each.delivery.user.language):
                result = im.outgoing_result(
                    answer, idempotency_key=each.key, vendor_message_id=each.delivery.vendor_message_id
                )
        except BatonError as error:
            noted.append(error)
            outcome.failed.append((each.delivery, error))
        else:
            noted.append(None)
            outcome.sent.append(sent.Sent(each.delivery, each.decision, result))
    messengers.note(connection, noted)


def delivery_replay(delivery: Delivery) -> None:
    """Send a failed or held-back message again (the gate is asked anew), with what the card says now."""
    now = clock.now()
    Delivery.objects.filter(pk=delivery.pk, state__in=[DeliveryState.FAILED, DeliveryState.REFUSED]).update(
        state=DeliveryState.READY, available_at=now, attempts=0, created_at=now, reason="", last_error=""
    )
    doorbell.ring(DELIVER_QUEUE)
