"""Leaves nothing behind: a process of its own that cleans up when the suite ends, however it ends.

It reads lines from the suite: `group <number>` for a process group to be killed at the end, `gone <number>` for one
that has been stopped, `folder <path>` for what is to be deleted. The end of its input is the end of the suite, also
when that was killed outright.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path


class Keeper:
    """The suite's end of the line."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        self.folder = Path(tempfile.mkdtemp(prefix="baton-chaos-"))
        self.folder.chmod(0o755)  # servers that run as another account pass through it
        self._say(f"folder {self.folder}")

    def group_note(self, number: int) -> None:
        self._say(f"group {number}")

    def group_forget(self, number: int) -> None:
        self._say(f"gone {number}")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


def keep() -> None:
    """The process: remembers until its input ends, then cleans up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups: dict[int, None] = {}
    folders: list[str] = []
    for line in sys.stdin:
        word, _blank, value = line.rstrip("\n").partition(" ")
        if word == "folder":
            folders.append(value)
        elif word == "group":
            groups[int(value)] = None
        else:
            groups.pop(int(value), None)
    for number in reversed(groups):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(number, signal.SIGKILL)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    keep()
