"""What a machine may lack: a test that needs it is skipped by name, or fails where BATON_REQUIRE asks for it.

BATON_REQUIRE is `all` or a comma list of the names in NEEDS.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
JSONLOGIC_SUITE = ROOT.parent / "shared" / "reference" / "jsonlogic"


def _chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    if any(shutil.which(name) for name in names):
        return None
    return "no Chromium on this machine (apt-get install chromium)"


def _listening(port: int, what: str) -> str | None:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return None
    except OSError as error:
        return f"no {what} on 127.0.0.1:{port} ({error.strerror or error})"


def _tryton() -> str | None:
    """The suite installs Tryton by itself; what it needs is a way to make a virtual environment."""
    return None if importlib.util.find_spec("ensurepip") else "this Python cannot make virtual environments"


def _jsonlogic_suite() -> str | None:
    return (
        None
        if (JSONLOGIC_SUITE / "tests.json").is_file()
        else "the public JsonLogic suites are not beside the repository"
    )


def _editor_tools() -> str | None:
    axe = ROOT / "frontend" / "node_modules" / "axe-core"
    return None if axe.is_dir() else "the editor's tools are not installed (make editor-check)"


NEEDS: dict[str, Callable[[], str | None]] = {
    "chromium": _chromium,
    "postgresql": lambda: _listening(5432, "PostgreSQL"),
    "redis": lambda: _listening(6379, "Redis"),
    "rabbitmq": lambda: _listening(5672, "RabbitMQ"),
    "mariadb": lambda: _listening(3306, "MariaDB"),
    "tryton": _tryton,
    "jsonlogic-suite": _jsonlogic_suite,
    "editor-tools": _editor_tools,
}


@cache
def reason_missing(name: str) -> str | None:
    """Why `name` is not there; None when it is. Looked up once."""
    return NEEDS[name]()


def is_required(name: str) -> bool:
    wanted = {each.strip() for each in os.environ.get("BATON_REQUIRE", "").split(",")}
    return "all" in wanted or name in wanted


def needs(name: str) -> pytest.MarkDecorator:
    """Marks a test that needs `name`: skipped with the reason when missing, an error when required."""
    reason = reason_missing(name)
    if reason is not None and is_required(name):
        # A fixture that nobody defines: an error before the test starts, whose text is the name.
        return pytest.mark.usefixtures(f"BATON_REQUIRE asks for {name}: {reason}")
    return pytest.mark.skipif(reason is not None, reason=f"needs {name}: {reason}")
