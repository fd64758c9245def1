"""Standard Webhooks signatures, both ways: base64 HMAC-SHA256 over `id.timestamp.body`, with a shared secret.

Source: the reference library standardwebhooks 1.1.0, read 2026-11-22.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping

from django.utils.translation import gettext as _

from kernel.errors import AuthFailed, ConfigError

TOLERANCE_SECONDS = 300
WHSEC = "whsec_"
SCHEME = "v1,"
MAX_SIGNATURES = 16
MAX_ID_CHARACTERS = 150


def secret_bytes(secret: str) -> bytes:
    """The key of `whsec_<base64>`, or of other text its UTF-8 bytes. Raises ConfigError, never quoting it."""
    text = secret.strip()
    if not text:
        raise ConfigError(_("The signing secret is empty. Enter the one that the receiver holds."))
    if not text.startswith(WHSEC):
        return text.encode()
    try:
        key = base64.b64decode(text.removeprefix(WHSEC), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ConfigError(
            _("What follows whsec_ in the signing secret is not base64. Copy it again in full.")
        )
    return key


def headers_sign(key: bytes, webhook_id: str, body: bytes, now: dt.datetime) -> dict[str, str]:
    """The three headers that prove `body` came from a holder of `key` at `now`."""
    timestamp = str(int(now.timestamp()))
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": SCHEME + _digest(key, webhook_id, timestamp, body),
    }


def headers_verify(key: bytes, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> str:
    """The proven webhook-id. Several signatures may stand side by side, so that secrets can be rotated.

    Raises AuthFailed for a missing, wrong or stale proof; the wording tells a forger nothing more.
    """
    webhook_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    offered = headers.get("webhook-signature", "").split()[:MAX_SIGNATURES]
    # A full stop would let the same bytes be cut differently: it separates the signed parts.
    if not webhook_id or len(webhook_id) > MAX_ID_CHARACTERS or "." in webhook_id or not webhook_id.isascii():
        raise AuthFailed(_("The request carries no usable webhook-id."))
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise AuthFailed(_("The request carries no usable webhook-timestamp."))
    expected = (SCHEME + _digest(key, webhook_id, timestamp, body)).encode()
    matches = [hmac.compare_digest(expected, each.encode("utf-8", "replace")) for each in offered]
    if not any(matches):
        raise AuthFailed(
            _("The signature does not fit. Sign the raw body with the secret of this connection.")
        )
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise AuthFailed(
            _("The request is more than %(seconds)s seconds away from Baton's clock. Check both clocks.")
            % {"seconds": TOLERANCE_SECONDS}
        )
    return webhook_id


def _digest(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
