"""A source that only sends; the core verifies and maps what comes, with the connection's own secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from connectors.erp.webhook.manifest import MANIFEST
from connectors.ports.check import CheckItem, CheckReport
from connectors.ports.erp import (
    ConnectorContext,
    Page,
    Raw,
    SourceObject,
    SourceRecord,
    SourceSpec,
    WriteResult,
)
from kernel.errors import ConfigError
from kernel.text import Localized


class WebhookConnector:
    """Asking it for anything is a ConfigError that says so."""

    manifest = MANIFEST

    def check(self) -> CheckReport:
        """Always ok: there is nothing to reach."""
        label = Localized("Waiting for events", "等待事件送达")
        return CheckReport((CheckItem("inbound", label, True),))

    def discover(self) -> list[SourceObject]:
        raise ConfigError(
            _("An inbound webhook has nothing to look up. Send it one event and map the fields from that.")
        )

    def default_mapping(self) -> Mapping[str, Mapping[str, Any]]:
        return {}

    def poll(self, source: SourceSpec, cursor: Mapping[str, Any], *, limit: int) -> Page:
        raise _only_sends()

    def get(self, source: SourceSpec, key: str) -> SourceRecord | None:
        raise _only_sends()

    def perform(self, action: str, params: Raw, *, idempotency_key: str) -> WriteResult:
        raise _only_sends()

    def lookup(self, action: str, params: Raw, *, idempotency_key: str) -> WriteResult | None:
        raise _only_sends()

    def close(self) -> None:
        """Holds nothing."""


def build(
    settings: Mapping[str, Any], credentials: Mapping[str, Any], context: ConnectorContext
) -> WebhookConnector:
    return WebhookConnector()


def _only_sends() -> ConfigError:
    return ConfigError(
        _(
            "An inbound webhook only sends events; it cannot be read or written. "
            "Use a connection to the ERP itself for that."
        )
    )
