"""The connection test: everything that has to be right before a rule may rely on it. Changes nothing."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from django.utils.translation import gettext as _

from connectors.dictionary.objects import OBJECTS_BY_NAME
from connectors.erp.sql.client import SqlClient
from connectors.erp.sql.discovery import view_names
from connectors.erp.sql.mapping import AGREED_VIEWS, AgreedView, moment_parse
from connectors.erp.sql.reader import Reader
from connectors.erp.sql.staging import STAGING_COLUMNS
from connectors.erp.sql.updates_check import updates_items
from connectors.ports.check import CheckItem, CheckReport
from kernel import clock
from kernel.errors import AuthFailed, BatonError, ConfigError
from kernel.text import Localized as L

SKEW_SECONDS = 60.0

_REACH = L("The database answers", "数据库可访问")
_LOGIN = L("User and password are accepted", "用户名和密码有效")
_LOGIN_HINT = L(
    "Enter the password of the database user in the connection, or ask the database's administrator for it.",
    "请在连接中填写该数据库用户的密码，或向数据库管理员索取。",
)
_REACH_HINT = L(
    "Check the address and that the database is running and lets this machine in.",
    "请检查地址，并确认数据库正在运行且允许本机访问。",
)
_SETTINGS_HINT = L("Correct the settings of the connection.", "请更正连接的设置。")
_CLOCK_HINT = L("Set the clocks of both machines by NTP.", "请用 NTP 校准两台机器的时钟。")
_VIEWS_HINT = L(
    "Create the read views (README of this connector), or enter the prefix they have.",
    "请创建只读视图（见本连接器的 README），或填写视图实际使用的前缀。",
)
_VIEW_HINT = L(
    "Add these columns to the view: without them its records cannot be read.",
    "请在视图中补充这些列：缺少它们就无法读取记录。",
)
_STAGING_HINT = L(
    "Ask the database's administrator to create the staging table (see the README). Reading works without.",
    "请数据库管理员按 README 创建暂存表。没有它也能读取数据。",
)
_WRITE_HINT = L("Grant SELECT and INSERT on the staging table.", "请授予暂存表的 SELECT 和 INSERT 权限。")


def target_check(open_target: Callable[[], tuple[SqlClient, Reader]]) -> CheckReport:
    """Items from the outside in; a failed way in ends the list, because nothing behind it can be seen."""
    try:
        client, reader = open_target()
    except ConfigError as error:
        return CheckReport((_failed("settings", L("Settings", "设置"), error, _SETTINGS_HINT),))
    try:
        items = tuple(_items(client, reader))
    except BatonError as error:  # went away in the middle
        items = (_failed("reach", _REACH, error, _REACH_HINT),)
    return CheckReport(items, account=client.target.account)


def _items(client: SqlClient, reader: Reader) -> Iterator[CheckItem]:
    try:
        client.sign_in_again()
        with client.reading() as connection:
            connection.execute(sa.select(sa.literal(1)))
            if client.target.dialect == "sqlite":
                connection.exec_driver_sql("SELECT 1 FROM sqlite_schema LIMIT 1").all()
    except AuthFailed as error:
        yield CheckItem("reach", _REACH, True, client.target.host)
        yield _failed("login", _LOGIN, error, _LOGIN_HINT)
        return
    except BatonError as error:
        hint = _SETTINGS_HINT if isinstance(error, ConfigError) else _REACH_HINT
        yield _failed("reach", _REACH, error, hint)
        return
    yield CheckItem("reach", _REACH, True, client.target.host or client.target.path.name)
    yield CheckItem("login", _LOGIN, True, client.target.account)
    with client.reading() as connection:
        yield _clock_item(client, connection)
        inspector = sa.inspect(connection)
        names = view_names(inspector, client.target.schema)
        yield _views_item(client, names)
    for view in AGREED_VIEWS:
        if client.target.view_prefix + view.name in names:
            yield _view_item(client, reader, view)
    yield from _staging_items(client)
    yield from updates_items(client, _key_is_unique)


def _clock_item(client: SqlClient, connection: sa.Connection) -> CheckItem:
    present: sa.ColumnElement[Any] = {
        "sqlite": sa.func.strftime("%Y-%m-%dT%H:%M:%fZ", "now"),
        "postgresql": sa.func.clock_timestamp(),
        "mysql": sa.func.utc_timestamp(6),
    }[client.target.dialect]
    moment = moment_parse(connection.scalar(sa.select(present)), ZoneInfo("UTC"))
    skew = abs((clock.now() - (moment or dt.datetime.min.replace(tzinfo=dt.UTC))).total_seconds())
    return CheckItem(
        "clock",
        L("The database's clock agrees with ours", "数据库时钟与本机一致"),
        skew <= SKEW_SECONDS,
        _("%(seconds)s s apart") % {"seconds": f"{skew:.0f}"},
        _CLOCK_HINT,
    )


def _views_item(client: SqlClient, names: set[str]) -> CheckItem:
    expected = [client.target.view_prefix + view.name for view in AGREED_VIEWS]
    there = [name for name in names if name.startswith(client.target.view_prefix)]
    detail = _("%(count)s views") % {"count": len(there)}
    if absent := [name for name in expected if name not in names]:
        detail += " · " + _("not offered: %(names)s") % {"names": ", ".join(absent)}
    return CheckItem("views", L("Read views", "只读视图"), bool(there), detail, _VIEWS_HINT)


def _view_item(client: SqlClient, reader: Reader, view: AgreedView) -> CheckItem:
    """Columns, and a key that every row has and no two rows share."""
    name = client.target.view_prefix + view.name
    label, key = L(name, name), f"view:{view.object}"
    try:
        with client.reading() as connection:
            known = reader.columns(connection, name)
            sources = {name: field["source"] for name, field in view.fields().items()}
            required = {each.name for each in OBJECTS_BY_NAME[view.object].fields if each.required}
            needed = {view.key, *(source for name, source in sources.items() if name in required)}
            if missing := sorted(needed - set(known)):
                detail = _("missing: %(names)s") % {"names": ", ".join(missing)}
                return CheckItem(key, label, False, detail, _VIEW_HINT)
            absent = sorted(set(sources.values()) - set(known))
            column: sa.ColumnClause[str] = sa.column(view.key)
            counted = sa.select(sa.func.count(), sa.func.count(column), sa.func.count(sa.distinct(column)))
            table = sa.table(name, schema=client.target.schema)
            rows, keyed, distinct = connection.execute(counted.select_from(table)).one()
    except BatonError as error:
        return _failed(key, label, error, _VIEW_HINT)
    if not rows == keyed == distinct:
        text = _("%(rows)s rows, but %(distinct)s different values in %(key)s")
        detail = text % {"rows": rows, "distinct": distinct, "key": view.key}
        return CheckItem(key, label, False, detail, L("Make the key unique.", "请确保主键唯一。"))
    detail = _("%(rows)s rows") % {"rows": rows}
    if absent:  # a field nobody needs is simply not mapped
        detail += " · " + _("not offered: %(names)s") % {"names": ", ".join(absent)}
    return CheckItem(key, label, True, detail)


def _staging_items(client: SqlClient) -> Iterator[CheckItem]:
    target = client.target
    label = L("Staging table", "暂存表")
    try:
        with client.reading() as connection:
            inspector = sa.inspect(connection)
            if not inspector.has_table(target.staging_table, schema=target.schema):
                detail = _("no table %(name)s") % {"name": target.staging_table}
                yield CheckItem("staging", label, False, detail, _STAGING_HINT)
                return
            known = {column["name"] for column in inspector.get_columns(target.staging_table, target.schema)}
            missing = sorted(set(STAGING_COLUMNS) - known)
            detail = (
                _("missing: %(names)s") % {"names": ", ".join(missing)} if missing else target.staging_table
            )
            yield CheckItem("staging", label, not missing, detail, _STAGING_HINT)
            yield CheckItem(
                "staging_key",
                L("Its idempotency_key is unique", "暂存表的 idempotency_key 唯一"),
                _key_is_unique(inspector, target.staging_table, target.schema),
                "",
                L(
                    "Add a UNIQUE constraint: without it an order could be made twice.",
                    "请添加 UNIQUE 约束，否则可能重复下单。",
                ),
            )
            allowed = _may_write(client, connection)
            detail = "" if allowed is not None else _("cannot be told without writing")
            yield CheckItem(
                "staging_write",
                L("Writing is allowed", "允许写入"),
                allowed is not False,
                detail,
                _WRITE_HINT,
            )
    except BatonError as error:
        yield _failed("staging", label, error, _STAGING_HINT)


def _key_is_unique(inspector: sa.Inspector, table: str, schema: str | None) -> bool:
    unique = [inspector.get_pk_constraint(table, schema)["constrained_columns"]]
    unique += [each["column_names"] for each in inspector.get_unique_constraints(table, schema)]
    if ["idempotency_key"] in unique:
        return True
    indexes = inspector.get_indexes(table, schema)
    return any(each["unique"] and each["column_names"] == ["idempotency_key"] for each in indexes)


def _may_write(client: SqlClient, connection: sa.Connection) -> bool | None:
    """None: cannot be told (rights that come through a role of MySQL)."""
    target = client.target
    if target.dialect == "sqlite":
        # The folder too: the journal is created beside the file.
        return os.access(target.path, os.W_OK) and os.access(target.path.parent, os.W_OK)
    if target.dialect == "postgresql":
        name = connection.dialect.identifier_preparer.format_table(
            sa.table(target.staging_table, schema=target.schema)
        )
        statement = sa.text(
            "SELECT has_table_privilege(to_regclass(:name), 'INSERT')"
            " AND has_table_privilege(to_regclass(:name), 'SELECT')"
        )
        return bool(connection.execute(statement, {"name": name}).scalar())
    grants = [str(row[0]).replace("`", "") for row in connection.exec_driver_sql("SHOW GRANTS")]
    return _grants_allow(grants, target.schema or str(target.url.database), target.staging_table)


def _grants_allow(grants: list[str], database: str, table: str) -> bool | None:
    through_role = False
    for grant in grants:
        found = re.match(r"GRANT (.+?) ON (\S+) TO ", grant)
        if not found:
            through_role = True
            continue
        rights, scope = found.groups()
        # % and _ are MySQL's wildcards in a database name, \_ is an underscore meant as such.
        pattern = re.escape(scope).replace(r"\*", ".*").replace("%", ".*").replace("\\\\_", "\0")
        pattern = pattern.replace("_", ".").replace("\0", "_")
        if re.search(r"ALL PRIVILEGES|\bINSERT\b", rights) and re.fullmatch(pattern, f"{database}.{table}"):
            return True
    return None if through_role else False


def _failed(key: str, label: L, error: BatonError, hint: L) -> CheckItem:
    return CheckItem(key, label, False, str(error), hint)
