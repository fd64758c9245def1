"""A running demo from outside: its API as one person, and its processes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.running import PASSWORD, RunningDemo, wait_until

PARTS = {"web": "uvicorn", "worker": "worker", "beat": "beat"}


class Api:
    """The API as one person, over HTTP."""

    def __init__(self, demo: RunningDemo, login: str) -> None:
        self.demo = demo
        self.token = ""
        status, body = self.call("token/", {"username": login, "password": PASSWORD})
        assert status == 200, body
        self.token = body["token"]

    def call(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "Accept-Language": "en"}
        if self.token:
            headers["Authorization"] = f"Token {self.token}"
        content = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.demo.url}/api/v1/{path}", content, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def cards(self, item: str) -> list[dict[str, Any]]:
        status, cards = self.call("inbox/")
        assert status == 200
        named = [(card, {each["name"]: each["value"] for each in card["fields"]}) for card in cards]
        return [card for card, fields in named if fields["product_code"].split()[0] == item]

    def card(self, item: str) -> dict[str, Any]:
        """The one card about an item, once it is there."""
        (card,) = wait_until(lambda: self.cards(item), f"the card about {item}", 60)
        return card


def pids(demo: RunningDemo) -> dict[str, int]:
    """The supervisor's living children by name."""
    assert demo.process is not None
    found: dict[str, int] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if int(parent) == demo.process.pid and state not in "ZX":
            found |= {name: int(folder.name) for name, word in PARTS.items() if word in command}
    return found


def restarted(demo: RunningDemo, name: str, killed: int) -> int:
    """Its new process."""
    return wait_until(
        lambda: pids(demo).get(name, 0) not in (0, killed) and pids(demo)[name], f"a new {name}", 30
    )
