"""Who holds a lease: a process, named so that others on its machine can see when it is gone.

A killed worker must not keep its rows until their leases run out, which for slow work is minutes. A name is 32
characters: place (machine and, on Linux, process namespace, so that two containers never judge each other), process
number, birth of that process, and chance. Elsewhere than at its own place nobody can tell: there the lease runs out.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import uuid
from functools import cache
from pathlib import Path

NAME_CHARACTERS = 32
CHANCE_CHARACTERS = 8
NO_BIRTH = "0" * 8
GONE_STATES = "ZX"


def holder_prefix() -> str:
    """What the names of this process begin with."""
    return holder_name()[:-CHANCE_CHARACTERS]


def holder_name(pid: int | None = None) -> str:
    """A new name, for this process unless another is meant."""
    number = os.getpid() if pid is None else pid
    chance = uuid.uuid4().hex[:CHANCE_CHARACTERS]
    return f"{_place()}{number & 0xFFFFFFFF:08x}{_birth(number) or NO_BIRTH}{chance}"


def holder_is_gone(name: str) -> bool:
    """True only when it is certain: a process of this place that has ended, or whose number is another's by now."""
    if len(name) != NAME_CHARACTERS or name[:8] != _place():
        return False
    return _birth(int(name[8:16], 16)) != name[16:24]


@cache
def _place() -> str:
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):  # only Linux has them
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.blake2b("|".join(parts).encode(), digest_size=4).hexdigest()


def _birth(pid: int) -> str:
    """When the process started, in the kernel's own count (always the same where there is no /proc); "" if gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return NO_BIRTH if not Path("/proc/self/stat").exists() and _answers(pid) else ""
    return "" if fields[0] in GONE_STATES else f"{int(fields[19]) & 0xFFFFFFFF:08x}"


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
