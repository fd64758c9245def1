"""im.inbox: no network, no secrets; what remains is that it acknowledges once and refuses strangers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from connectors.ports.im import InboundRequest
from kernel.errors import Rejected
from tests.connectors.contract.driver import Driver
from tests.connectors.contract.messages import NOW, message


class ConnectorDriver(Driver):
    key = "im.inbox"

    def rule_check_never_raises(self) -> None:
        report = self.checked()
        assert report.ok and report.account == "inbox"

    def rule_inbound_forged(self) -> None:
        self._refused({}, NOW)

    def rule_inbound_stale(self) -> None:
        self._refused({"webhook-timestamp": "1"}, NOW - dt.timedelta(days=1))

    def rule_inbound_replay(self) -> None:
        for _attempt in range(2):
            self._refused({"webhook-id": "same"}, NOW)

    def rule_write_once(self) -> None:
        connector = self.build()
        payload = connector.render(message()).payload
        first, second = (connector.send("buyer", payload, idempotency_key="k-1") for _attempt in range(2))
        assert first == second
        assert first.vendor_message_id == "k-1"
        updated = connector.update("buyer", "k-1", payload, idempotency_key="k-2")
        assert updated.vendor_message_id == "k-1"

    def _refused(self, headers: Mapping[str, str], received_at: dt.datetime) -> None:
        body = b'{"address":"buyer","message_id":"m-1","button":"create_po"}'
        request = InboundRequest("POST", headers, {}, body, received_at)
        self.raised(Rejected, lambda: self.build().inbound_parse(request))
