"""Items → Event rows. One transaction for as many requests as wait (group commit)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from connectors.models import Event, EventState
from connectors.selectors import hook_mappings
from connectors.services.inbound import inbound_event
from kernel.rows import rows_insert_new
from kernel.text import text_show

UNIQUE = ("connection_id", "dedupe_key")


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
    mappings = {
        connection_id: hook_mappings(connection_id)
        for connection_id in {request.connection_id for request in batch}
    }
    rows: list[tuple[Received, int, Event]] = []
    for request in batch:
        known = mappings[request.connection_id]
        rows += [
            (request, index, inbound_event(request.connection_id, item, known))
            for index, item in enumerate(request.items)
        ]
    with transaction.atomic():
        fresh = rows_insert_new(Event, [event for _request, _index, event in rows], UNIQUE)
    for request, index, event in rows:
        mark = (event.connection_id, event.dedupe_key)
        if mark in fresh:
            fresh.remove(mark)  # of two in this batch the first is the one that was stored
            request.accepted += 1
        else:
            request.duplicates += 1
        if event.state == EventState.NEEDS_MAPPING:
            request.quarantined.append((index, event.reason))
