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
from django.db import DatabaseError, InterfaceError, connections
from django.utils import translation
from django.utils.translation import gettext as _

from connectors.intake.body import BodyUnreadable, body_read
from connectors.intake.proof import proof_check
from connectors.intake.store import Received, received_store
from connectors.models import Connection, ConnectionState
from connectors.selectors import GENERATION
from connectors.services.records import PLAN_QUEUE
from kernel import doorbell
from kernel.errors import AuthFailed, ConfigError
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
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
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
            raise _Refused(404, _("There is nothing here. The address is /hooks/<connection>/."))
        if scope["method"] != "POST":
            raise _Refused(405, _("Send events with POST."), allow="POST")
        body = await self._body(headers, receive)
        connection = await self._door(match.group(1))
        try:
            proof_check(connection.credentials, headers, body, time.time())
        except AuthFailed as error:
            raise _Refused(401, error.message, www_authenticate="Bearer") from error
        except ConfigError as error:
            raise _Refused(500, error.message) from error
        if connection.state == ConnectionState.PAUSED:
            raise _Refused(403, _("This connection is paused."))
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json" and not content_type.endswith("+json"):
            raise _Refused(415, _("Send Content-Type: application/json."))
        try:
            items = body_read(body)
        except BodyUnreadable as error:
            raise _Refused(400, str(error)) from error
        received = Received(connection.pk, items)
        await self._store(received)
        return received.answer()

    async def _door(self, slug: str) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            doors = await loop.run_in_executor(self._thread, _looked_up, self._doors)
        except (DatabaseError, InterfaceError, ConfigError) as error:
            logger.exception("connections cannot be read")
            raise _Refused(
                503, _("The events could not be stored. Send them again."), retry_after="1"
            ) from error
        if slug not in doors:
            raise _Refused(404, _("No connection takes events here."))
        return doors[slug]

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        most = settings.BATON_INBOUND_BYTES
        too_large = _Refused(413, _("At most %(most)d bytes in one request.") % {"most": most})
        announced = headers.get("content-length", "0")
        if announced.isascii() and announced.isdigit() and (len(announced) > 12 or int(announced) > most):
            raise too_large
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Refused(400, _("The request ended early."))
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise too_large
            if not message.get("more_body", False):
                return b"".join(parts)

    async def _store(self, received: Received) -> None:
        if len(self._waiting) >= MOST_WAITING:
            raise _Refused(429, _("Too many requests are waiting to be stored."), retry_after="1")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((received, done))
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().create_task(self._flush())
        try:
            await done
        except Exception as error:
            raise _Refused(
                503, _("The events could not be stored. Send them again."), retry_after="1"
            ) from error

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = self._waiting[:MOST_IN_ONE_COMMIT]
                del self._waiting[:MOST_IN_ONE_COMMIT]
                errors = await loop.run_in_executor(
                    self._thread, _commit, [received for received, _done in batch]
                )
                for (_request, done), error in zip(batch, errors, strict=True):
                    if done.done():
                        continue
                    if error is None:
                        done.set_result(None)
                    else:
                        done.set_exception(error)
        finally:
            self._flushing = False


def _looked_up(doors: Cached[dict[str, Connection]]) -> dict[str, Connection]:
    try:
        return doors.get()
    except Exception:
        _connections_renew()
        raise


def _commit(batch: list[Received]) -> list[Exception | None]:
    """Store a batch; when that fails, each request alone, so that only the guilty sender is told to come again."""
    try:
        received_store(batch)
    except Exception as error:
        logger.exception("events of %d requests not stored", len(batch))
        _connections_renew()
        return [error] if len(batch) == 1 else [_commit([received])[0] for received in batch]
    doorbell.ring_now(PLAN_QUEUE)
    return [None] * len(batch)


def _connections_renew() -> None:
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
