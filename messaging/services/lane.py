"""The priority lane: what is urgent overtakes a burst, and the burst goes on."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence

from kernel.claims import Claim
from kernel.shutdown import shutdown_begun
from kernel.work import due, work_is_late, work_release
from messaging.models import PRIORITY_LANE, Delivery

REST_EVERY = 4
LOOK_SECONDS = 0.5
ORDER = ("priority", "available_at", "id")
_ALL = Claim(Delivery, order=ORDER)
_REST = Claim(Delivery, where=f"priority > {PRIORITY_LANE}", order=ORDER)
_claims = itertools.count(1)


def deliveries_claim(limit: int) -> list[Delivery]:
    """Claim what is due, the lane first; every fourth claim is the rest's, so that nothing urgent starves it."""
    if next(_claims) % REST_EVERY == 0:
        rest = _REST.rows(limit)
        if rest:
            # Whatever room is left is the lane's: who gets less than the limit takes the queue for empty.
            left = limit - len(rest)
            return rest + (_ALL.rows(left) if left else [])
    return _ALL.rows(limit)


def overtakable(groups: Sequence[Sequence[Delivery]]) -> Iterator[Sequence[Delivery]]:
    """The claimed deliveries, group by group; once something urgent is due, the ordinary rest is given back instead.

    A slow messenger would otherwise keep the lane waiting for a whole batch. Asks twice a second at most.
    """
    look_at = time.monotonic() + LOOK_SECONDS
    for index, group in enumerate(groups):
        rest = [each for group in groups[index:] for each in group]
        if shutdown_begun():
            work_release(rest)
            return
        if time.monotonic() >= look_at and not any(each.in_lane for each in group):
            if Delivery.objects.filter(due(), priority__lte=PRIORITY_LANE).exists():
                work_release(rest)
                return
            look_at = time.monotonic() + LOOK_SECONDS
        found = [each for each in group if not work_is_late(each)]
        if found:
            yield found
