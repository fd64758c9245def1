"""The broker goes, and comes back, with and without what it held. It carries doorbells only."""

from __future__ import annotations

import time

import pytest

from tests.chaos.installation import REDIS
from tests.chaos.scene import EVENTS, Scene

AWAY_SECONDS = 6


def test_broker_stopped(scene: Scene) -> None:
    scene.cards()
    scene.jammed_burst()
    with scene.struck():
        scene.installation.broker_stop()
    try:
        scene.receiver.release()
        scene.burst(EVENTS // 2)
        scene.click()
        time.sleep(AWAY_SECONDS)
    finally:
        scene.installation.broker_start()
    assert scene.counted().repeated == 0


@pytest.mark.selected(REDIS)
def test_broker_wiped(scene: Scene) -> None:
    scene.cards()
    scene.jammed_burst()
    with scene.struck():
        scene.click()
        scene.installation.broker_wipe()
    scene.receiver.release()
    scene.burst(EVENTS // 2)
    assert scene.counted().repeated == 0
