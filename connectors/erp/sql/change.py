"""A cheap answer to "did anything change in this SQLite file?".

https://www.sqlite.org/fileformat2.html section 1.3, read on 2026-11-22: bytes 18 and 19 are 2 in WAL mode;
bytes 24 to 27 count the transactions that changed the file, in the other journal modes only.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from kernel import clock

# (device, inode) → descriptor. Never closed: closing any descriptor of a file drops every lock this process
# holds on it (https://www.sqlite.org/howtocorrupt.html section 2.2), also that of a write in another thread.
_descriptors: dict[tuple[int, int], int] = {}
_descriptors_lock = threading.Lock()


def change_token(path: Path) -> str:
    """Equal tokens: the file holds the same rows. "" where that cannot be told (WAL mode, file gone).

    Call it inside a read transaction that has already read: only then no writer is in the middle of a
    commit. The hour is part of it, because a view may depend on today's date.
    """
    try:
        descriptor = _descriptor(path)
        header = os.pread(descriptor, 28, 0)
        status = os.fstat(descriptor)
    except OSError:
        return ""
    if len(header) < 28 or header[18] == 2 or header[19] == 2:
        return ""
    counter = int.from_bytes(header[24:28], "big")
    hour = clock.now().strftime("%Y%m%d%H")
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{counter}:{hour}"


def _descriptor(path: Path) -> int:
    with _descriptors_lock:
        status = path.stat()
        known = _descriptors.get((status.st_dev, status.st_ino))
        if known is not None:
            return known
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(descriptor)
        return _descriptors.setdefault((status.st_dev, status.st_ino), descriptor)
