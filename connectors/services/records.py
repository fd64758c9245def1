"""Storing what was detected: records and their events, in one transaction."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from connectors.dictionary.types import DictionaryObject, Dimension
from connectors.mapping import CompiledMapping, Mapped, moment_read
from connectors.models import Connection, Event, EventState, Record, RecordedObject
from connectors.ports.erp import SourceRecord
from kernel import clock, doorbell

PLAN_QUEUE = "plan"
DIMENSION_COLUMNS = tuple(dimension.value for dimension in Dimension)


def fingerprint(raw: Mapping[str, Any]) -> str:
    """128 bits over the raw record: equal means nothing moved."""
    text = json.dumps(raw, sort_keys=True, default=str, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def scope_columns(dictionary_object: DictionaryObject, data: Mapping[str, Any]) -> dict[str, str]:
    """The record's value of every scope dimension; empty where it has none."""
    columns = dict.fromkeys(DIMENSION_COLUMNS, "")
    for each in dictionary_object.fields:
        if each.dimension is not None and data.get(each.name) is not None:
            columns[each.dimension.value] = str(data[each.name])[:60]
    return columns


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def raw_json(raw: Any) -> Any:
    """A raw record as JSON types (decimals as text)."""
    if isinstance(raw, Mapping):
        return {str(key): raw_json(value) for key, value in raw.items()}
    if isinstance(raw, list | tuple):
        return [raw_json(value) for value in raw]
    if raw is None or isinstance(raw, bool | int | str):
        return raw
    if isinstance(raw, dt.datetime | dt.date):
        return raw.isoformat()
    return format(raw, "f") if hasattr(raw, "as_tuple") else str(raw)


class PageStore:
    """Stores one page of a walk: compares with the record store and writes records and events together."""

    def __init__(self, recorded: RecordedObject, mapping: CompiledMapping) -> None:
        self.recorded = recorded
        self.mapping = mapping
        self.first_walk = recorded.snapshot_at is None
        self.now = clock.now()

    def store(self, page: Sequence[SourceRecord]) -> int:
        """Write what changed. Returns the number of events made. Call inside a transaction."""
        known = {
            row.key: row
            for row in Record.objects.select_for_update(of=("self",)).filter(
                connection_id=self.recorded.connection_id,
                object=self.recorded.object,
                key__in=[item.key for item in page],
            )
        }
        created: list[Record] = []
        updated: list[Record] = []
        events: list[Event] = []
        for item in page:
            row = known.get(item.key)
            mark = fingerprint(item.data)
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
                row = Record(connection_id=self.recorded.connection_id, object=self.recorded.object, key=mapped.key)
                row.planned_data = dict(mapped.data) if self.first_walk else None
                created.append(row)
            else:
                updated.append(row)
            self._state(row, item, mapped.data, mark)
        Record.objects.bulk_create(created)
        Record.objects.bulk_update(
            updated, ["data", "fingerprint", "changed_at", "gone", "updated_at", *DIMENSION_COLUMNS]
        )
        Event.objects.bulk_create(events, ignore_conflicts=True)
        if events:
            doorbell.ring(PLAN_QUEUE)
        return len(events)

    def gone(self, keys: Iterable[str]) -> int:
        """Records that the finished walk did not show."""
        events = []
        rows = list(
            Record.objects.select_for_update(of=("self",)).filter(
                connection_id=self.recorded.connection_id, object=self.recorded.object, key__in=list(keys), gone=False
            )
        )
        for row in rows:
            row.gone, row.updated_at = True, self.now
            events.append(self._base(row.key, "gone", f"gone:{row.fingerprint}", after=None, before=row.data))
        Record.objects.bulk_update(rows, ["gone", "updated_at"])
        Event.objects.bulk_create(events, ignore_conflicts=True)
        if events:
            doorbell.ring(PLAN_QUEUE)
        return len(events)

    def _state(self, row: Record, item: SourceRecord, data: Mapping[str, Any], mark: str) -> None:
        row.data, row.fingerprint, row.gone = dict(data), mark, False
        row.changed_at = moment_read(item.changed_at, self.mapping.zone) if item.changed_at else None
        row.updated_at = self.now
        for column, value in scope_columns(self.mapping.object, data).items():
            setattr(row, column, value)

    def _event(self, item: SourceRecord, mapped: Mapped, row: Record | None, mark: str) -> Event | None:
        if not mapped.ok:
            event = self._base(
                mapped.key or item.key, "changed" if row else "created", f"unmapped:{mark}", after=None, before=None
            )
            event.state, event.reason = EventState.NEEDS_MAPPING, mapped.reason
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

    def _base(self, key: str, change: str, mark: str, *, after: Any, before: Any) -> Event:
        # The same state may return later (10 → 8 → 10 → 8), so the walk's time is part of the key.
        stamp = f"{self.now:%Y%m%d%H%M%S%f}"
        return Event(
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


def record_refresh(connection: Connection, mapping: CompiledMapping, item: SourceRecord) -> Record | None:
    """Store a record just read back, as a poll would have. Returns its row (None when it does not map)."""
    recorded = RecordedObject.objects.filter(connection=connection, object=mapping.object.name).first()
    if recorded is None or recorded.snapshot_at is None:
        return None
    with transaction.atomic():
        PageStore(recorded, mapping).store([item])
        return Record.objects.filter(connection=connection, object=mapping.object.name, key=item.key).first()


