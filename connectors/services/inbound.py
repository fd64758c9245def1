"""One inbound item → its Event row. What does not map becomes a row too, and can be mapped again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from connectors.mapping import CompiledMapping, moment_read, path_read
from connectors.models import Event, EventState
from kernel import clock
from kernel.rows import row_new
from kernel.text import localized, text_store

CHANGES = frozenset({"created", "changed", "gone", "event"})
MOST_KEY = 190


def inbound_event(connection_id: int, item: Any, mappings: Sequence[CompiledMapping]) -> Event:
    """The unsaved row. `mappings` are the connection's inbound ones; the first whose `match` fits is used."""
    now = clock.now()
    event = row_new(
        Event, connection_id=connection_id, change="event", source="hook", raw=item, detected_at=now
    )
    event.dedupe_key = f"body:{_digest(item)}"
    mapping = mapping_matching(item, mappings)
    if mapping is None:
        no_fit = gettext_noop("No inbound mapping of this connection fits the item.")
        is_object = isinstance(item, Mapping)
        words = localized(no_fit if is_object else gettext_noop("The item is not a JSON object."))
        event.state, event.reason = EventState.NEEDS_MAPPING, text_store(words)
        return event
    event_fill(event, item, mapping)
    return event


def mapping_matching(item: Any, mappings: Sequence[CompiledMapping]) -> CompiledMapping | None:
    """The first mapping whose `match` fits; none fits what is no JSON object."""
    if not isinstance(item, Mapping):
        return None
    for mapping in mappings:
        wanted = mapping.definition.get("event", {}).get("match", {})
        if all(path_read(item, path) == value for path, value in wanted.items()):
            return mapping
    return None


def event_fill(event: Event, item: Mapping[str, Any], mapping: CompiledMapping) -> None:
    """Everything the mapping tells of the item, on an unsaved or stored row: due to be planned, or why it does not map."""
    about = mapping.definition.get("event", {})
    event.object, event.mapping_version = mapping.object.name, mapping.version
    identifier = path_read(item, about["id"]) if about.get("id") else None
    if identifier not in (None, ""):
        known = str(identifier)
        event.source_event_id = known[:200]
        event.dedupe_key = f"id:{known}" if len(known) <= MOST_KEY else f"id#:{_digest(known)}"
    change = (
        path_read(item, about["change_path"]) if about.get("change_path") else about.get("change", "changed")
    )
    event.change = change if isinstance(change, str) and change in CHANGES else "changed"
    _ordered(event, item, about, mapping)
    mapped = mapping.map(item)
    event.key = mapped.key
    if not mapped.ok:
        event.state, event.reason, event.available_at = (
            EventState.NEEDS_MAPPING,
            text_store(mapped.reason),
            None,
        )
        return
    event.state, event.reason, event.available_at = EventState.NEW, "", clock.now()
    event.after = dict(mapped.data)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def _ordered(event: Event, item: Any, about: Mapping[str, Any], mapping: CompiledMapping) -> None:
    """When it happened, and what orders the source's states of one record: its version, else that time."""
    stamp = path_read(item, about["occurred_at"]) if about.get("occurred_at") else None
    if stamp is not None:
        try:
            event.occurred_at = moment_read(stamp, mapping.zone)
        except ValueError:
            event.occurred_at = None
    version = path_read(item, about["version"]) if about.get("version") else None
    if version is not None:
        event.source_version = str(version).rjust(20, "0")[:64]
    elif event.occurred_at is not None:
        event.source_version = f"{event.occurred_at.timestamp():020.6f}"
