"""Requests to the inbound application, without a server: the ASGI callable is driven directly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from django.db import connections

from connectors.intake.asgi import HooksApplication
from connectors.models import Connection

Message = MutableMapping[str, Any]


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def elsewhere(
    _scope: Message, _receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The application behind: everything that is not ours."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"behind"})


class Door:
    """One HooksApplication and the secrets of one connection."""

    def __init__(self, connection: Connection) -> None:
        self.application = HooksApplication(elsewhere)
        self.slug = connection.slug
        self.token = str(connection.credentials["hook_token"])
        self.secret = str(connection.credentials["hook_hmac_secret"])
        self.on_start: Callable[[], None] = lambda: None

    def close(self) -> None:
        self.application._thread.submit(connections.close_all).result(timeout=30)
        self.application._thread.shutdown()

    async def request(
        self,
        body: bytes = b"{}",
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
        path: str | None = None,
        chunks: int = 1,
        ends: bool = True,
    ) -> Answered:
        given = {
            "content-type": "application/json",
            "authorization": f"Bearer {self.token}",
            **(headers or {}),
        }
        scope: Message = {
            "type": "http",
            "method": method,
            "path": path or f"/hooks/{self.slug}/",
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in given.items() if value
            ],
        }
        size = max(1, -(-len(body) // chunks))
        parts = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
        incoming: list[Message] = [
            {"type": "http.request", "body": part, "more_body": not ends or number < len(parts) - 1}
            for number, part in enumerate(parts)
        ]
        if not ends:
            incoming.append({"type": "http.disconnect"})
        sent: list[Message] = []

        async def receive() -> Message:
            return incoming.pop(0)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.to_thread(self._started)
            sent.append(message)

        await self.application(scope, receive, send)
        headers_out = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answered(sent[0]["status"], headers_out, sent[1]["body"])

    def _started(self) -> None:
        try:
            self.on_start()
        finally:
            connections.close_all()

    def post(self, body: Any = None, **options: Any) -> Answered:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return asyncio.run(self.request(content, **options))
