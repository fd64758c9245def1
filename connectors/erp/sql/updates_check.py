"""What the connection test says of the write set: its tables and columns are there, and changes are remembered once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from django.utils.translation import gettext as _

from connectors.erp.sql.client import SqlClient
from connectors.erp.sql.updating import UPDATES_COLUMNS
from connectors.ports.check import CheckItem
from kernel.errors import BatonError
from kernel.text import Localized as L

_LABEL = L("Fields that may be changed", "允许修改的字段")
_HINT = L(
    "Correct the line of the write set, or create what it names (README of this connector).",
    "请更正可写字段中的这一行，或创建其中提到的表和列（见本连接器的 README）。",
)
_NOTES_LABEL = L("Table that remembers changes", "记录修改的表")
_NOTES_HINT = L(
    "Ask the database's administrator to create it with a UNIQUE idempotency_key (README of this connector).",
    "请数据库管理员按 README 创建此表，其 idempotency_key 须唯一。",
)


def updates_items(
    client: SqlClient, is_unique: Callable[[sa.Inspector, str, str | None], bool]
) -> Iterator[CheckItem]:
    """Nothing where nothing may be changed."""
    target = client.target
    if not target.write_set:
        return
    try:
        with client.reading() as connection:
            inspector = sa.inspect(connection)
            detail = _missing(inspector, target.updates_table, target.schema, UPDATES_COLUMNS)
            is_once = not detail and is_unique(inspector, target.updates_table, target.schema)
            words = detail or ("" if is_once else _("its idempotency_key is not unique"))
            yield CheckItem("updates", _NOTES_LABEL, is_once, words, _NOTES_HINT)
            for view, allowed in target.write_set.items():
                wanted = (*allowed.keys, *allowed.columns.values())
                detail = _missing(inspector, allowed.table, target.schema, wanted)
                yield CheckItem(f"write_set:{view}", _LABEL, not detail, detail or view, _HINT)
    except BatonError as error:
        yield CheckItem("updates", _NOTES_LABEL, False, str(error), _NOTES_HINT)


def _missing(inspector: sa.Inspector, table: str, schema: str | None, columns: tuple[str, ...]) -> str:
    """Empty where all is there."""
    if not inspector.has_table(table, schema=schema):
        return _("no table %(name)s") % {"name": table}
    known = {column["name"] for column in inspector.get_columns(table, schema)}
    missing = sorted(set(columns) - known)
    return f"{table}: " + _("missing: %(names)s") % {"names": ", ".join(missing)} if missing else ""
