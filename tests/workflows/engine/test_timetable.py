"""Set times computed: every rhythm, clocks put forward and back, and what was missed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from workflows.timetable import FreeDays, timetable_problems, timetable_read, timetable_words

UTC = dt.UTC


def moments(params: dict[str, Any], start: str, count: int, days: FreeDays | None = None) -> list[str]:
    """The next occurrences after `start` (UTC), as UTC."""
    table = timetable_read({"times": ["08:00"], "time_zone": "UTC", **params}, days)
    found, moment = [], dt.datetime.fromisoformat(start).replace(tzinfo=UTC)
    for _each in range(count):
        following = table.next_after(moment)
        assert following is not None
        moment = following
        found.append(f"{moment:%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("params", "start", "expected"),
    [
        ({"every": "day"}, "2026-11-27T08:00", ["11-28 08:00", "11-29 08:00"]),
        ({"every": "day"}, "2026-11-27T07:59", ["11-27 08:00", "11-28 08:00"]),
        ({"every": "day", "times": ["16:00", "08:00"]}, "2026-11-27T08:00", ["11-27 16:00", "11-28 08:00"]),
        # 27 November 2026 is a Friday.
        ({"every": "working_day"}, "2026-11-27T08:00", ["11-30 08:00", "12-01 08:00"]),
        ({"every": "week", "weekdays": ["wed", "mon"]}, "2026-11-27T08:00", ["11-30 08:00", "12-02 08:00"]),
        ({"every": "month", "month_day": 1}, "2026-11-27T08:00", ["12-01 08:00", "01-01 08:00"]),
        ({"every": "month", "month_day": 31}, "2026-11-27T08:00", ["11-30 08:00", "12-31 08:00"]),
        ({"every": "month", "month_day": 30}, "2027-01-30T08:00", ["02-28 08:00", "03-30 08:00"]),
        ({"every": "day", "time_zone": "Asia/Shanghai"}, "2026-11-27T00:00", ["11-28 00:00", "11-29 00:00"]),
    ],
)
def test_every_rhythm(params: dict[str, Any], start: str, expected: list[str]) -> None:
    assert moments(params, start, 2) == expected


def test_holidays_are_left_out_and_worked_weekends_taken() -> None:
    days = FreeDays(frozenset({dt.date(2026, 10, 1)}), frozenset({dt.date(2026, 10, 10)}))
    assert moments({"every": "working_day"}, "2026-09-30T08:00", 1, days) == ["10-02 08:00"]
    assert moments({"every": "working_day"}, "2026-10-09T08:00", 2, days) == ["10-10 08:00", "10-12 08:00"]


BERLIN = {"every": "day", "times": ["02:30"], "time_zone": "Europe/Berlin"}


def test_a_time_the_clock_skips_is_taken_right_after_or_left_out() -> None:
    # On 29 March 2026 the clock goes from 02:00 to 03:00, at 01:00 UTC.
    assert moments(BERLIN, "2026-03-28T01:30", 2) == ["03-29 01:00", "03-30 00:30"]
    assert moments({**BERLIN, "left_out": "skip"}, "2026-03-28T01:30", 1) == ["03-30 00:30"]


def test_a_time_the_clock_shows_twice_is_taken_once() -> None:
    # On 25 October 2026 the clock shows 02:30 at 00:30 UTC and again at 01:30 UTC.
    assert moments(BERLIN, "2026-10-24T00:30", 2) == ["10-25 00:30", "10-26 01:30"]


def test_of_many_missed_occurrences_the_last_counts() -> None:
    table = timetable_read({"times": ["08:00"], "time_zone": "UTC"})
    first = dt.datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert table.latest_until(first, dt.datetime(2026, 1, 9, 7, 59, tzinfo=UTC)) == dt.datetime(
        2026, 1, 8, 8, tzinfo=UTC
    )
    assert table.latest_until(first, first) == first
    assert table.latest_until(first, dt.datetime(2036, 1, 9, 8, tzinfo=UTC)) == dt.datetime(
        2036, 1, 9, 8, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("params", "pointer", "code"),
    [
        ({}, "/trigger/times", "missing"),
        ({"times": []}, "/trigger/times", "missing"),
        ({"times": ["8"]}, "/trigger/times/0", "type"),
        ({"times": ["08:00", "25:00"]}, "/trigger/times/1", "type"),
        ({"times": ["08:00:30"]}, "/trigger/times/0", "type"),
        ({"times": [8]}, "/trigger/times/0", "type"),
        ({"times": ["08:00"] * 25}, "/trigger/times", "range"),
        ({"times": ["08:00"], "every": "hour"}, "/trigger/every", "unknown"),
        ({"times": ["08:00"], "every": "week"}, "/trigger/weekdays", "missing"),
        ({"times": ["08:00"], "weekdays": ["friday"]}, "/trigger/weekdays", "unknown"),
        ({"times": ["08:00"], "month_day": 32}, "/trigger/month_day", "range"),
        ({"times": ["08:00"], "month_day": True}, "/trigger/month_day", "range"),
        ({"times": ["08:00"], "time_zone": "Mars/Olympus"}, "/trigger/time_zone", "unknown"),
        ({"times": ["08:00"], "time_zone": "../../etc/passwd"}, "/trigger/time_zone", "unknown"),
        ({"times": ["08:00"], "missed": "twice"}, "/trigger/missed", "unknown"),
        ({"times": ["08:00"], "left_out": "x"}, "/trigger/left_out", "unknown"),
    ],
)
def test_what_cannot_be_read_is_said_where_it_stands(params: dict[str, Any], pointer: str, code: str) -> None:
    assert [(each.pointer, each.code) for each in timetable_problems(params, "/trigger")] == [(pointer, code)]


def test_it_says_itself_in_words() -> None:
    words = timetable_words({"every": "week", "weekdays": ["fri", "mon"], "times": ["14:00", "08:00"]})
    assert words.en == "every Monday and Friday at 08:00 and 14:00 (Asia/Shanghai)"
    assert words.zh == "每周一、周五 08:00、14:00（Asia/Shanghai）"
