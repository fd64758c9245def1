"""No window ever holds more than it may; the lane has places of its own and does not starve the rest."""

from __future__ import annotations

import datetime as dt

import pytest

from messaging.pace import Level, pace_of

START = dt.datetime(2026, 11, 27, 9, tzinfo=dt.UTC)


def sent(
    count: int, seconds: float, wanted: list[bool], *, minutes: float = 5, step: float = 0.1
) -> list[tuple[float, bool]]:
    """Everybody in `wanted` (True: lane) asks at every step; who went, and when (seconds)."""
    pace, level = pace_of(count, seconds), Level(START, START, START)
    went = []
    for tick in range(int(minutes * 60 / step)):
        now = START + dt.timedelta(seconds=tick * step)
        level.settle(pace, now)
        for lane in wanted:
            while level.free_at(pace, now, lane=lane) <= now:
                level.take(pace, lane=lane)
                went.append((tick * step, lane))
    return went


def most_in_a_window(moments: list[float], seconds: float) -> int:
    first, most = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds + 1e-9:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize(("count", "seconds"), [(1, 1), (2, 60), (5, 1), (18, 60), (27, 60), (900, 60)])
def test_no_window_holds_more_than_the_count_and_the_pace_is_used(count: int, seconds: float) -> None:
    for wanted in ([False], [True], [True, False]):
        moments = [at for at, _lane in sent(count, seconds, wanted)]
        assert most_in_a_window(moments, seconds) <= count
        assert len(moments) >= 300 / seconds * count * 0.45


def test_the_lane_finds_a_place_while_the_rest_uses_all_of_its_own() -> None:
    pace, level = pace_of(27, 60), Level(START, START, START)
    level.settle(pace, START)
    ordinary = 0
    while level.free_at(pace, START, lane=False) <= START:
        level.take(pace, lane=False)
        ordinary += 1
    lane = 0
    while level.free_at(pace, START, lane=True) <= START:
        level.take(pace, lane=True)
        lane += 1
    assert (pace.burst, ordinary, lane) == (9, 7, 2)


def test_a_lane_without_end_leaves_the_rest_a_quarter() -> None:
    went = sent(27, 60, [True, False])
    rest = sum(not lane for _at, lane in went)
    assert 0.2 <= rest / len(went) <= 0.35


def test_a_clock_put_back_does_not_close_the_bucket() -> None:
    pace = pace_of(27, 60)
    ahead = START + dt.timedelta(days=1)
    level = Level(ahead, ahead, ahead)
    level.settle(pace, START)
    assert level.free_at(pace, START, lane=False) - START <= dt.timedelta(seconds=60)
