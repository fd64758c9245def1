"""A messenger's far end that can be told to misbehave: im.webhook posts to it, on a thread of this process.

`posts` are all messages as they came, with the status they were answered; `shown` what its people see: each
idempotency key once. What it answers is decided by `behave`, for every request anew.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tests.running import wait_until


class Way(Enum):
    """How one request is answered. A message is shown when the receiver took it, whatever the sender learns of that."""

    TAKE = auto()
    HOLD = auto()
    """Taken; the answer waits until `release`."""
    LIMIT = auto()
    """429 with Retry-After."""
    FAIL = auto()
    """500."""
    AWAY = auto()
    """503."""
    SILENCE = auto()
    """Taken, and never answered."""
    RESET = auto()
    """Taken; the connection breaks in the middle of the answer."""
    COMPLAIN = auto()
    """An error inside a 200."""


JAM_SECONDS = 2
JAM_HOLD_SECONDS = 4.0
SHOWING = {Way.TAKE, Way.HOLD, Way.SILENCE, Way.RESET}


@dataclass
class Receiver:
    behave: Callable[[], Way] = lambda: Way.TAKE
    retry_after_seconds: int = 1
    shown: dict[str, str] = field(default_factory=dict)
    """Idempotency key → event id."""
    taken: Counter[str] = field(default_factory=Counter)
    """Idempotency key → how often it was taken."""
    answered: Counter[Way] = field(default_factory=Counter)
    discards: bool = False
    """Messages are answered as if they were taken, and nobody will ever see them."""
    open: int = 0
    """Requests without an answer at this moment."""
    port: int = 0

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._released = asyncio.Event()
        self._hold_seconds: float | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._serve, name="receiver", daemon=True)
        self._thread.start()
        wait_until(lambda: self.port, "the receiver")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def hold(self) -> None:
        self._hold_seconds = None
        self._loop.call_soon_threadsafe(self._released.clear)
        self.behave = lambda: Way.HOLD

    def jam(self) -> None:
        """One message at a time is held, all others are told to come soon: a queue that hardly gets shorter.

        No message is held for so long that its sender gives up and sends it again.
        """
        self._hold_seconds = JAM_HOLD_SECONDS
        self.retry_after_seconds = JAM_SECONDS
        self._loop.call_soon_threadsafe(self._released.clear)
        self.behave = lambda: Way.LIMIT if self.open else Way.HOLD

    def release(self) -> None:
        """Answer as it should, also what is held."""
        self.behave = lambda: Way.TAKE
        self._loop.call_soon_threadsafe(self._released.set)

    def first(self, count: int, way: Way) -> None:
        """The next `count` requests are answered that way."""
        left = iter(range(count))
        self.behave = lambda: way if next(left, None) is not None else Way.TAKE

    def forget(self) -> None:
        self.discards = False
        for each in (self.shown, self.taken, self.answered):
            each.clear()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._line, "127.0.0.1", 0, backlog=1024))
        self.port = server.sockets[0].getsockname()[1]
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._request(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read one request and answer it. False: the line ends."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.split("content-length:")[1].split("\r")[0])
        body = json.loads(await reader.readexactly(length))
        if body.get("kind") == "check":
            writer.write(_answer(200, {"ok": True}))
            return True
        way = self.behave()
        self.answered[way] += 1
        if way in SHOWING and not self.discards:
            self.shown[body["idempotency_key"]] = body["event_id"]
            self.taken[body["idempotency_key"]] += 1
        self.open += 1
        try:
            return await self._answered(way, reader, writer)
        finally:
            self.open -= 1

    async def _answered(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if way is Way.HOLD:
            gone = asyncio.ensure_future(reader.read(1))
            released = asyncio.ensure_future(self._released.wait())
            await asyncio.wait(
                {gone, released}, timeout=self._hold_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            released.cancel()
            if gone.done():
                return False
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone
        elif way is Way.SILENCE:
            await reader.read(1)
            return False
        elif way is Way.RESET:
            writer.write(_answer(200, {"ok": True, "id": "x" * 200})[:120])
            await writer.drain()
            writer.transport.abort()
            return False
        answers: dict[Way, tuple[int, dict[str, Any], str]] = {
            Way.LIMIT: (429, {"error": "slower"}, f"Retry-After: {self.retry_after_seconds}\r\n"),
            Way.FAIL: (500, {"error": "broken"}, ""),
            Way.AWAY: (503, {"error": "away"}, ""),
            Way.COMPLAIN: (200, {"ok": False, "error": "no such person"}, ""),
        }
        status, answer, extra = answers.get(way, (200, {"ok": True}, ""))
        writer.write(_answer(status, answer, extra))
        await writer.drain()
        return True


def _answer(status: int, body: dict[str, Any], extra: str = "") -> bytes:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n{extra}\r\n"
    return head.encode() + content
