"""Changing fields of a table in the connection's write set: compared first, once, with a note of it in the same transaction.

The note in the updates table has the idempotency key, which is unique: it is what makes a repeated change find the first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from django.utils.translation import gettext as _
from sqlalchemy.types import NullType

from connectors.erp.sql.client import SqlClient
from connectors.erp.sql.errors import ConstraintViolated
from connectors.erp.sql.mapping import value_raw
from connectors.erp.sql.reader import Reader
from connectors.erp.sql.writeset import Writable
from connectors.ports.erp import Raw, RecordUpdate, SourceSpec, ValuesMoved, WriteOutcome, WriteResult
from kernel.errors import BatonError, ConfigError, Conflict, OutcomeUnknown, Rejected

UPDATES_COLUMNS = ("idempotency_key", "source", "record_key", "payload")


class Updating:
    """Changes of records."""

    def __init__(self, client: SqlClient, reader: Reader) -> None:
        self._client = client
        self._reader = reader
        self._schema = client.target.schema
        self._notes = sa.table(
            client.target.updates_table, *(sa.column(each) for each in UPDATES_COLUMNS), schema=self._schema
        )

    def change(self, update: RecordUpdate, key: str) -> WriteResult:
        allowed = self._allowed(update)
        if not key or len(key) > 200:
            raise ConfigError(_("An idempotency key has 1 to 200 characters."))
        payload = {"values": _plain(update.values), "expected": _plain(update.expected)}
        note = {
            "idempotency_key": key,
            "source": update.source.name,
            "record_key": update.key,
            "payload": json.dumps(payload, ensure_ascii=False),
        }
        try:
            with self._client.writing() as connection:
                connection.execute(self._notes.insert().values(note))
                self._compare_and_set(connection, allowed, update)
        except ConstraintViolated:
            found = self.found(update.source, update.key, key)
            if found is None:
                raise
            return found
        return self._result(update.source, update.key, already=False)

    def found(self, source: SourceSpec, record: str, key: str) -> WriteResult | None:
        """What our earlier change left; None where there is no note of it. Raises Conflict for a key used otherwise."""
        statement = sa.select(self._notes).where(self._notes.c.idempotency_key == key)
        with self._client.reading() as connection:
            row = connection.execute(statement).mappings().one_or_none()
        if row is None:
            return None
        if (row["source"], row["record_key"]) != (source.name, record):
            raise Conflict(_("This idempotency key was already used for another record."))
        return self._result(source, record, already=True)

    def _allowed(self, update: RecordUpdate) -> Writable:
        allowed = self._client.target.write_set.get(update.source.name)
        unknown = sorted(set(update.values) - set(allowed.columns if allowed else ()))
        if (
            allowed is None
            or unknown
            or not update.values
            or not set(update.expected) <= set(allowed.columns)
        ):
            raise ConfigError(
                _("The connection does not allow %(names)s of “%(view)s” to be changed.")
                % {"names": ", ".join(unknown) or "–", "view": update.source.name}
            )
        return allowed

    def _compare_and_set(self, connection: sa.Connection, allowed: Writable, update: RecordUpdate) -> None:
        columns: dict[str, sa.ColumnClause[Any]] = {
            name: sa.column(allowed.columns[name]) for name in {*update.values, *update.expected}
        }
        table = sa.table(
            allowed.table,
            *{column.name: column for column in [*columns.values(), *map(sa.column, allowed.keys)]}.values(),
            schema=self._schema,
        )
        parts = update.key.rsplit("@", len(allowed.keys) - 1)
        if len(parts) != len(allowed.keys):
            raise ConfigError(_("The key “%(key)s” does not fit the write set.") % {"key": update.key})
        same = [table.c[name] == _bound(part) for name, part in zip(allowed.keys, parts, strict=True)]
        names = list(columns)
        statement = sa.select(*(table.c[allowed.columns[name]] for name in names)).where(*same).limit(2)
        if self._client.target.dialect != "sqlite":  # which is locked since the note was written
            statement = statement.with_for_update()
        rows = connection.execute(statement).all()
        if not rows:
            raise Rejected(_("The record is no longer there."))
        if len(rows) > 1:
            raise ConfigError(
                _("“%(table)s” has several such rows; its key is not unique.") % {"table": allowed.table}
            )
        present = {name: value_raw(value) for name, value in zip(names, rows[0], strict=True)}
        moved = {
            name: present[name] for name in update.expected if not _same(present[name], update.expected[name])
        }
        if moved:
            raise ValuesMoved(_("It was changed by somebody else meanwhile."), moved)
        values = {table.c[allowed.columns[name]]: self._value(value) for name, value in update.values.items()}
        connection.execute(sa.update(table).where(*same).values(values))

    def _value(self, value: Any) -> Any:
        """SQLite knows no decimals: it takes their text for what its column is."""
        is_number = isinstance(value, Decimal)
        return _bound(format(value, "f") if is_number and self._client.target.dialect == "sqlite" else value)

    def _result(self, source: SourceSpec, key: str, *, already: bool) -> WriteResult:
        try:
            record = self._reader.one(source, key)
        except BatonError as error:
            raise OutcomeUnknown(
                _("It was changed, but cannot be read back yet. %(reason)s") % {"reason": error}
            ) from error
        return WriteResult(WriteOutcome.DONE, key, "", record.data if record else {}, already)


def _bound(value: Any) -> sa.BindParameter[Any]:
    """Without a type the database gives the value its column's own."""
    return sa.bindparam(None, value, type_=NullType(), unique=True)


def _same(present: Any, expected: Any) -> bool:
    """Numbers by value, nothing and an empty text alike, everything else as text."""
    if present in (None, "") or expected in (None, ""):
        return present in (None, "") and expected in (None, "")
    try:
        return Decimal(str(present)) == Decimal(str(expected))
    except InvalidOperation:
        return str(present) == str(expected)


def _plain(values: Raw) -> Mapping[str, str | None]:
    return {name: None if value is None else str(value) for name, value in values.items()}
