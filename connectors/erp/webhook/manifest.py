"""What the inbound webhook says about itself."""

from __future__ import annotations

import datetime as dt

from connectors.ports.manifest import ConnectorKind, ErpCapabilities, Manifest
from kernel.text import Localized as L

MANIFEST = Manifest(
    key="erp.webhook",
    kind=ConnectorKind.ERP,
    label=L("Inbound webhook", "入站 Webhook"),
    summary=L(
        "Any system that can post JSON: its events arrive here, nothing is asked of it.",
        "任何能够推送 JSON 的系统：事件由它送达，Baton 不主动访问它。",
    ),
    docs_url="https://www.standardwebhooks.com/",
    docs_read_on=dt.date(2026, 11, 22),
    settings=(),
    erp=ErpCapabilities(polls=False, discovers=False, reads_one=False, pushes=True),
)
