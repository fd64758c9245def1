"""The settings of a SQL connection, judged before anything is opened."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from django.conf import settings as django_settings
from django.utils.translation import gettext as _

from connectors.erp.sql.manifest import MANIFEST
from connectors.erp.sql.writeset import Writable, write_set_parse
from kernel.errors import ConfigError
from kernel.network import Net

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mysql+pymysql": "mysql+pymysql",
    "mariadb+pymysql": "mysql+pymysql",
}
# Nothing that names another host, a socket, a service file or a file to read: those would go round the guard.
_QUERY_ALLOWED = {
    "sqlite": frozenset[str](),
    "postgresql": frozenset({"sslmode"}),
    "mysql": frozenset({"charset"}),
}
_PORTS = {"postgresql": 5432, "mysql": 3306}


@dataclass(frozen=True)
class Target:
    """Where and as whom to connect. `url` never holds the password; `zone` is that of times without one."""

    url: sa.URL
    password: str = field(repr=False)
    zone: ZoneInfo
    schema: str | None
    view_prefix: str
    staging_table: str
    allow_nets: tuple[Net, ...]
    updates_table: str = ""
    write_set: Mapping[str, Writable] = field(default_factory=dict, hash=False)

    @property
    def dialect(self) -> str:
        """sqlite, postgresql or mysql (MariaDB too)."""
        return self.url.get_backend_name()

    @property
    def path(self) -> Path:
        """The file of a SQLite target."""
        return Path(self.url.database or "")

    @property
    def host(self) -> str:
        return self.url.host or ""

    @property
    def port(self) -> int:
        return self.url.port or _PORTS[self.dialect]

    @property
    def account(self) -> str:
        """Who answers: "user@host/database", or the file's name."""
        if self.dialect == "sqlite":
            return self.path.name
        return f"{self.url.username or ''}@{self.host}/{self.url.database}"


def target_parse(
    settings: Mapping[str, Any], credentials: Mapping[str, Any], nets: tuple[Net, ...]
) -> Target:
    """Raises ConfigError with what to change; never quotes the address, people paste passwords into it."""
    values = {each.name: settings.get(each.name) or each.default or "" for each in MANIFEST.settings}
    try:
        zone = ZoneInfo(str(values["time_zone"]))
    except (ValueError, OSError, LookupError):
        raise ConfigError(
            _("“%(zone)s” is no time zone. Enter a name such as Asia/Shanghai.")
            % {"zone": values["time_zone"]}
        ) from None
    url = _url_parse(str(values["url"]).strip())
    schema = str(values["schema"]).strip() or None
    target = Target(
        url=url,
        password=str(credentials.get("password") or ""),
        zone=zone,
        schema=None if url.get_backend_name() == "sqlite" else schema,
        # Empty is a choice here: views without a prefix.
        view_prefix=str(settings.get("view_prefix", values["view_prefix"]) or "").strip(),
        staging_table=str(values["staging_table"]).strip(),
        allow_nets=nets,
        updates_table=str(values["updates_table"]).strip(),
        write_set=write_set_parse(str(values["write_set"])),
    )
    if target.dialect == "sqlite":
        _path_refuse(target.path)
    elif not target.host or not target.url.database or not target.url.username:
        raise ConfigError(_("The database address must name user, host and database."))
    return target


def _url_parse(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigError(
            _("The database address is malformed. It looks like postgresql+psycopg://user@host/database.")
        ) from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise ConfigError(
            _("“%(driver)s” databases are not supported. Use one of: %(known)s.")
            % {"driver": url.drivername, "known": "sqlite, postgresql+psycopg, mysql+pymysql"}
        )
    if url.password is not None:
        raise ConfigError(_("Leave the password out of the database address; it has a field of its own."))
    url = url.set(drivername=driver)
    if unknown := sorted(set(url.query) - _QUERY_ALLOWED[url.get_backend_name()]):
        raise ConfigError(
            _("Remove %(options)s from the database address: these options are not supported.")
            % {"options": ", ".join(unknown)}
        )
    return url


def _path_refuse(path: Path) -> None:
    if not path.is_absolute():
        raise ConfigError(
            _("Enter the absolute path of the file, with four slashes: sqlite:////path/to/erp.sqlite3")
        )
    own = str(django_settings.DATABASES["default"]["NAME"])
    # Whoever may edit a connection must not read Baton's own tables through it.
    if os.path.realpath(path) == os.path.realpath(own):
        raise ConfigError(_("This is Baton's own database. Enter the file of the ERP."))
