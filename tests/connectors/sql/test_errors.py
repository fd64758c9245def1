"""Codes of three databases → kernel errors."""

from __future__ import annotations

import sqlite3

import psycopg
import pymysql
import pytest
import sqlalchemy as sa

from connectors.erp.sql.diagnosis import _grants_allow
from connectors.erp.sql.errors import ConstraintViolated, commit_error, sql_error
from kernel.errors import (
    AuthFailed,
    BatonError,
    ConfigError,
    OutcomeUnknown,
    PermissionDenied,
    Rejected,
    Transient,
)


def wrapped(error: Exception) -> sa.exc.DBAPIError:
    return sa.exc.OperationalError("INSERT …", None, error)


def sqlite_error(name: str) -> sa.exc.DBAPIError:
    error = sqlite3.OperationalError("it said so")
    error.sqlite_errorname = name
    return wrapped(error)


def postgresql_error(state: str) -> sa.exc.DBAPIError:
    return wrapped(psycopg.errors.lookup(state)("it said so"))


def mysql_error(number: int) -> sa.exc.DBAPIError:
    return wrapped(pymysql.err.OperationalError(number, "it said so"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlite_error("SQLITE_BUSY"), Transient),
        (sqlite_error("SQLITE_BUSY_SNAPSHOT"), Transient),
        (sqlite_error("SQLITE_LOCKED_SHAREDCACHE"), Transient),
        (sqlite_error("SQLITE_CANTOPEN_ISDIR"), Transient),
        (sqlite_error("SQLITE_READONLY_DBMOVED"), Transient),
        (sqlite_error("SQLITE_IOERR_READ"), Transient),
        (sqlite_error("SQLITE_FULL"), Transient),
        (sqlite_error("SQLITE_READONLY"), PermissionDenied),
        (sqlite_error("SQLITE_NOTADB"), ConfigError),
        (sqlite_error("SQLITE_CORRUPT"), ConfigError),
        (sqlite_error("SQLITE_ERROR"), ConfigError),
        (sqlite_error("SQLITE_CONSTRAINT_UNIQUE"), ConstraintViolated),
        (sqlite_error("SQLITE_CONSTRAINT_TRIGGER"), Rejected),
        (postgresql_error("28P01"), AuthFailed),
        (postgresql_error("28000"), AuthFailed),
        (postgresql_error("42501"), PermissionDenied),
        (postgresql_error("42P01"), ConfigError),
        (postgresql_error("42703"), ConfigError),
        (postgresql_error("40P01"), Transient),
        (postgresql_error("55P03"), Transient),
        (postgresql_error("57014"), Transient),
        (postgresql_error("57P01"), Transient),
        (postgresql_error("53300"), Transient),
        (postgresql_error("23505"), ConstraintViolated),
        (postgresql_error("22003"), Rejected),
        (postgresql_error("P0001"), Rejected),
        (mysql_error(1045), AuthFailed),
        (mysql_error(1142), PermissionDenied),
        (mysql_error(1146), ConfigError),
        (mysql_error(1054), ConfigError),
        (mysql_error(1205), Transient),
        (mysql_error(1213), Transient),
        (mysql_error(2006), Transient),
        (mysql_error(2013), Transient),
        (mysql_error(1062), ConstraintViolated),
        (mysql_error(1264), Rejected),
        (mysql_error(1644), Rejected),
        (mysql_error(9999), ConfigError),
        (sa.exc.TimeoutError("pool"), Transient),
        (sa.exc.NoSuchTableError("v_x"), ConfigError),
        (sa.exc.CompileError("x"), ConfigError),
    ],
)
def test_a_failure_before_commit(error: sa.exc.SQLAlchemyError, kind: type[BatonError]) -> None:
    found = sql_error(error, writing=True)
    assert type(found) is kind
    assert "INSERT" not in found.message


def test_a_value_that_cannot_be_compared_is_a_wrong_mapping_on_a_read() -> None:
    assert type(sql_error(postgresql_error("22P02"))) is ConfigError


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (mysql_error(2013), OutcomeUnknown),
        (mysql_error(2006), OutcomeUnknown),
        (mysql_error(1053), OutcomeUnknown),
        (mysql_error(1180), OutcomeUnknown),
        (mysql_error(1213), Transient),
        (postgresql_error("08006"), OutcomeUnknown),
        (postgresql_error("57P01"), OutcomeUnknown),
        (postgresql_error("40001"), Transient),
        (postgresql_error("23503"), ConstraintViolated),
        (wrapped(psycopg.OperationalError("server closed the connection unexpectedly")), OutcomeUnknown),
        (sqlite_error("SQLITE_BUSY"), Transient),
        (sqlite_error("SQLITE_IOERR_FSYNC"), OutcomeUnknown),
        (sa.exc.ResourceClosedError("x"), OutcomeUnknown),
    ],
)
def test_a_failure_of_commit(error: sa.exc.SQLAlchemyError, kind: type[BatonError]) -> None:
    assert type(commit_error(error)) is kind


@pytest.mark.parametrize(
    ("grants", "allowed"),
    [
        (["GRANT USAGE ON *.* TO b@%"], False),
        (["GRANT ALL PRIVILEGES ON *.* TO b@%"], True),
        (["GRANT SELECT, INSERT ON erp.* TO b@%"], True),
        (["GRANT SELECT, INSERT ON erp.baton_inbox TO b@%"], True),
        (["GRANT SELECT ON erp.baton_inbox TO b@%"], False),
        (["GRANT INSERT ON other.* TO b@%"], False),
        (["GRANT INSERT ON er_.* TO b@%"], True),
        ([r"GRANT INSERT ON er\_.* TO b@%"], False),
        (["GRANT INSERT ON e%.* TO b@%"], True),
        (["GRANT reader TO b@%"], None),
    ],
)
def test_grants_of_mysql(grants: list[str], allowed: bool | None) -> None:
    assert _grants_allow(grants, "erp", "baton_inbox") is allowed
