"""The live line: to whom, what, and when it ends."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client

from inbox import consumers, live
from kernel import clock
from kernel.live import live_publish
from kernel.models import LiveEvent
from permissions.models import User
from permissions.services.following import access_changed
from tests.inbox.conftest import person_add
from tests.inbox.site import application

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
HOST = "baton.example"


class Line:
    """The browser's end of a live line."""

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        scope = {"type": "websocket", "path": "/ws/live/", "query_string": b"", "headers": headers}
        communicator: Any = ApplicationCommunicator
        self.app = communicator(application(), scope)

    async def connect(self) -> bool:
        await self.app.send_input({"type": "websocket.connect"})
        return bool((await self.heard())["type"] == "websocket.accept")

    async def say(self, text: str) -> None:
        await self.app.send_input({"type": "websocket.receive", "text": text})

    async def heard(self) -> dict[str, Any]:
        output: dict[str, Any] = await self.app.receive_output(10)
        return output

    async def hint(self) -> Any:
        return json.loads((await self.heard())["text"])

    async def is_quiet(self, seconds: float) -> bool:
        return bool(await self.app.receive_nothing(timeout=seconds))

    async def leave(self) -> None:
        await self.app.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.app.wait(10)


def line_of(client: Client | None, origin: str | None = f"https://{HOST}") -> Line:
    headers = [(b"host", HOST.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    if client is not None:
        headers.append((b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode()))
    return Line(headers)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def run() -> Iterator[Callable[[Callable[[], Awaitable[None]]], None]]:
    def run_in_a_loop(play: Callable[[], Awaitable[None]]) -> None:
        async def main() -> None:
            await play()

        asyncio.run(main())

    yield run_in_a_loop


Run = Callable[[Callable[[], Awaitable[None]]], None]
publish: Any = database_sync_to_async(live_publish)


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
def test_only_pages_of_this_site_get_a_line(run: Run, origin: str | None) -> None:
    client = signed_in(person_add("buyer"))

    async def play() -> None:
        assert not await line_of(client, origin).connect()

    run(play)


def test_a_stranger_and_a_switched_off_account_get_no_line(run: Run) -> None:
    leaver = person_add("leaver")
    client = signed_in(leaver)
    User.objects.filter(pk=leaver.pk).update(is_active=False)

    async def play() -> None:
        assert await line_of(None).connect() is False
        assert await line_of(client).connect() is False

    run(play)
    assert live.poller._pages == 0


def test_hints_reach_the_person_they_are_for_once(run: Run) -> None:
    buyer, other = person_add("buyer"), person_add("other", is_staff=True)
    buyer_client, other_client = signed_in(buyer), signed_in(other)
    live_publish(f"user-{buyer.pk}", type="card", id="before")

    async def play() -> None:
        mine, theirs = line_of(buyer_client), line_of(other_client)
        assert await mine.connect() and await theirs.connect()
        await publish(f"user-{buyer.pk}", type="card", id="a")
        await publish("staff", type="run", id=7)
        assert await mine.hint() == {"topic": f"user-{buyer.pk}", "type": "card", "id": "a"}
        assert await theirs.hint() == {"topic": "staff", "type": "run", "id": 7}
        assert await mine.is_quiet(0.8)
        assert await theirs.is_quiet(0.1)
        await mine.leave()
        await theirs.leave()

    run(play)
    assert live.poller._pages == 0 and live.poller._running is None


def test_a_late_commit_with_a_lower_id_is_not_lost(run: Run) -> None:
    buyer = person_add("buyer")
    client, topic = signed_in(buyer), f"user-{buyer.pk}"
    LiveEvent.objects.create(id=1000, topic=topic, payload={"id": "old"})

    def write(pk: int, seconds_ago: int) -> None:
        at = clock.now() - dt.timedelta(seconds=seconds_ago)
        LiveEvent.objects.create(id=pk, topic=topic, payload={"id": pk}, created_at=at)

    async def play() -> None:
        mine = line_of(client)
        assert await mine.connect()
        await database_sync_to_async(write)(1002, 0)
        assert (await mine.hint())["id"] == 1002
        await database_sync_to_async(write)(1001, 5)
        assert (await mine.hint())["id"] == 1001
        # A writer whose clock is wrong by an hour: the id tells that it is new.
        await database_sync_to_async(write)(1003, 3600)
        assert (await mine.hint())["id"] == 1003
        assert await mine.is_quiet(0.8)
        await mine.leave()

    run(play)


def test_a_database_that_is_away_for_a_moment_does_not_end_the_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    buyer = person_add("buyer")
    client = signed_in(buyer)
    monkeypatch.setattr(live, "RETRY_SECONDS", 0.05)
    read, failures = live.poller._rows_read, [3]

    async def play() -> None:
        mine = line_of(client)
        assert await mine.connect()

        def sometimes() -> list[tuple[str, dict[str, Any]]]:
            if failures[0]:
                failures[0] -= 1
                raise OperationalError("gone")
            return read()

        monkeypatch.setattr(live.poller, "_rows_read", sometimes)
        await publish(f"user-{buyer.pk}", type="card", id="a")
        assert (await mine.hint())["id"] == "a"
        await mine.leave()

    run(play)
    assert failures == [0]


def test_a_ping_is_answered_and_rubbish_ends_the_line(run: Run) -> None:
    client = signed_in(person_add("buyer"))

    async def play() -> None:
        mine = line_of(client)
        assert await mine.connect()
        await mine.say('{"type": "ping"}')
        assert await mine.hint() == {"type": "pong"}
        await mine.say("{")
        assert await mine.heard() == {"type": "websocket.close", "code": 1003}
        await mine.leave()

    run(play)


@pytest.mark.parametrize("how", ["switched off", "signed out", "new password"])
def test_the_line_ends_with_the_right_to_it(run: Run, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.1)
    buyer = person_add("buyer")
    client = signed_in(buyer)

    def lose() -> None:
        if how == "switched off":
            User.objects.filter(pk=buyer.pk).update(is_active=False)
        elif how == "signed out":
            Session.objects.all().delete()
        else:
            buyer.set_password("another-and-long")
            buyer.save()

    async def play() -> None:
        mine = line_of(client)
        assert await mine.connect()
        assert await mine.is_quiet(0.5)
        await sync_to_async(lose)()
        assert await mine.heard() == {"type": "websocket.close", "code": 4401}
        await mine.leave()

    assert client.session[SESSION_KEY] == str(buyer.pk)
    run(play)


def test_a_leavers_open_page_ends_at_once(run: Run) -> None:
    """Without waiting for the watch, which looks once a minute."""
    buyer, other = person_add("buyer"), person_add("other")
    clients = [signed_in(buyer), signed_in(other)]

    def leave() -> None:
        User.objects.filter(pk=buyer.pk).update(is_active=False)
        access_changed({buyer.pk, other.pk})

    async def play() -> None:
        lines = [line_of(each) for each in clients]
        for each in lines:
            assert await each.connect()
        await sync_to_async(leave)()
        assert await lines[0].heard() == {"type": "websocket.close", "code": 4401}
        assert (await lines[1].hint())["type"] == "access"
        for each in lines:
            await each.leave()

    run(play)
