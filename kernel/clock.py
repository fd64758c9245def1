"""The one clock. Product code asks here, so that tests and the chaos suite can move time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

UTC = dt.UTC
_offset = dt.timedelta()
_frozen: dt.datetime | None = None


def now() -> dt.datetime:
    """The present moment, aware, in UTC."""
    if _frozen is not None:
        return _frozen
    return dt.datetime.now(UTC) + _offset


def shift(seconds: float) -> None:
    """Move this process's clock by `seconds` (chaos suite; 0 puts it right again)."""
    global _offset
    _offset = dt.timedelta(seconds=seconds)


@contextmanager
def frozen(moment: dt.datetime) -> Iterator[None]:
    """Hold the clock of this process at `moment` inside the block."""
    global _frozen
    before, _frozen = _frozen, moment
    try:
        yield
    finally:
        _frozen = before
