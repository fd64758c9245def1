"""Engines: one pool per database and account, made for its dialect, pinned to the judged address."""

from __future__ import annotations

import os
import socket
import sqlite3
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast
from urllib.parse import quote

import pymysql
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.types import TypeEngine

from connectors.erp.sql.target import Target
from kernel.network import Address, addresses_resolve

CONNECT_SECONDS = 5
BUSY_SECONDS = 5
STATEMENT_SECONDS = 15
LOCK_SECONDS = 2
SOCKET_SECONDS = 20  # above STATEMENT_SECONDS: the server's own time-out is the one that speaks
RECYCLE_SECONDS = 1800
POOL_SIZE = 2
IDLE_SECONDS = 60.0

Columns = Mapping[str, TypeEngine[Any]]
Key = tuple[int, Target, str]


@dataclass
class SharedEngine:
    """What all connectors of one target share. `columns`: view → its columns as last reported."""

    engine: sa.Engine
    columns: dict[str, Columns] = field(default_factory=dict)
    users: int = 0
    idle_since: float = 0.0


# However many connectors are open, the ERP sees two sessions of this process. A connector lives for one walk
# only; what it leaves is kept for a minute: signing in and asking for columns costs ten times the walk.
_shared: dict[Key, SharedEngine] = {}
_shared_lock = threading.Lock()
_closing: threading.Timer | None = None


def engine_acquire(target: Target, mode: str) -> SharedEngine:
    """`mode` is ro or rw; the two differ for SQLite only."""
    with _shared_lock:
        key = _key(target, mode)
        if key not in _shared:
            _shared[key] = SharedEngine(_engine_make(target, mode))
        _shared[key].users += 1
        return _shared[key]


def engine_release(target: Target, mode: str) -> None:
    """The last user's engine is closed IDLE_SECONDS later, if nobody comes back."""
    with _shared_lock:
        shared = _shared[_key(target, mode)]
        shared.users -= 1
        shared.idle_since = time.monotonic()
        _closing_arrange()


def engines_close_idle(seconds: float = IDLE_SECONDS) -> None:
    """Close every engine that nobody has used for `seconds`."""
    global _closing
    before = time.monotonic() - seconds
    with _shared_lock:
        idle = [key for key, shared in _shared.items() if not shared.users and shared.idle_since <= before]
        closed = [_shared.pop(key) for key in idle]
        _closing = None
        _closing_arrange()
    for shared in closed:
        shared.engine.dispose()


def _closing_arrange() -> None:
    """One timer at most, and none while nothing is idle. Call it under the lock."""
    global _closing
    waiting = _closing is not None and _closing.is_alive()
    if not waiting and any(not shared.users for shared in _shared.values()):
        _closing = threading.Timer(IDLE_SECONDS, engines_close_idle)
        _closing.daemon = True
        _closing.start()


def _key(target: Target, mode: str) -> Key:
    """Of this process: a session inherited through fork would be used by two."""
    return os.getpid(), target, mode


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
