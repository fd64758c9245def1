from __future__ import annotations

import datetime as dt
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connectors.erp.sql import engines
from connectors.erp.sql.connector import SqlConnector, build
from connectors.ports.erp import ConnectorContext
from demo.company import company_create
from kernel.http import HttpClient, nets_parse
from tests.connectors.sql.servers import Server, mariadb, postgresql

Build = Callable[..., SqlConnector]


class _Timer:
    """Stands for threading.Timer: waits until the test lets the time pass."""

    started: ClassVar[list[Callable[[], None]]] = []
    daemon = False

    def __init__(self, _seconds: float, function: Callable[[], None]) -> None:
        self._function = function

    def start(self) -> None:
        self.started.append(self._function)

    def is_alive(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def timers(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What waits for idle engines, oldest first."""
    monkeypatch.setattr(threading, "Timer", _Timer)
    monkeypatch.setattr(engines, "_closing", None)
    monkeypatch.setattr(engines, "_shared", {})  # not what a test that was "killed" in the middle still holds
    monkeypatch.setattr(_Timer, "started", [])
    return _Timer.started


@pytest.fixture
def sql_build(timers: list[Callable[[], None]]) -> Iterator[Build]:
    """Builds connectors that are closed in the end; then nobody may hold an engine."""
    made: list[SqlConnector] = []

    def make(
        settings: Mapping[str, Any], credentials: Mapping[str, Any] | None = None, nets: str = "127.0.0.0/8"
    ) -> SqlConnector:
        context = ConnectorContext(HttpClient(allow_nets=nets_parse(nets)))
        made.append(build(settings, credentials or {}, context))
        return made[-1]

    yield make
    for connector in made:
        connector.close()
    assert [shared for shared in engines._shared.values() if shared.users] == []
    engines.engines_close_idle(0)
    assert engines._shared == {}


@pytest.fixture(scope="session")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("company") / "erp.sqlite3"
    company_create(path, today=dt.date(2026, 11, 22))
    return path


@pytest.fixture
def company(first_day: Path, tmp_path: Path) -> Path:
    """The demo company's database, this test's own."""
    return Path(shutil.copyfile(first_day, tmp_path / "erp.sqlite3"))


@pytest.fixture
def erp(company: Path, sql_build: Build) -> SqlConnector:
    return sql_build({"url": f"sqlite:///{company}"})


@pytest.fixture(scope="module")
def mariadb_server() -> Iterator[Server]:
    with mariadb() as server:
        yield server


@pytest.fixture(scope="module")
def postgresql_server() -> Iterator[Server]:
    with postgresql() as server:
        yield server
