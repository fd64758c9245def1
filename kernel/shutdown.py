"""Ending a worker: what is in hand is finished, what is only claimed is given back at once, what hangs is given up.

SIGTERM begins it. From then on no drain takes another row (kernel/work.py). A row whose work does not come to its end
within GRACE_SECONDS is given back, too, and the process ends: whoever takes the row over finds out what was done, and
nothing this process might still have stored counts any more.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

GRACE_SECONDS = 15.0
logger = logging.getLogger(__name__)
_begun = threading.Event()


def shutdown_begun() -> bool:
    return _begun.is_set()


def shutdown_begin(give_up: Callable[[], None], grace_seconds: float = GRACE_SECONDS) -> None:
    """Called by the signal's handler; `give_up` gives back what is still held after the grace. A second call is none."""
    if _begun.is_set():
        return
    _begun.set()
    timer = threading.Timer(grace_seconds, _end, args=[give_up])
    timer.daemon = True
    timer.start()


def _end(give_up: Callable[[], None]) -> None:
    logger.warning("work did not end within %s s; it is given back", GRACE_SECONDS)
    try:
        give_up()
    finally:
        os._exit(0)


def shutdown_forget() -> None:
    """For tests: this process goes on."""
    _begun.clear()
