"""The prepared demo company, made once per test process and laid into each test's database as rows.

Preparing runs the product's own code (connections, snapshot, rule): half a second. Laying rows takes a tenth of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.core.management.color import no_style
from django.db import connection, models, transaction

from connectors.models import Connection
from demo.services.prepare import ERP_SLUG, erp_path

LEFT_ALONE = {"contenttypes.contenttype", "auth.permission", "sessions.session"}
Signature = tuple[str, int, int]


@dataclass(frozen=True)
class Template:
    """Rows by table, and the company's ERP file as it was then."""

    signature: Signature
    rows: tuple[tuple[type[models.Model], tuple[str, ...], list[tuple[Any, ...]]], ...]
    erp: Path


_template: Template | None = None


def _signature() -> Signature:
    """Changes when the rows a template refers to (permissions) were made anew."""
    found = Permission.objects.aggregate(first=models.Min("pk"), count=models.Count("pk"))
    return connection.vendor, found["first"] or 0, found["count"]


def _models() -> list[type[models.Model]]:
    return [
        each
        for each in apps.get_models(include_auto_created=True)
        if each._meta.label_lower not in LEFT_ALONE
    ]


def company_lay(folder: Path, prepare: Callable[[], None]) -> None:
    """Fill this test's database (and BATON_HOME) with the demo company; `prepare` makes it when there is none yet."""
    global _template
    if _template is None or _template.signature != _signature():
        prepare()
        _template = _taken(folder)
        return
    shutil.copy2(_template.erp, erp_path())
    with transaction.atomic(), connection.cursor() as cursor:  # references are checked at its end
        for model, columns, rows in _template.rows:
            names = ", ".join(connection.ops.quote_name(name) for name in columns)
            table = connection.ops.quote_name(model._meta.db_table)
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)
        for statement in connection.ops.sequence_reset_sql(
            no_style(), [each for each, _c, _r in _template.rows]
        ):
            cursor.execute(statement)
    Connection.objects.filter(slug=ERP_SLUG).update(settings=_settings_at(erp_path()))


def _settings_at(path: Path) -> dict[str, Any]:
    stored = Connection.objects.values_list("settings", flat=True).get(slug=ERP_SLUG)
    return {**stored, "url": f"sqlite:///{path}"}


def _taken(folder: Path) -> Template:
    kept = folder.parent / f"{folder.name}-template.sqlite3"
    shutil.copy2(erp_path(), kept)
    rows = []
    with connection.cursor() as cursor:
        for model in _models():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)}")
            found = cursor.fetchall()
            if found:
                rows.append((model, tuple(each[0] for each in cursor.description), found))
    return Template(_signature(), tuple(rows), kept)
