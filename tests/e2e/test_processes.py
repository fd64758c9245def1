"""Baton as people start it: real processes, real signals, spoken to over HTTP, judged by the rows of the ERP's file.

One running demo serves the whole file; the tests play on it in this order.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from demo import company as erp
from demo.people import PEOPLE
from tests.e2e.running_api import PARTS, Api, pids, restarted
from tests.needs import ROOT
from tests.running import PASSWORD, RunningDemo, port_free, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def level_for(demo: RunningDemo, skip: int) -> erp.StockLevel:
    """Something the buyer buys, well in stock, that no other test sells."""
    ample = [
        each
        for each in erp.stock(demo.erp)
        if each.buyer == "buyer" and each.warehouse == "EAST" and each.on_hand > each.reorder_level + 1
        and each.incoming == 0 and each.product_code != erp.SHOWCASE[0]
    ]  # fmt: skip
    return ample[skip]


def sell_below(demo: RunningDemo, level: erp.StockLevel) -> None:
    """Sell so much of it that it falls one below its level."""
    too_much = int(level.on_hand - level.reorder_level) + 1
    erp.sell(demo.erp, level.product_code, level.warehouse, too_much)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    running = RunningDemo(tmp_path_factory.mktemp("processes") / "home")
    process = running.launch()
    seen = set()

    def healthy() -> bool:
        assert process.poll() is None, running.output()
        seen.add(running.health())
        return 200 in seen

    try:
        wait_until(healthy, "the demo to be healthy", 120)
        assert seen <= {0, 503, 200}
        assert snapshots_missing(running) == 0, "healthy before the first snapshot was stored"
        wait_until(lambda: "Stop: Ctrl-C" in running.output(), "its welcome", 60)
        yield running
    finally:
        if running.process is not None:
            running.stop()


def snapshots_missing(demo: RunningDemo) -> int:
    return int(
        baton_rows(demo, "SELECT count(*) FROM connectors_recordedobject WHERE snapshot_at IS NULL")[0][0]
    )


def baton_rows(demo: RunningDemo, sql: str) -> list[Any]:
    with closing(sqlite3.connect(demo.home / "baton.sqlite3", timeout=30)) as connection, connection:
        return list(connection.execute(sql))


@pytest.fixture(scope="module")
def buyer(demo: RunningDemo) -> Api:
    return Api(demo, "buyer")


def test_the_first_start_tells_the_accounts_and_plays_one_sale(demo: RunningDemo, buyer: Api) -> None:
    said = demo.output()
    assert f"Baton is running at {demo.url}\n" in said
    assert f"Accounts: {', '.join(each.login for each in PEOPLE)}\n" in said
    assert f"Password of all: {PASSWORD}\n" in said
    link = re.search(rf"{re.escape(demo.url)}/inbox/([0-9a-f-]{{36}})/", said)
    assert link is not None
    card = buyer.card(erp.SHOWCASE[0])
    assert (card["id"], card["state"]) == (link[1], "open")
    assert "Traceback" not in said
    assert "ERROR" not in said


def test_a_sale_a_card_an_answer_an_order(demo: RunningDemo, buyer: Api) -> None:
    level = level_for(demo, 0)
    quantity = int(level.on_hand - level.reorder_level) + 1
    said = demo.sell(level.product_code, level.warehouse, quantity)
    assert f"Sold {quantity} × {level.product_code} from {level.warehouse}" in said
    card = buyer.card(level.product_code)
    assert [each["key"] for each in card["buttons"]] == ["create_po", "not_now"]
    assert Api(demo, "buyer2").cards(level.product_code) == []

    answer = f"inbox/{card['id']}/answer/"
    status, body = buyer.call(
        answer, {"button": "create_po", "inputs": {"quantity": "70"}, "version": card["version"]}
    )
    assert (status, body["card"]["state"] in ("working", "decided")) == (200, True)
    (order,) = wait_until(
        lambda: demo.purchase_orders(level.product_code, level.warehouse), "the purchase order", 60
    )
    assert (order["quantity"], order["status"]) == (70, "open")
    decided = wait_until(
        lambda: [each for each in buyer.cards(level.product_code) if each["state"] == "decided"],
        "the card's end",
    )[0]
    assert order["number"] in decided["state_text"]
    assert decided["buttons"] == []

    status, body = buyer.call(answer, {"button": "create_po", "inputs": {"quantity": "70"}})
    assert (status, order["number"] in body["detail"]) == (409, True)
    assert Api(demo, "buyer2").call(answer, {"button": "create_po"})[0] == 404
    assert len(demo.purchase_orders(level.product_code, level.warehouse)) == 1


def test_plain_sql_is_noticed_and_words_are_an_answer(demo: RunningDemo, buyer: Api) -> None:
    level = level_for(demo, 0)
    where = (level.product_code, level.warehouse)
    moved = "SELECT updated_at FROM stock WHERE product_code = ? AND warehouse = ?"
    before = demo.erp_rows(moved, *where)
    demo.erp_rows(
        "UPDATE stock SET quantity = reorder_level - 3 WHERE product_code = ? AND warehouse = ?", *where
    )
    assert demo.erp_rows(moved, *where) == before
    card = buyer.card(level.product_code)
    fields = {each["name"]: each["value"] for each in card["fields"]}
    assert int(fields["on_hand"].replace(",", "")) == int(level.reorder_level) - 3
    reply = f"inbox/{card['id']}/reply/"
    status, body = buyer.call(reply, {"text": "maybe"})
    assert (status, "maybe" in body["detail"]) == (400, True)
    assert buyer.call(reply, {"text": "order ８０"})[0] == 200
    (order,) = wait_until(lambda: demo.purchase_orders(*where), "the purchase order", 60)
    assert order["quantity"] == 80


def test_an_answer_given_while_the_worker_is_away(demo: RunningDemo, buyer: Api) -> None:
    level = level_for(demo, 0)
    sell_below(demo, level)
    card = buyer.card(level.product_code)
    worker = pids(demo)["worker"]
    os.kill(worker, signal.SIGKILL)
    assert buyer.call(f"inbox/{card['id']}/answer/", {"button": "create_po"})[0] == 200
    restarted(demo, "worker", worker)
    _one_order_in_the_end(demo, buyer, level)


def test_a_worker_killed_in_the_middle_of_the_write(demo: RunningDemo, buyer: Api) -> None:
    level = level_for(demo, 0)
    sell_below(demo, level)
    card = buyer.card(level.product_code)
    with _erp_locked(demo):
        assert buyer.call(f"inbox/{card['id']}/answer/", {"button": "create_po"})[0] == 200
        sent = "SELECT 1 FROM workflows_step WHERE action = 'create_document' AND sent_at IS NOT NULL AND ended_at IS NULL"
        wait_until(lambda: baton_rows(demo, sent), "the write to be under way")
        worker = pids(demo)["worker"]
        os.kill(worker, signal.SIGKILL)
    restarted(demo, "worker", worker)
    _one_order_in_the_end(demo, buyer, level)


def test_web_and_beat_are_started_again(demo: RunningDemo, buyer: Api) -> None:
    before = pids(demo)
    assert set(before) == set(PARTS)
    for name in ("web", "beat"):
        os.kill(before[name], signal.SIGKILL)
    for name in ("web", "beat"):
        restarted(demo, name, before[name])
    wait_until(lambda: demo.health() == 200, "the web server to be back", 60)
    assert pids(demo)["worker"] == before["worker"]
    level = level_for(demo, 0)
    sell_below(demo, level)
    assert buyer.card(level.product_code)["state"] == "open"


def test_ctrl_c_stops_everything(demo: RunningDemo) -> None:
    children = pids(demo)
    assert set(children) == set(PARTS)
    assert demo.stop() == 0
    assert [pid for pid in children.values() if Path(f"/proc/{pid}").exists()] == []
    with socket.create_server(("127.0.0.1", demo.port)):
        pass
    assert "Traceback" not in demo.output()


def test_a_second_start_plays_nothing_and_waits_for_a_missing_snapshot(demo: RunningDemo) -> None:
    """The ERP is away and its snapshot not there: not healthy, and saying what for, until it is."""
    if demo.process is not None:
        demo.stop()
    # Not the events: what an earlier test did in its last moment may be noticed only now.
    counted = "SELECT count(*) FROM messaging_interaction"
    happened = baton_rows(demo, counted)
    sold = erp.stock(demo.erp)
    baton_rows(
        demo,
        "UPDATE connectors_recordedobject SET snapshot_at = NULL, cursor = '{}' WHERE object = 'stock_level'",
    )
    erp.go_down(demo.erp)
    begun = len(demo.output())
    process = demo.launch()
    wait_until(lambda: process.poll() is not None or demo.health() == 503, "the web server", 60)
    assert process.poll() is None
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{demo.url}/healthz", timeout=10)
    assert json.loads(refused.value.read())["waiting_for"] == ["snapshot of demo-erp: stock_level"]
    assert "Baton is running" not in demo.output()[begun:]
    erp.come_back(demo.erp)
    wait_until(lambda: "Stop: Ctrl-C" in demo.output()[begun:], "its welcome", 60)
    assert demo.health() == 200
    said = demo.output()[begun:]
    assert "the buyer was asked" not in said
    assert "Preparing" not in said
    assert baton_rows(demo, counted) == happened
    assert erp.stock(demo.erp) == sold
    assert demo.stop() == 0


def test_a_database_with_people_of_its_own_is_not_touched(demo: RunningDemo) -> None:
    baton_rows(demo, "UPDATE permissions_user SET is_demo = 0 WHERE username = 'auditor'")
    sentence = (
        "Baton cannot start: This database holds people who are not of the demo; the demo will not touch it."
    )
    for _time in range(2):
        code, said = _start(demo.home)
        assert (code, sentence in said, len(said.splitlines())) == (1, True, 2), said


def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        _refused(_start(tmp_path / "a", PORT=str(port)), f"Port {port} is already in use")
    assert not (tmp_path / "a" / "baton.sqlite3").exists()
    file = tmp_path / "file"
    file.touch()
    _refused(_start(file), f"The folder {file} cannot be written")
    _refused(_start(tmp_path / "b", PORT="eighty"), "PORT must be a number from 1 to 65535, not “eighty”.")
    _refused(
        _start(tmp_path / "c", BATON_FOO="1"), "Unknown setting BATON_FOO. Known are: BATON_ALLOW_NETS, "
    )
    _refused(_start(tmp_path / "d", kind="production"), "Set SECRET_KEY to a random text")


def _refused(started: tuple[int, str], sentence: str) -> None:
    code, said = started
    lines = [line for line in said.splitlines() if line != "Preparing Baton …"]
    assert (code, len(lines)) == (1, 1), said
    assert lines[0].startswith(f"Baton cannot start: {sentence}"), said


def _start(home: Path, kind: str = "demo", **env: str) -> tuple[int, str]:
    """A start that is expected to end by itself: its exit code and all it said."""
    running = RunningDemo(home, port=port_free(), **env)
    done = subprocess.run(
        [sys.executable, "-m", "kernel.run", kind], cwd=ROOT, env=running.env, capture_output=True, text=True,
        check=False, timeout=90,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@contextmanager
def _erp_locked(demo: RunningDemo) -> Iterator[None]:
    """Somebody else is writing into the ERP, and takes long."""
    with closing(sqlite3.connect(demo.erp, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def _one_order_in_the_end(demo: RunningDemo, buyer: Api, level: erp.StockLevel) -> None:
    """The card is decided, so nothing is under way any more, and there is one order."""
    decided = wait_until(
        lambda: [each for each in buyer.cards(level.product_code) if each["state"] == "decided"],
        f"the end of the card about {level.product_code}",
        90,
    )[0]
    (order,) = demo.purchase_orders(level.product_code, level.warehouse)
    assert order["quantity"] == int(level.reorder_quantity)
    assert order["number"] in decided["state_text"]
