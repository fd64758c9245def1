"""A source of pages for tests: whatever is put into `rows` is what the ERP shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from connectors.models import Connection, Event, Record, RecordedObject
from connectors.ports.erp import Page, SourceRecord, SourceSpec
from connectors.services import poll
from connectors.services.connections import connection_register, mapping_save
from kernel import clock

MAPPING: dict[str, Any] = {
    "source": "v_stock",
    "key": "id",
    "fields": {name: {"source": name} for name in ("product_code", "warehouse", "on_hand", "reorder_level")},
}


class Walk:
    """Stands for the connector; `page_rows` per page."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: list[tuple[str, dict[str, Any]]] = []
        self.page_rows = 1_000
        self.before_page: Any = None
        self.connection, _report = connection_register(
            None, name="erp", slug="erp", connector="erp.webhook", values={}, checked=False
        )
        mapping_save(None, self.connection, "stock_level", MAPPING)
        monkeypatch.setattr(poll, "erp_open", self._open)

    def _open(self, _connection: Connection) -> Walk:
        return self

    def __enter__(self) -> Walk:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def poll(self, _source: SourceSpec, cursor: Mapping[str, Any], *, limit: int) -> Page:
        if self.before_page is not None:
            self.before_page()
        start = int(cursor.get("at", 0))
        end = start + self.page_rows
        records = tuple(SourceRecord(key, data) for key, data in self.rows[start:end])
        has_more = end < len(self.rows)
        return Page(records, {"at": end} if has_more else {}, has_more)

    @property
    def recorded(self) -> RecordedObject:
        return RecordedObject.objects.select_related("connection").get(object="stock_level")

    def put(self, key: str, on_hand: Any, **values: Any) -> None:
        row = {
            "id": key,
            "product_code": key,
            "warehouse": "EAST",
            "on_hand": on_hand,
            "reorder_level": 100,
            **values,
        }
        self.rows = [each for each in self.rows if each[0] != key] + [(key, row)]

    def walk(self) -> None:
        RecordedObject.objects.update(available_at=clock.now(), lease_until=None)
        assert poll.poll_drain() == 1

    @staticmethod
    def events() -> list[tuple[str, str, str]]:
        return list(Event.objects.order_by("id").values_list("key", "change", "state"))

    def record(self, key: str) -> Record:
        return Record.objects.get(connection=self.connection, key=key)
