"""The connector against a running Tryton 8.2."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from connectors.dictionary.objects import OBJECTS_BY_NAME
from connectors.erp.tryton import purchase
from connectors.erp.tryton.connector import TrytonConnector, build
from connectors.mapping import CompiledMapping
from connectors.ports.erp import ConnectorContext, SourceRecord, SourceSpec, WriteOutcome
from kernel.errors import BatonError, ConfigError, OutcomeUnknown, PermissionDenied, Rejected
from kernel.http import HttpClient, nets_parse
from kernel.text import Localized
from tests.needs import needs
from tests.tryton_server import PASSWORD, TrytonServer

pytestmark = needs("tryton")

STOCK, ORDERS = SourceSpec("stock_level", "id", ()), SourceSpec("purchase_order", "id", ())
ACTION = "create_purchase_order"
PARAMS: Mapping[str, Any] = {
    "product_code": "BOLT-M8",
    "supplier_code": "S-001",
    "quantity": Decimal(200),
    "unit_price": Decimal("4.2000"),
    "warehouse": "WH",
    "currency": "CNY",
}
Connect = Callable[..., TrytonConnector]


@pytest.fixture
def connect(tryton_server: TrytonServer) -> Iterator[Connect]:
    opened: list[TrytonConnector] = []

    def open_one(
        username: str = "baton", password: str = PASSWORD, language: str = "en", **settings: str
    ) -> TrytonConnector:
        plain = {"url": tryton_server.url, "database": "baton", "username": username, **settings}
        context = ConnectorContext(HttpClient(allow_nets=nets_parse("127.0.0.0/8")), language)
        opened.append(build(plain, {"password": password}, context))
        return opened[-1]

    yield open_one
    for connector in opened:
        connector.close()


def _walk(connector: TrytonConnector, source: SourceSpec, limit: int = 100) -> dict[str, SourceRecord]:
    records: dict[str, SourceRecord] = {}
    cursor: Mapping[str, Any] = {}
    for _page in range(20):
        page = connector.poll(source, cursor, limit=limit)
        assert len(page.records) <= limit
        assert not records.keys() & {each.key for each in page.records}
        records |= {each.key: each for each in page.records}
        cursor = page.cursor
        if not page.has_more:
            return records
    raise AssertionError("the walk does not end")


def _made(server: TrytonServer, key: str) -> list[dict[str, Any]]:
    return server.purchases(f"BATON-{key}")


def test_check_is_content(connect: Connect) -> None:
    report = connect().check()
    assert [item.key for item in report.items] == ["server", "login", "modules", "scope", "read", "write"]
    assert report.ok
    assert report.account == "baton@baton"
    assert report.items[0].detail == "Tryton 8.2"


@pytest.mark.parametrize(
    ("settings", "failed"),
    [
        ({"password": "wrong"}, "login"),
        ({"database": "nothing"}, "login"),
        ({"company": "Nobody"}, "scope"),
        ({"warehouse": "NOWHERE"}, "scope"),
        ({"username": "reader"}, "write"),
    ],
)
def test_check_says_what_is_wrong(connect: Connect, settings: dict[str, str], failed: str) -> None:
    report = connect(**settings).check()
    assert [item.key for item in report.items if not item.ok] == [failed]
    assert report.items[-1].hint.en and report.items[-1].hint.zh
    assert (report.account == "") == (failed == "login")


def test_discover_speaks_both_languages(connect: Connect) -> None:
    objects = {each.name: each for each in connect().discover()}
    assert set(objects) == {"stock_level", "product", "supplier", "purchase_order"}
    assert all(each.suggested_object == each.name for each in objects.values())
    fields = {each.name: each for each in objects["stock_level"].fields}
    assert fields["reorder_level"].label == Localized("Minimal Quantity", "最小数量")
    assert fields["on_hand"].type == "decimal"
    states = {each.name: each for each in objects["purchase_order"].fields}["state"].choices
    assert ("quotation", "Quotation") in states


def test_default_mapping_fits(connect: Connect) -> None:
    connector = connect()
    sources = {each.name: each for each in connector.discover()}
    for name, definition in connector.default_mapping().items():
        mapping = CompiledMapping(OBJECTS_BY_NAME[name], definition)
        assert set(mapping.source.fields) <= {each.name for each in sources[mapping.source.name].fields}
        for record in _walk(connector, mapping.source).values():
            mapped = mapping.map(record.data)
            assert mapped.ok, mapped.reason
            assert mapped.key == record.key


def test_stock_is_read_with_its_order_point(connect: Connect) -> None:
    records = _walk(connect(), STOCK, limit=1)
    assert sorted(records) == ["BOLT-M8@SZ", "BOLT-M8@WH", "BOX-40@WH", "RESIN@WH"]
    resin, bolt = records["RESIN@WH"].data, records["BOLT-M8@SZ"].data
    assert (resin["on_hand"], resin["reorder_level"]) == (Decimal("10.25"), Decimal("2.5"))
    assert (resin["supplier_code"], resin["unit_price"]) == (None, None)
    assert bolt["product_name"] == "六角螺栓 M8 Hex bolt"
    assert (bolt["on_hand"], bolt["reorder_level"], bolt["reorder_quantity"]) == (40, 20, 40)
    assert (bolt["supplier_code"], bolt["supplier_name"]) == ("S-001", "宏达五金 Hongda Hardware")
    assert (bolt["unit_price"], bolt["currency"], bolt["unit"]) == (Decimal("4.2000"), "CNY", "u")
    assert not any(isinstance(value, float) for record in records.values() for value in record.data.values())


def test_a_connection_may_be_for_one_warehouse(connect: Connect) -> None:
    only = connect(warehouse="SZ", company="巴通贸易 Baton Trading")
    assert list(_walk(only, STOCK)) == ["BOLT-M8@SZ"]
    with pytest.raises(Rejected, match="WH"):
        only.perform(ACTION, PARAMS, idempotency_key="elsewhere")


def test_a_sale_is_seen(connect: Connect, tryton_server: TrytonServer) -> None:
    connector = connect()
    before = connector.get(STOCK, "BOX-40@WH")
    tryton_server.sell("BOX-40", 30)
    after = connector.get(STOCK, "BOX-40@WH")
    assert before is not None and after is not None
    assert after.data["on_hand"] == before.data["on_hand"] - 30 == Decimal(45)
    assert {**after.data, "on_hand": 0, "projected": 0} == {**before.data, "on_hand": 0, "projected": 0}
    assert connector.get(STOCK, "BOX-40@SZ") is None
    assert connector.get(STOCK, "no such key") is None


def test_a_purchase_is_made_once(connect: Connect, tryton_server: TrytonServer) -> None:
    connector = connect()
    assert connector.lookup(ACTION, PARAMS, idempotency_key="once") is None
    first = connector.perform(ACTION, {**PARAMS, "reference": "Q-77"}, idempotency_key="once")
    again = connect().perform(ACTION, PARAMS, idempotency_key="once")
    found = connect().lookup(ACTION, PARAMS, idempotency_key="once")
    assert (first.outcome, first.already) == (WriteOutcome.DONE, False)
    assert found is not None
    assert (again.already, found.already) == (True, True)
    assert first.number == again.number == found.number
    assert first.record == again.record == found.record
    assert (first.record["quantity"], first.record["unit_price"]) == (Decimal(200), Decimal("4.2000"))
    assert (first.record["state"], first.record["warehouse"]) == ("quotation", "WH")
    (made,) = _made(tryton_server, "once")
    assert made == {
        "number": first.number,
        "state": "quotation",
        "reference": "BATON-once",
        "description": "Q-77",
        "supplier": "S-001",
        "warehouse": "WH",
        "currency": "CNY",
        "total_amount": "949.20",
        "lines": [{"product": "BOLT-M8", "quantity": 200.0, "unit_price": "4.2000"}],
    }
    read = connector.get(ORDERS, first.key)
    assert read is not None and read.data == first.record


def test_the_price_of_tryton_is_taken_when_none_is_given(connect: Connect) -> None:
    params = {"product_code": "BOLT-M8", "supplier_code": "S-001", "quantity": "600", "warehouse": "WH"}
    made = connect().perform(ACTION, params, idempotency_key="price")
    assert made.record["unit_price"] == Decimal("3.9500")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"supplier_code": "S-404"}, "S-404"),
        ({"product_code": "NOTHING"}, "NOTHING"),
        ({"warehouse": "XX"}, "XX"),
        ({"currency": "EUR"}, "EUR"),
        ({"quantity": Decimal(0)}, "greater than zero"),
        ({"quantity": Decimal(-5)}, "greater than zero"),
        ({"quantity": "many"}, "must be a number"),
        ({"quantity": Decimal("1.5")}, "exceeds the limit"),
        ({"unit_price": Decimal("1.123456789")}, "exceeds the limit"),
    ],
)
def test_a_refusal_leaves_nothing(connect: Connect, change: dict[str, Any], words: str) -> None:
    connector = connect()
    with pytest.raises(Rejected, match=words):
        connector.perform(ACTION, {**PARAMS, **change}, idempotency_key="refused")
    assert connector.lookup(ACTION, PARAMS, idempotency_key="refused") is None


def test_tryton_speaks_the_language_of_the_reader(connect: Connect) -> None:
    with pytest.raises(Rejected, match="[\u4e00-\u9fff]") as caught:
        connect(language="zh-hans").perform(
            ACTION, {**PARAMS, "quantity": Decimal("1.5")}, idempotency_key="refused-zh"
        )
    assert "1.5" in caught.value.message


def test_a_user_without_the_right_makes_nothing(connect: Connect, tryton_server: TrytonServer) -> None:
    with pytest.raises(PermissionDenied, match="Purchase"):
        connect("reader").perform(ACTION, PARAMS, idempotency_key="no-right")
    assert _made(tryton_server, "no-right") == []


def test_an_interrupted_purchase_is_finished(
    connect: Connect, tryton_server: TrytonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise OutcomeUnknown("the line went dead")

    with monkeypatch.context() as patched:
        patched.setattr(purchase, "_quote", broken)
        with pytest.raises(OutcomeUnknown):
            connect().perform(ACTION, PARAMS, idempotency_key="halfway")
    assert [each["state"] for each in _made(tryton_server, "halfway")] == ["draft"]
    found = connect().lookup(ACTION, PARAMS, idempotency_key="halfway")
    assert found is not None
    assert [(each["state"], each["number"]) for each in _made(tryton_server, "halfway")] == [
        ("quotation", found.number)
    ]


def test_a_refused_quotation_removes_its_draft(
    connect: Connect, tryton_server: TrytonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tryton refuses the quotation itself when the purchase has no warehouse."""
    values = purchase._values

    def without_warehouse(*arguments: Any) -> dict[str, Any]:
        return {**values(*arguments), "warehouse": None}

    monkeypatch.setattr(purchase, "_values", without_warehouse)
    with pytest.raises(Rejected, match="warehouse"):
        connect().perform(ACTION, PARAMS, idempotency_key="no-warehouse")
    assert _made(tryton_server, "no-warehouse") == []


def test_the_same_key_at_once_makes_one_purchase(connect: Connect, tryton_server: TrytonServer) -> None:
    connectors = [connect() for _each in range(6)]

    def attempt(connector: TrytonConnector) -> str:
        try:
            return connector.perform(ACTION, PARAMS, idempotency_key="race").number
        except OutcomeUnknown:
            return ""

    with ThreadPoolExecutor(6) as pool:
        numbers = set(pool.map(attempt, connectors)) - {""}
    found = connect().lookup(ACTION, PARAMS, idempotency_key="race")
    assert found is not None
    assert numbers <= {found.number}
    assert [each["number"] for each in _made(tryton_server, "race")] == [found.number]


def test_an_ended_session_is_renewed(connect: Connect, tryton_server: TrytonServer) -> None:
    connector = connect()
    assert connector.get(STOCK, "RESIN@WH") is not None
    tryton_server.sessions_end()
    assert connector.get(STOCK, "RESIN@WH") is not None
    tryton_server.sessions_end()
    made = connector.perform(ACTION, PARAMS, idempotency_key="renewed")
    assert [each["number"] for each in _made(tryton_server, "renewed")] == [made.number]


def test_changed_purchases_are_read_again(connect: Connect) -> None:
    connector = connect()
    first = connector.perform(ACTION, PARAMS, idempotency_key="changes-1")
    page = connector.poll(ORDERS, {}, limit=1000)
    assert not page.snapshot and not page.has_more
    assert first.key in {each.key for each in page.records}
    second = connector.perform(ACTION, PARAMS, idempotency_key="changes-2")
    following = connector.poll(ORDERS, page.cursor, limit=1000)
    assert second.key in {each.key for each in following.records}


def test_unknown_names_are_configuration_errors(connect: Connect) -> None:
    connector = connect()
    with pytest.raises(ConfigError, match="stock_level"):
        connector.poll(SourceSpec("v_stock", "id", ()), {}, limit=1)
    with pytest.raises(ConfigError, match="fly"):
        connector.perform("fly", {}, idempotency_key="x")


def test_no_secret_shows(connect: Connect) -> None:
    connector = connect(password="pw-6d1f")
    with pytest.raises(BatonError) as caught:
        connector.poll(STOCK, {}, limit=1)
    assert "pw-6d1f" not in f"{connector!r} {connector._client!r} {caught.value!r}"
