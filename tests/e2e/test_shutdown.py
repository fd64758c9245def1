"""SIGTERM under load, with real processes: ended in time, nothing held by the dead, nothing lost, nothing doubled."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import sqlite3
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.e2e.load import Load, Sink, group_end
from tests.e2e.running_api import pids, restarted
from tests.running import PASSWORD, RunningDemo, wait_until

pytestmark = [pytest.mark.long, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

WORK_TABLES = ("workflows_step", "messaging_delivery", "connectors_recordedobject", "messaging_interaction")
STOP_SECONDS = 30.0


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink(delay_ms=1_000) as running:
        yield running


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    running = RunningDemo(tmp_path_factory.mktemp("shutdown") / "home").start()
    try:
        yield running
    finally:
        if running.process is not None:
            running.stop()


@pytest.fixture(scope="module")
def load(demo: RunningDemo, sink: Sink) -> dict[str, Any]:
    """Address and headers of the bench's connection."""
    said = demo.manage("bench_setup", "--sink", sink.url, "--rules", "1")
    prepared: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    return prepared


def rows(demo: RunningDemo, sql: str) -> list[Any]:
    with closing(sqlite3.connect(demo.home / "baton.sqlite3", timeout=30)) as connection, connection:
        return list(connection.execute(sql))


def held(demo: RunningDemo) -> dict[str, int]:
    """How many rows somebody holds, by table."""
    counted = "SELECT count(*) FROM {} WHERE lease_owner <> '' AND available_at IS NOT NULL"
    return {table: rows(demo, counted.format(table))[0][0] for table in WORK_TABLES}


def cookies(demo: RunningDemo) -> str:
    """Those of a signed-in person's browser."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = opener.open(f"{demo.url}/login/", timeout=20).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    form = {"username": "buyer", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    content = urllib.parse.urlencode(form).encode()
    opener.open(urllib.request.Request(f"{demo.url}/login/", content, {"Referer": demo.url}), timeout=20)
    return "; ".join(f"{each.name}={each.value}" for each in jar)


class OpenPage:
    """The live connection of an open page; `closed` is the code the server closed it with."""

    def __init__(self, demo: RunningDemo) -> None:
        self.closed: int | None = None
        self._connected = threading.Event()
        self._address = demo.url.replace("http", "ws") + "/ws/live/"
        self._headers = {"Cookie": cookies(demo), "Origin": demo.url}
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        assert self._connected.wait(20)

    def _listen(self) -> None:
        with connect(self._address, additional_headers=self._headers) as line:
            self._connected.set()
            try:
                while True:
                    line.recv()
            except ConnectionClosed as ended:
                self.closed = ended.rcvd.code if ended.rcvd else None

    def wait(self) -> int | None:
        self._thread.join(10)
        return self.closed


def all_arrived(sink: Sink, accepted: set[str]) -> None:
    wait_until(lambda: accepted <= set(sink.arrived()), "every accepted event to arrive", 90)


def test_a_worker_told_to_end_gives_back_what_it_has_not_begun(
    demo: RunningDemo, sink: Sink, load: dict[str, Any]
) -> None:
    sending = Load(demo.url, load["url"], load["headers"], per_second=40).start()
    wait_until(lambda: sink.total() > 2, "messages to arrive", 30)
    wait_until(lambda: held(demo)["messaging_delivery"] > 20, "a batch to be in hand", 30)
    worker = pids(demo)["worker"]
    begun = time.monotonic()
    os.kill(worker, signal.SIGTERM)
    restarted(demo, "worker", worker)
    assert time.monotonic() - begun < STOP_SECONDS
    accepted = sending.stop()
    assert len(accepted) > 20
    all_arrived(sink, accepted)
    arrived = sink.arrived()
    assert {identifier: arrived[identifier] for identifier in accepted if arrived[identifier] != 1} == {}


def test_all_of_it_told_to_end_under_load(demo: RunningDemo, sink: Sink, load: dict[str, Any]) -> None:
    page = OpenPage(demo)
    before = sink.total()
    sending = Load(demo.url, load["url"], load["headers"], per_second=40).start()
    wait_until(lambda: sink.total() > before + 2, "messages to arrive", 30)
    wait_until(lambda: held(demo)["messaging_delivery"] > 20, "a batch to be in hand", 30)
    assert demo.process is not None
    process, demo.process = demo.process, None
    begun = time.monotonic()
    assert group_end(process) == 0
    assert time.monotonic() - begun < STOP_SECONDS
    accepted = sending.stop()
    assert page.wait() == 1012  # "service restart": the page comes back by itself
    assert held(demo) == dict.fromkeys(WORK_TABLES, 0)
    stored = {identifier for (identifier,) in rows(demo, "SELECT source_event_id FROM connectors_event")}
    assert accepted - stored == set()
    assert accepted - set(sink.arrived()) != set()  # there was something to give back
    assert "was killed" not in demo.output()

    demo.start()
    all_arrived(sink, accepted)
    arrived = sink.arrived()
    assert {identifier: arrived[identifier] for identifier in accepted if arrived[identifier] != 1} == {}
