"""The broker of the embedded default: Celery messages as files, one folder per queue, no server.

kombu's own filesystem transport loses messages and can crash a worker, because a consumer may see a message
that is still being written or that another one has just taken (celery/kombu issue 1551, read 2026-11-22).
Here a message appears whole, by rename, and belongs to whoever succeeds in unlinking it: the kernel lets
exactly one. There is no claimed state, so a killed consumer leaves nothing behind. Messages are doorbells:
one that was taken by a process which then died is gone, and the sweep rings again.

Use `broker_url = "batonfs://"` with `broker_transport_options = {"folder": <path>}`. No fanout, hence no
remote control of workers; the worker leaves that part out by itself.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import time
from collections import deque
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import quote

from kombu.transport import TRANSPORT_ALIASES, virtual

from kernel.errors import ConfigError

logger = logging.getLogger(__name__)

BROKER_SCHEME = "batonfs"  # an underscore is not allowed in the scheme of a URL
POLLING_SECONDS = 0.05
STALE_TMP_SECONDS = 3600.0
SETTLED_NS = 200_000_000

_message_numbers = itertools.count()
_process_mark = os.urandom(4).hex()  # containers that share the folder may share process ids


def broker_register() -> None:
    """Make `batonfs://` known to kombu and Celery. Call it before the Celery app connects; harmless twice."""
    TRANSPORT_ALIASES[BROKER_SCHEME] = "kernel.broker:Transport"


class Channel(virtual.Channel):
    """Messages of a queue are the files `<folder>/<queue>.queue/<name>.msg`, taken in the order of their
    names."""

    supports_fanout = False

    def __init__(self, connection: virtual.Transport, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        options = connection.client.transport_options if connection.client else None
        folder = (options or {}).get("folder")
        if not folder:
            raise ConfigError(f"The broker {BROKER_SCHEME}:// needs broker_transport_options['folder'].")
        self._folder = Path(folder)
        self._listings: dict[str, _Listing] = {}

    def _queue_folder(self, queue: str) -> Path:
        return self._folder / f"{quote(queue, safe='@')}.queue"

    def _has_queue(self, queue: str, **kwargs: Any) -> bool:
        return self._queue_folder(queue).is_dir()

    def _new_queue(self, queue: str, **kwargs: Any) -> None:
        folder = self._queue_folder(queue)
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.tmp"):
            try:
                # Both times are the file system's own affair, not the business clock's.
                if time.time() - path.stat().st_mtime > STALE_TMP_SECONDS:
                    path.unlink()
            except FileNotFoundError:
                continue

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        """Raises OSError when the folder cannot be written (full, read-only, gone with its parent)."""
        folder = self._queue_folder(queue)
        # Wall time first, for order between processes; the rest makes the name unique.
        name = f"{time.time_ns():020d}-{_process_mark}-{os.getpid()}-{next(_message_numbers)}"
        whole, partial = folder / f"{name}.msg", folder / f"{name}.tmp"
        data = json.dumps(message).encode()
        try:
            partial.write_bytes(data)
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
        partial.rename(whole)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        listing = self._listings.get(queue)
        if listing is None:
            listing = self._listings[queue] = _Listing(self._queue_folder(queue))
        while (path := listing.path_next()) is not None:
            message = _message_take(path)
            if message is not None:
                return message
        raise Empty

    def _size(self, queue: str) -> int:
        return len(_message_names(self._queue_folder(queue)))

    def _purge(self, queue: str) -> int:
        folder = self._queue_folder(queue)
        return sum(_message_unlink(folder / name) for name in _message_names(folder))

    def _delete(self, queue: str, *args: Any, **kwargs: Any) -> None:
        self._purge(queue)


class _Listing:
    """The messages of one queue as last listed: a burst costs one listing, a quiet queue one stat."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._names: deque[str] = deque()
        self._quiet_since_ns = -1
        self._list_again_at = 0.0

    def path_next(self) -> Path | None:
        if not self._names and not self._is_quiet():
            self._names.extend(_message_names(self._folder))
        return Path(self._folder, self._names.popleft()) if self._names else None

    def _is_quiet(self) -> bool:
        """True when nothing was put since a listing that found nothing."""
        try:
            changed_ns = os.stat(self._folder).st_mtime_ns
        except FileNotFoundError:
            return True
        if changed_ns == self._quiet_since_ns and time.monotonic() < self._list_again_at:
            return True
        # A file system stamps with a coarse tick: a change in the same tick as the listing would go unseen.
        # Hence a young stamp is not relied on, and an old one for a second only, should the clocks disagree.
        settled = time.time_ns() - changed_ns > SETTLED_NS
        self._quiet_since_ns = changed_ns if settled else -1
        self._list_again_at = time.monotonic() + 1.0
        return False


def _message_names(folder: str | Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.name.endswith(".msg"))
    except FileNotFoundError:
        return []


def _message_take(path: Path) -> Any:
    """The message, now this process's own; None when another one was faster or the file was unusable."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        message = json.loads(data)
        if not isinstance(message, dict) or "properties" not in message:
            raise ValueError("no message")
    except ValueError:
        # A power cut can leave an empty file behind. Kept for whoever wonders, and out of the way.
        try:
            path.rename(path.with_suffix(".bad"))
        except FileNotFoundError:
            return None
        logger.warning("unreadable message %s moved aside as .bad; the sweep rings again", path.name)
        return None
    return message if _message_unlink(path) else None


def _message_unlink(path: Path) -> bool:
    """True for exactly one of all who try."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


class Transport(virtual.Transport):
    """Polled, as Celery does it for every transport that is not asynchronous."""

    Channel = Channel
    # Exchanges and bindings are declared by each process for itself; what is shared is the folder.
    global_state = virtual.BrokerState()
    polling_interval = POLLING_SECONDS
    default_port = 0
    driver_type = BROKER_SCHEME
    driver_name = BROKER_SCHEME
    implements = virtual.Transport.implements.extend(
        asynchronous=False, exchange_type=frozenset(["direct", "topic"])
    )

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.state = self.global_state

    def driver_version(self) -> str:
        return "1"
