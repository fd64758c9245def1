"""erp.sql against the demo company's database, and against database servers that refuse or break."""

from __future__ import annotations

import datetime as dt
import sqlite3
import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy.engine.default import DefaultDialect

from connectors.ports.erp import Page, RecordUpdate, SourceSpec, ValuesMoved, WriteOutcome, WriteResult
from demo.company import SHOWCASE, company_create, go_down, orders, refuse_next
from kernel.errors import AuthFailed, ConfigError, Conflict, OutcomeUnknown, Rejected, Transient
from tests.connectors.contract.driver import Driver
from tests.connectors.contract.http_driver import REFUSAL
from tests.connectors.contract.peer import greeter, url_refused

STOCK = SourceSpec("v_stock_levels", "id", ("product_code", "warehouse", "on_hand"), "updated_at")
LEVELS = SourceSpec("v_stock_levels", "id", ("on_hand", "reorder_level"))
WRITE_SET = "v_stock_levels = stock by product_code@warehouse: reorder_level"
ACTION = "create_purchase_order"


def _mysql_error(code: int, words: str) -> bytes:
    """An error packet in place of MySQL's greeting (client/server protocol, read 2026-11-22)."""
    payload = b"\xff" + struct.pack("<H", code) + words.encode()
    return struct.pack("<I", len(payload))[:3] + b"\x00" + payload


class ConnectorDriver(Driver):
    key = "erp.sql"
    secrets = ("pw-7b2e4a91",)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "erp.sqlite3"
        company_create(self.path, today=dt.date(2026, 11, 22))

    def settings(self) -> Mapping[str, Any]:
        return {"url": f"sqlite:///{self.path}"}

    def credentials(self) -> Mapping[str, Any]:
        return {"password": self.secrets[0]}

    def broken_settings(self) -> Sequence[Mapping[str, Any]]:
        text = self.folder / "text.sqlite3"
        text.write_text("this is no database\n" * 100)
        closed = url_refused().rpartition(":")[2]
        urls = (
            *("", "no address", "oracle://u@127.0.0.1/x", "sqlite://", "sqlite:///relative.sqlite3"),
            *(f"sqlite:///{self.folder}/missing.sqlite3", f"sqlite:///{self.folder}", f"sqlite:///{text}"),
            *(f"{driver}://u@127.0.0.1:{closed}/d" for driver in ("mysql+pymysql", "postgresql+psycopg")),
            f"mysql+pymysql://u:{self.secrets[0]}@127.0.0.1/d",
        )
        return [{"url": url} for url in urls] + [{**self.settings(), "time_zone": "Mars/Olympus"}]

    def rule_check_never_raises(self) -> None:
        super().rule_check_never_raises()
        for greeting in (b"", b"\x05\x00\x00\x00hello", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 64):
            with greeter(greeting) as port:
                for driver in ("mysql+pymysql", "postgresql+psycopg"):
                    assert not self.checked({"url": f"{driver}://u@127.0.0.1:{port}/d"}).ok
        before = self.path.read_bytes()
        report = self.checked()
        assert report.ok and report.account == "erp.sqlite3", report.as_json()
        assert self.path.read_bytes() == before, "check() changed something"

    def rule_auth_failed(self) -> None:
        with greeter(_mysql_error(1045, "Access denied for user 'u' (using password: YES)")) as port:
            settings = {"url": f"mysql+pymysql://u@127.0.0.1:{port}/d"}
            connector = self.build(settings)
            self.raised(AuthFailed, lambda: connector.poll(STOCK, {}, limit=10))
            self.raised(AuthFailed, lambda: self._order(connector, "k-auth"))
            connector.close()
            report = self.checked(settings)
        assert [item.key for item in report.items if not item.ok] == ["login"]

    def rule_error_in_200(self) -> None:
        """A refusal is a stored row with a reason: the insert itself succeeds."""
        before = orders(self.path)
        refuse_next(self.path, REFUSAL)
        connector = self.build()
        error = self.raised(Rejected, lambda: self._order(connector, "k-refused"))
        assert REFUSAL in error.message
        again = self.raised(
            Rejected, lambda: connector.lookup(ACTION, self._params(), idempotency_key="k-refused")
        )
        assert again.message == error.message
        assert orders(self.path) == before

    def rule_read_transient(self) -> None:
        for greeting in (b"", _mysql_error(1040, "Too many connections"), b"\x00" * 64):
            with greeter(greeting) as port:
                broken = self.build({"url": f"mysql+pymysql://u@127.0.0.1:{port}/d"})
                self.raised(Transient, lambda connector=broken: connector.poll(STOCK, {}, limit=10))  # type: ignore[misc]
                broken.close()
        connector = self.build()
        assert connector.poll(STOCK, {}, limit=10).records
        go_down(self.path)
        self.raised(Transient, lambda: connector.poll(STOCK, {}, limit=10))
        self.raised(Transient, lambda: connector.get(STOCK, "@".join(SHOWCASE[:2])))

    def rule_write_unknown(self) -> None:
        """The database stores the entry, and its answer to COMMIT is lost."""
        connector = self.build()
        before = len(orders(self.path))
        commit: Callable[[Any, Any], None] = DefaultDialect.do_commit
        committed: list[bool] = []

        def commit_then_break(dialect: Any, connection: Any) -> None:
            commit(dialect, connection)
            committed.append(True)
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = "SQLITE_IOERR"
            raise error

        with patch.object(DefaultDialect, "do_commit", commit_then_break):
            self.raised(OutcomeUnknown, lambda: self._order(connector, "k-lost"))
        assert committed == [True], "an uncertain write was repeated"
        found = connector.lookup(ACTION, self._params(), idempotency_key="k-lost")
        assert found.outcome is WriteOutcome.DONE and found.already
        assert len(orders(self.path)) == before + 1

    def rule_write_transient(self) -> None:
        connector = self.build()
        go_down(self.path)
        self.raised(Transient, lambda: self._order(connector, "k-down"))
        with greeter(b"") as port:
            broken = self.build({"url": f"mysql+pymysql://u@127.0.0.1:{port}/d"})
            self.raised(Transient, lambda: self._order(broken, "k-down"))
            broken.close()

    def rule_write_once(self) -> None:
        connector = self.build()
        before = len(orders(self.path))
        assert connector.lookup(ACTION, self._params(), idempotency_key="k-1") is None
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda _attempt: self._order(connector, "k-1"), range(8)))
        results.append(connector.lookup(ACTION, self._params(), idempotency_key="k-1"))
        assert {result.outcome for result in results} == {WriteOutcome.DONE}
        assert len({result.number for result in results}) == 1
        assert [result.already for result in results].count(False) == 1
        assert len(orders(self.path)) == before + 1
        order = orders(self.path)[0]
        assert (order.number, order.reference) == (results[0].number, "BATON-k-1")
        assert (order.quantity, order.unit_price) == (Decimal(200), Decimal("0.1234"))
        assert self._order(connector, "k-2").number != order.number
        assert len(orders(self.path)) == before + 2

    def rule_update_once(self) -> None:
        connector = self.build({**self.settings(), "write_set": WRITE_SET})
        key = "@".join(SHOWCASE[:2])
        found = connector.get(LEVELS, key)
        level = found.data["reorder_level"]
        assert connector.writable(LEVELS) == {"reorder_level"}
        assert connector.update_lookup(LEVELS, key, idempotency_key="u-1") is None
        change = RecordUpdate(LEVELS, key, {"reorder_level": Decimal(level + 7)}, {"reorder_level": level})

        def changed(_attempt: int) -> WriteResult:
            result: WriteResult = connector.update(change, idempotency_key="u-1")
            return result

        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(changed, range(8)))
        results.append(connector.update_lookup(LEVELS, key, idempotency_key="u-1"))
        assert {each.outcome for each in results} == {WriteOutcome.DONE}
        assert [each.already for each in results].count(False) == 1
        assert {each.record["reorder_level"] for each in results} == {level + 7}

        moved = self.raised(ValuesMoved, lambda: connector.update(change, idempotency_key="u-2"))
        assert moved.found == {"reorder_level": level + 7}
        forbidden = RecordUpdate(LEVELS, key, {"on_hand": 1}, {})
        self.raised(ConfigError, lambda: connector.update(forbidden, idempotency_key="u-3"))
        nobody = RecordUpdate(LEVELS, "x@y", {"reorder_level": 1}, {})
        self.raised(Rejected, lambda: connector.update(nobody, idempotency_key="u-4"))
        self.raised(Conflict, lambda: connector.update_lookup(LEVELS, "x@y", idempotency_key="u-1"))
        for unused in ("u-2", "u-3", "u-4"):
            assert connector.update_lookup(LEVELS, key, idempotency_key=unused) is None
        assert connector.get(LEVELS, key).data["reorder_level"] == level + 7
        with sqlite3.connect(self.path) as connection:
            levels = connection.execute("SELECT count(*) FROM stock WHERE reorder_level = ?", (level + 7,))
            assert levels.fetchone() == (1,)
        connection.close()

    def rule_poll_complete(self) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute("UPDATE stock SET updated_at = '2026-11-22T08:00:00.000Z'")
            expected = sorted(key for (key,) in connection.execute("SELECT id FROM v_stock_levels"))
        connection.close()
        connector = self.build()
        for limit in (1, 7, len(expected), len(expected) + 1):
            keys: list[str] = []
            cursor: Mapping[str, Any] = {}
            for _page in range(len(expected) + 1):
                page: Page = connector.poll(STOCK, cursor, limit=limit)
                assert len(page.records) <= limit and page.snapshot
                keys += [record.key for record in page.records]
                cursor = page.cursor
                if not page.has_more:
                    break
            assert not page.has_more, "the walk does not end"
            assert {key: times for key, times in Counter(keys).items() if times > 1} == {}
            assert sorted(keys) == expected
            again: Page = connector.poll(STOCK, cursor, limit=limit)
            assert again.unchanged and again.records == ()
        self.raised(ConfigError, lambda: connector.poll(SourceSpec("v_nothing", "id", ("x",)), {}, limit=1))

    def _params(self) -> Mapping[str, Any]:
        item, warehouse, _quantity = SHOWCASE
        with sqlite3.connect(self.path) as connection:
            ((supplier,),) = connection.execute("SELECT supplier_code FROM products WHERE code = ?", (item,))
        connection.close()
        return {
            "product_code": item,
            "supplier_code": supplier,
            "quantity": Decimal(200),
            "unit_price": Decimal("0.1234"),
            "warehouse": warehouse,
        }

    def _order(self, connector: Any, key: str) -> WriteResult:
        params = (
            self._params()
            if self.path.is_file()
            else {**dict.fromkeys(("product_code", "supplier_code"), "x")}
        )
        values = {"quantity": Decimal(200), "unit_price": Decimal(1), **params}
        result: WriteResult = connector.perform(ACTION, values, idempotency_key=key)
        return result
