"""Which case runs on which set-up, one installation per set-up, and the table of results."""

from __future__ import annotations

import signal
import time
from collections.abc import Generator, Iterator
from types import FrameType
from typing import Any

import pytest

from tests.chaos import report
from tests.chaos.installation import SETUPS, Installation
from tests.chaos.keeper import Keeper
from tests.chaos.receiver import Receiver
from tests.chaos.scene import Scene


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--setup", action="append", choices=SETUPS, help="only this set-up (may be given twice)")
    parser.addoption("--table", action="store_true", help="write the results into docs/reliability.md")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "setups(*names): the set-ups a case makes sense on (default: all)")
    config.addinivalue_line("markers", "selected(*names): the set-ups on which CI runs the case")

    def terminated(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt  # fixtures are taken down as after Ctrl-C

    signal.signal(signal.SIGTERM, terminated)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "installation" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("setups")
    chosen = metafunc.config.getoption("--setup") or SETUPS
    names = [each for each in (marker.args if marker else SETUPS) if each in chosen]
    if metafunc.config.getoption("markexpr") == "selected":
        selected = metafunc.definition.get_closest_marker("selected")
        names = [each for each in names if selected is not None and each in selected.args]
    metafunc.parametrize("installation", names, indirect=True, scope="session")


@pytest.fixture(autouse=True)
def _fresh_process_state() -> None:
    """In place of the other tests' own: Baton runs in processes of its own here, and no database is opened."""


@pytest.fixture(scope="session")
def keeper() -> Iterator[Keeper]:
    found = Keeper()
    yield found
    found.close()


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture(scope="session")
def installation(request: pytest.FixtureRequest, keeper: Keeper) -> Iterator[Installation]:
    found = Installation(request.param, keeper)
    try:
        found.start()
        yield found
    finally:
        found.discard()


@pytest.fixture
def scene(request: pytest.FixtureRequest, installation: Installation, receiver: Receiver) -> Iterator[Scene]:
    """A case's own part: everything runs, everything is well, and nothing of an earlier case is counted."""
    receiver.release()
    receiver.forget()
    if installation.process is None:
        installation.start()
    installation.complete()
    name = request.function.__name__.removeprefix("test_").replace("_", "-")
    found = Scene(f"{name}-{int(time.time())}", installation, receiver)
    started = time.monotonic()
    yield found
    receiver.release()
    report.note(request.node, found, time.monotonic() - started)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    found = yield
    if found.when == "call":
        item.stash[report.PASSED] = found.passed
    if found.failed:  # a whole run takes long: what failed is told at once
        item.config.get_terminal_writer().line(f"\n{item.name}: {found.longreprtext[-1_000:]}")
    return found


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--table"):
        report.table_write()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.section("chaos")
    for line in report.table_lines():
        terminalreporter.write_line(line)
