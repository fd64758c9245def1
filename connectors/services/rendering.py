"""What a messenger makes of a message, without sending it: a preview is drawn by the code that sends."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from connectors import catalog
from connectors.models import Connection
from connectors.ports.im import Message, Rendered
from connectors.ports.manifest import ConnectorKind
from connectors.services.factory import connector_build


def message_rendered(connection: Connection, message: Message) -> Rendered:
    """As this connection would send it. Goes over no network, so the breaker is not asked."""
    return _rendered(
        connection.connector,
        connection.settings,
        connection.credentials,
        message,
        f"/replies/{connection.slug}/",
    )


def message_rendered_everywhere(message: Message) -> dict[str, Rendered]:
    """As each messenger of the catalog would send it: connector → payload and what is degraded."""
    return {
        key: _rendered(key, {}, {}, message, "/replies/…/")
        for key, manifest in catalog.MANIFESTS.items()
        if manifest.kind is ConnectorKind.IM
    }


def _rendered(
    key: str, settings: Mapping[str, Any], credentials: Mapping[str, Any], message: Message, reply_to: str
) -> Rendered:
    with closing(connector_build(key, settings, credentials, inbound_path=reply_to)) as connector:
        rendered: Rendered = connector.render(message)
        return rendered
