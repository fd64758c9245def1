"""Primary keys reserved before their rows are stored, so that the rows of a batch can refer to each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, models


def keys_reserve(counts: Mapping[Any, int]) -> dict[Any, list[int]]:
    """Primary keys that nobody else gets, ascending."""
    wanted = {model: count for model, count in counts.items() if count}
    if not wanted:
        return {model: [] for model in counts}
    if connection.vendor == "postgresql":
        found = _keys_from_sequences(wanted)
    else:
        found = {model: _keys_after_last(model, count) for model, count in wanted.items()}
    return {model: found.get(model, []) for model in counts}


def _keys_from_sequences(wanted: Mapping[type[models.Model], int]) -> dict[type[models.Model], list[int]]:
    parts: list[str] = []
    params: list[Any] = []
    for model, count in wanted.items():
        parts.append(
            "(SELECT ARRAY(SELECT nextval(s.name) FROM generate_series(1, %s)) "
            "FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name OFFSET 0) AS s)"
        )
        params += [count, f'"{model._meta.db_table}"', str(model._meta.pk.column)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        row = cursor.fetchone()
    return {model: sorted(keys) for model, keys in zip(wanted, row, strict=True)}


def _keys_after_last(model: type[models.Model], count: int) -> list[int]:
    """SQLite, inside an immediate transaction: the keys after the last one ever given, which the table then counts."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        last = int(row[0]) if row else 0
        cursor.execute(
            "UPDATE sqlite_sequence SET seq = %s WHERE name = %s"
            if row
            else "INSERT INTO sqlite_sequence (seq, name) VALUES (%s, %s)",
            [last + count, table],
        )
    return list(range(last + 1, last + 1 + count))
