"""Holiday calendars from iCalendar files: what is read, what is left out, what is refused."""

from __future__ import annotations

import datetime as dt

import pytest

from kernel.errors import ConfigError
from messaging.ical import calendar_read


def file(*events: str) -> bytes:
    inside = "\r\n".join(f"BEGIN:VEVENT\r\n{each}\r\nEND:VEVENT" for each in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{inside}\r\nEND:VCALENDAR\r\n".encode()


def event(start: str, end: str = "", title: str = "Holiday", more: str = "") -> str:
    lines = [f"SUMMARY:{title}", f"DTSTART;VALUE=DATE:{start}"]
    if end:
        lines.append(f"DTEND;VALUE=DATE:{end}")
    return "\r\n".join([*lines, more] if more else lines)


def days(*texts: str) -> frozenset[dt.date]:
    return frozenset(dt.date.fromisoformat(each) for each in texts)


def test_whole_days_are_read_the_last_one_not_counted() -> None:
    found = calendar_read(file(event("20261001", "20261004", "国庆节"), event("20260101")))
    assert found.free == days("2026-10-01", "2026-10-02", "2026-10-03", "2026-01-01")
    assert (found.worked, found.left_out) == (frozenset(), 0)


def test_worked_weekend_days_are_told_from_holidays() -> None:
    found = calendar_read(
        file(event("20261010", title="国庆节 补班"), event("20261001", title="国庆节 休"), event("20261010"))
    )
    assert found.worked == days("2026-10-10")
    assert found.free == days("2026-10-01")


def test_a_yearly_day_is_taken_for_thirty_years() -> None:
    found = calendar_read(file(event("20261225", more="RRULE:FREQ=YEARLY")))
    assert len(found.free) == 30
    assert max(found.free) == dt.date(2055, 12, 25)
    leap = calendar_read(file(event("20280229", more="RRULE:FREQ=YEARLY")))
    assert sorted(leap.free)[:2] == [dt.date(2028, 2, 29), dt.date(2032, 2, 29)]


@pytest.mark.parametrize(
    "other",
    [
        "SUMMARY:Meeting\r\nDTSTART:20261001T090000Z\r\nDTEND:20261001T100000Z",
        event("20260101", "20270101"),
        event("20260101", more="RRULE:FREQ=WEEKLY"),
        event("20260101", more="RRULE:FREQ=YEARLY;BYDAY=1MO"),
        "SUMMARY:No day at all",
    ],
)
def test_what_is_no_whole_day_is_left_out_and_counted(other: str) -> None:
    found = calendar_read(file(event("20261001"), other))
    assert (found.free, found.left_out) == (days("2026-10-01"), 1)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"<html></html>",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        file(),
        file("SUMMARY:Meeting\r\nDTSTART:20261001T090000Z"),
        file(event("99999999")),
        b"BEGIN:VEVENT\r\n" * 20_000,
        b"x" * 1_000_001,
        file(*[event("20261001")] * 5_001),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(ConfigError) as refused:
        calendar_read(raw)
    assert str(refused.value).endswith(".")
