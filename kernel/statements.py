"""SELECTs written by hand, several in one round trip.

What is asked for every event or message costs the ORM 0.3–0.6 ms to put together and a round trip of its own each; here
the text is made once. The columns come from the model, and the rows are its instances, as the ORM would give them.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Generic, TypeVar, cast

from django.db import connection, models
from django.db.models.base import ModelState

M = TypeVar("M", bound=models.Model)
ANY = {"postgresql": "= ANY(%s)", "sqlite": "IN (SELECT value FROM json_each(%s))"}


class Select(Generic[M]):
    """Rows of a model under `where`, hand-written: `%s` takes a value, `column {any}` a list of them.

    `fields` (attribute names) limits what is read; the others are read when they are asked for, as with `only()`.
    `lock` is FOR NO KEY UPDATE, `skips` leaves out what others have locked; SQLite is inside an immediate transaction.
    """

    def __init__(
        self,
        model: type[M],
        where: str,
        *,
        fields: Sequence[str] = (),
        tail: str = "",
        lock: bool = False,
        skips: bool = False,
    ) -> None:
        self.model, self.where, self.tail = model, where, tail
        self.fields = tuple(fields)
        self.lock, self.skips = lock, skips
        self._texts: dict[str, str] = {}

    def text(self) -> str:
        vendor = connection.vendor
        found = self._texts.get(vendor)
        if found is None:
            locks = self.lock and vendor == "postgresql"
            parts = [
                f"SELECT {columns_of(self.model, self.fields)} FROM {table_of(self.model)}",
                f"WHERE {self.where} {self.tail}",
                "FOR NO KEY UPDATE" if locks else "",
                "SKIP LOCKED" if locks and self.skips else "",
            ]
            found = self._texts[vendor] = vendor_text(" ".join(part for part in parts if part))
        return found

    def made(self, rows: Sequence[Sequence[Any]]) -> list[M]:
        make = maker_of(self.model, self.fields)
        return [make(row) for row in rows]

    def rows(self, *params: Any) -> list[M]:
        return cast(list[M], selects_run((self, params))[0])


class Raw:
    """A SELECT whose rows are tuples as the database gives them; `{any}` as in Select."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._texts: dict[str, str] = {}

    def text(self) -> str:
        found = self._texts.get(connection.vendor)
        if found is None:
            found = self._texts[connection.vendor] = vendor_text(self.sql)
        return found

    def made(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        return list(rows)

    def rows(self, *params: Any) -> list[Any]:
        return selects_run((self, params))[0]


Asked = tuple[Select[Any] | Raw, Sequence[Any]]
"""A statement with its values."""


def selects_run(*asked: Asked) -> list[list[Any]]:
    """What each finds, one after the other, and on PostgreSQL in one round trip."""
    return statements_run((), asked)


Written = tuple[str, Sequence[Any]]
"""A statement that finds nothing, with its values; on SQLite with a list of them for each row it writes."""


def statements_run(written: Sequence[Written], asked: Sequence[Asked]) -> list[list[Any]]:
    """Write, then ask; what each of `asked` finds. On PostgreSQL in one round trip."""
    if not written and not asked:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            texts = [*(sql for sql, _values in written), *(select.text() for select, _params in asked)]
            values = [each for _sql, values in written for each in values]
            values += [value_bind(value) for _select, params in asked for value in params]
            cursor.execute("; ".join(texts), values)
            return [_found(cursor, select, len(written) + at) for at, (select, _params) in enumerate(asked)]
        for sql, rows in written:
            cursor.executemany(sql, rows)
        found: list[list[Any]] = []
        for select, params in asked:
            cursor.execute(select.text(), [value_bind(value) for value in params])
            found.append(select.made(cursor.fetchall()))
        return found


def _found(cursor: Any, select: Select[Any] | Raw, at: int) -> list[Any]:
    """Of the results of one round trip that of `select`; those before it found nothing, or were read."""
    if at == 0:
        return select.made(cursor.fetchall())
    while cursor.nextset():
        if cursor.description is not None:
            break
    return select.made(cursor.fetchall())


def value_bind(value: Any) -> Any:
    """As the driver takes it: a list for `{any}` is an array on PostgreSQL and a JSON text on SQLite."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, list | tuple | set | frozenset):
        return list(value) if connection.vendor == "postgresql" else json.dumps(list(value))
    if isinstance(value, dt.datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value


def vendor_text(sql: str) -> str:
    return sql.replace("{any}", ANY.get(connection.vendor, ANY["sqlite"]))


def table_of(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def columns_of(model: type[models.Model], fields: Sequence[str] = (), alias: str = "") -> str:
    """The columns that maker_of expects, in its order."""
    prefix = f"{alias}." if alias else ""
    return ", ".join(
        prefix + connection.ops.quote_name(each.column) for each in _fields(model, tuple(fields))
    )


def _fields(model: type[models.Model], names: tuple[str, ...]) -> list[Any]:
    fields = model._meta.concrete_fields
    if not names:
        return list(fields)
    wanted = {*names, model._meta.pk.attname}
    return [each for each in fields if each.attname in wanted]


def maker_of(model: type[M], fields: Sequence[str] = ()) -> Callable[[Sequence[Any]], M]:
    """What turns a row of columns_of into an instance."""
    return cast(Callable[[Sequence[Any]], M], _maker(connection.vendor, model, tuple(fields)))


@cache
def _maker(
    vendor: str, model: type[models.Model], names: tuple[str, ...]
) -> Callable[[Sequence[Any]], models.Model]:
    read = _fields(model, names)
    attnames = [each.attname for each in read]
    converts = [(each.attname, convert) for each in read if (convert := _converter(each)) is not None]

    def make(row: Sequence[Any]) -> models.Model:
        made = model.__new__(model)
        values = made.__dict__
        state = values["_state"] = ModelState()
        state.adding, state.db = False, connection.alias
        values.update(zip(attnames, row, strict=True))
        for name, convert in converts:
            values[name] = convert(values[name])
        return made

    return make


def _converter(field: Any) -> Callable[[Any], Any] | None:
    """What the ORM would do to a value of this column; None when it leaves it as it is."""
    if type(field) is models.JSONField and field.decoder is None:
        return lambda value: None if value is None else json.loads(value)
    column = field.cached_col
    steps = [*connection.ops.get_db_converters(column), *field.get_db_converters(connection)]
    if not steps:
        return None

    def convert(value: Any) -> Any:
        for step in steps:
            value = step(value, column, connection)
        return value

    return convert
