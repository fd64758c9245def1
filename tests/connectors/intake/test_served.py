"""The same door behind a real uvicorn, as it is served."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.models import Event
from tests.workflows.engine.source import Source
from tests.workflows.engine.test_kill import database_url

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def port(source: Source) -> Iterator[int]:
    number = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "config.asgi:application",
        "--port",
        str(number),
        "--no-access-log",
    ]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": database_url()}
    server = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", number)) == 0:
                    break
            time.sleep(0.1)
        yield number
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_events_posted_to_a_running_server_are_there_when_it_answers(source: Source, port: int) -> None:
    token = source.connection.credentials["hook_token"]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in range(20):
        client.request("POST", "/hooks/source/", json.dumps(source.item(100 - number)), headers)
        answer = client.getresponse()
        assert (answer.status, json.loads(answer.read())["accepted"]) == (200, 1)
        assert Event.objects.count() == number + 1
    client.request("POST", "/hooks/source/", "{}", {**headers, "Authorization": "Bearer wrong"})
    refused = client.getresponse()
    assert (refused.status, refused.getheader("www-authenticate")) == (401, "Bearer")
    refused.read()
    client.request("GET", "/hooks/source/", headers=headers)
    assert client.getresponse().status == 405
    assert Event.objects.count() == 20
