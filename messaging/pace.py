"""How many may go now: the arithmetic of a bucket, with no row and no clock of its own (GCRA).

A bucket is full at a moment, `level_at`, that each message moves on by one interval. A burst is what may go at once.
Burst and interval are chosen so that no window of `seconds`, wherever it begins, ever holds more than `count`.

The priority lane may use a reserve of the burst that nobody else touches, and at most LANE_SHARE of the pace in the long
run, so that the rest goes on.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

LANE_SHARE = 0.75
RESERVE_SHARE = 0.25
BURST_SHARE = 1 / 3


@dataclass(frozen=True)
class Pace:
    """`burst` at once, then one per `interval`; the last `reserve` of the burst is for the priority lane."""

    interval: dt.timedelta
    burst: int
    reserve: int

    @property
    def ordinary_burst(self) -> int:
        return max(1, self.burst - self.reserve)

    @property
    def window(self) -> dt.timedelta:
        """How far ahead of now the level of a bucket in use can be."""
        return self.interval * self.burst


def pace_of(
    count: int, seconds: float, *, burst_share: float = BURST_SHARE, reserve_share: float = RESERVE_SHARE
) -> Pace:
    """The pace that never sends more than `count` in any `seconds`."""
    burst = max(1, int(count * burst_share))
    interval = dt.timedelta(seconds=seconds / (count - burst + 1))
    return Pace(interval, burst, int(burst * reserve_share))


@dataclass
class Level:
    """Where a bucket stands. `promised_at`: up to when places are promised to messages that wait."""

    level_at: dt.datetime
    lane_at: dt.datetime
    promised_at: dt.datetime

    def settle(self, pace: Pace, now: dt.datetime) -> None:
        """Forget the past, and a future no clock of ours could have written: it was put back since."""
        most = now + pace.window
        self.level_at = min(max(self.level_at, now), most)
        self.lane_at = min(max(self.lane_at, now), now + _lane_interval(pace) * pace.burst)

    def free_at(self, pace: Pace, now: dt.datetime, *, lane: bool) -> dt.datetime:
        """From when the next message may go; `now` or earlier means at once."""
        burst = pace.burst if lane else pace.ordinary_burst
        free = self.level_at - pace.interval * (burst - 1)
        if lane:
            free = max(free, self.lane_at - _lane_interval(pace) * (pace.burst - 1))
        return free

    def take(self, pace: Pace, *, lane: bool) -> None:
        self.level_at += pace.interval
        if lane:
            self.lane_at += _lane_interval(pace)


def _lane_interval(pace: Pace) -> dt.timedelta:
    return pace.interval / LANE_SHARE
