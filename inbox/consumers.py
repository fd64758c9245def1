"""The live connection of an open page: it carries hints, the page reads the thing itself through the gate."""

from __future__ import annotations

import asyncio
import json
import logging
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from inbox import live
from permissions.models import User

log = logging.getLogger(__name__)

RECHECK_SECONDS = 60.0
ACCESS = "access"
CLOSE_SIGNED_OUT = 4401
CLOSE_UNREADABLE = 1003
CLOSE_TRY_LATER = 1013


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """`/ws/live/`: hints `{"topic", …}` of `user-<id>`, and of `staff` for staff.

    Only for a signed-in person and from pages of this site. Answers `{"type": "ping"}` with
    `{"type": "pong"}`, so that a page notices a dead line.
    Closes with 4401 when the session ends or the account is deactivated.
    """

    channel_layer_alias = live.LAYER

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.user_id = 0
        self.topics: list[str] = []
        self.watch: asyncio.Task[None] | None = None
        live.page_layer()
        await super().__call__(scope, receive, send)

    async def connect(self) -> None:
        user = self.scope.get("user")
        if (
            not isinstance(user, User)
            or not user.is_active
            or not origin_is_ours(dict(self.scope["headers"]))
        ):
            await self.close()
            return
        try:
            await live.poller.join()
        except DatabaseError as error:
            log.warning("A live connection waits for the database: %s", error)
            await self.close(CLOSE_TRY_LATER)
            return
        self.user_id = user.pk
        self.topics = [f"user-{user.pk}", *(["staff"] if user.is_staff else [])]
        for topic in self.topics:
            await self.channel_layer.group_add(topic, self.channel_name)
        await self.accept()
        self.watch = asyncio.create_task(self._session_watch(user.pk), name=f"live-session-{user.pk}")

    async def disconnect(self, code: int) -> None:
        if self.watch is not None:
            self.watch.cancel()
        for topic in self.topics:
            await self.channel_layer.group_discard(topic, self.channel_name)
        if self.topics:
            live.poller.leave()

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        try:
            content = json.loads(text_data or "")
        except json.JSONDecodeError:
            await self.close(CLOSE_UNREADABLE)
            return
        if isinstance(content, dict) and content.get("type") == "ping":
            await self.send_json({"type": "pong"})

    async def live_hint(self, message: dict[str, Any]) -> None:
        """Passed on; but when it says that this person's access changed, the session is looked at first."""
        if message["hint"].get("type") == ACCESS and not await self._is_still_in():
            await self.close(CLOSE_SIGNED_OUT)
            return
        await self.send_json(message["hint"])

    async def _is_still_in(self) -> bool:
        """Whether the session is good; when that cannot be asked, the watch asks again later."""
        try:
            return await self._session_is_valid(self.user_id)
        except DatabaseError as error:
            log.warning("A live session could not be checked: %s", error)
            return True

    async def _session_watch(self, user_id: int) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            try:
                valid = await self._session_is_valid(user_id)
            except DatabaseError as error:
                log.warning("A live session could not be checked again: %s", error)
                continue
            if not valid:
                await self.close(CLOSE_SIGNED_OUT)
                return

    async def _session_is_valid(self, user_id: int) -> bool:
        """The session as stored now, not as it was when the page connected."""
        store = import_module(settings.SESSION_ENGINE).SessionStore(self.scope["session"].session_key)
        await database_sync_to_async(store.load)()
        scope: Any = {"session": store}
        user = await get_user(scope)
        return user.is_authenticated and user.pk == user_id and user.is_active


def origin_is_ours(headers: dict[bytes, bytes]) -> bool:
    """Whether a browser says that a page of ours opened this connection (no Origin: no browser)."""
    origin = headers.get(b"origin", b"").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    if not origin:
        return False
    return urlsplit(origin).netloc.lower() == host.lower() or origin in settings.CSRF_TRUSTED_ORIGINS
