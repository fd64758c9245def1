"""The messenger that is an address of the customer's own: signed JSON out, signed JSON back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.im.webhook.client import WebhookClient
from connectors.im.webhook.groups import groups_read, members_read
from connectors.im.webhook.inbound import replies_parse
from connectors.im.webhook.manifest import MANIFEST
from connectors.im.webhook.render import message_render
from connectors.ports.check import CheckItem, CheckReport
from connectors.ports.erp import ConnectorContext
from connectors.ports.im import (
    Group,
    InboundRequest,
    InboundResult,
    Membership,
    Message,
    Rendered,
    SendResult,
)
from connectors.ports.manifest import Manifest
from kernel import clock
from kernel.errors import AuthFailed, BatonError, ConfigError, Rejected
from kernel.http import HttpRequest, HttpResponse
from kernel.signature import secret_bytes
from kernel.text import Localized

DEFAULT_TIMEOUT_SECONDS = 10
MAX_MESSAGE_ID = 200
CHECK_EVENT_ID = "baton-check"
GROUPS_EVENT_ID = "baton-groups"


def build(
    settings: Mapping[str, Any], credentials: Mapping[str, Any], context: ConnectorContext
) -> WebhookConnector:
    """The factory. Wrong settings are reported by check() and by the first call, as ConfigError."""
    return WebhookConnector(settings, credentials, context)


class WebhookConnector:
    """A payload is what message_render makes; send() and update() put the envelope around it."""

    manifest: Manifest = MANIFEST

    def __init__(
        self, settings: Mapping[str, Any], credentials: Mapping[str, Any], context: ConnectorContext
    ) -> None:
        self._url = str(settings.get("url") or "")
        self._http = context.http
        self._reply_to = context.inbound_path
        self._may_discard = bool(settings.get("may_discard"))
        self._signing_secret = str(credentials.get("signing_secret") or "")
        self._client = WebhookClient(
            context.http,
            self._url,
            self._signing_secret,
            str(credentials.get("bearer_token") or ""),
            float(settings.get("timeout_seconds") or DEFAULT_TIMEOUT_SECONDS),
        )

    def check(self) -> CheckReport:
        """Post a signed `{"event_id": "baton-check", "kind": "check"}`; the receiver answers 2xx."""
        hint = Localized("", "")
        detail = ""
        try:
            self._client.post(
                {"event_id": CHECK_EVENT_ID, "kind": "check"}, webhook_id=f"check-{uuid.uuid4().hex}"
            )
        except BatonError as error:
            detail, hint = str(error), _hint(error)
        label = Localized("The receiver takes a signed message", "接收方接受签名消息")
        item = CheckItem("signed_post", label, not detail, detail, hint)
        return CheckReport((item,), account=_host(self._url))

    def render(self, message: Message) -> Rendered:
        return message_render(message, reply_to=self._reply_to)

    def send(self, address: str, payload: Mapping[str, Any], *, idempotency_key: str) -> SendResult:
        """Any 2xx means taken. The receiver may name the message (`{"id": …}`); else the key names it."""
        return self._sent({"address": address}, payload, idempotency_key, "")

    def update(
        self, address: str, vendor_message_id: str, payload: Mapping[str, Any], *, idempotency_key: str
    ) -> SendResult:
        return self._sent({"address": address}, payload, idempotency_key, vendor_message_id)

    def outgoing(
        self, address: str, payload: Mapping[str, Any], *, idempotency_key: str, vendor_message_id: str = ""
    ) -> HttpRequest:
        return self._request({"address": address}, payload, idempotency_key, vendor_message_id)

    def outgoing_result(
        self, response: HttpResponse, *, idempotency_key: str, vendor_message_id: str = ""
    ) -> SendResult:
        named = self._client.answer(response).get("id")
        usable = isinstance(named, str) and 0 < len(named) <= MAX_MESSAGE_ID
        message_id = vendor_message_id or (str(named) if usable else idempotency_key)
        return SendResult(message_id, confirmed=not self._may_discard)

    def inbound_parse(self, request: InboundRequest) -> InboundResult:
        replies = replies_parse(request, secret_bytes(self._signing_secret))
        return InboundResult(replies, body={"accepted": len(replies)})

    def close(self) -> None:
        self._http.close()

    def groups(self) -> tuple[Group, ...]:
        return groups_read(self._ask({"event_id": GROUPS_EVENT_ID, "kind": "groups"}))

    def group_members(self, group: str) -> Membership:
        asked_at = clock.now()
        answer = self._ask({"event_id": GROUPS_EVENT_ID, "kind": "members", "group": group})
        return members_read(answer, asked_at)

    def group_send(self, group: str, payload: Mapping[str, Any], *, idempotency_key: str) -> SendResult:
        return self._sent({"group": group}, payload, idempotency_key, "")

    def group_update(
        self, group: str, vendor_message_id: str, payload: Mapping[str, Any], *, idempotency_key: str
    ) -> SendResult:
        return self._sent({"group": group}, payload, idempotency_key, vendor_message_id)

    def _ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._client.post(question, webhook_id=f"ask-{uuid.uuid4().hex}")

    def _request(
        self,
        to: Mapping[str, str],
        payload: Mapping[str, Any],
        idempotency_key: str,
        vendor_message_id: str,
    ) -> HttpRequest:
        body = {
            "event_id": payload["event_id"],
            "id": payload["id"],
            "version": payload["version"],
            "kind": "update" if vendor_message_id else "message",
            "idempotency_key": idempotency_key,
            **to,
        }
        if vendor_message_id:
            body["vendor_message_id"] = vendor_message_id
        return self._client.request({**body, **payload}, webhook_id=idempotency_key)

    def _sent(
        self,
        to: Mapping[str, str],
        payload: Mapping[str, Any],
        idempotency_key: str,
        vendor_message_id: str,
    ) -> SendResult:
        request = self._request(to, payload, idempotency_key, vendor_message_id)
        return self.outgoing_result(
            self._http.send(request), idempotency_key=idempotency_key, vendor_message_id=vendor_message_id
        )


def _host(url: str) -> str:
    """What may be shown of the address: paths and queries of webhooks often hold a secret."""
    try:
        parts = urlsplit(url)
        return parts.hostname or ""
    except ValueError:
        return ""


def _hint(error: BatonError) -> Localized:
    if isinstance(error, AuthFailed):
        return Localized(
            "The secret differs: enter the same signing secret on both sides.",
            "密钥不一致：请在两端填写相同的签名密钥。",
        )
    if isinstance(error, ConfigError):
        return Localized("Correct the settings and test again.", "请更正设置后重新测试。")
    if isinstance(error, Rejected):
        return Localized(
            "The receiver must answer a message of the kind “check” with 2xx.",
            "接收方须以 2xx 应答类型为 check 的消息。",
        )
    return Localized(
        "See that the receiver runs and that this server may reach it.",
        "请确认接收方正在运行，且本服务器可以访问它。",
    )
