"""The write into the ERP: the worker is killed at each point of it, and the ERP is away while people click.

The demo ERP is a file. Who holds it for writing keeps Baton's entry out; who reads it keeps Baton's COMMIT waiting;
who holds Baton's own rows keeps it from storing what the ERP has answered.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from demo import company as erp
from tests.chaos.installation import EMBEDDED, REDIS, Installation
from tests.chaos.scene import Scene
from tests.running import wait_until

ON_ITS_WAY = "workflows_step WHERE action = 'create_document' AND sent_at IS NOT NULL AND ended_at IS NULL"


@contextmanager
def erp_held(installation: Installation, statement: str) -> Iterator[None]:
    with closing(sqlite3.connect(installation.erp, timeout=30, isolation_level=None)) as session:
        for each in statement.split(";"):
            session.execute(each)
        yield
        session.execute("ROLLBACK")


def is_written(installation: Installation) -> bool:
    """Whether somebody else has written into the ERP and cannot commit."""
    with closing(sqlite3.connect(installation.erp, timeout=0, isolation_level=None)) as session:
        try:
            session.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        session.execute("ROLLBACK")
        return False


def test_killed_before_the_erp_has_the_order(scene: Scene) -> None:
    scene.cards(1)
    scene.jammed_burst()
    with scene.struck():
        pass
    with erp_held(scene.installation, "BEGIN IMMEDIATE"):
        scene.click()
        wait_until(lambda: scene.installation.count(ON_ITS_WAY), "the order to be on its way")
        with scene.struck("worker"):
            scene.installation.kill("worker")
        assert orders_of(scene) == 0
    scene.receiver.release()
    scene.counted()


def test_killed_while_the_erp_stores_the_order(scene: Scene) -> None:
    scene.cards(1)
    scene.jammed_burst()
    with scene.struck():
        pass
    with erp_held(scene.installation, "BEGIN; SELECT count(*) FROM purchase_orders"):
        scene.click()
        wait_until(lambda: scene.installation.count(ON_ITS_WAY), "the order to be on its way")
        wait_until(lambda: is_written(scene.installation), "the order to be written")
        with scene.struck("worker"):
            scene.installation.kill("worker")
        assert orders_of(scene) == 0
    scene.receiver.release()
    scene.counted()


@pytest.mark.selected(REDIS, EMBEDDED)
def test_killed_after_the_erp_answered(scene: Scene) -> None:
    scene.cards(1)
    scene.jammed_burst()
    with scene.struck():
        pass
    with ExitStack() as held:
        with erp_held(scene.installation, "BEGIN IMMEDIATE"):
            scene.click()
            wait_until(lambda: scene.installation.count(ON_ITS_WAY), "the order to be on its way")
            held.enter_context(scene.installation.commits_held())
        wait_until(lambda: orders_of(scene) == 1, "the order in the ERP")
        with scene.struck("worker"):
            scene.installation.kill("worker")
        assert scene.installation.count(ON_ITS_WAY) == 1, (
            "Baton had stored the ERP's answer before it was killed"
        )
    scene.receiver.release()
    scene.counted()


def test_erp_down_with_clicks_waiting(scene: Scene) -> None:
    scene.cards(3)
    scene.jammed_burst()
    with scene.struck():
        erp.go_down(scene.installation.erp)
    try:
        scene.click()
        waiting = "workflows_step WHERE action = 'create_document' AND attempts >= 2 AND ended_at IS NULL"
        wait_until(lambda: scene.installation.count(waiting) == len(scene.shelves), "the clicks to wait")
        scene.installation.clock_step(3 * 3600)
        time.sleep(3)
    finally:
        erp.come_back(scene.installation.erp)
    scene.receiver.release()
    scene.installation.clock_step(900)
    scene.counted()


def orders_of(scene: Scene) -> int:
    shelf = scene.shelves[0]
    return len(scene.installation.purchase_orders(shelf.item, shelf.warehouse)) - scene.had(shelf)
