"""Writing: one row in the agreed staging table, under a unique key. No table of the ERP is ever touched."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from django.utils.translation import gettext as _

from connectors.erp.sql.client import SqlClient
from connectors.erp.sql.errors import ConstraintViolated
from connectors.erp.sql.manifest import CONFIRM_SALES_ORDER, CREATE_PURCHASE_ORDER, MANIFEST
from connectors.erp.sql.mapping import AGREED_VIEWS
from connectors.erp.sql.reader import Reader
from connectors.ports.erp import Raw, SourceSpec, WriteOutcome, WriteResult
from kernel.errors import BatonError, ConfigError, Conflict, OutcomeUnknown, Rejected

STAGING_COLUMNS = ("idempotency_key", "type", "payload", "status", "number", "message")
_TYPES = {CREATE_PURCHASE_ORDER.key: "purchase_order", CONFIRM_SALES_ORDER.key: "sales_order_confirm"}
_DECIMALS = frozenset({"quantity", "unit_price"})


class Staging:
    """Entries of the staging table."""

    def __init__(self, client: SqlClient, reader: Reader) -> None:
        self._client = client
        self._reader = reader
        target = client.target
        # Columns without a type, so that PostgreSQL takes the payload for text, json and jsonb columns alike.
        self._table = sa.table(
            target.staging_table, *(sa.column(name) for name in STAGING_COLUMNS), schema=target.schema
        )

    def entry_put(self, action: str, params: Raw, key: str) -> WriteResult:
        """Insert the entry and say what the ERP made of it; a used key gives its first result."""
        payload = payload_build(action, params, key)
        values = {
            "idempotency_key": key,
            "type": _TYPES[action],
            "payload": json.dumps(payload, ensure_ascii=False),
            "status": "new",
        }
        already = False
        try:
            with self._client.writing() as connection:
                connection.execute(self._table.insert().values(values))
        except ConstraintViolated:
            if self._row(key) is None:
                raise
            already = True
        try:
            result = self.entry_result(action, params, key, already=already)
        except (Rejected, Conflict):
            raise
        except BatonError as error:
            # It is stored: nothing that goes wrong from here on may say that it is not.
            raise OutcomeUnknown(
                _("The entry was stored, but its result cannot be read yet. %(reason)s") % {"reason": error}
            ) from error
        if result is None:
            raise OutcomeUnknown(_("The entry was stored, but the ERP took it out of the staging table."))
        return result

    def entry_result(self, action: str, params: Raw, key: str, *, already: bool) -> WriteResult | None:
        """What became of the entry. None: there is none. Raises Rejected if it was refused."""
        row = self._row(key)
        if row is None:
            return None
        if row["type"] != _action_type(action):
            raise Conflict(_("This idempotency key was already used for another kind of entry."))
        status = str(row["status"] or "new")
        if status == "refused":
            raise Rejected(str(row["message"] or _("The ERP refused without giving a reason.")))
        if status == "new":
            return WriteResult(WriteOutcome.PENDING, already=already)
        if status != "done":
            raise ConfigError(
                _("The staging table holds the unknown status “%(status)s”. Known are new, done and refused.")
                % {"status": status}
            )
        number = str(row["number"] or params.get("number") or "")
        return WriteResult(WriteOutcome.DONE, number, number, self._document(action, number), already)

    def _row(self, key: str) -> sa.RowMapping | None:
        statement = sa.select(self._table).where(self._table.c.idempotency_key == key)
        with self._client.reading() as connection:
            return connection.execute(statement).mappings().one_or_none()

    def _document(self, action: str, number: str) -> Raw:
        """The document as the read view shows it; empty where the customer offers no such view."""
        definition = MANIFEST.write(action)
        view = next(each for each in AGREED_VIEWS if definition and each.object == definition.object)
        source = SourceSpec(self._client.target.view_prefix + view.name, view.key, ())
        try:
            record = self._reader.one(source, number)
        except ConfigError:
            return {}  # the write itself is done; a missing view is what check() reports
        return record.data if record else {}


def payload_build(action: str, params: Raw, key: str) -> dict[str, Any]:
    """Canonical names, decimals as text. Raises ConfigError for what the action does not take."""
    _action_type(action)
    definition = MANIFEST.write(action)
    assert definition is not None
    if not key or len(key) > 200:
        raise ConfigError(_("An idempotency key has 1 to 200 characters."))
    given = {name: value for name, value in params.items() if value is not None and value != ""}
    if missing := sorted(set(definition.required) - set(given)):
        raise ConfigError(_("%(action)s needs %(names)s.") % {"action": action, "names": ", ".join(missing)})
    if unknown := sorted(set(given) - set(definition.required) - set(definition.optional)):
        raise ConfigError(
            _("%(action)s takes no %(names)s.") % {"action": action, "names": ", ".join(unknown)}
        )
    payload = {
        name: _decimal_text(name, value) if name in _DECIMALS else str(value) for name, value in given.items()
    }
    if "reference" in definition.optional:
        payload.setdefault("reference", f"BATON-{key}")
    return payload


def _action_type(action: str) -> str:
    if action not in _TYPES:
        raise ConfigError(
            _("This connector cannot “%(action)s”. It can: %(known)s.")
            % {"action": action, "known": ", ".join(_TYPES)}
        )
    return _TYPES[action]


def _decimal_text(name: str, value: Any) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, (float, bool)) or not number.is_finite() or abs(number.adjusted()) > 30:
        raise ConfigError(
            _("%(name)s must be a decimal number, not “%(value)s”.") % {"name": name, "value": value}
        )
    return format(number, "f")
