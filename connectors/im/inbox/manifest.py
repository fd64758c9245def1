"""The card of the built-in web inbox."""

from __future__ import annotations

import datetime as dt

from connectors.ports.manifest import ConnectorKind, ImCapabilities, Manifest
from kernel.text import Localized

MANIFEST = Manifest(
    key="im.inbox",
    kind=ConnectorKind.IM,
    label=Localized("Web inbox", "网页收件箱"),
    summary=Localized(
        "Baton's own inbox in the browser. Needs no account anywhere; everybody who can log in has one.",
        "Baton 自带的网页收件箱。无需任何外部账号，能登录的人都有一个。",
    ),
    docs_url="connectors/im/inbox/README.md",
    docs_read_on=dt.date(2026, 11, 22),
    settings=(),
    im=ImCapabilities(
        buttons=10,
        card_input=True,
        update=True,
        text_reply=True,
        inbound=True,
        text_bytes=64 * 1024,
        confirms_delivery=True,
        interrupts=False,
        send_idempotent=True,
        groups=True,
    ),
)
