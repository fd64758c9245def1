"""What arrives from people through messengers: stored first (unique vendor event id), worked afterwards."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from connectors.models import Connection, ConnectionState
from connectors.ports.im import ImConnector, InboundReply, InboundRequest, InboundResult
from connectors.services.factory import connector_build
from kernel import clock, doorbell
from kernel.doorbell import Due
from kernel.errors import NotFound, PermissionDenied
from kernel.text import localized, text_store
from kernel.work import backoff_at, due, work_claim, work_each, work_held
from messaging.card import input_is_masked
from messaging.models import Delivery, Interaction, InteractionState, Reply, ReplyState
from messaging.quick_reply import PLACEHOLDER, reply_parse
from messaging.selectors import deliveries_told
from messaging.services.answers import AnswerResult, answer_submit, gate_now
from messaging.services.confirming import deliveries_confirm
from messaging.services.interactions import DELIVER_QUEUE
from permissions.identities import person_for_address
from permissions.models import User
from permissions.policies import Decision
from permissions.services.linking import code_take

REPLY_QUEUE = "reply"
MOST_ATTEMPTS = 8
logger = logging.getLogger(__name__)


def inbound_take(slug: str, request: InboundRequest) -> InboundResult:
    """Verify, parse and store what a vendor posted; ring. Raises NotFound, PermissionDenied, AuthFailed, Rejected."""
    connection = Connection.objects.filter(slug=slug, kind="im").exclude(state=ConnectionState.DRAFT).first()
    if connection is None:
        raise NotFound("No connection takes answers here.")
    if connection.state == ConnectionState.PAUSED:
        raise PermissionDenied("This connection is paused.")
    connector: ImConnector = connector_build(
        connection.connector, connection.settings, connection.credentials
    )
    try:
        result = connector.inbound_parse(request)
    finally:
        connector.close()
    for reply in result.replies:
        reply_store(connection, reply)
    return result


def reply_store(connection: Connection, reply: InboundReply) -> Reply | None:
    """Insert once; None when this vendor event is already there."""
    with transaction.atomic():
        row, created = Reply.objects.get_or_create(
            connection=connection,
            vendor_event_id=reply.vendor_event_id[:200],
            defaults={
                "address": reply.address[:200],
                "available_at": clock.now(),
                "content": {
                    "message_id": reply.message_id,
                    "version": reply.version,
                    "button": reply.button,
                    "inputs": dict(reply.inputs),
                    "text": reply.text,
                    **({"receipt": True} if reply.is_receipt else {}),
                },
            },
        )
        if created:
            doorbell.ring(REPLY_QUEUE)
    return row if created else None


def reply_due(now: dt.datetime) -> Due:
    return [Reply.objects.filter(due(now))]


def reply_drain() -> int:
    claimed = work_claim(Reply.objects.select_related("connection"), limit=20)
    for reply in work_each(claimed):
        reply_work(reply)
    return len(claimed)


def reply_work(reply: Reply) -> None:
    """Act on one stored reply. A refusal is an outcome on the row and is told to the person by the card.

    The answer and what the row says of it are one transaction: a reply is never taken and then called refused.
    """
    try:
        _work(reply)
    except (
        Exception
    ) as error:  # a defect of ours: kept on the row, tried again, and the other replies are worked
        logger.exception("reply %s", reply.pk)
        _defect_note(reply, f"{error.__class__.__name__}: {error}"[:2000])


def _defect_note(reply: Reply, message: str) -> None:
    with transaction.atomic():
        if not work_held(reply):
            return
        reply.last_error = message
        given_up = reply.attempts >= MOST_ATTEMPTS
        if given_up:
            reply.state, reply.handled_at = ReplyState.FAILED, clock.now()
            reply.result = {"status": "failed", "message": message}
        reply.lease_release(None if given_up else backoff_at(reply.attempts))
        reply.save()


def _work(reply: Reply) -> None:
    with transaction.atomic():
        if not work_held(reply):
            return
        user = person_for_address(reply.connection, reply.address)
        interaction = _interaction_of(reply, user) if user else None
        if user is None:
            user, said = code_take(reply.connection, reply.address, str(reply.content.get("text") or ""))
            result = AnswerResult("taken" if user is not None else "refused", text_store(said))
        elif interaction is None:
            result = AnswerResult(
                "invalid", text_store(localized(gettext_noop("No open card fits this message.")))
            )
        elif reply.content.get("receipt"):
            deliveries_confirm(user, [interaction.pk])
            result = AnswerResult("taken", text_store(localized(gettext_noop("A receipt."))))
        else:
            result = content_answer(interaction, user, reply.content, channel=reply.connection.connector)
        reply.user, reply.interaction = user, interaction
        reply.state = ReplyState.DONE if result.taken else ReplyState.REFUSED
        reply.result = {
            "status": result.status,
            "message": result.message,
            "changed": [each.as_json() for each in result.changed],
            "errors": dict(result.errors),
        }
        reply.handled_at = clock.now()
        reply.lease_release(None)
        reply.save()
        if interaction is not None and not result.taken:
            _card_again(interaction, user)


def content_answer(
    interaction: Interaction, user: User, content: Mapping[str, Any], *, channel: str
) -> AnswerResult:
    """A button press, or a text that means one."""
    button, inputs = str(content.get("button") or ""), dict(content.get("inputs") or {})
    text = str(content.get("text") or "")
    if not button and text:
        understood = reply_parse(text, interaction.card.get("buttons", ()))
        button, inputs = understood.button, dict(understood.inputs)
        if not button and interaction.state == InteractionState.OPEN:
            hint = localized(
                gettext_noop("“%(text)s” is not understood here. Try: %(examples)s"),
                text=text[:60],
                examples=" · ".join(examples(interaction, gate_now(interaction, user))),
            )
            return AnswerResult("invalid", hint.in_language(user.language))
    return answer_submit(
        interaction.pk, user, button, inputs, version=content.get("version"), channel=channel
    )


def examples(interaction: Interaction, decision: Decision) -> list[str]:
    """What a person could write, with the values that are on the card as this person may see it."""
    found = []
    for button in interaction.card.get("buttons", ()):
        values = {
            each["name"]: str(each["value"])
            for each in button.get("inputs", ())
            if each.get("value") and not input_is_masked(each, decision)
        }
        found += [_filled(pattern, values) for pattern in button.get("replies", ())]
    return found


def _filled(pattern: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda place: values.get(place[1], "…"), pattern)


def _interaction_of(reply: Reply, user: User) -> Interaction | None:
    message_id = str(reply.content.get("message_id") or "")
    mine = deliveries_told(user).filter(connection=reply.connection)
    asked = Interaction.objects.filter(deliveries__in=mine)
    if message_id:
        return asked.filter(uid=message_id).first() if _is_uid(message_id) else None
    still_open = list(asked.filter(state=InteractionState.OPEN).distinct()[:2])
    return still_open[0] if len(still_open) == 1 else None


def _is_uid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _card_again(interaction: Interaction, user: User | None) -> None:
    """Show the person the card as it is now: the old one in the messenger is out of date."""
    rung = Delivery.objects.filter(interaction=interaction, user=user).exclude(vendor_message_id="")
    if rung.update(available_at=clock.now()):
        doorbell.ring(DELIVER_QUEUE)
