"""The one raw call: a signed POST."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from connectors.im.webhook.errors import answer_read
from kernel import clock
from kernel.http import HttpClient, HttpRequest, HttpResponse
from kernel.signature import headers_sign, secret_bytes


def body_encode(body: Mapping[str, Any]) -> bytes:
    """Compact UTF-8 JSON in the order given: `"event_id"` stands first, without a blank behind its colon."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


class WebhookClient:
    """Posts to one address. Secrets are kept out of repr and of everything that is raised."""

    def __init__(
        self, http: HttpClient, url: str, signing_secret: str, bearer_token: str, timeout_seconds: float
    ) -> None:
        self._http = http
        self._url = url
        self._signing_secret = signing_secret
        self._bearer_token = bearer_token
        self._timeout_seconds = timeout_seconds

    def request(self, body: Mapping[str, Any], *, webhook_id: str) -> HttpRequest:
        """The signed POST of `body`; a repeat with the same `webhook_id` is for the receiver to recognise."""
        content = body_encode(body)
        headers = headers_sign(secret_bytes(self._signing_secret), webhook_id, content, clock.now())
        headers["content-type"] = "application/json"
        if self._bearer_token:
            headers["authorization"] = f"Bearer {self._bearer_token}"
        return HttpRequest("POST", self._url, headers, content, self._timeout_seconds)

    def answer(self, response: HttpResponse) -> Mapping[str, Any]:
        """The receiver's JSON object ({} if it sent none). Raises what answer_read does."""
        return answer_read(response, [each for each in (self._signing_secret, self._bearer_token) if each])

    def post(self, body: Mapping[str, Any], *, webhook_id: str) -> Mapping[str, Any]:
        """Post once. Raises what answer_read and HttpClient.request do."""
        return self.answer(self._http.send(self.request(body, webhook_id=webhook_id)))
