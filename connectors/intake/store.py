"""Items → Event rows. One transaction for as many requests as wait (group commit)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, transaction

from connectors.models import Event, EventState
from connectors.selectors import hook_mappings
from connectors.services.inbound import inbound_event
from kernel.text import text_show


@dataclass
class Received:
    """One request's items, and what became of them once stored."""

    connection_id: int
    items: list[Any]
    accepted: int = 0
    duplicates: int = 0
    quarantined: list[tuple[int, str]] = field(default_factory=list)

    def answer(self) -> dict[str, Any]:
        """What the sender is told, in the active language."""
        quarantined = [{"index": index, "reason": text_show(reason)} for index, reason in self.quarantined]
        return {"accepted": self.accepted, "duplicates": self.duplicates, "quarantined": quarantined}


def received_store(batch: Sequence[Received]) -> None:
    """Store a batch of requests in one transaction and count per request. Rows are committed when this returns.

    Raises DatabaseError when a row was not taken; then nothing of the batch is stored.
    """
    mappings = {request.connection_id: hook_mappings(request.connection_id) for request in batch}
    rows: list[tuple[Received, int, Event]] = []
    for request in batch:
        for index, item in enumerate(request.items):
            rows.append(
                (request, index, inbound_event(request.connection_id, item, mappings[request.connection_id]))
            )
    counts: list[tuple[Received, int, Event, bool]] = []
    with transaction.atomic():
        known = _known_keys([event for _request, _index, event in rows])
        fresh: list[Event] = []
        for request, index, event in rows:
            mark = (event.connection_id, event.dedupe_key)
            is_new = mark not in known
            if is_new:
                known.add(mark)
                fresh.append(event)
            counts.append((request, index, event, is_new))
        Event.objects.bulk_create(fresh, batch_size=500, ignore_conflicts=True)
        # "Ignore" also hides a row that breaks a constraint; accepted means stored.
        if _known_keys(fresh) != {(event.connection_id, event.dedupe_key) for event in fresh}:
            raise DatabaseError("An event was not stored.")
    for request, index, event, is_new in counts:
        if not is_new:
            request.duplicates += 1
        else:
            request.accepted += 1
        if event.state == EventState.NEEDS_MAPPING:
            request.quarantined.append((index, event.reason))


def _known_keys(events: Sequence[Event]) -> set[tuple[int, str]]:
    found: set[tuple[int, str]] = set()
    by_connection: dict[int, list[str]] = {}
    for event in events:
        by_connection.setdefault(event.connection_id, []).append(event.dedupe_key)
    for connection_id, keys in by_connection.items():
        for start in range(0, len(keys), 500):
            stored = Event.objects.filter(
                connection_id=connection_id, dedupe_key__in=keys[start : start + 500]
            )
            found.update((connection_id, key) for key in stored.values_list("dedupe_key", flat=True))
    return found
