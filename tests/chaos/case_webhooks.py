"""Events that come twice, late, and in any order: the rule sees the same crossings as in the sorted stream."""

from __future__ import annotations

import random
from collections import Counter

from tests.chaos.load import Item, event
from tests.chaos.scene import Scene

RECORDS = 45
STATES = (30, 3, 30, 3, 4, 30)
"""What each record's stock is, one after the other; below 10 at the second and again at the fourth."""
CROSSINGS = 2


def test_duplicate_late_and_shuffled(scene: Scene) -> None:
    """Everything of a stream is stored by one request, so that all of it waits when planning begins."""
    shuffled, sorted_ = _stream(scene, "shuffled"), _stream(scene, "sorted")
    chance = random.Random(1)
    mixed = shuffled + chance.sample(shuffled, len(shuffled) // 2)
    chance.shuffle(mixed)
    numbered = scene.numbered_sender()
    scene.held_burst()
    with scene.struck():
        numbered.send([("mixed", mixed), ("sorted", sorted_)])
    scene.receiver.release()
    numbered.wait()
    scene.settle()
    wanted, found = _crossings(scene, "sorted"), _crossings(scene, "shuffled")
    assert len(wanted) == CROSSINGS * RECORDS
    assert found == wanted
    late = [{**body, "id": f"{body['id']}-late", "version": 1} for body in shuffled[: len(STATES)]]
    numbered.send([("again", list(reversed(shuffled))), ("late", late)])
    numbered.wait()
    scene.settle()
    assert _crossings(scene, "shuffled") == wanted
    scene.sender.accepted.update(dict.fromkeys((body["id"] for body in [*shuffled, *sorted_, *late]), 0.0))
    count = scene.counted()
    assert count.outcomes["superseded"] == len(late)
    scene.notes.append(f"{wanted.total()} crossings either way")


def _stream(scene: Scene, name: str) -> list[Item]:
    return [
        {
            **event(
                f"{scene.name}-{name}-{record}-{version}",
                sku=f"{scene.name}-{name}-{record}",
                quantity=quantity,
            ),
            "version": version,
        }
        for version, quantity in enumerate(STATES, start=1)
        for record in range(RECORDS)
    ]


def _crossings(scene: Scene, stream: str) -> Counter[str]:
    """Record and version of every event at which the rule fired."""
    prefix = f"{scene.name}-{stream}-"
    fired = scene.installation.rows(
        "SELECT e.source_event_id FROM workflows_run r JOIN connectors_event e ON e.id = r.event_id"
        f" WHERE e.source_event_id LIKE '{prefix}%'"
    )
    return Counter(name.removeprefix(prefix) for (name,) in fired)
