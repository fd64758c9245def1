"""Processes that are killed outright, at a moment when they have work in hand."""

from __future__ import annotations

import time

import pytest

from tests.chaos.installation import EMBEDDED, REDIS
from tests.chaos.scene import Scene
from tests.running import wait_until

KILLS = 3
GROUP = 100
"""More deliveries than one process has in hand at once: what a kill may let come twice."""


@pytest.mark.selected(REDIS)
def test_worker_killed(scene: Scene) -> None:
    scene.cards()
    scene.held_burst()
    with scene.struck("worker"):
        scene.click()
        scene.installation.kill("worker")
    scene.receiver.release()
    for _time in range(KILLS - 1):
        scene.installation.complete()
        time.sleep(0.3)
        scene.installation.kill("worker")
    count = scene.counted()
    assert count.repeated <= KILLS * GROUP


def test_web_killed(scene: Scene) -> None:
    scene.cards()
    scene.jammed_burst()
    with scene.struck("web"):
        scene.click()
        scene.burst()
        time.sleep(0.5)  # requests are on their way
        scene.installation.kill("web")
    scene.receiver.release()
    scene.installation.complete()
    scene.counted()
    assert scene.sender.refusals, "nobody was sending when the web server was killed"


def test_beat_killed(scene: Scene) -> None:
    scene.cards()
    scene.jammed_burst()
    with scene.struck("beat"):
        scene.click()
        scene.installation.kill("beat")
    scene.receiver.release()
    scene.installation.complete()
    assert scene.counted().repeated == 0


@pytest.mark.selected(EMBEDDED)
def test_everything_killed(scene: Scene) -> None:
    scene.cards()
    scene.held_burst()
    with scene.struck():
        scene.click()
        scene.installation.kill()
    scene.receiver.release()
    scene.installation.start()
    assert scene.counted().repeated <= GROUP


def test_two_beats_and_two_workers(scene: Scene) -> None:
    scene.cards()
    scene.installation.double()
    scene.jammed_burst()
    with scene.struck():
        scene.click()
    claimers = "SELECT DISTINCT substr(lease_owner, 1, 16) FROM messaging_delivery WHERE lease_owner <> ''"
    seen: set[object] = set()

    def both() -> bool:
        seen.update(owner for (owner,) in scene.installation.rows(claimers))
        return len(seen) >= 2

    wait_until(both, "both workers to take deliveries", 60)
    scene.receiver.release()
    assert scene.counted().repeated == 0
    for each in scene.installation.extra:
        each.kill()
        each.wait()
    scene.installation.extra.clear()
