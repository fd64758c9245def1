"""The running Tryton and a clock that stands still, for this folder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from kernel import clock
from tests.tryton_server import tryton_server

__all__ = ["Elapse", "elapse", "tryton_server"]

Elapse = Callable[[float], None]


@pytest.fixture
def elapse() -> Iterator[Elapse]:
    """Baton's clock stands still, so that nothing is tried again by chance; `elapse(seconds)` moves it on."""
    with ExitStack() as stack:
        stack.enter_context(clock.frozen(clock.now()))

        def forward(seconds: float) -> None:
            stack.enter_context(clock.frozen(clock.now() + dt.timedelta(seconds=seconds)))

        yield forward
