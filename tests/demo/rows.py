"""Plain SQL against the demo company's file, as any outsider would run it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def rows_read(path: Path, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, parameters).fetchall()


def row_write(path: Path, sql: str, *parameters: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql, parameters)


def inbox_write(path: Path, key: str, type_name: str, payload: object) -> tuple[str, str | None, str | None]:
    """Puts one row into the inbox; the ERP's answer as (status, number, message)."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    row_write(
        path,
        "INSERT INTO baton_inbox (idempotency_key, type, payload) VALUES (?, ?, ?)",
        key,
        type_name,
        text,
    )
    return inbox_read(path, key)


def inbox_read(path: Path, key: str) -> tuple[str, str | None, str | None]:
    ((status, number, message),) = rows_read(
        path, "SELECT status, number, message FROM baton_inbox WHERE idempotency_key = ?", key
    )
    return status, number, message
