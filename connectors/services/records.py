"""Storing what was detected: records and their events, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from connectors.dictionary.types import DictionaryObject, Dimension
from connectors.mapping import CompiledMapping, Mapped, moment_read, raw_json
from connectors.models import Connection, Event, EventState, Record, RecordedObject
from connectors.ports.erp import SourceRecord
from kernel import clock, doorbell
from kernel.rows import Writes, row_new, rows_insert_new, rows_update
from kernel.statements import Raw, Select
from kernel.text import text_store

PLAN_QUEUE = "plan"
DIMENSION_COLUMNS = tuple(dimension.value for dimension in Dimension)
STATE_FIELDS = (
    *("data", "fingerprint", "changed_at", "gone", "updated_at", "planned_data"),
    *DIMENSION_COLUMNS,
)


_encode = json.JSONEncoder(sort_keys=True, default=str, separators=(",", ":")).encode


def fingerprint(raw: Mapping[str, Any], mapping_version: int) -> str:
    """128 bits over the raw record and the mapping it was read with: equal means nothing moved."""
    return hashlib.blake2b(_encode([mapping_version, raw]).encode(), digest_size=16).hexdigest()


def scope_columns(dictionary_object: DictionaryObject, data: Mapping[str, Any]) -> dict[str, str]:
    """The record's value of every scope dimension; empty where it has none.

    A value too long for its column counts as none: cut off it could be taken for another one.
    """
    columns = dict.fromkeys(DIMENSION_COLUMNS, "")
    for each in dictionary_object.fields:
        if each.dimension is not None and data.get(each.name) is not None:
            value = str(data[each.name])
            columns[each.dimension.value] = value if len(value) <= 60 else ""
    return columns


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


_WHOSE = "connection_id = %s AND object = %s AND key {any}"
_MARKS = Raw(f"SELECT key, fingerprint, gone FROM connectors_record WHERE {_WHOSE}")
_LOCKED = Select(Record, _WHOSE, tail="ORDER BY id", lock=True)


class PageStore:
    """Stores one page of a walk: compares with the record store and writes records and events together."""

    def __init__(self, recorded: RecordedObject, mapping: CompiledMapping) -> None:
        self.recorded = recorded
        self.mapping = mapping
        self.first_walk = recorded.snapshot_at is None
        self.now = clock.now()

    def store(self, page: Sequence[SourceRecord]) -> int:
        """Write what changed. Returns the number of events made. Call inside a transaction."""
        moved = self._moved(page)
        if not moved:
            return 0
        known = {row.key: row for row in _LOCKED.rows(*self._whose, [item.key for item, _mark in moved])}
        created: list[Record] = []
        updated: list[Record] = []
        events: list[Event] = []
        for item, mark in moved:
            row = known.get(item.key)
            if row is not None and row.fingerprint == mark and not row.gone:
                continue
            mapped = self.mapping.map(item.data, item.key)
            event = self._event(item, mapped, row, mark)
            if event is not None:
                events.append(event)
            if not mapped.ok:
                if row is not None:
                    row.fingerprint = mark
                    updated.append(row)
                continue
            if row is None:
                row = row_new(
                    Record,
                    connection_id=self.recorded.connection_id,
                    object=self.recorded.object,
                    key=mapped.key,
                )
                created.append(row)
            else:
                updated.append(row)
            if self.first_walk and row.planned_event_id is None:
                row.planned_data = dict(mapped.data)
            self._state(row, item, mapped.data, mark)
        writes = Writes()
        writes.insert(Record, created)
        writes.update(Record, updated, STATE_FIELDS)
        writes.run()
        return _events_store(events)

    def _moved(self, page: Sequence[SourceRecord]) -> list[tuple[SourceRecord, str]]:
        """Records that are not as stored, with their fingerprints. What did not move is neither locked nor mapped."""
        items = {each.key: each for each in page}
        stored = {key: (mark, gone) for key, mark, gone in _MARKS.rows(*self._whose, list(items))}
        marked = [(item, fingerprint(item.data, self.mapping.version)) for item in items.values()]
        return [(item, mark) for item, mark in marked if stored.get(item.key) != (mark, False)]

    @property
    def _whose(self) -> tuple[int, str]:
        return self.recorded.connection_id, self.recorded.object

    def gone(self, keys: Iterable[str]) -> int:
        """Records that the finished walk did not show."""
        events = []
        rows = [row for row in _LOCKED.rows(*self._whose, list(keys)) if not row.gone]
        for row in rows:
            row.gone, row.updated_at = True, self.now
            events.append(self._base(row.key, "gone", f"gone:{row.fingerprint}", after=None, before=row.data))
        rows_update(Record, rows, ("gone", "updated_at"))
        return _events_store(events)

    def _state(self, row: Record, item: SourceRecord, data: Mapping[str, Any], mark: str) -> None:
        row.data, row.fingerprint, row.gone = dict(data), mark, False
        row.changed_at = moment_read(item.changed_at, self.mapping.zone) if item.changed_at else None
        row.updated_at = self.now
        for column, value in scope_columns(self.mapping.object, data).items():
            setattr(row, column, value)

    def _event(self, item: SourceRecord, mapped: Mapped, row: Record | None, mark: str) -> Event | None:
        if not mapped.ok:
            # Every walk meets it again until somebody corrects the mapping: one row, so no walk's time in its key.
            event = self._base(
                mapped.key or item.key,
                "changed" if row else "created",
                mark,
                after=None,
                before=None,
                walk="unmapped",
            )
            event.state, event.reason = EventState.NEEDS_MAPPING, text_store(mapped.reason)
            event.available_at = None
        elif self.first_walk:
            return None
        elif row is None or row.gone:
            event = self._base(mapped.key, "created", mark, after=mapped.data, before=None)
        elif changed := changed_fields(row.data, mapped.data):
            event = self._base(mapped.key, "changed", mark, after=mapped.data, before=row.data)
            event.changed = changed
        else:
            return None
        event.raw = raw_json(item.data)
        if item.changed_at:
            event.occurred_at = moment_read(item.changed_at, self.mapping.zone)
        event.source_version = item.version
        return event

    def _base(self, key: str, change: str, mark: str, *, after: Any, before: Any, walk: str = "") -> Event:
        # The same state may return later (10 → 8 → 10 → 8), so the walk's time is part of the key.
        stamp = walk or f"{self.now:%Y%m%d%H%M%S%f}"
        return row_new(
            Event,
            connection_id=self.recorded.connection_id,
            object=self.recorded.object,
            key=key[:200],
            change=change,
            source="poll",
            dedupe_key=hashlib.blake2b(
                f"{self.recorded.object}|{key}|{change}|{mark}|{stamp}".encode(), digest_size=20
            ).hexdigest(),
            after=dict(after) if after is not None else None,
            before=dict(before) if before is not None else None,
            mapping_version=self.mapping.version,
            detected_at=self.now,
            available_at=self.now,
        )


def _events_store(events: Sequence[Event]) -> int:
    rows_insert_new(Event, events, ("connection_id", "dedupe_key"))
    if events:
        doorbell.ring(PLAN_QUEUE)
    return len(events)


def record_refresh(connection: Connection, mapping: CompiledMapping, item: SourceRecord) -> Record | None:
    """Store a record just read back, as a poll would have. Returns its row (None when it does not map)."""
    recorded = RecordedObject.objects.filter(connection=connection, object=mapping.object.name).first()
    if recorded is None or recorded.snapshot_at is None:
        return None
    with transaction.atomic():
        PageStore(recorded, mapping).store([item])
        return Record.objects.filter(connection=connection, object=mapping.object.name, key=item.key).first()
