"""Many people want to decide the same thing at the same moment."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.chaos.installation import REDIS
from tests.chaos.load import TAKEN, Buyer
from tests.chaos.rules import ASKED, TOGETHER
from tests.chaos.scene import Scene

CLICKS = 50


@pytest.mark.selected(REDIS)
def test_fifty_clicks_of_three_people(scene: Scene) -> None:
    people = [Buyer(scene.installation, login) for login in ASKED]
    scene.cards(1, buyer=people[1], title=TOGETHER)
    (shelf,) = scene.shelves
    scene.jammed_burst()
    together = Barrier(CLICKS)

    def click(number: int) -> int:
        person = people[number % len(people)]
        body = {"button": "create_po", "version": shelf.card["version"]}
        together.wait(30)
        return person.api.call(f"inbox/{shelf.card['id']}/answer/", body)[0]

    with ThreadPoolExecutor(CLICKS) as pool:
        with scene.struck():
            pass
        statuses = Counter(pool.map(click, range(CLICKS)))
    assert statuses[TAKEN] == 1, statuses
    assert set(statuses) == {TAKEN, 409}, statuses
    scene.intended = 1
    scene.receiver.release()
    assert scene.counted().repeated == 0
    scene.notes.append(f"{CLICKS - 1} were told who had decided")
