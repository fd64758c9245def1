"""Many rows in one statement.

The ORM writes a batch at 50–150 µs of Python a row (an update even as one CASE per field); this costs about 5. On
PostgreSQL a batch travels as one JSON text, which the server unfolds; on SQLite it is one prepared statement per row.
Call inside a transaction. No signals are sent and no defaults are applied: the instances are written as they are.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

import orjson
from django.db import connection, models
from django.db.models.base import ModelState

from kernel.statements import Asked, statements_run

M = TypeVar("M", bound=models.Model)


def json_text(value: Any) -> str:
    """Compact JSON; whole numbers beyond 64 bits keep every digit."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.datetime | dt.date) else str(value)


class _Table:
    """What is asked of a model again and again, looked up once."""

    def __init__(self, model: type[models.Model], names: tuple[str, ...]) -> None:
        meta = model._meta
        known = {name: field for field in meta.concrete_fields for name in (field.name, field.attname)}
        self.fields = [known[name] for name in names]
        self.columns = [str(field.column) for field in self.fields]
        self.table = connection.ops.quote_name(meta.db_table)
        self.key = str(meta.pk.column)
        self.quoted = [connection.ops.quote_name(column) for column in self.columns]
        single = attrgetter(self.fields[0].attname)
        self.read: Callable[[Any], tuple[Any, ...]] = (
            attrgetter(*[field.attname for field in self.fields])
            if len(self.fields) > 1
            else lambda row: (single(row),)
        )
        self.types = [_type(field) for field in self.fields]
        self.prepare = [_prepare(field) for field in self.fields]

    def as_recordset(self, rows: Sequence[models.Model]) -> tuple[str, str]:
        """(definition of the columns, the rows as JSON) for PostgreSQL's json_to_recordset."""
        columns, read = self.columns, self.read
        definition = ", ".join(f"{name} {kind}" for name, kind in zip(self.quoted, self.types, strict=True))
        return definition, json_text([dict(zip(columns, read(row), strict=True)) for row in rows])

    def as_tuples(self, rows: Sequence[models.Model]) -> list[list[Any]]:
        """For SQLite: values as Django would bind them."""
        prepare, read = self.prepare, self.read
        return [
            [
                make(value) if make is not None else value
                for make, value in zip(prepare, read(row), strict=True)
            ]
            for row in rows
        ]


def _type(field: Any) -> str:
    return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection))


def _prepare(field: Any) -> Callable[[Any], Any] | None:
    if isinstance(field, models.JSONField):
        return lambda value: None if value is None else json_text(value)
    if isinstance(field, models.DateTimeField | models.UUIDField):
        return lambda value: field.get_db_prep_value(value, connection)
    return None


@cache
def _table(vendor: str, model: type[models.Model], names: tuple[str, ...]) -> _Table:
    return _Table(model, names)


def _names(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)


def row_new(model: type[M], **values: Any) -> M:
    """An unsaved instance as the constructor would make, at a fifth of its cost. `values` go by attname or relation."""
    defaults, made, relations = _defaults(model)
    row = model.__new__(model)
    state = row.__dict__
    state["_state"] = ModelState()
    state.update(defaults)
    for attname, make in made:
        if attname not in values:
            state[attname] = make()
    for name, value in values.items():
        column = relations.get(name)
        if column is None:
            state[model._meta.pk.attname if name == "pk" else name] = value
        else:
            state[column] = None if value is None else value.pk
            row._state.fields_cache[name] = value
    return row


@cache
def _defaults(
    model: type[models.Model],
) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]], dict[str, str]]:
    """(plain defaults, those made anew for each row, relations with their columns' names)"""
    plain: dict[str, Any] = {}
    made: list[tuple[str, Callable[[], Any]]] = []
    relations: dict[str, str] = {}
    for each in model._meta.concrete_fields:
        if each.is_relation:
            relations[each.name] = each.attname
        if callable(each.default) and each.has_default():
            made.append((each.attname, each.default))
        else:
            plain[each.attname] = each.get_default()
    return plain, made, relations


def rows_insert(model: type[M], rows: Sequence[M]) -> None:
    """Insert instances whose keys are set (see kernel/keys.py). Raises IntegrityError; then none is stored."""
    writes = Writes()
    writes.insert(model, rows)
    writes.run()


def rows_update(model: type[M], rows: Sequence[M], names: Sequence[str]) -> None:
    """Write the named fields of stored instances."""
    writes = Writes()
    writes.update(model, rows, names)
    writes.run()


class Writes:
    """Inserts and updates that are run together, in the order given; on PostgreSQL in one round trip."""

    def __init__(self) -> None:
        self._parts: list[tuple[str, list[Any]]] = []

    def insert(self, model: type[M], rows: Sequence[M]) -> None:
        """Of instances whose keys are set; where none is, the database gives them and nobody learns of them."""
        if not rows:
            return
        names = _names(model)
        if rows[0].pk is None:
            names = tuple(name for name in names if name != model._meta.pk.attname)
        self._parts.append(_insert_part(model, rows, names, ""))

    def update(self, model: type[M], rows: Sequence[M], names: Sequence[str]) -> None:
        """Of the named fields of stored instances."""
        if rows:
            self._parts.append(_update_part(model, rows, names))

    def run(self, *asked: Asked) -> list[list[Any]]:
        """Write, then ask in the same round trip: what each of `asked` finds.

        Raises IntegrityError; what came before the guilty statement is undone with the caller's transaction.
        """
        parts, self._parts = self._parts, []
        return statements_run(parts, asked)


def rows_insert_new(model: type[M], rows: Sequence[M], unique: tuple[str, ...]) -> set[tuple[Any, ...]]:
    """Insert those that are not there yet by the `unique` fields; returns the marks of the inserted ones.

    Instances need no key. Raises IntegrityError for every other constraint.
    """
    if not rows:
        return set()
    names = tuple(name for name in _names(model) if name != model._meta.pk.attname)
    mark = attrgetter(*unique)
    if connection.vendor != "postgresql":
        wanted: dict[Any, M] = {}
        for row in rows:
            wanted.setdefault(mark(row), row)
        known = _marks_known(model, list(wanted), unique)
        fresh = {each: row for each, row in wanted.items() if each not in known}
        if fresh:
            sql, values = _insert_part(model, list(fresh.values()), names, "")
            with connection.cursor() as cursor:
                cursor.executemany(sql, values)
        return set(fresh)
    columns = ", ".join(connection.ops.quote_name(_column(model, name)) for name in unique)
    conflict = f"ON CONFLICT ({columns}) DO NOTHING RETURNING {columns}"
    with connection.cursor() as cursor:
        cursor.execute(*_insert_part(model, rows, names, conflict))
        return set(cursor.fetchall())


def _column(model: type[models.Model], name: str) -> str:
    return str(
        next(field.column for field in model._meta.concrete_fields if name in (field.name, field.attname))
    )


def _marks_known(model: type[M], marks: Sequence[Any], unique: tuple[str, ...]) -> set[tuple[Any, ...]]:
    """SQLite, inside an immediate transaction: nobody inserts between this look and the insert."""
    first, last = unique
    found: set[tuple[Any, ...]] = set()
    by_first: dict[Any, list[Any]] = {}
    for one, other in marks:
        by_first.setdefault(one, []).append(other)
    for one, others in by_first.items():
        for start in range(0, len(others), 500):
            stored = model._default_manager.filter(**{first: one, f"{last}__in": others[start : start + 500]})
            found.update((one, each) for each in stored.values_list(last, flat=True))
    return found


def _insert_part(
    model: type[M], rows: Sequence[M], names: tuple[str, ...], conflict: str
) -> tuple[str, list[Any]]:
    """(statement, its values; on SQLite a list of them per row)"""
    table = _table(connection.vendor, model, names)
    columns = ", ".join(table.quoted)
    if connection.vendor == "postgresql":
        definition, text = table.as_recordset(rows)
        return (
            f"INSERT INTO {table.table} ({columns}) SELECT {columns} "
            f"FROM json_to_recordset(%s::json) AS v ({definition}) {conflict}",
            [text],
        )
    marks = ", ".join(["%s"] * len(table.quoted))
    return f"INSERT INTO {table.table} ({columns}) VALUES ({marks})", table.as_tuples(rows)


def _update_part(model: type[M], rows: Sequence[M], names: Sequence[str]) -> tuple[str, list[Any]]:
    table = _table(connection.vendor, model, (*names, model._meta.pk.attname))
    sets = table.quoted[:-1]
    key = table.quoted[-1]
    if connection.vendor == "postgresql":
        definition, text = table.as_recordset(rows)
        changes = ", ".join(f"{name} = v.{name}" for name in sets)
        return (
            f"UPDATE {table.table} AS t SET {changes} "
            f"FROM json_to_recordset(%s::json) AS v ({definition}) WHERE t.{key} = v.{key}",
            [text],
        )
    changes = ", ".join(f"{name} = %s" for name in sets)
    return f"UPDATE {table.table} SET {changes} WHERE {key} = %s", table.as_tuples(rows)
