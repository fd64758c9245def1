"""The port every ERP connector implements. Synchronous, no ORM, no Celery, no global state.

Records cross this port *raw*: the vendor's own field names and values as plain JSON-able Python (Decimal, date and
datetime allowed). connectors/mapping.py turns them into dictionary objects and back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from connectors.ports.check import CheckReport
from connectors.ports.manifest import Manifest
from kernel.errors import Rejected
from kernel.http import HttpClient
from kernel.text import Localized

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class ConnectorContext:
    """What the host gives a connector: a guarded HTTP client (the connector's own: its close() closes it), and the
    path on this server to which the vendor may post (empty where there is none). Time comes from kernel.clock.
    """

    http: HttpClient
    language: str = "en"
    inbound_path: str = ""


@dataclass(frozen=True)
class SourceField:
    """A field as the vendor describes it."""

    name: str
    label: Localized
    type: str
    required: bool = False
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class SourceObject:
    """Something readable at the vendor: a view, a model, a table. `name` is what poll() and get() take."""

    name: str
    label: Localized
    key_field: str
    fields: tuple[SourceField, ...]
    suggested_object: str = ""


@dataclass(frozen=True)
class SourceSpec:
    """What to read: the vendor's name of it, its key field, and the fields the mapping needs."""

    name: str
    key_field: str
    fields: tuple[str, ...]
    changed_at_field: str = ""


@dataclass(frozen=True)
class SourceRecord:
    """One raw record. `version` orders states of the same record where the vendor can tell (else "")."""

    key: str
    data: Raw
    version: str = ""
    changed_at: dt.datetime | None = None


@dataclass(frozen=True)
class Page:
    """`snapshot`: together the pages of one walk (until `has_more` is false) hold every record that exists.

    `unchanged`: the vendor could tell cheaply that nothing moved since `cursor`; `records` is then empty.
    """

    records: tuple[SourceRecord, ...]
    cursor: Mapping[str, Any]
    has_more: bool = False
    snapshot: bool = True
    unchanged: bool = False


@dataclass(frozen=True)
class SourceCount:
    """What the source itself says it holds: how many records, and when the newest was changed (None: cannot tell)."""

    records: int
    newest_at: dt.datetime | None = None


class WriteOutcome(StrEnum):
    DONE = "done"
    PENDING = "pending"


@dataclass(frozen=True)
class WriteResult:
    """A write that the ERP took. `number` is the document number people know it by, `key` what get() takes.

    `record` is the document as read back, raw. PENDING: accepted, not yet decided; ask `lookup` again later.
    """

    outcome: WriteOutcome
    key: str = ""
    number: str = ""
    record: Raw = field(default_factory=dict)
    already: bool = False


class ErpConnector(Protocol):
    """Raises kernel.errors only. A refusal by the ERP is Rejected with the ERP's own words."""

    manifest: Manifest

    def check(self) -> CheckReport:
        """Try everything an administrator needs to know, without changing anything. Never raises for a failed item."""
        ...

    def discover(self) -> list[SourceObject]: ...

    def default_mapping(self) -> Mapping[str, Mapping[str, Any]]:
        """Dictionary object → mapping definition (see connectors/mapping.py) that fits the vendor as shipped."""
        ...

    def poll(self, source: SourceSpec, cursor: Mapping[str, Any], *, limit: int) -> Page: ...

    def get(self, source: SourceSpec, key: str) -> SourceRecord | None: ...

    def perform(self, action: str, params: Raw, *, idempotency_key: str) -> WriteResult:
        """Execute a write once. Repeating it with the same key gives the first result with `already`.

        Raises Rejected (the ERP said no; nothing was made), OutcomeUnknown (use `lookup`), Transient (certainly
        nothing happened), AuthFailed, ConfigError.
        """
        ...

    def lookup(self, action: str, params: Raw, *, idempotency_key: str) -> WriteResult | None:
        """Find our own earlier write. None: it certainly never arrived. Raises Rejected if it was refused."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class RecordUpdate:
    """Some fields of one record are to be changed. All names are raw; `expected` is what these fields must still hold."""

    source: SourceSpec
    key: str
    values: Raw
    expected: Raw


class ValuesMoved(Rejected):
    """A field no longer held what was expected, so nothing was changed. `found` are the present raw values."""

    def __init__(self, message: str, found: Raw) -> None:
        super().__init__(message)
        self.found = found


class UpdatesRecords(Protocol):
    """What a connector whose manifest says `updates` can do besides: change fields of records it reads."""

    def writable(self, source: SourceSpec) -> frozenset[str]:
        """The raw fields of the source an administrator allowed to be changed. Asks nobody. Raises ConfigError."""
        ...

    def update(self, update: RecordUpdate, *, idempotency_key: str) -> WriteResult:
        """Compare and change, in one go and once. Repeating it with the same key gives the first result with `already`.

        The result's `record` is what is there afterwards. Raises ValuesMoved, and what `perform` raises.
        """
        ...

    def update_lookup(self, source: SourceSpec, key: str, *, idempotency_key: str) -> WriteResult | None:
        """Find our own earlier change of that record. None: it certainly never arrived."""
        ...


class CountsRecords(Protocol):
    """What a connector whose manifest says `counts` can do besides: tell cheaply what the source holds."""

    def count(self, source: SourceSpec) -> SourceCount | None:
        """None for a source of which a walk does not show what is gone: counts would drift apart."""
        ...
