"""From stored live events to the open pages of this web process.

One asyncio task per process reads the LiveEvent rows while somebody is connected and hands them to a channel
layer that lives in this process only: every web process reads the rows itself, so nothing has to cross
processes, with Redis or without. A transaction that commits late has a lower id than rows already read, hence
the overlap and the known ids.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from typing import Any

from channels.db import database_sync_to_async
from channels.layers import InMemoryChannelLayer, channel_layers
from django.db import DatabaseError
from django.db.models import Q

from kernel import clock
from kernel.models import LiveEvent

log = logging.getLogger(__name__)

LAYER = "pages"
OVERLAP_SECONDS = 10
POLL_SECONDS = 0.25
RETRY_SECONDS = 2.0
GROUP_SECONDS = 30 * 86_400


def page_layer() -> InMemoryChannelLayer:
    """The layer of this process; made at first use."""
    if LAYER not in channel_layers.backends:
        channel_layers.set(LAYER, InMemoryChannelLayer(group_expiry=GROUP_SECONDS))
    layer = channel_layers.backends[LAYER]
    if not isinstance(layer, InMemoryChannelLayer):
        raise TypeError(f"The channel layer “{LAYER}” belongs to this process and cannot be configured.")
    return layer


class LivePoller:
    """Reads new rows every POLL_SECONDS while at least one page is connected; stops with the last one."""

    def __init__(self) -> None:
        self._pages = 0
        self._running: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = asyncio.Lock()
        self._last_id = 0
        self._read_at = clock.now()
        self._known: dict[int, dt.datetime] = {}

    async def join(self) -> None:
        """A page connects: everything committed after this returns will reach it. Raises DatabaseError."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._running, self._pages, self._starting = loop, None, 0, asyncio.Lock()
        async with self._starting:
            if self._running is None or self._running.done():
                self._last_id, self._known = 0, {}
                self._read_at = clock.now()
                await database_sync_to_async(self._rows_read)()
                self._running = asyncio.create_task(self._run(), name="live-poller")
            self._pages += 1

    def leave(self) -> None:
        """A page has gone."""
        self._pages = max(0, self._pages - 1)
        if self._pages == 0 and self._running is not None:
            self._running.cancel()
            self._running = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                rows = await database_sync_to_async(self._rows_read)()
            except DatabaseError as error:
                log.warning("Live events cannot be read, open pages poll meanwhile: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for topic, payload in rows:
                await page_layer().group_send(
                    topic, {"type": "live.hint", "hint": {"topic": topic, **payload}}
                )

    def _rows_read(self) -> list[tuple[str, dict[str, Any]]]:
        """The rows not seen before, oldest first; remembers them."""
        started_at = clock.now()
        floor = self._read_at - dt.timedelta(seconds=OVERLAP_SECONDS)
        recent = Q(created_at__gte=floor)
        rows = LiveEvent.objects.filter(recent | Q(id__gt=self._last_id) if self._last_id else recent)
        fresh = [row for row in rows.order_by("id") if row.pk not in self._known]
        for row in fresh:
            self._known[row.pk] = row.created_at
            self._last_id = max(self._last_id, row.pk)
        self._read_at = started_at
        self._known = {pk: at for pk, at in self._known.items() if at >= floor}
        return [(row.topic, row.payload) for row in fresh]


poller = LivePoller()
