"""im.webhook against a receiver of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from connectors.ports.im import InboundRequest, InboundResult, SendResult
from kernel import clock
from kernel.errors import AuthFailed, Rejected
from kernel.signature import headers_sign, headers_verify, secret_bytes
from tests.connectors.contract.http_driver import REFUSAL, HttpDriver
from tests.connectors.contract.messages import NOW, message
from tests.connectors.contract.peer import Answer, Fault, PeerRequest, answer_json

SECRET = "whsec_c2VjcmV0LXRoYXQtaXMtbG9uZy1lbm91Z2g="
BODY = (
    b'[{"address":"u-17","message_id":"m-1","version":1,"button":"create_po","inputs":{"quantity":200}},'
    b'{"address":"u-17","message_id":"m-1","text":"order 200"}]'
)


class ConnectorDriver(HttpDriver):
    key = "im.webhook"
    secrets = (SECRET, "bearer-4f1c9d")

    def credentials(self) -> Mapping[str, Any]:
        return {"signing_secret": SECRET, "bearer_token": "bearer-4f1c9d"}

    def settings_for(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "timeout_seconds": 1}

    def answer(self, request: PeerRequest) -> Answer | Fault:
        headers_verify(secret_bytes(SECRET), request.headers, request.body, clock.now())
        return answer_json({"ok": True})

    def refusal(self, request: PeerRequest) -> Answer | Fault:
        return answer_json({"ok": False, "error": REFUSAL})

    def write(self, connector: Any, key: str) -> SendResult:
        result: SendResult = connector.send("u-17", connector.render(message()).payload, idempotency_key=key)
        return result

    def rule_write_once(self) -> None:
        with self.opened(self.answer) as (connector, peer):
            first, second = (self.write(connector, "k-1") for _attempt in range(2))
        assert first == second == SendResult("k-1")
        assert peer.requests[0].body == peer.requests[1].body, "a repeat must be the same message"
        assert [each.headers["webhook-id"] for each in peer.requests] == ["k-1", "k-1"]
        assert [each.json()["idempotency_key"] for each in peer.requests] == ["k-1", "k-1"]

    def rule_inbound_forged(self) -> None:
        good = headers_sign(secret_bytes(SECRET), "w-1", BODY, NOW)
        assert len(self._parsed(good).replies) == 2
        for missing in good:
            self._refused({name: value for name, value in good.items() if name != missing})
        self._refused({**good, "webhook-signature": ""})
        self._refused({**good, "webhook-signature": "v1,AAAA v1a,bé"})
        self._refused({**good, "webhook-id": "w-2"})
        self._refused({**good, "webhook-timestamp": str(int(NOW.timestamp()) + 1)})
        self._refused(good, BODY.replace(b"200", b"900"))
        self._refused(headers_sign(b"another key", "w-1", BODY, NOW))

    def rule_inbound_stale(self) -> None:
        for seconds, fits in ((300, True), (-300, True), (301, False), (-301, False)):
            headers = headers_sign(secret_bytes(SECRET), "w-1", BODY, NOW + dt.timedelta(seconds=seconds))
            if fits:
                assert len(self._parsed(headers).replies) == 2
            else:
                self._refused(headers)

    def rule_inbound_replay(self) -> None:
        headers = headers_sign(secret_bytes(SECRET), "w-1", BODY, NOW)
        first, second = (self._parsed(headers).replies for _attempt in range(2))
        assert [each.vendor_event_id for each in first] == ["w-1:0", "w-1:1"]
        assert first == second, "a replay must carry the event ids that are stored already"
        with self.opened(self.answer) as (connector, peer):
            self.write(connector, "k-1")
        sent = peer.requests[0]
        request = InboundRequest("POST", sent.headers, {}, sent.body, clock.now())
        self.raised(Rejected, lambda: self.build().inbound_parse(request))

    def _parsed(self, headers: Mapping[str, str], body: bytes = BODY) -> InboundResult:
        result: InboundResult = self.build().inbound_parse(InboundRequest("POST", headers, {}, body, NOW))
        return result

    def _refused(self, headers: Mapping[str, str], body: bytes = BODY) -> None:
        self.raised(AuthFailed, lambda: self._parsed(headers, body))
