"""erp.webhook: nothing is asked of it; what remains is the proof on what it sends, checked by the intake."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from connectors.intake.proof import proof_check
from connectors.ports.erp import SourceSpec
from kernel.errors import AuthFailed, ConfigError
from kernel.signature import headers_sign, secret_bytes
from tests.connectors.contract.driver import Driver
from tests.connectors.contract.messages import NOW

SECRET = "whsec_c2VjcmV0LXRoYXQtaXMtbG9uZy1lbm91Z2g="
TOKEN = "hook-5d0c77e1"
BODY = '[{"event_id":"4711","object":"stock_level","name":"螺栓"}]'.encode()


class ConnectorDriver(Driver):
    key = "erp.webhook"
    secrets = (SECRET, TOKEN)

    def credentials(self) -> Mapping[str, Any]:
        return {"hook_hmac_secret": SECRET, "hook_token": TOKEN}

    def rule_check_never_raises(self) -> None:
        assert self.checked().ok
        connector = self.build()
        source = SourceSpec("anything", "id", ("id",))
        self.raised(ConfigError, connector.discover)
        self.raised(ConfigError, lambda: connector.poll(source, {}, limit=10))
        self.raised(ConfigError, lambda: connector.get(source, "1"))
        self.raised(ConfigError, lambda: connector.perform("create_purchase_order", {}, idempotency_key="k"))
        self.raised(ConfigError, lambda: connector.lookup("create_purchase_order", {}, idempotency_key="k"))

    def rule_inbound_forged(self) -> None:
        plain = "sha256=" + hmac.new(secret_bytes(SECRET), BODY, hashlib.sha256).hexdigest()
        signed = headers_sign(secret_bytes(SECRET), "w-1", BODY, NOW)
        for good in ({"authorization": f"Bearer {TOKEN}"}, {"x-baton-signature": plain}, signed):
            self._prove(good)
        for bad in (
            {},
            {"authorization": "Bearer "},
            {"authorization": f"Bearer {TOKEN}é"},
            {"authorization": TOKEN},
            {"x-baton-signature": plain[:-1]},
            {"x-baton-signature": "sha256=é"},
            {**signed, "webhook-id": "w-2"},
            {**signed, "webhook-timestamp": "²"},
            {**signed, "webhook-signature": "v1,"},
            headers_sign(b"another key", "w-1", BODY, NOW),
        ):
            self.raised(AuthFailed, lambda headers=bad: self._prove(headers))  # type: ignore[misc]
        for proof in ({"x-baton-signature": plain}, signed):
            self.raised(AuthFailed, lambda headers=proof: self._prove(headers, BODY + b" "))  # type: ignore[misc]
        call = {"authorization": "Bearer ", "webhook-id": "w-1"}
        self.raised(AuthFailed, lambda: proof_check({}, call, BODY, NOW.timestamp()))

    def rule_inbound_stale(self) -> None:
        headers = headers_sign(secret_bytes(SECRET), "w-1", BODY, NOW)
        for seconds in (-300, 300):
            self._prove(headers, later=seconds)
        for seconds in (-301, 301):
            self.raised(AuthFailed, lambda later=seconds: self._prove(headers, later=later))  # type: ignore[misc]

    def _prove(self, headers: Mapping[str, str], body: bytes = BODY, *, later: float = 0) -> None:
        proof_check(self.credentials(), headers, body, NOW.timestamp() + later)
