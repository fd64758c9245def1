"""The small ASGI application in front of Django. Answers only after the rows are committed.

Requests that arrive while a commit is under way are stored together in the next one: no timer, no linger.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import translation

from connectors.intake.body import BodyUnreadable, body_read
from connectors.intake.proof import proof_check
from connectors.intake.store import Received, received_store
from connectors.models import Connection, ConnectionState
from connectors.selectors import GENERATION
from connectors.services.records import PLAN_QUEUE
from kernel import doorbell
from kernel.errors import AuthFailed
from kernel.generation import Cached
from kernel.text import language_normalise

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATH = re.compile(r"^/hooks/([a-z0-9-]{1,60})/$")
MOST_WAITING = 2_000
MOST_IN_ONE_COMMIT = 200
logger = logging.getLogger(__name__)


class _Refused(Exception):
    def __init__(self, status: int, detail: str, **headers: str) -> None:
        self.status, self.detail, self.headers = status, detail, headers


def _doors() -> dict[str, Connection]:
    return {each.slug: each for each in Connection.objects.exclude(state=ConnectionState.DRAFT)}


class HooksApplication:
    """`application` gets everything that is not POST /hooks/…."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.application = application
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hooks")
        self._waiting: list[tuple[Received, asyncio.Future[None]]] = []
        self._flushing = False
        self._doors: Cached[dict[str, Connection]] = Cached(GENERATION, _doors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/hooks/"):
            await self.application(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        with translation.override(language_normalise(headers.get("accept-language"))):
            try:
                status, body, extra = 200, await self._handle(scope, headers, receive), {}
            except _Refused as refused:
                status, body, extra = refused.status, {"detail": refused.detail}, refused.headers
        content = json.dumps(body, ensure_ascii=False).encode()
        raw = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        raw += [(name.replace("_", "-").encode(), value.encode()) for name, value in extra.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})

    async def _handle(self, scope: Scope, headers: dict[str, str], receive: Receive) -> dict[str, Any]:
        match = PATH.match(scope["path"])
        if match is None:
            raise _Refused(404, "There is nothing here. The address is /hooks/<connection>/.")
        if scope["method"] != "POST":
            raise _Refused(405, "Send events with POST.", allow="POST")
        body = await self._body(headers, receive)
        loop = asyncio.get_running_loop()
        doors = await loop.run_in_executor(self._thread, self._doors.get)
        connection = doors.get(match.group(1))
        if connection is None:
            raise _Refused(404, "No connection takes events here.")
        try:
            proof_check(connection.credentials, headers, body, time.time())
        except AuthFailed as error:
            raise _Refused(401, error.message, www_authenticate="Bearer") from error
        if connection.state == ConnectionState.PAUSED:
            raise _Refused(403, "This connection is paused.")
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json" and not content_type.endswith("+json"):
            raise _Refused(415, "Send Content-Type: application/json.")
        try:
            items = body_read(body)
        except BodyUnreadable as error:
            raise _Refused(400, str(error)) from error
        received = Received(connection.pk, items)
        await self._store(received)
        return received.answer()

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        most = settings.BATON_INBOUND_BYTES
        announced = headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > most:
            raise _Refused(413, f"At most {most} bytes in one request.")
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Refused(400, "The request ended early.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise _Refused(413, f"At most {most} bytes in one request.")
            if not message.get("more_body", False):
                return b"".join(parts)

    async def _store(self, received: Received) -> None:
        if len(self._waiting) >= MOST_WAITING:
            raise _Refused(429, "Too many requests are waiting to be stored.", retry_after="1")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((received, done))
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().create_task(self._flush())
        try:
            await done
        except Exception as error:
            raise _Refused(503, "The events could not be stored. Send them again.", retry_after="1") from error

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = self._waiting[:MOST_IN_ONE_COMMIT]
                del self._waiting[:MOST_IN_ONE_COMMIT]
                error: Exception | None = None
                try:
                    await loop.run_in_executor(self._thread, _commit, [received for received, _done in batch])
                except Exception as failure:  # told to every sender of the batch: nothing was accepted
                    logger.exception("events not stored")
                    error = failure
                for _received, done in batch:
                    if done.done():
                        continue
                    if error is None:
                        done.set_result(None)
                    else:
                        done.set_exception(error)
        finally:
            self._flushing = False


def _commit(batch: list[Received]) -> None:
    try:
        received_store(batch)
    except Exception:
        for connection in connections.all(initialized_only=True):
            connection.close_if_unusable_or_obsolete()
        raise
    doorbell.ring_now(PLAN_QUEUE)
