"""Sessions with the database: read-only by default, pinned to the judged address, bounded in number."""

from __future__ import annotations

import os
import socket
import sqlite3
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import quote

import pymysql
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection

from connectors.erp.sql.errors import commit_error, sql_error
from connectors.erp.sql.target import Target
from kernel.network import Address, addresses_resolve

CONNECT_SECONDS = 5
BUSY_SECONDS = 5
STATEMENT_SECONDS = 15
LOCK_SECONDS = 2
SOCKET_SECONDS = 20  # above STATEMENT_SECONDS: the server's own time-out is the one that speaks
RECYCLE_SECONDS = 1800
POOL_SIZE = 2


@dataclass
class _Shared:
    engine: sa.Engine
    users: int = 0


# One pool per database and account, however many connectors are open: the ERP sees two sessions of us.
_shared: dict[tuple[Target, str], _Shared] = {}
_shared_lock = threading.Lock()


class SqlClient:
    """Safe to share between threads. Sessions are opened at first use; `close` gives them back.

    `reading` and `writing` raise kernel errors only (see errors.py).
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._held: dict[str, sa.Engine] = {}
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A short read transaction that cannot write."""
        try:
            with self._engine("ro").connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise sql_error(error) from None

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction, committed at the end. OutcomeUnknown: COMMIT was sent and no answer came."""
        sqlite = self.target.dialect == "sqlite"
        try:
            connection = self._engine("rw" if sqlite else "ro").connect()
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

    def close(self) -> None:
        with self._lock:
            held, self._held = self._held, {}
        for mode in held:
            with _shared_lock:
                shared = _shared[self.target, mode]
                shared.users -= 1
                last = shared.users == 0
                if last:
                    del _shared[self.target, mode]
            if last:
                shared.engine.dispose()

    def _engine(self, mode: str) -> sa.Engine:
        with self._lock:
            if mode not in self._held:
                with _shared_lock:
                    shared = _shared.get((self.target, mode))
                    if shared is None:
                        shared = _shared[self.target, mode] = _Shared(_engine_make(self.target, mode))
                    shared.users += 1
                self._held[mode] = shared.engine
            return self._held[mode]


def _engine_make(target: Target, mode: str) -> sa.Engine:
    if target.dialect == "sqlite":
        engine = sa.create_engine(
            "sqlite://",
            creator=partial(_sqlite_open, str(target.path), mode),
            poolclass=sa.pool.NullPool,
            hide_parameters=True,
        )
        begin = "BEGIN IMMEDIATE" if mode == "rw" else "BEGIN"
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine
    engine = sa.create_engine(
        target.url.set(password=target.password or None),
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
        hide_parameters=True,
    )
    connect, prepare = (
        (_postgresql_connect, _postgresql_prepare)
        if target.dialect == "postgresql"
        else (_mysql_connect, _mysql_prepare)
    )

    def address_pin(
        dialect: Any, record: Any, arguments: Any, parameters: dict[str, Any]
    ) -> DBAPIConnection | None:
        # Two at most, so that a host with many dead addresses does not multiply the time-out.
        addresses = addresses_resolve(target.host, target.port, target.allow_nets)[:2]
        return connect(target, addresses, parameters)

    sa.event.listen(engine, "do_connect", address_pin)
    sa.event.listen(engine, "connect", lambda connection, record: prepare(connection))
    return engine


def _sqlite_open(path: str, mode: str) -> sqlite3.Connection:
    """Never creates a file. SQLAlchemy says BEGIN, not the driver, so that a write takes its lock first."""
    connection = sqlite3.connect(
        f"file:{quote(path)}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    if mode == "rw":
        # The ERP's own triggers run in our session: its foreign keys must hold there too.
        connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _postgresql_connect(target: Target, addresses: list[Address], parameters: dict[str, Any]) -> None:
    """`host` stays the name (for TLS), `hostaddr` is where libpq goes; no ~/.pgpass is read here."""
    count = len(addresses)
    parameters |= {
        "host": ",".join([target.host] * count),
        "hostaddr": ",".join(map(str, addresses)),
        "port": ",".join([str(target.port)] * count),
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": SOCKET_SECONDS,
        "tcp_user_timeout": SOCKET_SECONDS * 1000,
        "passfile": os.devnull,
        "application_name": "Baton",
        # A pooler between us and the server does not keep prepared statements.
        "prepare_threshold": None,
    }


def _postgresql_prepare(connection: Any) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        cursor.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'")
        cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
    connection.autocommit = False


def _mysql_connect(target: Target, addresses: list[Address], parameters: dict[str, Any]) -> DBAPIConnection:
    """PyMySQL would resolve the name again; it is given a socket that is already where it should be."""
    connection = pymysql.connect(
        **{**parameters, "port": target.port},
        defer_connect=True,
        read_timeout=SOCKET_SECONDS,
        write_timeout=SOCKET_SECONDS,
    )
    failure: Exception | None = None
    for address in addresses:
        try:
            connection.connect(_mysql_socket(address, target.port))
        except pymysql.err.Error:
            raise
        except (OSError, ValueError, IndexError, AssertionError, struct.error) as error:
            failure = error  # refused, or something that speaks another protocol
        else:
            return cast(DBAPIConnection, connection)
    raise pymysql.err.OperationalError(2003, f"cannot connect to {target.host}:{target.port}") from failure


def _mysql_socket(address: Address, port: int) -> socket.socket:
    opened = socket.create_connection((str(address), port), CONNECT_SECONDS)
    try:
        opened.recv(1, socket.MSG_PEEK)  # the server speaks first: what stays silent is none
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    except OSError:
        opened.close()
        raise
    return opened


def _mysql_prepare(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {LOCK_SECONDS}")
        cursor.execute(f"SET SESSION lock_wait_timeout = {LOCK_SECONDS}")
        if "MariaDB" in connection.get_server_info():
            cursor.execute(f"SET SESSION max_statement_time = {STATEMENT_SECONDS}")
        else:
            cursor.execute(f"SET SESSION max_execution_time = {STATEMENT_SECONDS * 1000}")
