"""The small ASGI application in front of Django. Answers only after the rows are committed.

Requests that arrive while a commit is under way are judged and stored together in the next one: no timer, no linger.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import translation
from django.utils.translation import gettext as _

from connectors.intake.judge import Refused, received_read
from connectors.intake.store import Received, received_store
from connectors.services.records import PLAN_QUEUE
from kernel import doorbell
from kernel.generation import generations_held
from kernel.text import language_normalise

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATH = re.compile(r"^/hooks/([a-z0-9-]{1,60})/$")
MOST_WAITING = 2_000
MOST_IN_ONE_COMMIT = 200
RING_SECONDS, RING_EVENTS = 0.05, 20
logger = logging.getLogger(__name__)


@dataclass
class _Request:
    """`answer` is (status, body, headers) once the rows are committed."""

    slug: str
    headers: dict[str, str]
    body: bytes
    language: str
    done: asyncio.Future[None]
    received: Received | None = None
    answer: tuple[int, Any, dict[str, str]] = (500, {}, {})

    def refuse(self, refused: Refused) -> None:
        self.answer = refused.status, {"detail": refused.detail}, refused.headers


class HooksApplication:
    """`application` gets everything that is not POST /hooks/…."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.application = application
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hooks")
        self._rings = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rings")
        self._ringing: asyncio.TimerHandle | None = None
        self._rung_at = -RING_SECONDS
        self._unrung = 0
        self._waiting: list[_Request] = []
        self._flushing = False
        self._flush_task: asyncio.Task[None] | None = None  # the loop itself keeps none alive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/hooks/"):
            await self.application(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        language = language_normalise(headers.get("accept-language"))
        try:
            status, body, extra = await self._handle(scope, headers, language, receive)
        except Refused as refused:
            status, body, extra = refused.status, {"detail": refused.detail}, refused.headers
        content = json.dumps(body, ensure_ascii=False).encode()
        raw = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        raw += [(name.replace("_", "-").encode(), value.encode()) for name, value in extra.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})

    async def _handle(
        self, scope: Scope, headers: dict[str, str], language: str, receive: Receive
    ) -> tuple[int, Any, dict[str, str]]:
        match = PATH.match(scope["path"])
        with translation.override(language):
            if match is None:
                raise Refused(404, _("There is nothing here. The address is /hooks/<connection>/."))
            if scope["method"] != "POST":
                raise Refused(405, _("Send events with POST."), allow="POST")
            if len(self._waiting) >= MOST_WAITING:
                raise Refused(429, _("Too many requests are waiting to be stored."), retry_after="1")
            too_large = Refused(
                413,
                _("At most %(most)d bytes in one request.") % {"most": settings.BATON_INBOUND_BYTES},
            )
            ended = Refused(400, _("The request ended early."))
        body = await _body(headers, receive, too_large, ended)
        loop = asyncio.get_running_loop()
        request = _Request(match.group(1), headers, body, language, loop.create_future())
        self._waiting.append(request)
        if not self._flushing:
            self._flushing = True
            self._flush_task = loop.create_task(self._flush())
        await request.done
        return request.answer

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = self._waiting[:MOST_IN_ONE_COMMIT]
                del self._waiting[:MOST_IN_ONE_COMMIT]
                stored = await loop.run_in_executor(self._thread, _work, batch)
                for request in batch:
                    if not request.done.done():
                        request.done.set_result(None)
                if stored:
                    self._ring(loop, stored)
        finally:
            self._flushing = False

    def _ring(self, loop: asyncio.AbstractEventLoop, stored: int) -> None:
        """A few events ring at once; many within RING_SECONDS share one ring, which costs more than an event."""
        self._unrung += stored
        if self._ringing is not None:
            return
        pause = RING_SECONDS * min(1.0, self._unrung / RING_EVENTS)
        wait = max(0.0, self._rung_at + pause - loop.time())
        self._ringing = loop.call_later(wait, self._ring_now, loop)

    def _ring_now(self, loop: asyncio.AbstractEventLoop) -> None:
        self._ringing, self._rung_at, self._unrung = None, loop.time(), 0
        loop.run_in_executor(self._rings, doorbell.ring_now, PLAN_QUEUE)


async def _body(headers: dict[str, str], receive: Receive, too_large: Refused, ended: Refused) -> bytes:
    most = settings.BATON_INBOUND_BYTES
    announced = headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit() and (len(announced) > 12 or int(announced) > most):
        raise too_large
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ended
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise too_large
        if not message.get("more_body", False):
            return b"".join(parts)


def _work(batch: list[_Request]) -> int:
    """Judge and store a batch; every request has its answer afterwards. Returns how many were stored."""
    try:
        with generations_held():
            for request in batch:
                _read(request)
            _store([request for request in batch if request.received is not None])
    except Exception:  # nothing is acknowledged that is not stored: the sender comes again
        logger.exception("%d requests with events not read", len(batch))
        _connections_renew()
        for request in batch:
            _unstored(request)
    return sum(request.answer[0] == 200 for request in batch)


def _read(request: _Request) -> None:
    with translation.override(request.language):
        try:
            request.received = received_read(request.slug, request.headers, request.body)
        except Refused as refused:
            request.refuse(refused)


def _store(batch: list[_Request]) -> None:
    """Store a batch; when that fails, each request alone, so that only the guilty sender is told to come again."""
    if not batch:
        return
    try:
        received_store([request.received for request in batch if request.received is not None])
    except Exception:
        logger.exception("events of %d requests not stored", len(batch))
        _connections_renew()
        if len(batch) == 1:
            _unstored(batch[0])
            return
        for request in batch:
            _fresh(request)
            _store([request])
        return
    for request in batch:
        assert request.received is not None
        if request.received.quarantined:
            with translation.override(request.language):
                request.answer = 200, request.received.answer(), {}
        else:
            request.answer = 200, request.received.answer(), {}


def _fresh(request: _Request) -> None:
    """Counted anew: what a failed transaction counted was not stored."""
    assert request.received is not None
    request.received = Received(request.received.connection_id, request.received.items)


def _unstored(request: _Request) -> None:
    with translation.override(request.language):
        request.refuse(Refused(503, _("The events could not be stored. Send them again."), retry_after="1"))


def _connections_renew() -> None:
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
