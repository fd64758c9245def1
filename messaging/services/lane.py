"""The priority lane: what is urgent overtakes a burst, and the burst goes on."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence

from django.db.models import QuerySet

from kernel.shutdown import shutdown_begun
from kernel.work import due, work_claim, work_is_late, work_release
from messaging.models import PRIORITY_LANE, Delivery

REST_EVERY = 4
LOOK_SECONDS = 0.5
ORDER = ("priority", "available_at", "pk")
_claims = itertools.count(1)


def deliveries_claim(deliveries: QuerySet[Delivery], limit: int) -> list[Delivery]:
    """Claim what is due, the lane first; every fourth claim is the rest's, so that nothing urgent starves it."""
    if next(_claims) % REST_EVERY == 0:
        rest = work_claim(deliveries.filter(priority__gt=PRIORITY_LANE), limit=limit, order=ORDER)
        if rest:
            return rest
    return work_claim(deliveries, limit=limit, order=ORDER)


def overtakable(deliveries: Sequence[Delivery]) -> Iterator[Delivery]:
    """The claimed deliveries one by one; once something urgent is due, the ordinary rest is given back instead.

    A slow messenger would otherwise keep the lane waiting for a whole batch. Asks twice a second at most.
    """
    look_at = time.monotonic() + LOOK_SECONDS
    for index, delivery in enumerate(deliveries):
        if shutdown_begun():
            work_release(deliveries[index:])
            return
        if not delivery.in_lane and time.monotonic() >= look_at:
            if Delivery.objects.filter(due(), priority__lte=PRIORITY_LANE).exists():
                work_release(deliveries[index:])
                return
            look_at = time.monotonic() + LOOK_SECONDS
        if not work_is_late(delivery):
            yield delivery
