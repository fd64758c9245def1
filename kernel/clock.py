"""The one clock. Product code asks here, so that tests and the chaos suite can move time."""

from __future__ import annotations

import datetime as dt
import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UTC = dt.UTC
_offset = dt.timedelta()
_frozen: dt.datetime | None = None
_shared: mmap.mmap | None = None
_SECONDS = struct.Struct("<d")


def now() -> dt.datetime:
    """The present moment, aware, in UTC."""
    if _frozen is not None:
        return _frozen
    if _shared is not None:
        return dt.datetime.now(UTC) + dt.timedelta(seconds=_SECONDS.unpack_from(_shared)[0])
    return dt.datetime.now(UTC) + _offset


def offset_share(path: Path) -> None:
    """Let the file `path` move this process's clock, and at once that of every other process that shares it.

    Its first eight bytes are the seconds, as offset_write leaves them. Raises OSError or ValueError for a file that
    cannot be mapped.
    """
    global _shared
    with path.open("rb") as file:
        _shared = mmap.mmap(file.fileno(), _SECONDS.size, access=mmap.ACCESS_READ)


def offset_write(path: Path, seconds: float) -> None:
    """Move the clock of all processes that share `path`; makes the file when there is none."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(_SECONDS.pack(seconds))


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
