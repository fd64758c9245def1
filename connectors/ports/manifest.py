"""What a connector says about itself. The manifest draws the administrator's form; the core never names a vendor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kernel.text import Localized


class ConnectorKind(StrEnum):
    ERP = "erp"
    IM = "im"


class SettingType(StrEnum):
    TEXT = "text"
    TEXTAREA = "textarea"
    URL = "url"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"


@dataclass(frozen=True)
class Setting:
    """One input of the connection form. `secret` values are stored encrypted and never shown again."""

    name: str
    label: Localized
    type: SettingType = SettingType.TEXT
    required: bool = True
    secret: bool = False
    default: Any = None
    help: Localized = Localized("", "")
    choices: tuple[tuple[str, Localized], ...] = ()
    minimum: int | None = None
    maximum: int | None = None


class IdempotencyMode(StrEnum):
    """How a repeated write is kept from happening twice at the vendor."""

    NATIVE_KEY = "native_key"
    UNIQUE_FIELD = "unique_field"
    SEARCH_FIRST = "search_first"
    STATE_GUARD = "state_guard"
    NONE = "none"


@dataclass(frozen=True)
class WriteAction:
    """A write the connector offers: `create_purchase_order`, `confirm_sales_order` …"""

    key: str
    object: str
    label: Localized
    idempotency: IdempotencyMode
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class ErpCapabilities:
    """What an ERP connector can do, per connector; `check()` may narrow it per connection."""

    polls: bool = True
    discovers: bool = True
    reads_one: bool = True
    pushes: bool = False
    acts_as_person: bool = False
    deletes_visible: bool = True
    counts: bool = False
    updates: bool = False


class RateScope(StrEnum):
    """What a limit counts. A robot is an account at the vendor: connections that use the same one share its limit."""

    CONNECTION = "connection"
    ROBOT = "robot"
    RECIPIENT = "recipient"


@dataclass(frozen=True)
class Rate:
    """At most `count` messages in any `seconds`, counted per `scope`.

    `count` None: the vendor documents no number, an administrator may set one.
    """

    count: int | None
    seconds: int
    scope: RateScope = RateScope.CONNECTION

    @property
    def key(self) -> str:
        return f"{self.scope}-{self.seconds}"


@dataclass(frozen=True)
class Quota:
    """At most `count` messages in a month of `zone`; "" is the installation's. `count` None as in Rate."""

    count: int | None
    zone: str = ""


@dataclass(frozen=True)
class ImCapabilities:
    """What a messenger can show and take. Drives degradation; see ARCHITECTURE.md section 4."""

    buttons: int = 0
    card_input: bool = False
    update: bool = False
    text_reply: bool = False
    inbound: bool = False
    text_bytes: int = 2048
    confirms_delivery: bool = True
    interrupts: bool = True
    """False: it only lies there until somebody looks; quiet hours need not hold it."""
    send_idempotent: bool = False
    groups: bool = False
    """It has group chats and tells who is in them: the connector is a GroupSender too. (Those of the built-in inbox
    are the roles of Baton itself.)"""
    rates: tuple[Rate, ...] = ()
    quota: Quota | None = None


@dataclass(frozen=True)
class Manifest:
    """The card of a connector. `docs_read_on` is the day the vendor's documents were read."""

    key: str
    kind: ConnectorKind
    label: Localized
    summary: Localized
    docs_url: str
    docs_read_on: dt.date
    settings: tuple[Setting, ...]
    erp: ErpCapabilities | None = None
    im: ImCapabilities | None = None
    writes: tuple[WriteAction, ...] = ()
    poll_seconds: float = 15.0
    limits: Mapping[str, str] = field(default_factory=dict)

    def secret_names(self) -> frozenset[str]:
        return frozenset(setting.name for setting in self.settings if setting.secret)

    def write(self, key: str) -> WriteAction | None:
        return next((write for write in self.writes if write.key == key), None)
