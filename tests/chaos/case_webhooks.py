"""Events that come twice, late, and in any order: the rule sees the same crossings as in the sorted stream."""

from __future__ import annotations

import random
import time
from collections import Counter

from tests.chaos.load import Item, event
from tests.chaos.scene import Scene

RECORDS = 45
STATES = (30, 3, 30, 3, 4, 30)
"""What each record's stock is, one after the other; below 10 at the second and again at the fourth."""


def test_duplicate_late_and_shuffled(scene: Scene) -> None:
    shuffled = [
        _numbered(scene, "s", record, version) for record in range(RECORDS) for version in range(len(STATES))
    ]
    straight = [
        _numbered(scene, "o", record, version) for record in range(RECORDS) for version in range(len(STATES))
    ]
    order = random.Random(1)
    mixed = shuffled + order.sample(shuffled, len(shuffled) // 2)
    order.shuffle(mixed)
    numbered = scene.numbered_sender()
    scene.held_burst()
    with scene.struck("worker") as _hit:
        numbered.send(mixed)
        numbered.wait()
        numbered.send(straight, concurrency=1)
        numbered.wait()
    scene.receiver.release()
    scene.settle()
    wanted, found = _crossings(scene, "o"), _crossings(scene, "s")
    assert len(wanted) == 2 * RECORDS
    assert found == wanted
    numbered.send(list(reversed(shuffled)))
    numbered.wait()
    late = [(f"{name}-late", {**body, "id": f"{name}-late"}) for name, body in shuffled[:RECORDS]]
    numbered.send(late)
    numbered.wait()
    scene.settle()
    assert _crossings(scene, "s") == wanted
    scene.sender.accepted.update(numbered.accepted)
    count = scene.counted()
    scene.notes.append(f"{len(wanted)} crossings either way; outcomes {dict(sorted(count.outcomes.items()))}")


def _numbered(scene: Scene, stream: str, record: int, version: int) -> tuple[str, Item]:
    name = f"{scene.name}-{stream}-{record}-{version}"
    body = event(
        name, sku=f"{scene.name}-{stream}-{record}", quantity=STATES[version], at=time.time() + version
    )
    return name, {**body, "version": version + 1}


def _crossings(scene: Scene, stream: str) -> Counter[str]:
    """Record and version of every event at which the rule fired."""
    prefix = f"{scene.name}-{stream}-"
    fired = scene.installation.rows(
        "SELECT e.source_event_id FROM workflows_run r JOIN connectors_event e ON e.id = r.event_id"
        f" WHERE e.source_event_id LIKE '{prefix}%'"
    )
    return Counter(name.removeprefix(prefix) for (name,) in fired)
