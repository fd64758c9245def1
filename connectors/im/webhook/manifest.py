"""The card of the signed webhook."""

from __future__ import annotations

import datetime as dt

from connectors.ports.manifest import (
    ConnectorKind,
    ImCapabilities,
    Manifest,
    Quota,
    Rate,
    RateScope,
    Setting,
    SettingType,
)
from kernel.text import Localized

MANIFEST = Manifest(
    key="im.webhook",
    kind=ConnectorKind.IM,
    label=Localized("Signed webhook", "签名 Webhook"),
    summary=Localized(
        "Posts every message as signed JSON to an address of yours; answers come back signed.",
        "把每条消息以签名的 JSON 发送到您的地址；答复以同样的签名送回。",
    ),
    docs_url="https://www.standardwebhooks.com/",
    docs_read_on=dt.date(2026, 11, 22),
    settings=(
        Setting(
            "url",
            Localized("Address", "地址"),
            SettingType.URL,
            help=Localized(
                "Where messages are posted. Redirects are not followed: enter the final address.",
                "消息发送到的地址。不跟随重定向，请填写最终地址。",
            ),
        ),
        Setting(
            "signing_secret",
            Localized("Signing secret", "签名密钥"),
            secret=True,
            help=Localized(
                "whsec_ followed by at least 24 random bytes in base64, or any long random text. "
                "The receiver must hold the same.",
                "whsec_ 加至少 24 个随机字节的 base64，或任意较长的随机文本。接收方须使用同一密钥。",
            ),
        ),
        Setting(
            "bearer_token",
            Localized("Bearer token", "Bearer 令牌"),
            required=False,
            secret=True,
            help=Localized(
                "Only if the receiver (a gateway, say) asks for an Authorization header too.",
                "仅当接收方（例如网关）还要求 Authorization 头时填写。",
            ),
        ),
        Setting(
            "timeout_seconds",
            Localized("Time-out (seconds)", "超时（秒）"),
            SettingType.INTEGER,
            required=False,
            default=10,
            minimum=1,
            maximum=60,
        ),
        Setting(
            "may_discard",
            Localized("The receiver may discard messages silently", "接收方可能静默丢弃消息"),
            SettingType.BOOLEAN,
            required=False,
            default=False,
            help=Localized(
                "A 2xx then means “sent”, not “delivered”: without a receipt, a look or an answer in time, "
                "the next channel or person is tried.",
                "此时 2xx 只表示“已发送”，不表示“已送达”：若未按时收到回执、查看或答复，将尝试下一个渠道或下一个人。",
            ),
        ),
    ),
    im=ImCapabilities(
        buttons=10,
        card_input=True,
        update=True,
        text_reply=True,
        inbound=True,
        text_bytes=64 * 1024,
        confirms_delivery=True,
        send_idempotent=True,
        groups=True,
        # The receiver is the customer's own: nobody documents a number, an administrator may.
        rates=(Rate(None, 1), Rate(None, 60), Rate(None, 60, RateScope.RECIPIENT)),
        quota=Quota(None),
    ),
    limits={
        "body_bytes": "65536",
        "inbound_age_seconds": "300",
        "inbound_items": "100",
        "group_members": "5000",
    },
)
