"""Items → Event rows. One transaction for as many requests as wait (group commit)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.mapping import CompiledMapping, moment_read, path_read
from connectors.models import Event, EventState
from connectors.selectors import hook_mappings
from kernel import clock

CHANGES = frozenset({"created", "changed", "gone", "event"})


@dataclass
class Received:
    """One request's items, and what became of them once stored."""

    connection_id: int
    items: list[Any]
    accepted: int = 0
    duplicates: int = 0
    quarantined: list[dict[str, Any]] = field(default_factory=list)

    def answer(self) -> dict[str, Any]:
        return {"accepted": self.accepted, "duplicates": self.duplicates, "quarantined": self.quarantined}


def received_store(batch: Sequence[Received]) -> None:
    """Store a batch of requests in one transaction and count per request. Rows are committed when this returns."""
    mappings = {request.connection_id: hook_mappings(request.connection_id) for request in batch}
    rows: list[tuple[Received, int, Event]] = []
    for request in batch:
        for index, item in enumerate(request.items):
            rows.append((request, index, _event(request.connection_id, item, mappings[request.connection_id])))
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
    for request, index, event, is_new in counts:
        if not is_new:
            request.duplicates += 1
        else:
            request.accepted += 1
        if event.state == EventState.NEEDS_MAPPING:
            request.quarantined.append({"index": index, "reason": event.reason})


def _known_keys(events: Sequence[Event]) -> set[tuple[int, str]]:
    found: set[tuple[int, str]] = set()
    by_connection: dict[int, list[str]] = {}
    for event in events:
        by_connection.setdefault(event.connection_id, []).append(event.dedupe_key)
    for connection_id, keys in by_connection.items():
        for start in range(0, len(keys), 500):
            stored = Event.objects.filter(connection_id=connection_id, dedupe_key__in=keys[start : start + 500])
            found.update((connection_id, key) for key in stored.values_list("dedupe_key", flat=True))
    return found


def _matching(item: Any, mappings: Sequence[CompiledMapping]) -> CompiledMapping | None:
    for mapping in mappings:
        wanted = mapping.definition.get("event", {}).get("match", {})
        if all(path_read(item, path) == value for path, value in wanted.items()):
            return mapping
    return None


def _event(connection_id: int, item: Any, mappings: Sequence[CompiledMapping]) -> Event:
    now = clock.now()
    event = Event(connection_id=connection_id, change="event", source="hook", raw=item, detected_at=now)
    digest = hashlib.blake2b(
        json.dumps(item, sort_keys=True, ensure_ascii=False, default=str).encode(), digest_size=20
    ).hexdigest()
    event.dedupe_key = f"body:{digest}"
    mapping = _matching(item, mappings) if isinstance(item, dict) else None
    if mapping is None:
        event.state = EventState.NEEDS_MAPPING
        event.reason = (
            _("No inbound mapping of this connection fits the item.")
            if isinstance(item, dict)
            else _("The item is not a JSON object.")
        )
        return event
    about = mapping.definition.get("event", {})
    event.object, event.mapping_version = mapping.object.name, mapping.version
    identifier = path_read(item, about["id"]) if about.get("id") else None
    if identifier not in (None, ""):
        event.source_event_id = str(identifier)[:200]
        event.dedupe_key = f"id:{identifier}"[:200] if len(str(identifier)) <= 190 else event.dedupe_key
    change = path_read(item, about["change_path"]) if about.get("change_path") else about.get("change", "changed")
    event.change = str(change) if change in CHANGES else "changed"
    _occurred(event, item, about, mapping)
    mapped = mapping.map(item)
    event.key = mapped.key
    if not mapped.ok:
        event.state, event.reason = EventState.NEEDS_MAPPING, mapped.reason
        return event
    event.after = dict(mapped.data)
    event.available_at = now
    return event


def _occurred(event: Event, item: Any, about: dict[str, Any], mapping: CompiledMapping) -> None:
    stamp = path_read(item, about["occurred_at"]) if about.get("occurred_at") else None
    if stamp is not None:
        try:
            event.occurred_at = moment_read(stamp, mapping.zone)
        except (ValueError, OverflowError, OSError):
            event.occurred_at = None
    version = path_read(item, about["version"]) if about.get("version") else None
    if version is not None:
        event.source_version = str(version).rjust(20, "0")[:64]
    elif event.occurred_at is not None:
        event.source_version = f"{event.occurred_at.timestamp():020.6f}"
