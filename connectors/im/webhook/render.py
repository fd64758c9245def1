"""Message → JSON payload, bounded in bytes. Plain text only: JSON is the only escaping there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from connectors.im.webhook.client import body_encode
from connectors.im.webhook.manifest import MANIFEST
from connectors.ports.im import Button, Message, Rendered

MAX_BODY_BYTES = 64 * 1024
ENVELOPE_BYTES = 2048
"""Kept free for what send() and update() add: address, keys, kind."""
TEXT_BYTES = (16384, 8192, 4096, 2048, 1024, 512, 256, 128, 64)
"""Tried in turn until everything fits; no text is cut that is shorter."""


def text_truncate(text: str, limit_bytes: int) -> str:
    """`text`, or what of it fits into `limit_bytes` of UTF-8 with "…" behind it, cut between characters."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit_bytes:
        return encoded.decode()
    return encoded[: limit_bytes - len("…".encode())].decode("utf-8", "ignore") + "…"


def message_render(message: Message, *, reply_to: str) -> Rendered:
    """`event_id` is the payload's first key. `reply_to` is the path answers are posted to."""
    allowed = MANIFEST.im.buttons if MANIFEST.im else 0
    kept, dropped = message.buttons[:allowed], len(message.buttons) - allowed
    notes: list[str] = []
    if dropped > 0:
        notes.append(_("%(count)s more buttons are reached through the link.") % {"count": dropped})
    fields = len(message.fields)
    for limit in TEXT_BYTES:
        payload, shortened = _payload(message, kept, fields, limit, reply_to)
        if _fits(payload):
            break
    while not _fits(payload) and fields:
        fields //= 2
        payload, shortened = _payload(message, kept, fields, TEXT_BYTES[-1], reply_to)
    if shortened:
        notes.append(_("Long texts were shortened to fit %(bytes)s bytes.") % {"bytes": MAX_BODY_BYTES})
    if fields < len(message.fields):
        notes.append(_("%(count)s values were left out.") % {"count": len(message.fields) - fields})
    return Rendered(payload, tuple(notes))


def _fits(payload: dict[str, Any]) -> bool:
    return len(body_encode(payload)) <= MAX_BODY_BYTES - ENVELOPE_BYTES


def _payload(
    message: Message, buttons: tuple[Button, ...], fields: int, limit: int, reply_to: str
) -> tuple[dict[str, Any], bool]:
    shortened = False

    def cut(text: str) -> str:
        nonlocal shortened
        result = text_truncate(text, limit)
        shortened = shortened or len(result) < len(text)
        return result

    payload = {
        "event_id": message.event_id,
        "id": message.id,
        "version": message.version,
        "language": message.language,
        "title": cut(message.title),
        "body": cut(message.body),
        "fields": [
            {"name": each.name, "label": cut(each.label), "value": cut(each.value)}
            for each in message.fields[:fields]
        ],
        "buttons": [_button(each, cut) for each in buttons],
        "state": message.state,
        "state_text": cut(message.state_text),
        "link": message.link,
        "reply_to": reply_to,
    }
    return payload, shortened


def _button(button: Button, cut: Callable[[str], str]) -> dict[str, Any]:
    return {
        "key": button.key,
        "label": cut(button.label),
        "style": button.style,
        "confirm": cut(button.confirm),
        "inputs": [
            {"name": each.name, "label": cut(each.label), "type": each.type, "value": cut(each.value)}
            for each in button.inputs
        ],
        "replies": list(button.replies),
    }
