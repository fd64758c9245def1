"""The demo ERP's file: opening it, and the errors a caller can meet.

While the ERP is down its file is called `<name>.down` and an empty folder holds its place, so that whoever opens
the usual name gets SQLite's "unable to open database file", and never a new empty database.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

BUSY_TIMEOUT_SECONDS = 20.0


class CompanyError(Exception):
    """The demo ERP cannot do what was asked; the message says why."""


class CompanyDown(CompanyError):
    """The demo ERP is down at the moment."""


class OperationRefused(CompanyError):
    """The request makes no sense to the demo ERP: unknown item, not enough stock, bad quantity."""


def path_when_down(path: Path) -> Path:
    """The name the file has while the demo ERP is down."""
    return path.with_name(path.name + ".down")


def is_down(path: Path) -> bool:
    """Whether the demo ERP was taken down and has not come back."""
    return path_when_down(path).exists()


@contextmanager
def company_open(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the existing file, closed (and rolled back) at the end; never creates a file.

    Rows are `sqlite3.Row`. Nothing is begun: a caller that writes says `BEGIN IMMEDIATE` and `COMMIT` itself.
    Raises CompanyDown while the ERP is down or goes down meanwhile, CompanyError when there is no such file or it
    stays locked for BUSY_TIMEOUT_SECONDS.
    """
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=rw",
            uri=True,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
        )
    except sqlite3.OperationalError as error:
        _explain(path, error)
        raise
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection
    except sqlite3.OperationalError as error:
        _explain(path, error)
        raise
    finally:
        connection.close()


def _explain(path: Path, error: sqlite3.OperationalError) -> None:
    """Raises the error that tells a person what happened; returns where SQLite's own says it best."""
    reason = error.sqlite_errorname
    cannot_open = reason.startswith("SQLITE_CANTOPEN")
    # It may have come back since the error, and is about to change its name while being looked for: look twice.
    exists = any(place.exists() for place in (path, path_when_down(path), path))
    if is_down(path) or reason == "SQLITE_READONLY_DBMOVED" or (cannot_open and exists):
        raise CompanyDown(f"the demo ERP {path.name} is down: bring it back first") from error
    if cannot_open:
        raise CompanyError(f"there is no demo ERP at {path}: create it with company_create") from error
    if reason.startswith("SQLITE_BUSY"):
        message = f"the demo ERP {path.name} is busy: close whatever holds it locked and try again"
        raise CompanyError(message) from error
