"""Live hints to open pages: a row each, in the transaction of what they tell of.

One poller per web process reads them (inbox/live.py); it re-reads a short overlap and drops ids it knows, because a
late commit may carry a lower id.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from kernel import clock
from kernel.models import LiveEvent
from kernel.rows import Writes, row_new

KEEP_SECONDS = 300


def live_publish(topic: str, **payload: Any) -> None:
    """Tell open pages listening on `topic` (`user-<id>`, `run-<id>`, `staff`) that something changed."""
    live_publish_each([(topic, payload)])


def live_publish_many(topics: list[str], **payload: Any) -> None:
    live_publish_each((topic, payload) for topic in topics)


def live_publish_each(hints: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Many hints, each with its own payload, in one statement."""
    writes = Writes()
    live_publish_with(writes, hints)
    writes.run()


def live_publish_with(writes: Writes, hints: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """The same together with what the caller writes."""
    now = clock.now()
    writes.insert(
        LiveEvent,
        [row_new(LiveEvent, topic=topic, payload=payload, created_at=now) for topic, payload in hints],
    )


def live_prune() -> int:
    """Drop hints older than any page's memory. Returns how many."""
    return LiveEvent.objects.filter(created_at__lt=clock.now() - dt.timedelta(seconds=KEEP_SECONDS)).delete()[
        0
    ]
