"""A messenger of somebody's own at the other end of im.webhook: it believes what is signed, shows each message
once, and signs what its people answer. Its side of the signature is written here anew, from the public format.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel import clock
from tests.connectors.contract.peer import Answer, Fault, PeerRequest, answer_json

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
TOLERANCE_SECONDS = 300


def signature(webhook_id: str, timestamp: str, body: bytes, key: bytes = KEY) -> str:
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


@dataclass(frozen=True)
class SignedReply:
    """A request to Baton: its body and its signed headers."""

    body: bytes
    headers: Mapping[str, str]


@dataclass
class Receiver:
    """`shown` are the messages on its people's screens by their idempotency key, oldest first; `faults` are used
    up, one for each request, before it answers as it should. `stores_first`: it keeps what it then fails to answer.
    """

    faults: list[Answer | Fault] = field(default_factory=list)
    stores_first: bool = False
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __call__(self, request: PeerRequest) -> Answer | Fault:
        problem = self._distrust(request)
        if problem:
            self.refused.append(problem)
            return answer_json({"error": problem}, 401)
        body = request.json()
        if body.get("kind") == "check":
            return answer_json({"ok": True})
        self.raw.append(request.body)
        fault = self.faults.pop(0) if self.faults else None
        if fault is None or self.stores_first:
            self.shown.setdefault(body["idempotency_key"], body)
        return fault if fault is not None else answer_json({"ok": True, "id": f"card-{body['id'][:8]}"})

    @property
    def cards(self) -> list[dict[str, Any]]:
        """New messages; a card that was shown twice would be here twice."""
        return [each for each in self.shown.values() if each["kind"] == "message"]

    @property
    def latest(self) -> dict[str, Any]:
        """What the newest card looks like now."""
        return max(self.shown.values(), key=lambda each: int(each["version"]))

    def reply(
        self, *, webhook_id: str = "", age_seconds: float = 0, key: bytes = KEY, **item: Any
    ) -> SignedReply:
        """What a person did, signed. A given `webhook_id` makes it a repetition."""
        body = json.dumps(item, ensure_ascii=False).encode()
        name = webhook_id or f"answer-{next(self._numbers)}"
        timestamp = str(int(clock.now().timestamp() - age_seconds))
        return SignedReply(
            body,
            {
                "webhook-id": name,
                "webhook-timestamp": timestamp,
                "webhook-signature": signature(name, timestamp, body, key),
            },
        )

    @staticmethod
    def _distrust(request: PeerRequest) -> str:
        headers = request.headers
        name, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
        if not hmac.compare_digest(
            signature(name, timestamp, request.body), headers.get("webhook-signature", "")
        ):
            return "bad signature"
        if abs(clock.now().timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
            return "stale"
        body = request.json()
        if body.get("kind") != "check" and body["idempotency_key"] != name:
            return "the webhook-id is not the idempotency key"
        return ""
