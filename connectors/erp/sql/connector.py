"""The SQL connector: reads agreed views, writes an agreed staging table, changes the fields of the write set alone."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from connectors.erp.sql.client import SqlClient
from connectors.erp.sql.diagnosis import target_check
from connectors.erp.sql.discovery import sources_discover
from connectors.erp.sql.manifest import MANIFEST
from connectors.erp.sql.mapping import mapping_default
from connectors.erp.sql.reader import Reader
from connectors.erp.sql.staging import Staging, payload_build
from connectors.erp.sql.target import Target, target_parse
from connectors.erp.sql.updating import Updating
from connectors.ports.check import CheckReport
from connectors.ports.erp import (
    ConnectorContext,
    Page,
    Raw,
    RecordUpdate,
    SourceCount,
    SourceObject,
    SourceRecord,
    SourceSpec,
    WriteResult,
)


class SqlConnector:
    """Settings are judged at first use, so that a bad address is a failed check and not a failed start."""

    manifest = MANIFEST

    def __init__(
        self, settings: Mapping[str, Any], credentials: Mapping[str, Any], context: ConnectorContext
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._context = context
        self._opened: tuple[SqlClient, Reader] | None = None
        self._lock = threading.Lock()

    def check(self) -> CheckReport:
        return target_check(self._open)

    def discover(self) -> list[SourceObject]:
        client, _reader = self._open()
        return sources_discover(client)

    def default_mapping(self) -> Mapping[str, Mapping[str, Any]]:
        target = self._target()
        return mapping_default(target.view_prefix, target.zone)

    def poll(self, source: SourceSpec, cursor: Mapping[str, Any], *, limit: int) -> Page:
        _client, reader = self._open()
        return reader.page(source, cursor, limit)

    def get(self, source: SourceSpec, key: str) -> SourceRecord | None:
        _client, reader = self._open()
        return reader.one(source, key)

    def count(self, source: SourceSpec) -> SourceCount:
        _client, reader = self._open()
        return reader.count(source)

    def perform(self, action: str, params: Raw, *, idempotency_key: str) -> WriteResult:
        return Staging(*self._open()).entry_put(action, params, idempotency_key)

    def lookup(self, action: str, params: Raw, *, idempotency_key: str) -> WriteResult | None:
        payload_build(action, params, idempotency_key)
        return Staging(*self._open()).entry_result(action, params, idempotency_key, already=True)

    def writable(self, source: SourceSpec) -> frozenset[str]:
        allowed = self._target().write_set.get(source.name)
        return frozenset(allowed.columns) if allowed is not None else frozenset()

    def update(self, update: RecordUpdate, *, idempotency_key: str) -> WriteResult:
        return Updating(*self._open()).change(update, idempotency_key)

    def update_lookup(self, source: SourceSpec, key: str, *, idempotency_key: str) -> WriteResult | None:
        return Updating(*self._open()).found(source, key, idempotency_key)

    def close(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, None
        if opened:
            opened[0].close()

    def _target(self) -> Target:
        return target_parse(self._settings, self._credentials, self._context.http.allow_nets)

    def _open(self) -> tuple[SqlClient, Reader]:
        with self._lock:
            if self._opened is None:
                client = SqlClient(self._target())
                self._opened = (client, Reader(client))
            return self._opened


def build(
    settings: Mapping[str, Any], credentials: Mapping[str, Any], context: ConnectorContext
) -> SqlConnector:
    return SqlConnector(settings, credentials, context)
