"""The Tryton connector: JSON-RPC as one user of Tryton, whose rights and record rules apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from connectors.erp.tryton.client import TrytonClient
from connectors.erp.tryton.diagnosis import tryton_check
from connectors.erp.tryton.discovery import sources_discover
from connectors.erp.tryton.manifest import CREATE_PURCHASE_ORDER, MANIFEST
from connectors.erp.tryton.mapping import mapping_default
from connectors.erp.tryton.purchase import purchase_lookup, purchase_perform
from connectors.erp.tryton.reader import page_read, record_read, records_count, source_named
from connectors.erp.tryton.scope import Scope, scope_find
from connectors.ports.check import CheckReport
from connectors.ports.erp import (
    ConnectorContext,
    Page,
    Raw,
    SourceCount,
    SourceObject,
    SourceRecord,
    SourceSpec,
    WriteResult,
)
from kernel.errors import ConfigError


class TrytonConnector:
    """Nothing is sent before the first call: wrong settings are a failed check and not a failed start."""

    manifest = MANIFEST

    def __init__(
        self, settings: Mapping[str, Any], credentials: Mapping[str, Any], context: ConnectorContext
    ) -> None:
        self._company = str(settings.get("company") or "").strip()
        self._warehouse = str(settings.get("warehouse") or "").strip()
        self._http = context.http
        self._client = TrytonClient(
            context.http,
            url=str(settings.get("url") or ""),
            database=str(settings.get("database") or ""),
            username=str(settings.get("username") or ""),
            password=str(credentials.get("password") or ""),
            language=context.language,
        )
        self._found: Scope | None = None

    def check(self) -> CheckReport:
        return tryton_check(self._client, self._scope)

    def discover(self) -> list[SourceObject]:
        return sources_discover(self._client)

    def default_mapping(self) -> Mapping[str, Mapping[str, Any]]:
        return mapping_default()

    def poll(self, source: SourceSpec, cursor: Mapping[str, Any], *, limit: int) -> Page:
        found = source_named(source.name)
        return page_read(self._client, self._scope(), found, cursor, limit)

    def get(self, source: SourceSpec, key: str) -> SourceRecord | None:
        found = source_named(source.name)
        return record_read(self._client, self._scope(), found, key)

    def count(self, source: SourceSpec) -> SourceCount | None:
        return records_count(self._client, self._scope(), source_named(source.name))

    def perform(self, action: str, params: Raw, *, idempotency_key: str) -> WriteResult:
        _action_check(action)
        return purchase_perform(self._client, self._scope(), params, idempotency_key)

    def lookup(self, action: str, params: Raw, *, idempotency_key: str) -> WriteResult | None:
        _action_check(action)
        return purchase_lookup(self._client, self._scope(), idempotency_key)

    def close(self) -> None:
        self._client.logout()
        self._http.close()

    def _scope(self) -> Scope:
        if self._found is None:
            self._found = scope_find(self._client, self._company, self._warehouse)
        return self._found


def _action_check(action: str) -> None:
    if action != CREATE_PURCHASE_ORDER.key:
        raise ConfigError(_("The Tryton connector has no action “%(action)s”.") % {"action": action})


def build(
    settings: Mapping[str, Any], credentials: Mapping[str, Any], context: ConnectorContext
) -> TrytonConnector:
    return TrytonConnector(settings, credentials, context)
