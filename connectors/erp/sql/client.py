"""Sessions with the database: read-only by default, and the one place where a COMMIT is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from connectors.erp.sql.engines import Columns, SharedEngine, engine_acquire, engine_release
from connectors.erp.sql.errors import commit_error, sql_error
from connectors.erp.sql.target import Target


class SqlClient:
    """Safe to share between threads. Sessions are opened at first use; `close` gives them back.

    `reading` and `writing` raise kernel errors only (see errors.py).
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._held: dict[str, SharedEngine] = {}
        self._lock = threading.Lock()

    @property
    def columns(self) -> dict[str, Columns]:
        """View → its columns as last reported; forgotten when the database refuses a statement."""
        return self._shared("ro").columns

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A short read transaction that cannot write."""
        try:
            with self._shared("ro").engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            self.columns.clear()
            raise sql_error(error) from None

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction, committed at the end. OutcomeUnknown: COMMIT was sent and no answer came."""
        sqlite = self.target.dialect == "sqlite"
        try:
            connection = self._shared("rw" if sqlite else "ro").engine.connect()
        except sa.exc.SQLAlchemyError as error:
            raise sql_error(error, writing=True) from None
        with connection:
            try:
                if not sqlite:
                    connection.exec_driver_sql("SET TRANSACTION READ WRITE")
                yield connection
            except sa.exc.SQLAlchemyError as error:
                raise sql_error(error, writing=True) from None
            try:
                connection.commit()
            except sa.exc.SQLAlchemyError as error:
                raise commit_error(error) from None

    def sign_in_again(self) -> None:
        """Let the next session be a new one: an old one says nothing about the password."""
        shared = self._shared("ro")
        shared.columns.clear()
        shared.engine.dispose()

    def close(self) -> None:
        with self._lock:
            held, self._held = self._held, {}
        for mode in held:
            engine_release(self.target, mode)

    def _shared(self, mode: str) -> SharedEngine:
        with self._lock:
            if mode not in self._held:
                self._held[mode] = engine_acquire(self.target, mode)
            return self._held[mode]
