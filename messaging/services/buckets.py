"""Rate buckets as rows: what may go now, decided for a whole batch in one short transaction, for all workers at once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from kernel import clock
from kernel.timers import after
from messaging.models import Hold, RateBucket
from messaging.pace import Level, Pace

HORIZON = dt.timedelta(hours=1)
KEPT = dt.timedelta(days=2)
PRUNE_SECONDS = 3600.0
_MOMENTS = ("level_at", "lane_at", "promised_at")


@dataclass(frozen=True)
class Bucket:
    """A limit something counts against. `reason` and `hold` are what to say of whoever has to wait for it."""

    key: str
    pace: Pace
    reason: str = ""
    hold: Hold = Hold.RATE


@dataclass(frozen=True)
class Demand:
    """One message, and every bucket it counts against. `waited`: it was given a time before, and that has come."""

    buckets: tuple[Bucket, ...]
    lane: bool = False
    waited: bool = False


@dataclass(frozen=True)
class Verdict:
    """`available_at` None: it may go now and is counted. Else when to ask again, and which bucket made it wait."""

    available_at: dt.datetime | None = None
    bucket: Bucket | None = None


def admit(demands: Sequence[Demand], now: dt.datetime) -> list[Verdict]:
    """Decide in the order given. All buckets of a message give it a place, or none does.

    Places in the future are promised one after the other, so that thousands who wait ask once each and not all at every
    free place. Two queries, whatever the number of messages and buckets; none when nothing is limited.
    """
    buckets = {bucket.key: bucket for demand in demands for bucket in demand.buckets}
    if not buckets:
        return [Verdict() for _demand in demands]
    while (verdicts := _admitted(demands, buckets, now)) is None:
        # Made and committed before anybody waits for a lock on them: no two workers wait for each other.
        fresh = [
            RateBucket(key=key, level_at=now, lane_at=now, promised_at=now, used_at=now)
            for key in sorted(buckets)
        ]
        RateBucket.objects.bulk_create(fresh, ignore_conflicts=True)
    return verdicts


def _admitted(
    demands: Sequence[Demand], buckets: dict[str, Bucket], now: dt.datetime
) -> list[Verdict] | None:
    """None when a bucket has no row yet."""
    with transaction.atomic():
        asked = RateBucket.objects.filter(key__in=list(buckets)).order_by("key")
        rows = {row.key: row for row in asked.select_for_update(no_key=True)}
        if len(rows) < len(buckets):
            return None
        levels = {key: Level(row.level_at, row.lane_at, row.promised_at) for key, row in rows.items()}
        for key, level in levels.items():
            level.settle(buckets[key].pace, now)
        queued: Counter[str] = Counter()
        verdicts = [_decide(demand, levels, queued, now) for demand in demands]
        for key, row in rows.items():
            row.used_at = now
            for moment in _MOMENTS:
                setattr(row, moment, getattr(levels[key], moment))
        RateBucket.objects.bulk_update(rows.values(), [*_MOMENTS, "used_at"])
    return verdicts


def _decide(demand: Demand, levels: dict[str, Level], queued: Counter[str], now: dt.datetime) -> Verdict:
    if not demand.buckets:
        return Verdict()
    free, bucket = max(
        ((levels[each.key].free_at(each.pace, now, lane=demand.lane), each) for each in demand.buckets),
        key=lambda found: found[0],
    )
    if free <= now:
        for each in demand.buckets:
            levels[each.key].take(each.pace, lane=demand.lane)
        return Verdict()
    level, interval = levels[bucket.key], bucket.pace.interval
    if demand.lane or demand.waited:
        at = free + interval * queued[bucket.key]
        queued[bucket.key] += 1
    else:
        at = max(level.promised_at, free)
        if at < now + HORIZON:
            level.promised_at = at + interval
    return Verdict(min(at, max(free, now + HORIZON)), bucket)


def buckets_prune() -> dt.datetime:
    """Drop buckets nobody used for days: an unused one is as good as a new one. Returns when to look again."""
    RateBucket.objects.filter(used_at__lt=clock.now() - KEPT).delete()
    return after(PRUNE_SECONDS)
