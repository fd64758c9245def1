"""The clock jumps while work is in hand."""

from __future__ import annotations

from tests.chaos.scene import Scene

FORWARD_SECONDS = 600
"""Past every lease."""
BACK_SECONDS = 3600


def test_clock_steps_forward(scene: Scene) -> None:
    scene.cards()
    scene.held_burst()
    with scene.struck():
        scene.installation.clock_step(FORWARD_SECONDS)
    scene.click()
    scene.receiver.release()
    scene.counted()


def test_clock_steps_back(scene: Scene) -> None:
    """What was due before does not wait until the clock has been there again."""
    scene.installation.clock_step(2 * BACK_SECONDS)  # rights are not older than the installation
    scene.cards()
    scene.held_burst()
    with scene.struck():
        scene.installation.clock_step(-BACK_SECONDS)
    scene.click()
    scene.receiver.release()
    scene.counted()
