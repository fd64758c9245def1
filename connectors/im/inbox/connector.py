"""The built-in messenger: the Delivery row is the card, so a send has nothing to do but acknowledge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from connectors.im.inbox.manifest import MANIFEST
from connectors.ports.check import CheckItem, CheckReport
from connectors.ports.erp import ConnectorContext
from connectors.ports.im import InboundRequest, InboundResult, Message, Rendered, SendResult
from connectors.ports.manifest import Manifest
from kernel.errors import Rejected
from kernel.text import Localized


def build(
    settings: Mapping[str, Any], credentials: Mapping[str, Any], context: ConnectorContext
) -> InboxConnector:
    """The factory. The inbox takes no settings, no credentials and nothing of the host."""
    return InboxConnector()


class InboxConnector:
    """A payload is `Message.as_json()`; the idempotency key is the vendor's message id."""

    manifest: Manifest = MANIFEST

    def check(self) -> CheckReport:
        item = CheckItem("ready", Localized("The inbox is part of Baton", "收件箱是 Baton 的一部分"), ok=True)
        return CheckReport((item,), account="inbox")

    def render(self, message: Message) -> Rendered:
        return Rendered(message.as_json())

    def send(self, address: str, payload: Mapping[str, Any], *, idempotency_key: str) -> SendResult:
        return SendResult(vendor_message_id=idempotency_key)

    def update(
        self, address: str, vendor_message_id: str, payload: Mapping[str, Any], *, idempotency_key: str
    ) -> SendResult:
        return SendResult(vendor_message_id=vendor_message_id)

    def inbound_parse(self, request: InboundRequest) -> InboundResult:
        """Raises Rejected, always: people answer in their own session, not through an unattended address."""
        raise Rejected(
            _("The web inbox takes answers in the browser and through the API, not at this address.")
        )

    def close(self) -> None:
        """Holds nothing open."""
