from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.erp.sql import client
from connectors.erp.sql.connector import SqlConnector, build
from connectors.ports.erp import ConnectorContext
from demo.company import company_create
from kernel.http import HttpClient, nets_parse
from tests.connectors.sql.servers import Server, mariadb, postgresql

Build = Callable[..., SqlConnector]


@pytest.fixture
def sql_build() -> Iterator[Build]:
    """Builds connectors that are closed in the end; then no engine may be left."""
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
    assert client._shared == {}


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
