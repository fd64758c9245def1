"""The connection test and the settings it judges."""

from __future__ import annotations

import datetime as dt
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import translation

from connectors.erp.sql.connector import SqlConnector
from connectors.ports.erp import SourceSpec
from kernel import clock, network
from kernel.errors import AuthFailed, ConfigError, Transient
from tests.connectors.contract.peer import greeter
from tests.connectors.sql.conftest import Build

STOCK = SourceSpec("v_stock_levels", "id", ("on_hand",))


def run(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def failed(erp: SqlConnector) -> dict[str, str]:
    return {item.key: item.detail for item in erp.check().items if not item.ok}


def test_the_demo_company_passes(erp: SqlConnector, company: Path) -> None:
    before = company.read_bytes()
    report = erp.check()
    assert report.ok and report.account == "erp.sqlite3"
    assert [item.key for item in report.items] == [
        *("reach", "login", "clock", "views", "view:stock_level", "view:product", "view:supplier"),
        *("view:customer", "view:sales_order", "view:purchase_order", "view:receivable", "view:employee"),
        *("staging", "staging_key", "staging_write"),
    ]
    assert {item.key: item.detail for item in report.items}["view:stock_level"] == "192 rows"
    assert company.read_bytes() == before


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["DROP TABLE baton_inbox"], {"staging": "no table baton_inbox"}),
        (
            [
                "DROP TABLE baton_inbox",
                "CREATE TABLE baton_inbox (idempotency_key, type, payload, status, number, message)",
            ],
            {"staging_key": ""},
        ),
        (
            [
                "DROP TABLE baton_inbox",
                "CREATE TABLE baton_inbox (idempotency_key PRIMARY KEY, type, payload)",
            ],
            {"staging": "missing: message, number, status"},
        ),
        (
            ["DROP VIEW v_suppliers", "CREATE VIEW v_suppliers AS SELECT code FROM suppliers"],
            {"view:supplier": "missing: name"},
        ),
        (
            ["DROP VIEW v_suppliers", "CREATE VIEW v_suppliers AS SELECT 'S' AS code, name FROM suppliers"],
            {"view:supplier": "8 rows, but 1 different values in code"},
        ),
    ],
)
def test_what_is_wrong_is_named(
    erp: SqlConnector, company: Path, statements: list[str], expected: dict[str, str]
) -> None:
    run(company, *statements)
    assert failed(erp) == expected


def test_a_broken_view_is_named(erp: SqlConnector, company: Path) -> None:
    run(company, "DROP VIEW v_suppliers", "CREATE VIEW v_suppliers AS SELECT code, name FROM nowhere")
    assert list(failed(erp)) == ["view:supplier"]
    assert "nowhere" in failed(erp)["view:supplier"]


def test_a_unique_index_will_do(erp: SqlConnector, company: Path) -> None:
    run(
        company,
        "DROP TABLE baton_inbox",
        "CREATE TABLE baton_inbox (idempotency_key, type, payload, status, number, message)",
        "CREATE UNIQUE INDEX once ON baton_inbox (idempotency_key)",
    )
    assert failed(erp) == {}


def test_views_under_another_prefix(sql_build: Build, company: Path) -> None:
    erp = sql_build({"url": f"sqlite:///{company}", "view_prefix": "erp_"})
    assert list(failed(erp)) == ["views"]
    run(company, "CREATE VIEW erp_suppliers AS SELECT * FROM v_suppliers")
    assert failed(erp) == {}
    assert erp.default_mapping()["supplier"]["source"] == "erp_suppliers"
    bare = sql_build({"url": f"sqlite:///{company}", "view_prefix": ""})
    assert bare.default_mapping()["supplier"]["source"] == "suppliers"


def test_clocks_that_differ_are_told(erp: SqlConnector) -> None:
    with clock.frozen(clock.now() + dt.timedelta(hours=8)):
        assert list(failed(erp)) == ["clock"]


def test_hints_speak_chinese(sql_build: Build, tmp_path: Path) -> None:
    erp = sql_build({"url": f"sqlite:///{tmp_path}/missing.sqlite3"})
    with translation.override("zh-hans"):
        (item,) = erp.check().as_json()["items"]
    assert (item["label"], item["hint"]) == (
        "数据库可访问",
        "请检查地址，并确认数据库正在运行且允许本机访问。",
    )
    assert not (tmp_path / "missing.sqlite3").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": ""}, "malformed"),
        ({"url": "mssql+pymssql://u@h/d"}, "“mssql+pymssql” databases are not supported"),
        ({"url": "postgresql+psycopg://u:pw-in-url@h/d"}, "Leave the password out"),
        ({"url": "postgresql+psycopg://u@/d"}, "must name user, host and database"),
        ({"url": "postgresql+psycopg://u@h"}, "must name user, host and database"),
        ({"url": "mysql+pymysql://h/d"}, "must name user, host and database"),
        ({"url": "postgresql+psycopg://u@h/d?host=10.0.0.1"}, "Remove host"),
        ({"url": "postgresql+psycopg://u@h/d?service=x&sslmode=require"}, "Remove service"),
        ({"url": "mysql+pymysql://u@h/d?unix_socket=/s&local_infile=1"}, "Remove local_infile, unix_socket"),
        ({"url": "sqlite:///relative.sqlite3"}, "absolute path"),
        ({"url": "sqlite://"}, "absolute path"),
        ({"url": "sqlite:////x?mode=rwc&uri=true"}, "Remove mode, uri"),
        ({"time_zone": "Mars/Olympus"}, "“Mars/Olympus” is no time zone"),
        ({"time_zone": "../etc/passwd"}, "is no time zone"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work(
    sql_build: Build, company: Path, changes: dict[str, Any], words: str
) -> None:
    erp = sql_build({"url": f"sqlite:///{company}", **changes})
    (item,) = erp.check().items
    assert (item.key, item.ok) == ("settings", False)
    assert words in item.detail and "pw-in-url" not in item.detail
    with pytest.raises(ConfigError):
        erp.poll(STOCK, {}, limit=1)


def test_batons_own_database_is_refused(
    sql_build: Build, company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(django_settings.DATABASES["default"], "NAME", str(company))
    (tmp_path / "link").symlink_to(company)
    for path in (company, tmp_path / "link"):
        (item,) = sql_build({"url": f"sqlite:///{path}"}).check().items
        assert item.detail == "This is Baton's own database. Enter the file of the ERP."


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "mysql+pymysql"])
def test_internal_addresses_are_refused(sql_build: Build, driver: str) -> None:
    erp = sql_build({"url": f"{driver}://u@localhost:1/d"}, nets="")
    (item,) = erp.check().items
    assert not item.ok and "BATON_ALLOW_NETS" in item.detail
    with pytest.raises(ConfigError):
        erp.poll(STOCK, {}, limit=1)


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "mysql+pymysql"])
def test_the_address_that_was_judged_is_the_one_connected_to(
    sql_build: Build, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No driver looks the name up again: only the guard's own look-up knows this one."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_options: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(network, "getaddrinfo", resolve)
    packet = {
        "postgresql+psycopg": postgresql_packet('role "u" does not exist'),
        "mysql+pymysql": b"\x0c\x00\x00\x00\xff\x15\x04#28000no!",
    }[driver]
    with greeter(packet) as port:
        options = "?sslmode=disable" if driver.startswith("postgresql") else ""
        erp = sql_build({"url": f"{driver}://u@erp.invalid:{port}/d{options}"})
        with pytest.raises(AuthFailed):
            erp.poll(STOCK, {}, limit=1)
    assert asked == ["erp.invalid"]


def postgresql_packet(words: str) -> bytes:
    """ErrorResponse of protocol 3.0 (PostgreSQL 15 documentation, section 55.7, read 2026-11-22)."""
    fields = b"".join(
        code + text.encode() + b"\0"
        for code, text in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", "XX000"), (b"M", words))
    )
    return b"E" + struct.pack(">I", len(fields) + 5) + fields + b"\0"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ('password authentication failed for user "baton"', AuthFailed),
        ('用户 "baton" Password 认证失败', AuthFailed),
        ('role "baton" does not exist', AuthFailed),
        ('no pg_hba.conf entry for host "10.0.0.9", user "baton", database "erp"', AuthFailed),
        ('database "erp" does not exist', ConfigError),
        ("the database system is starting up", Transient),
        ("sorry, too many clients already", Transient),
    ],
)
def test_what_postgresql_says_before_a_session_exists(
    sql_build: Build, words: str, kind: type[Exception]
) -> None:
    with greeter(postgresql_packet(words)) as port:
        erp = sql_build(
            {"url": f"postgresql+psycopg://baton@127.0.0.1:{port}/erp?sslmode=disable"},
            {"password": "pw-4f1"},
        )
        with pytest.raises(kind) as caught:
            erp.poll(STOCK, {}, limit=1)
        assert type(caught.value) is kind
        keys = [item.key for item in erp.check().items if not item.ok]
    assert keys == ["login" if kind is AuthFailed else "reach"]
    error: BaseException | None = caught.value
    while error is not None:
        assert "pw-4f1" not in f"{error!r} {vars(error)!r}"
        error = error.__cause__ or error.__context__
