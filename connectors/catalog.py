"""The catalog of connectors: one line each. Checked at start-up."""

from __future__ import annotations

from connectors.ports.manifest import Manifest
from kernel.registry import Registry

MANIFESTS: Registry[Manifest] = Registry(
    "connector",
    {
        "erp.sql": "connectors.erp.sql.manifest:MANIFEST",
        "erp.tryton": "connectors.erp.tryton.manifest:MANIFEST",
        "erp.webhook": "connectors.erp.webhook.manifest:MANIFEST",
        "im.inbox": "connectors.im.inbox.manifest:MANIFEST",
        "im.webhook": "connectors.im.webhook.manifest:MANIFEST",
    },
)


def manifest(key: str) -> Manifest:
    """The manifest of a connector. Raises ConfigError for an unknown key."""
    return MANIFESTS.get(key)


def factory_path(key: str) -> str:
    """The dotted path of a connector's factory, by the folder rule: `connectors.<kind>.<vendor>.connector:build`."""
    return f"connectors.{key}.connector:build"
