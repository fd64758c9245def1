"""What the start asks of the running web process."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kernel.run import Installation, complaint


@contextmanager
def web(status: int) -> Iterator[tuple[int, list[dict[str, str]]]]:
    """A web process that answers with `status`; its port, and the headers of what it was asked."""
    asked: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.mark.parametrize(
    ("allowed", "host"),
    [
        ("baton.example.com, other.example.com", "baton.example.com"),
        ("*", "localhost"),
        (".example.com,baton.example.com", "baton.example.com"),
        ("", "localhost"),
    ],
)
def test_it_asks_by_a_name_that_is_answered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, allowed: str, host: str
) -> None:
    """Django refuses any other name, and behind a proxy whatever did not come in by HTTPS."""
    with web(200) as (port, asked):
        monkeypatch.setenv("ALLOWED_HOSTS", allowed)
        monkeypatch.setenv("BATON_HOME", str(tmp_path))
        monkeypatch.setenv("PORT", str(port))
        assert Installation(demo=False).healthy()
    (request,) = asked
    assert (request["path"], request["host"], request["x-forwarded-proto"]) == ("/healthz", host, "https")


def test_starting_is_not_healthy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with web(503) as (port, _asked):
        monkeypatch.setenv("BATON_HOME", str(tmp_path))
        monkeypatch.setenv("PORT", str(port))
        assert not Installation(demo=False).healthy()


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("CommandError: The port is taken.\n", "The port is taken."),
        ("Baton cannot start: Unknown setting BATON_FOO.\n", "Unknown setting BATON_FOO."),
        (
            'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n    raise\n'
            "django.core.exceptions.ImproperlyConfigured: BATON_ALLOW_NETS: “x” is not a network.\n",
            "BATON_ALLOW_NETS: “x” is not a network.",
        ),
        (
            "psycopg.OperationalError: connection failed\n\nThe above exception was the direct cause:\n\n"
            "django.db.utils.OperationalError: connection failed\n\tIs the server running?\n",
            "connection failed Is the server running?",
        ),
        ("", ""),
    ],
)
def test_a_complaint_is_one_sentence(output: str, said: str) -> None:
    assert complaint(output) == said
