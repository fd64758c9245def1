"""Whether a request may write to a hook: bearer token, or HMAC over the raw body."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from kernel.errors import AuthFailed

REPLAY_SECONDS = 300


def secret_bytes(secret: str) -> bytes:
    """`whsec_<base64>` (Standard Webhooks) or any text."""
    if secret.startswith("whsec_"):
        return base64.b64decode(secret.removeprefix("whsec_"))
    return secret.encode()


def proof_check(credentials: Mapping[str, Any], headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Accept `Authorization: Bearer`, `X-Baton-Signature: sha256=<hex>` or Standard Webhooks headers.

    `headers` have lower-case names; `now` is unix seconds. Raises AuthFailed, never saying which part was wrong.
    """
    token = str(credentials.get("hook_token") or "")
    given = headers.get("authorization", "")
    if token and given and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return
    secret = str(credentials.get("hook_hmac_secret") or "")
    if secret and _signed(secret_bytes(secret), headers, body, now):
        return
    raise AuthFailed("The request carries no valid token or signature.")


def _signed(key: bytes, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    plain = headers.get("x-baton-signature", "")
    if plain:
        wanted = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(plain.encode(), wanted.encode())
    identifier, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not identifier or not stamp.isdigit() or abs(now - int(stamp)) > REPLAY_SECONDS:
        return False
    digest = hmac.new(key, f"{identifier}.{stamp}.".encode() + body, hashlib.sha256).digest()
    wanted = base64.b64encode(digest).decode()
    offered = [part.partition(",")[2] for part in headers.get("webhook-signature", "").split() if part[:3] == "v1,"]
    return any(hmac.compare_digest(one.encode(), wanted.encode()) for one in offered)
