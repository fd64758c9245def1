"""Whether a request may write to a hook: bearer token, or HMAC over the raw body."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from kernel.errors import AuthFailed
from kernel.signature import headers_verify, secret_bytes


def proof_check(credentials: Mapping[str, Any], headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Accept `Authorization: Bearer`, `X-Baton-Signature: sha256=<hex>` or Standard Webhooks headers.

    `headers` have lower-case names; `now` is unix seconds. Raises AuthFailed, never saying which part was
    wrong, and ConfigError for a stored secret that cannot be used.
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
    try:
        headers_verify(key, headers, body, dt.datetime.fromtimestamp(now, dt.UTC))
    except AuthFailed:
        return False
    return True
