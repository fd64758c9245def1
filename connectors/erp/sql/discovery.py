"""What the database offers to read, with the labels its comments give."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Inspector
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.types import NullType, TypeEngine

from connectors.erp.sql.client import SqlClient
from connectors.erp.sql.mapping import AGREED_VIEWS, AgreedView
from connectors.ports.erp import SourceField, SourceObject
from kernel.text import Localized

_TYPES: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (sa.Boolean, "boolean"),
    (sa.Integer, "integer"),
    (sa.Numeric, "decimal"),
    (sa.Float, "decimal"),
    (sa.DateTime, "datetime"),
    (sa.Date, "date"),
)
_VALUE_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "decimal"),
    (Decimal, "decimal"),
    (dt.datetime, "datetime"),
    (dt.date, "date"),
)
_USUAL_KEYS = ("id", "code", "number", "key")


def sources_discover(client: SqlClient) -> list[SourceObject]:
    """The prefixed views, then the tables (without the staging table), each by name."""
    target = client.target
    agreed = {target.view_prefix + view.name: view for view in AGREED_VIEWS}
    with client.reading() as connection:
        inspector = sa.inspect(connection)
        views = [name for name in view_names(inspector, target.schema) if name.startswith(target.view_prefix)]
        tables = [name for name in inspector.get_table_names(target.schema) if name != target.staging_table]
        return [
            _source(connection, inspector, target.schema, name, agreed.get(name))
            for name in [*sorted(views), *sorted(tables)]
        ]


def view_names(inspector: Inspector, schema: str | None) -> set[str]:
    names = set(inspector.get_view_names(schema))
    if inspector.dialect.name == "postgresql":
        names |= set(inspector.get_materialized_view_names(schema))
    return names


def _source(
    connection: sa.Connection, inspector: Inspector, schema: str | None, name: str, agreed: AgreedView | None
) -> SourceObject:
    columns = inspector.get_columns(name, schema=schema)
    primary = inspector.get_pk_constraint(name, schema=schema)["constrained_columns"]
    known = [column["name"] for column in columns]
    usual = [agreed.key] if agreed else list(_USUAL_KEYS)
    key = "@".join(primary) or next((each for each in usual if each in known), "")
    sample = _sample(connection, schema, name, columns)
    return SourceObject(
        name=name,
        label=_label(_comment(inspector, name, schema), name),
        key_field=key,
        fields=tuple(
            SourceField(
                name=column["name"],
                label=_label(column.get("comment"), column["name"]),
                type=_type(column, sample),
                required=not column["nullable"],
            )
            for column in columns
        ),
        suggested_object=agreed.object if agreed else "",
    )


def _type(column: ReflectedColumn, sample: Mapping[Any, Any]) -> str:
    declared = next((name for kind, name in _TYPES if isinstance(column["type"], kind)), "text")
    if not isinstance(column["type"], NullType):
        return declared
    value = sample.get(column["name"])
    return next((name for kind, name in _VALUE_TYPES if isinstance(value, kind)), "text")


def _sample(
    connection: sa.Connection, schema: str | None, name: str, columns: list[ReflectedColumn]
) -> Mapping[Any, Any]:
    """SQLite declares no type for an expression in a view: one row tells what it holds."""
    untyped = [column["name"] for column in columns if isinstance(column["type"], NullType)]
    if not untyped:
        return {}
    statement: sa.Select[*tuple[Any, ...]] = sa.select(*map(sa.column, untyped))
    statement = statement.select_from(sa.table(name, schema=schema)).limit(1)
    row = connection.execute(statement).mappings().one_or_none()
    return {} if row is None else row


def _comment(inspector: Inspector, name: str, schema: str | None) -> str | None:
    if not inspector.dialect.supports_comments:
        return None
    return inspector.get_table_comment(name, schema=schema).get("text")


def _label(comment: str | None, name: str) -> Localized:
    text = (comment or "").strip() or name
    return Localized(text, text)
