"""The same connector on real MariaDB and PostgreSQL servers, with accounts as the README says."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from connectors.erp.sql import engines
from connectors.erp.sql.connector import SqlConnector
from connectors.ports.erp import SourceSpec, WriteOutcome
from kernel.errors import AuthFailed, ConfigError, OutcomeUnknown, PermissionDenied, Rejected, Transient
from tests.connectors.sql.conftest import Build
from tests.connectors.sql.relay import relay
from tests.connectors.sql.servers import Server
from tests.needs import needs

ORDER = "create_purchase_order"
STOCK = SourceSpec("v_stock_levels", "id", ("on_hand", "unit_price", "weight", "updated_at"), "updated_at")
PARAMS: dict[str, Any] = {
    "product_code": "007",
    "supplier_code": "S1",
    "quantity": Decimal("200"),
    "unit_price": Decimal("0.45"),
}


@pytest.fixture(
    params=[
        pytest.param("mariadb", marks=needs("mariadb")),
        pytest.param("postgresql", marks=needs("postgresql")),
    ]
)
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(f"{request.param}_server")
    return found


@pytest.fixture
def erp(server: Server, sql_build: Build) -> SqlConnector:
    return sql_build(server.settings, server.credentials)


@pytest.fixture
def key() -> Iterator[str]:
    return iter([secrets.token_hex(8)])


def sessions(server: Server) -> int:
    """How many sessions of Baton's account the server sees."""
    query = {
        "mariadb": f"SELECT count(*) FROM information_schema.processlist WHERE user = '{server.account}'",
        "postgresql": f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{server.account}'",
    }[server.kind]
    return int(server.run(query)[0][0])


def orders(server: Server) -> int:
    return int(server.run("SELECT count(*) FROM purchase_orders")[0][0])


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_a_walk(erp: SqlConnector, limit: int) -> None:
    page = erp.poll(STOCK, {}, limit=limit)
    records = list(page.records)
    while page.has_more:
        page = erp.poll(STOCK, page.cursor, limit=limit)
        records += page.records
    assert [record.key for record in records] == ["007@EAST", "007@WEST", "008@EAST"]
    assert records[0].data == {
        "id": "007@EAST",
        "updated_at": dt.datetime(2026, 11, 22, 16),
        "on_hand": Decimal("12.500"),
        "unit_price": Decimal("0.4500"),
        "weight": Decimal("0.1"),
    }
    assert isinstance(records[0].data["weight"], Decimal)
    assert records[0].changed_at == dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
    assert not erp.poll(STOCK, page.cursor, limit=limit).unchanged
    assert erp.get(STOCK, "007@WEST") == records[1]
    assert erp.get(STOCK, "007@west") is None


def test_the_account_sees_its_views_only(erp: SqlConnector, server: Server) -> None:
    with pytest.raises((PermissionDenied, ConfigError)):
        erp.poll(SourceSpec("stock", "product_code@warehouse", ("quantity",)), {}, limit=5)


def test_sessions_read_only(erp: SqlConnector) -> None:
    session, _reader = erp._open()
    with pytest.raises(PermissionDenied), session.reading() as connection:
        connection.exec_driver_sql(
            "INSERT INTO baton_inbox (idempotency_key, type, payload) VALUES ('ro', 'x', '{}')"
        )
        connection.commit()
    assert erp.lookup(ORDER, PARAMS, idempotency_key="ro") is None


def test_an_order_once(erp: SqlConnector, server: Server, key: Iterator[str]) -> None:
    name, before = next(key), orders(server)
    result = erp.perform(ORDER, PARAMS, idempotency_key=name)
    again = erp.perform(ORDER, PARAMS, idempotency_key=name)
    assert (result.outcome, result.number, result.already) == (WriteOutcome.DONE, f"PO-{name}", False)
    assert (again.outcome, again.number, again.already) == (WriteOutcome.DONE, f"PO-{name}", True)
    assert result.record == {
        "number": f"PO-{name}",
        "product_code": "007",
        "quantity": Decimal("200.000"),
        "reference": f"BATON-{name}",
    }
    assert orders(server) == before + 1


def test_an_error_raised_by_the_trigger_is_a_refusal(
    erp: SqlConnector, server: Server, key: Iterator[str]
) -> None:
    name, before = next(key), orders(server)
    with pytest.raises(Rejected) as caught:
        erp.perform(ORDER, PARAMS | {"product_code": "SIGNAL"}, idempotency_key=name)
    assert caught.value.message == "信用冻结 credit hold"
    assert orders(server) == before
    assert erp.lookup(ORDER, PARAMS, idempotency_key=name) is None


def test_an_entry_waits_for_the_erp(erp: SqlConnector, server: Server, key: Iterator[str]) -> None:
    name = next(key)
    params = PARAMS | {"product_code": "LATER"}
    assert erp.perform(ORDER, params, idempotency_key=name).outcome is WriteOutcome.PENDING
    server.run(
        f"UPDATE baton_inbox SET status = 'refused', message = '停用' WHERE idempotency_key = '{name}'"
    )
    with pytest.raises(Rejected, match="停用"):
        erp.lookup(ORDER, params, idempotency_key=name)


def test_a_lock_in_the_way_is_transient(
    erp: SqlConnector, server: Server, key: Iterator[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LOCK_SECONDS", 1)
    name = next(key)
    with closing(server.connect()) as other:
        other.cursor().execute("BEGIN")
        # The document that the trigger is about to make is being made by somebody else.
        other.cursor().execute(f"INSERT INTO purchase_orders VALUES ('PO-{name}', 'x', 1, NULL)")
        with pytest.raises(Transient):
            erp.perform(ORDER, PARAMS, idempotency_key=name)
        other.cursor().execute("ROLLBACK")
    assert erp.lookup(ORDER, PARAMS, idempotency_key=name) is None
    assert not erp.perform(ORDER, PARAMS, idempotency_key=name).already


def test_a_session_that_died_is_replaced(erp: SqlConnector, server: Server) -> None:
    assert erp.poll(STOCK, {}, limit=5).records
    if server.kind == "mariadb":
        for (number,) in server.run(
            f"SELECT id FROM information_schema.processlist WHERE user = '{server.account}'"
        ):
            server.run(f"KILL {number}")
    else:
        server.run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{server.account}'"
        )
    assert erp.poll(STOCK, {}, limit=5).records


def test_two_sessions_for_any_number_of_connectors(server: Server, sql_build: Build) -> None:
    connectors = [sql_build(server.settings, server.credentials) for _ in range(5)]
    for connector in connectors:
        assert connector.poll(STOCK, {}, limit=5).records
    assert [shared.users for shared in engines._shared.values()] == [5]
    assert sessions(server) == 1


def test_sessions_stay_for_the_next_walk_and_then_go(
    server: Server, sql_build: Build, timers: list[Callable[[], None]]
) -> None:
    first, second = (sql_build(server.settings, server.credentials) for _ in range(2))
    first.poll(STOCK, {}, limit=5)
    first.close()
    assert (sessions(server), len(timers)) == (1, 1)
    second.poll(STOCK, {}, limit=5)
    assert sessions(server) == 1
    engines.engines_close_idle(0)
    assert second.poll(STOCK, {}, limit=5).records  # in use: not closed
    second.close()
    engines.engines_close_idle(60)
    assert len(engines._shared) == 1  # used a moment ago: looked at again later
    assert len(timers) == 3
    engines.engines_close_idle(0)
    deadline = time.monotonic() + 20
    while sessions(server) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (sessions(server), engines._shared) == (0, {})


def test_one_timer_for_any_number_of_walks(
    server: Server, sql_build: Build, timers: list[Callable[[], None]]
) -> None:
    for _ in range(5):
        connector = sql_build(server.settings, server.credentials)
        connector.poll(STOCK, {}, limit=5)
        connector.close()
    assert len(timers) == 1
    timers.pop()()
    assert len(timers) == 1 and len(engines._shared) == 1


def test_discovery_says_what_it_is(erp: SqlConnector, server: Server) -> None:
    found = {source.name: source for source in erp.discover()}
    stock = found["v_stock_levels"]
    assert (stock.key_field, stock.suggested_object) == ("id", "stock_level")
    types = {field.name: field.type for field in stock.fields}
    assert types == {
        "id": "text",
        "product_code": "text",
        "warehouse": "text",
        "on_hand": "decimal",
        "unit_price": "decimal",
        "weight": "decimal",
        "updated_at": "datetime",
    }
    if server.kind == "postgresql":
        labels = {field.name: field.label.zh for field in stock.fields}
        assert (stock.label.zh, labels["on_hand"]) == ("库存", "现存量")


def test_the_check_reports_what_is_there(erp: SqlConnector, server: Server) -> None:
    before = server.run("SELECT count(*) FROM baton_inbox")
    report = erp.check()
    items = {item.key: item for item in report.items}
    assert report.account == f"{server.account}@127.0.0.1/{server.database}"
    assert [key for key, item in items.items() if not item.ok] == ["view:purchase_order"]
    assert items["view:purchase_order"].detail == "missing: supplier_code"
    assert items["view:stock_level"].detail.startswith(
        "3 rows · not offered: buyer, company, currency, incoming"
    )
    assert "not offered: v_products" in items["views"].detail
    assert server.run("SELECT count(*) FROM baton_inbox") == before


def test_the_check_sees_a_missing_right(server: Server, sql_build: Build) -> None:
    erp = sql_build(server.settings, server.credentials)
    who = f"{server.account}@'%'" if server.kind == "mariadb" else server.account
    server.run(f"REVOKE INSERT ON baton_inbox FROM {who}")
    try:
        items = {item.key: item.ok for item in erp.check().items}
        assert (items["staging"], items["staging_key"], items["staging_write"]) == (True, True, False)
        with pytest.raises(PermissionDenied):
            erp.perform(ORDER, PARAMS, idempotency_key="denied")
    finally:
        server.run(f"GRANT INSERT ON baton_inbox TO {who}")


@needs("mariadb")
def test_a_wrong_password(mariadb_server: Server, sql_build: Build) -> None:
    erp = sql_build(mariadb_server.settings, {"password": "wrong-7c1"})
    report = erp.check()
    assert [(item.key, item.ok) for item in report.items] == [("reach", True), ("login", False)]
    assert "wrong-7c1" not in str(report.as_json())
    with pytest.raises(AuthFailed, match="does not accept this user and password"):
        erp.poll(STOCK, {}, limit=5)


@needs("mariadb")
def test_the_check_signs_in_anew(mariadb_server: Server, sql_build: Build) -> None:
    erp = sql_build(mariadb_server.settings, mariadb_server.credentials)
    assert erp.poll(STOCK, {}, limit=5).records
    who = f"{mariadb_server.account}@'%'"
    mariadb_server.run(f"ALTER USER {who} IDENTIFIED BY 'changed-9d'")
    try:
        assert [item.key for item in erp.check().items if not item.ok] == ["login"]
    finally:
        mariadb_server.run(f"ALTER USER {who} IDENTIFIED BY '{mariadb_server.password}'")
    assert "login" not in [item.key for item in erp.check().items if not item.ok]


@needs("postgresql")
def test_keys_of_postgresqls_own_types(postgresql_server: Server, sql_build: Build) -> None:
    erp = sql_build(postgresql_server.settings, postgresql_server.credentials)
    for name in ("id", "n"):
        source = SourceSpec("things", name, ("n", "at"), "at")
        page = erp.poll(source, {}, limit=2)
        records = list(page.records)
        while page.has_more:
            page = erp.poll(source, page.cursor, limit=2)
            records += page.records
        assert sorted(record.data["n"] for record in records) == [1, 2, 3, 4, 5]
        assert erp.get(source, records[2].key) == records[2]
        assert records[0].changed_at == dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
    assert erp.get(SourceSpec("things", "n", ("n",)), "x") is None


@needs("postgresql")
@pytest.mark.parametrize("deliver", [True, False])
def test_a_commit_without_an_answer_is_unknown(
    postgresql_server: Server, sql_build: Build, key: Iterator[str], deliver: bool
) -> None:
    name, before = next(key), orders(postgresql_server)
    with relay(5432) as broken:
        url = postgresql_server.settings["url"].replace("127.0.0.1", f"127.0.0.1:{broken.port}")
        erp = sql_build({"url": url + "?sslmode=disable"}, postgresql_server.credentials)
        assert erp.poll(STOCK, {}, limit=5).records
        broken.trigger, broken.deliver = b"COMMIT", deliver
        with pytest.raises(OutcomeUnknown):
            erp.perform(ORDER, PARAMS, idempotency_key=name)
        assert broken.broken == 1
        broken.trigger = b""
        # The key decides, whether or not the first one got through.
        assert erp.perform(ORDER, PARAMS, idempotency_key=name).already is deliver
        erp.close()
    assert orders(postgresql_server) == before + 1


@needs("postgresql")
def test_a_break_before_the_commit_is_transient(
    postgresql_server: Server, sql_build: Build, key: Iterator[str]
) -> None:
    name, before = next(key), orders(postgresql_server)
    with relay(5432) as broken:
        url = postgresql_server.settings["url"].replace("127.0.0.1", f"127.0.0.1:{broken.port}")
        erp = sql_build({"url": url + "?sslmode=disable"}, postgresql_server.credentials)
        assert erp.poll(STOCK, {}, limit=5).records
        broken.trigger, broken.deliver = b"INSERT INTO", True
        with pytest.raises(Transient):
            erp.perform(ORDER, PARAMS, idempotency_key=name)
        erp.close()
    assert orders(postgresql_server) == before
