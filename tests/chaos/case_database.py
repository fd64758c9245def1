"""The database crashes, cuts its sessions, or has no room left."""

from __future__ import annotations

import pytest

from tests.chaos.installation import EMBEDDED, RABBITMQ, REDIS
from tests.chaos.scene import Scene
from tests.running import wait_until

CUTS = 5
ROOM_PAGES = 100
REFUSALS = 20


@pytest.mark.setups(REDIS, RABBITMQ)
def test_postgresql_crashed(scene: Scene) -> None:
    database = scene.installation.servers.database
    assert database is not None
    scene.cards()
    scene.held_burst()
    with scene.struck():
        scene.click()
        database.crash()
    scene.receiver.release()
    database.start()
    scene.counted()


@pytest.mark.setups(REDIS, RABBITMQ)
def test_sessions_cut(scene: Scene) -> None:
    database = scene.installation.servers.database
    assert database is not None
    scene.cards()
    scene.held_burst()
    with scene.struck():
        scene.click()
        cut = database.sessions_cut()
    assert cut >= 2, "hardly anybody had a session"
    scene.receiver.release()
    for _time in range(CUTS):
        wait_until(database.sessions_cut, "sessions to cut")
    scene.counted()


@pytest.mark.setups(EMBEDDED)
def test_disk_full(scene: Scene) -> None:
    """The file may grow by ROOM_PAGES and no more, until the installation is started with room again."""
    installation = scene.installation
    scene.cards()
    installation.stop()
    pages = int(installation.rows("PRAGMA page_count")[0][0])
    installation.env["BATON_DATABASE_PAGES"] = str(pages + ROOM_PAGES)
    installation.start()
    try:
        scene.jammed_burst(3_000)
        wait_until(lambda: scene.sender.refusals.count(503) >= REFUSALS, "the disk to be full", 60)
        with scene.struck():
            assert installation.rows("PRAGMA page_count")[0][0] <= pages + ROOM_PAGES
        scene.click()
    finally:
        installation.stop()
        del installation.env["BATON_DATABASE_PAGES"]
    installation.start()
    scene.receiver.release()
    scene.counted()
    assert set(scene.sender.refusals) <= {0, 503}
