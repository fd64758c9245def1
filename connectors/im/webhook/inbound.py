"""Answers from the receiver: verify, bound, parse. Pure on the request (whose time counts) and the secret."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from connectors.ports.im import InboundReply, InboundRequest
from kernel.errors import Rejected
from kernel.signature import headers_verify

MAX_BODY_BYTES = 1024 * 1024
MAX_DEPTH = 8
MAX_ITEMS = 100
MAX_TEXT = 4000
MAX_NAME = 200
MAX_INPUTS = 20
MAX_VERSION = 2**31 - 1


def replies_parse(request: InboundRequest, key: bytes) -> tuple[InboundReply, ...]:
    """All items or none. An item's `vendor_event_id` is `<webhook-id>:<index>`: a repeat has the same.

    Raises AuthFailed (see headers_verify) and Rejected for a verified body that holds no answers.
    """
    webhook_id = headers_verify(key, request.headers, request.body, request.received_at)
    document = _document(request.body)
    items = document if isinstance(document, list) else [document]
    if len(items) > MAX_ITEMS:
        raise Rejected(_("At most %(count)s answers in one request.") % {"count": MAX_ITEMS})
    return tuple(_reply(item, f"{webhook_id}:{index}", index) for index, item in enumerate(items))


def _document(body: bytes) -> Any:
    if len(body) > MAX_BODY_BYTES:
        raise Rejected(_("The body is larger than %(bytes)s bytes.") % {"bytes": MAX_BODY_BYTES})
    try:
        document = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_constant_refuse)
    except (ValueError, RecursionError):
        raise Rejected(_("The body is not JSON in UTF-8.")) from None
    for text in _texts(document):
        if len(text) > MAX_TEXT:
            raise Rejected(_("A text is longer than %(count)s characters.") % {"count": MAX_TEXT})
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise Rejected(
                _("A text holds a character that cannot be stored (NUL or half a surrogate pair).")
            )
    return document


def _texts(document: Any) -> Iterator[str]:
    """Every text and name in the document, level by level. Raises Rejected below MAX_DEPTH."""
    level = [document]
    for depth in range(MAX_DEPTH + 1):
        deeper: list[Any] = []
        if depth == MAX_DEPTH and any(isinstance(node, (dict, list)) for node in level):
            raise Rejected(_("The body is nested more than %(depth)s levels deep.") % {"depth": MAX_DEPTH})
        for node in level:
            if isinstance(node, str):
                yield node
            elif isinstance(node, dict):
                yield from node
                deeper.extend(node.values())
            elif isinstance(node, list):
                deeper.extend(node)
        level = deeper


def _reply(item: Any, vendor_event_id: str, index: int) -> InboundReply:
    if not isinstance(item, dict):
        raise _item_refused(index, _("it is not an object"))
    reply = InboundReply(
        vendor_event_id=vendor_event_id,
        address=_text(item, "address", index, MAX_NAME),
        message_id=_text(item, "message_id", index, MAX_NAME),
        version=_version(item.get("version"), index),
        button=_text(item, "button", index, MAX_NAME),
        inputs=_inputs(item.get("inputs"), index),
        text=_text(item, "text", index, MAX_TEXT),
        is_receipt=item.get("receipt") is True,
    )
    if not reply.address:
        raise _item_refused(index, _("“address” is missing"))
    # Without this, our own signed messages could be sent back to us as answers: the secret is shared.
    if not reply.button and not reply.text and not reply.is_receipt:
        raise _item_refused(index, _("it needs a “button” or a “text”"))
    if (reply.button or reply.is_receipt) and not reply.message_id:
        raise _item_refused(
            index, _("a “button” or a “receipt” needs the “message_id” of the message it belongs to")
        )
    return reply


def _text(item: Mapping[str, Any], name: str, index: int, limit: int) -> str:
    value = item.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise _item_refused(
            index,
            _("“%(name)s” must be a text of at most %(count)s characters") % {"name": name, "count": limit},
        )
    return value.strip()


def _version(value: Any, index: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_VERSION:
        raise _item_refused(index, _("“version” must be a whole number"))
    return value


def _inputs(value: Any, index: int) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_INPUTS:
        raise _item_refused(
            index, _("“inputs” must be an object with at most %(count)s entries") % {"count": MAX_INPUTS}
        )
    inputs: dict[str, str] = {}
    for name, given in value.items():
        if (
            isinstance(given, bool)
            or not isinstance(given, (str, int, Decimal))
            or len(str(given)) > MAX_TEXT
        ):
            raise _item_refused(
                index, _("the input “%(name)s” must be a text or a number") % {"name": name[:80]}
            )
        inputs[name] = str(given)
    return inputs


def _item_refused(index: int, why: str) -> Rejected:
    return Rejected(_("Answer %(index)s cannot be read: %(why)s.") % {"index": index, "why": why})


def _constant_refuse(name: str) -> NoReturn:
    raise ValueError(name)
