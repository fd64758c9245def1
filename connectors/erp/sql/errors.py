"""What a database's error means: its code decides, never its text.

Codes: PostgreSQL 15 appendix A, MariaDB 10.11 and MySQL 8 server error reference, SQLite result codes;
read on 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from django.utils.translation import gettext as _

from kernel.errors import (
    AuthFailed,
    BatonError,
    ConfigError,
    OutcomeUnknown,
    PermissionDenied,
    Rejected,
    Transient,
)


class ConstraintViolated(Rejected):
    """A constraint of the database refused the row: a second use of the key, or the ERP's own rule."""


# libpq tells no SQLSTATE when a connection is refused, only the server's words, in the server's language.
_POSTGRES_AUTH_WORDS = (
    *("authentication failed", "no password supplied", 'role "', "pg_hba.conf"),
    *("认证失败", "没有提供口令", "角色 "),
)
_POSTGRES_DATABASE_WORDS = ('database "', '数据库 "')

_BY_CODE: dict[str, type[BatonError]] = {
    **dict.fromkeys(("28P01", "28000"), AuthFailed),
    **dict.fromkeys(("42501", "25006"), PermissionDenied),
    **dict.fromkeys(("3D000", "3F000", "42P01", "42703", "42883", "42704"), ConfigError),
    **dict.fromkeys(("40001", "40P01", "55P03", "57014"), Transient),
    "P0001": Rejected,
    **dict.fromkeys(("1045", "1698", "1820", "1862", "3118", "4151"), AuthFailed),
    **dict.fromkeys(("1044", "1130", "1142", "1143", "1227", "1290", "1370", "1792"), PermissionDenied),
    **dict.fromkeys(("1049", "1054", "1146", "1356"), ConfigError),
    **dict.fromkeys(("1040", "1053", "1203", "1205", "1213", "1226", "1317", "1969", "3024"), Transient),
    "1644": Rejected,
    **dict.fromkeys(("1048", "1062", "1364", "1451", "1452", "3819", "4025"), ConstraintViolated),
    "SQLITE_CONSTRAINT_TRIGGER": Rejected,
    **dict.fromkeys(("SQLITE_PERM", "SQLITE_READONLY", "SQLITE_READONLY_DIRECTORY"), PermissionDenied),
}
_BY_PREFIX: tuple[tuple[str, type[BatonError]], ...] = (
    ("SQLITE_CONSTRAINT", ConstraintViolated),
    # The other READONLY codes: the file was moved away under us, or another process has to repair it first.
    *((f"SQLITE_{name}", Transient) for name in ("BUSY", "LOCKED", "CANTOPEN", "READONLY_")),
    *((f"SQLITE_{name}", Transient) for name in ("IOERR", "FULL", "PROTOCOL")),
    ("23", ConstraintViolated),
    *((prefix, Transient) for prefix in ("08", "53", "57P", "58")),
)
# What the server says of a value it cannot take: on a write that is a refusal, on a read a wrong mapping.
_BAD_VALUES = frozenset({"1264", "1265", "1366", "1406", "1292"})


def sql_code(error: BaseException | None) -> str:
    """SQLSTATE (PostgreSQL), number (MySQL) or result name (SQLite); "" where the driver tells none."""
    arguments = getattr(error, "args", ())
    if arguments and isinstance(arguments[0], int):  # PyMySQL; its SQLSTATE says less than the number
        return str(arguments[0])
    return str(getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or "")


def sql_words(error: BaseException | None) -> str:
    """The first line of what the database said."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    arguments = getattr(error, "args", ())
    text = str(primary or (arguments[-1] if arguments else error) or "")
    return text.strip().split("\n", 1)[0][:500]


def sql_error(error: sa.exc.SQLAlchemyError, *, writing: bool = False) -> BatonError:
    """The kernel error for a failure before COMMIT was sent: nothing was written."""
    if isinstance(error, sa.exc.NoSuchTableError):
        return ConfigError(_("The database has no “%(name)s”.") % {"name": str(error)})
    if isinstance(error, sa.exc.TimeoutError):
        return Transient(_("All connections to the ERP's database are in use."))
    if not isinstance(error, sa.exc.DBAPIError):
        return ConfigError(_("The database cannot be used: %(reason)s") % {"reason": type(error).__name__})
    origin = error.orig
    if origin is not None and hasattr(origin, "_pgconn"):
        origin._pgconn = None  # it holds the password in clear, for whoever logs the chain of causes
    kind = _kind(sql_code(origin), str(origin), writing=writing)
    if kind in (Rejected, ConstraintViolated):
        return kind(sql_words(origin))
    if kind is Transient:
        return Transient(_("The ERP does not answer: %(reason)s") % {"reason": _brief(origin)})
    if kind is AuthFailed:
        return AuthFailed(_("The database does not accept this user and password."))
    if kind is PermissionDenied:
        return PermissionDenied(
            _("The database does not allow this: %(reason)s") % {"reason": _brief(origin)}
        )
    return ConfigError(_("The database cannot do this: %(reason)s") % {"reason": _brief(origin)})


def commit_error(error: sa.exc.SQLAlchemyError) -> BatonError:
    """The kernel error for a failure of COMMIT itself. Only an answer of the server proves a roll-back."""
    code = sql_code(error.orig) if isinstance(error, sa.exc.DBAPIError) else ""
    lost = code.startswith(("08", "57P", "SQLITE_IOERR")) or code in ("1053", "1180")
    by_client = code.isdigit() and len(code) == 4 and code.startswith("2")
    if code and not lost and not by_client:
        return sql_error(error, writing=True)
    return OutcomeUnknown(_("The connection broke while the ERP was storing the entry."))


def _kind(code: str, text: str, *, writing: bool) -> type[BatonError]:
    if kind := _BY_CODE.get(code):
        return kind
    if len(code) == 4 and code.startswith("2"):  # MySQL's client side: cannot connect, gone away, lost
        return Transient
    for prefix, kind in _BY_PREFIX:
        if code.startswith(prefix):
            return kind
    if code in _BAD_VALUES or (len(code) == 5 and code.startswith("22")):
        return Rejected if writing else ConfigError
    if code:
        return ConfigError
    if any(word in text for word in _POSTGRES_AUTH_WORDS):
        return AuthFailed
    if any(word in text for word in _POSTGRES_DATABASE_WORDS):
        return ConfigError
    return Transient


def _brief(error: BaseException | None) -> str:
    code = sql_code(error)
    return f"{sql_words(error)} ({code})" if code else sql_words(error)
