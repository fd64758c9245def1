"""The messenger misbehaves in every way a vendor does, for a while."""

from __future__ import annotations

import time

from messaging.services.confirming import CONFIRM_SECONDS
from tests.chaos.count import failures
from tests.chaos.receiver import Way
from tests.chaos.rules import DISCARDED
from tests.chaos.scene import Scene
from tests.running import wait_until

SOME = 40
RETRY_AFTER_SECONDS = 600
REPLAY = """
from messaging.models import Delivery
from messaging.services.outbox import delivery_replay
for each in Delivery.objects.filter(state="failed"):
    delivery_replay(each)
"""


def test_vendor_limits(scene: Scene) -> None:
    """429: nothing is sent again before the time it asked for, which the clock then reaches."""
    scene.receiver.retry_after_seconds = RETRY_AFTER_SECONDS
    scene.receiver.behave = lambda: Way.LIMIT
    limited = "messaging_delivery WHERE available_at IS NOT NULL AND last_error LIKE '%429%'"
    scene.burst()
    wait_until(lambda: scene.installation.count(limited), "somebody to be told to wait", 60)
    with scene.struck():
        scene.receiver.jam()
    scene.receiver.release()
    scene.sender.wait()
    scene.installation.clock_step(RETRY_AFTER_SECONDS + 1)
    assert scene.counted().repeated == 0


def test_vendor_answers_500(scene: Scene) -> None:
    _fails_for_half_an_hour(scene, Way.FAIL)


def test_vendor_answers_503(scene: Scene) -> None:
    _fails_for_half_an_hour(scene, Way.AWAY)


def test_vendor_is_silent(scene: Scene) -> None:
    scene.receiver.first(4, Way.SILENCE)
    scene.burst()
    with scene.struck():
        pass
    assert 1 <= scene.counted().repeated <= 4


def test_vendor_breaks_off(scene: Scene) -> None:
    scene.receiver.first(SOME, Way.RESET)
    scene.burst()
    with scene.struck():
        pass
    assert 1 <= scene.counted().repeated <= SOME


def test_vendor_complains(scene: Scene) -> None:
    """An error inside a 200 is the end for that message, told in the vendor's words; replayed, it arrives."""
    scene.receiver.first(SOME, Way.COMPLAIN)
    scene.burst()
    with scene.struck():
        pass
    scene.settle()
    failed = failures(scene.installation, scene.name)
    assert len(failed) == SOME
    told = "messaging_delivery WHERE state = 'failed' AND reason = 'no such person'"
    assert scene.installation.count(told) == SOME
    scene.installation.manage("shell", "-v", "0", "-c", REPLAY)
    count = scene.counted()
    assert (count.shown, count.repeated) == (count.accepted, 0)
    scene.notes.append(f"{SOME} failed with the vendor's words, replayed")


def test_vendor_discards(scene: Scene) -> None:
    """A 200 and then nothing: *unconfirmed*, and past its deadline the person's next channel carries it."""
    scene.sender = scene.numbered_sender(DISCARDED)
    scene.receiver.discards = True
    scene.held_burst()
    with scene.struck():
        scene.receiver.release()
    scene.settle()
    accepted = len(scene.sender.accepted)
    of_the_case = f"interaction_id IN (SELECT id FROM messaging_interaction WHERE source_event_id LIKE '{scene.name}-%')"
    unconfirmed = f"messaging_delivery WHERE state = 'unconfirmed' AND {of_the_case}"
    assert (scene.installation.count(unconfirmed), len(scene.receiver.shown)) == (accepted, 0)
    scene.receiver.discards = False
    scene.installation.clock_step(CONFIRM_SECONDS + 1)
    went_on = f"messaging_delivery WHERE purpose = 'next_channel' AND {of_the_case}"
    wait_until(lambda: scene.installation.count(went_on) == accepted, "the next channel to be tried", 120)
    count = scene.counted()
    assert (count.shown, count.repeated) == (count.accepted, 0)
    scene.notes.append(f"{accepted} discarded, unconfirmed, and shown through the next channel")


def _fails_for_half_an_hour(scene: Scene, way: Way) -> None:
    scene.receiver.behave = lambda: way
    scene.burst()
    with scene.struck():
        pass
    for _time in range(3):
        time.sleep(1)
        scene.installation.clock_step(600)
    scene.receiver.release()
    scene.sender.wait()
    scene.installation.clock_step(900)
    assert scene.counted().repeated == 0
