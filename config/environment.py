"""Every environment variable Baton reads, in one place. An unknown BATON_* name stops the start with a sentence."""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

DEMO_MARK = "demo-company"
"""A file in BATON_HOME that says: this is the demo's folder."""

KNOWN = {
    "BATON_HOME": "folder of everything Baton writes (default var/)",
    "BATON_DEMO": "1 runs the demo company (default in a folder that holds it), 0 refuses it",
    "BATON_DEMO_PASSWORD": "password of the demo accounts (default baton-demo)",
    "BATON_BIND": "address the web server listens on (default 127.0.0.1)",
    "BATON_PUBLIC_URL": "address people reach Baton under, for links in messages",
    "BATON_SECRET_KEYS": "Fernet keys for stored secrets, newest first, separated by commas",
    "BATON_ALLOW_NETS": "private networks connectors may call, e.g. 10.0.0.0/8",
    "BATON_INBOUND_BYTES": "largest inbound body in bytes (default 1048576)",
    "BATON_TIME_ZONE": "default time zone (default Asia/Shanghai)",
    "BATON_LOG_LEVEL": "log level (default INFO)",
    "BATON_WORKERS": "Celery worker threads (default 4)",
    "BATON_HTTPS": "0 only behind plain HTTP on a closed network (default 1 outside the demo)",
    "BATON_BEHIND_PROXY": "1 trusts X-Forwarded-Proto and X-Forwarded-For of the reverse proxy",
    "BATON_CLOCK_FILE": "demo only: file whose seconds move the clock of all processes (chaos suite)",
    "BATON_DATABASE_PAGES": "demo only: most pages the SQLite file may have, a disk that is full (chaos suite)",
    "BATON_REQUIRE": "tests: all turns a skip for a missing service into a failure",
    "BATON_TEST_CACHE": "tests: folder of what is built once and kept (default ~/.cache/baton-tests)",
}


@dataclass(frozen=True)
class Environment:
    home: Path
    demo: bool
    secret_key: str
    secret_keys: list[str]
    allowed_hosts: list[str]
    trusted_origins: list[str]
    allow_nets: str
    public_url: str
    clock_file: Path | None
    inbound_bytes: int
    time_zone: str
    log_level: str
    secure: bool
    ssl_redirect: bool
    hsts_seconds: int
    behind_proxy: bool
    database: dict[str, Any]
    cache: dict[str, Any]
    broker_url: str
    broker_options: dict[str, Any]
    broker_queue_type: str


def _flag(env: Mapping[str, str], name: str, default: bool = False) -> bool:
    value = env.get(name, "").strip().lower()
    return default if value == "" else value in ("1", "true", "yes", "on")


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name, "").strip()
    if not value:
        return default
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not “{value}”.")
    return int(value)


def _unknown_refuse(env: Mapping[str, str]) -> None:
    unknown = sorted(name for name in env if name.startswith("BATON_") and name not in KNOWN)
    if unknown:
        raise ImproperlyConfigured(
            f"Unknown setting {', '.join(unknown)}. Known are: {', '.join(sorted(KNOWN))}. See docs/settings.md."
        )


def _kept_secret(home: Path, name: str, make: Any) -> str:
    """A generated secret in a file of its own (0600), so that two commands suffice to start the demo."""
    path = home / "secrets" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        value: str = make()
        file.write(value)
    return value


def _database(env: Mapping[str, str], home: Path, demo: bool) -> dict[str, Any]:
    url = env.get("DATABASE_URL", "").strip() or f"sqlite:///{home / 'baton.sqlite3'}"
    database: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True))
    if "sqlite3" in database["ENGINE"]:
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;"
            "PRAGMA cache_size=-8000;PRAGMA temp_store=MEMORY;",
        }
        pages = _number(env, "BATON_DATABASE_PAGES", 0)
        if demo and pages:
            database["OPTIONS"]["init_command"] += f"PRAGMA max_page_count={pages};"
        database["CONN_MAX_AGE"] = None
        database["CONN_HEALTH_CHECKS"] = False
        database["TEST"] = {"NAME": str(home / "test.sqlite3")}
    return database


def _broker(env: Mapping[str, str], home: Path) -> tuple[str, dict[str, Any], str]:
    url = env.get("CELERY_BROKER_URL", "").strip() or env.get("REDIS_URL", "").strip()
    if url.startswith(("redis://", "rediss://")):
        return url, {"visibility_timeout": 3600, "socket_connect_timeout": 2, "socket_timeout": 5}, "classic"
    if url:
        return url, {"confirm_publish": True}, "quorum"
    return "batonfs://local", {"folder": str(home / "broker"), "polling_interval": 0.05}, "classic"


def load(base: Path, env: Mapping[str, str] = os.environ) -> Environment:
    """Read the environment. Raises ImproperlyConfigured with a sentence that says what to do."""
    _unknown_refuse(env)
    home = Path(env.get("BATON_HOME") or base / "var").resolve()
    demo = _flag(env, "BATON_DEMO", default=(home / DEMO_MARK).exists())
    try:
        home.mkdir(parents=True, exist_ok=True)
        secret_key = env.get("SECRET_KEY") or (
            _kept_secret(home, "django", lambda: secrets.token_urlsafe(50)) if demo else ""
        )
        keys = [key.strip() for key in env.get("BATON_SECRET_KEYS", "").split(",") if key.strip()]
        if not keys and demo:
            keys = [_kept_secret(home, "fernet", lambda: Fernet.generate_key().decode())]
    except OSError as error:
        raise ImproperlyConfigured(
            f"Cannot write to {home} ({error.strerror}). Set BATON_HOME to a folder you may write to."
        ) from error
    if not secret_key or (not demo and len(secret_key) < 32):
        raise ImproperlyConfigured(
            "Set SECRET_KEY to a random text of at least 50 characters (see docs/production.md)."
        )
    if not keys:
        raise ImproperlyConfigured(
            "Set BATON_SECRET_KEYS to a Fernet key (manage.py secrets_key prints a new one)."
        )
    for key in keys:
        try:
            Fernet(key.encode())
        except ValueError as error:
            raise ImproperlyConfigured(
                "BATON_SECRET_KEYS holds something that is not a Fernet key."
            ) from error
    hosts = [host.strip() for host in env.get("ALLOWED_HOSTS", "").split(",") if host.strip()]
    if not hosts and demo:
        hosts = ["*"]
    public_url = env.get("BATON_PUBLIC_URL", "").rstrip("/") or f"http://127.0.0.1:{env.get('PORT') or 8000}"
    secure = _flag(env, "BATON_HTTPS", default=not demo)
    redis_url = env.get("REDIS_URL", "").strip()
    allow_nets = env.get("BATON_ALLOW_NETS", "127.0.0.0/8,::1/128" if demo else "")
    for net in filter(None, (each.strip() for each in allow_nets.split(","))):
        try:
            ipaddress.ip_network(net)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"BATON_ALLOW_NETS: “{net}” is not a network such as 10.0.0.0/8."
            ) from error
    broker_url, broker_options, queue_type = _broker(env, home)
    clock_file = env.get("BATON_CLOCK_FILE", "").strip()
    split = urlsplit(public_url)
    return Environment(
        home=home,
        demo=demo,
        secret_key=secret_key,
        secret_keys=keys,
        allowed_hosts=hosts,
        trusted_origins=[f"{split.scheme}://{split.netloc}"] if split.scheme in ("http", "https") else [],
        allow_nets=allow_nets,
        public_url=public_url,
        clock_file=Path(clock_file) if demo and clock_file else None,
        inbound_bytes=_number(env, "BATON_INBOUND_BYTES", 1_048_576),
        time_zone=env.get("BATON_TIME_ZONE") or "Asia/Shanghai",
        log_level=env.get("BATON_LOG_LEVEL") or "INFO",
        secure=secure,
        ssl_redirect=secure and not _flag(env, "BATON_BEHIND_PROXY"),
        hsts_seconds=31_536_000 if secure else 0,
        behind_proxy=_flag(env, "BATON_BEHIND_PROXY"),
        database=_database(env, home, demo),
        cache={"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}
        if redis_url
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        broker_url=broker_url,
        broker_options=broker_options,
        broker_queue_type=queue_type,
    )
