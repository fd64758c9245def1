"""Reading: what there is, one walk over a view page by page, one record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from django.utils.translation import gettext as _
from sqlalchemy.types import NullType, TypeEngine

from connectors.erp.sql.change import change_token
from connectors.erp.sql.client import SqlClient
from connectors.erp.sql.engines import Columns
from connectors.erp.sql.mapping import moment_parse, value_raw
from connectors.ports.erp import Page, SourceCount, SourceRecord, SourceSpec
from kernel.errors import ConfigError


class Reader:
    """Reads by the names and columns the database itself reports; those are remembered until they change."""

    def __init__(self, client: SqlClient) -> None:
        self._client = client
        self._target = client.target

    def page(self, source: SourceSpec, cursor: Mapping[str, Any], limit: int) -> Page:
        """The next page of a walk. cursor: {"last": [key values], "token"} in a walk, {"token"} after."""
        if limit < 1:
            raise ConfigError(_("A page holds at least one record."))
        last: Sequence[Any] | None = cursor.get("last")
        with self._client.reading() as connection:
            token = self._token(connection, source)
            if last is None and token and token == cursor.get("token"):
                return Page((), {"token": token}, unchanged=True)
            keys, names = self._names(connection, source)
            statement = self._select(source.name, [*keys, *names]).limit(limit + 1)
            statement = statement.order_by(*map(sa.column, keys))
            if last is not None:
                statement = statement.where(_after(keys, last))
                token = str(cursor.get("token", ""))
            rows = connection.execute(statement).all()
        _keys_refuse(source, [tuple(row[: len(keys)]) for row in rows])
        records = tuple(self._record(source, keys, names, row) for row in rows[:limit])
        if len(rows) <= limit:
            return Page(records, {"token": token})
        reached = [_key_json(value) for value in rows[limit - 1][: len(keys)]]
        return Page(records, {"last": reached, "token": token}, has_more=True)

    def one(self, source: SourceSpec, key: str) -> SourceRecord | None:
        with self._client.reading() as connection:
            keys, names = self._names(connection, source)
            columns = self._client.columns[source.name]
            if len(keys) == 1 and not isinstance(columns[keys[0]], NullType):
                value = _key_typed(key, columns[keys[0]])
                if value is None:
                    return None
                same: sa.ColumnElement[bool] = sa.column(keys[0]) == _bound(value)
            else:
                parts = [sa.cast(sa.column(name), sa.String(200)) for name in keys]
                text: sa.ColumnElement[str] = parts[0]
                for part in parts[1:]:
                    text = text + "@" + part
                same = text == key
            rows = connection.execute(self._select(source.name, [*keys, *names]).where(same).limit(2)).all()
        # Some databases find "a" when asked for "A"; that is another record.
        found = [record for row in rows if (record := self._record(source, keys, names, row)).key == key]
        if len(found) > 1:
            raise ConfigError(_key_twice(source, key))
        return found[0] if found else None

    def count(self, source: SourceSpec) -> SourceCount:
        """Read in the database, not through the walk: so it also tells what a walk overlooked."""
        table = sa.table(source.name, schema=self._target.schema)
        newest = sa.func.max(sa.column(source.changed_at_field)) if source.changed_at_field else sa.null()
        with self._client.reading() as connection:
            self._names(connection, source)
            records, at = connection.execute(sa.select(sa.func.count(), newest).select_from(table)).one()
        return SourceCount(int(records), moment_parse(value_raw(at), self._target.zone))

    def columns(self, connection: sa.Connection, name: str) -> Columns:
        """Columns of a view or table as the database reports them. Raises ConfigError when there is none."""
        try:
            found = sa.inspect(connection).get_columns(name, schema=self._target.schema)
        except sa.exc.NoSuchTableError:
            found = []
        if not found:
            raise ConfigError(
                _("There is no view “%(name)s”, or this account may not see it. Create it or grant SELECT.")
                % {"name": name}
            )
        columns = {column["name"]: column["type"] for column in found}
        self._client.columns[name] = columns
        return columns

    def _names(self, connection: sa.Connection, source: SourceSpec) -> tuple[list[str], list[str]]:
        """Key and field columns, all known to the database; looked up again once before complaining."""
        known = self._client.columns.get(source.name) or self.columns(connection, source.name)
        for attempt in (1, 2):
            keys = [source.key_field] if source.key_field in known else source.key_field.split("@")
            wanted = [source.changed_at_field, *source.fields] if source.fields else list(known)
            names = list(dict.fromkeys(_column_of(name, known) for name in wanted if name))
            missing = sorted({name for name in [*keys, *names] if name not in known})
            if not missing:
                return keys, names
            if attempt == 1:
                known = self.columns(connection, source.name)
        raise ConfigError(
            _("“%(view)s” has no column %(columns)s. Correct the mapping or add the column to the view.")
            % {"view": source.name, "columns": ", ".join(name or "?" for name in missing)}
        )

    def _select(self, name: str, columns: Sequence[str]) -> sa.Select[*tuple[Any, ...]]:
        """Columns without a type: values come as the driver has them, without SQLAlchemy's conversions."""
        table = sa.table(name, schema=self._target.schema)
        return sa.select(*map(sa.column, columns)).select_from(table)

    def _record(
        self, source: SourceSpec, keys: Sequence[str], names: Sequence[str], row: Any
    ) -> SourceRecord:
        data = {name: value_raw(value) for name, value in zip([*keys, *names], row, strict=True)}
        changed_at = data.get(source.changed_at_field)
        return SourceRecord(
            key="@".join(str(data[name]) for name in keys),
            data=data,
            changed_at=moment_parse(changed_at, self._target.zone),
        )

    def _token(self, connection: sa.Connection, source: SourceSpec) -> str:
        if self._target.dialect != "sqlite":
            return ""
        # Reading takes the lock that keeps writers out until this transaction ends; this reads one page.
        connection.exec_driver_sql("PRAGMA schema_version").all()
        token = change_token(self._target.path)
        asked = hashlib.sha256(repr(source).encode()).hexdigest()[:12]
        return f"{token}:{asked}" if token else ""


def _column_of(name: str, known: Columns) -> str:
    """A dotted path reads inside a JSON column."""
    return name if name in known else name.split(".", 1)[0]


def _bound(value: Any) -> sa.BindParameter[Any]:
    """Without a type PostgreSQL gives the value its column's own, instead of comparing a uuid with text."""
    return sa.bindparam(None, value, type_=NullType(), unique=True)


def _after(keys: Sequence[str], last: Sequence[Any]) -> sa.ColumnElement[bool]:
    if len(keys) != len(last):
        raise ConfigError(_("The mapping's key changed in the middle of a walk. Start it again."))
    if len(keys) == 1:
        return sa.column(keys[0]) > _bound(last[0])
    return sa.tuple_(*map(sa.column, keys)) > sa.tuple_(*map(_bound, last))


def _keys_refuse(source: SourceSpec, keys: Sequence[tuple[Any, ...]]) -> None:
    """A record without a key, or two with one, would be lost between pages without a word."""
    before: tuple[Any, ...] | None = None
    for key in keys:
        if None in key:
            raise ConfigError(
                _("“%(view)s” has a row without a value in %(key)s. Choose a key that every row has.")
                % {"view": source.name, "key": source.key_field}
            )
        if key == before:
            raise ConfigError(_key_twice(source, "@".join(map(str, key))))
        before = key


def _key_twice(source: SourceSpec, key: str) -> str:
    return _("“%(view)s” has several rows with %(column)s = “%(key)s”. Choose a key that is unique.") % {
        "view": source.name,
        "column": source.key_field,
        "key": key,
    }


def _key_json(value: Any) -> Any:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value if isinstance(value, int) else str(value)


def _key_typed(key: str, kind: TypeEngine[Any]) -> Any:
    """The key as its column's type; None when it cannot be one, so that no such record exists."""
    try:
        if isinstance(kind, sa.Integer):
            return int(key)
        if isinstance(kind, sa.Numeric):
            return Decimal(key)
    except (ValueError, InvalidOperation):
        return None
    return key
