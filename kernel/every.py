"""Something that is done at most every so many seconds in one process, whatever the wall clock does."""

from __future__ import annotations

import time


class Every:
    """True at the first call, and then at most once in `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._next = 0.0

    def is_time(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self.seconds
        return True

    def forget(self) -> None:
        """The next call is the first one again."""
        self._next = 0.0
