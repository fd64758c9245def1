"""The pages of holiday calendars and substitutes."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kernel.models import AuditEntry
from messaging.models import HolidayCalendar, Substitute
from messaging.services.absence import substitute_of
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany

pytestmark = pytest.mark.database
CALENDARS = "/admin/messaging/holidaycalendar/"
SUBSTITUTES = "/admin/messaging/substitute/"
FILE = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:National Day\r\nDTSTART;VALUE=DATE:20261001\r\n"
    b"DTEND;VALUE=DATE:20261003\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def upload(raw: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("holidays.ics", raw)


def test_a_file_adds_its_days_to_those_written_by_hand(enter: Enter) -> None:
    page = enter("it").post(
        f"{CALENDARS}add/",
        {"name": "China", "days": "2026-01-01", "worked": "2026-10-10", "file": upload(FILE)},
        follow=True,
    )
    calendar = HolidayCalendar.objects.get()
    assert calendar.days == ["2026-01-01", "2026-10-01", "2026-10-02"]
    assert calendar.worked == ["2026-10-10"]
    assert "2 holidays and 0 worked weekend days were read; 0 events were left out." in text(page)
    assert AuditEntry.objects.filter(action="holidaycalendar.imported").count() == 1


@pytest.mark.parametrize(
    ("language", "words"), [("en", "This is no iCalendar file"), ("zh-hans", "这不是 iCalendar 文件")]
)
def test_a_bad_file_is_refused_in_the_readers_language(enter: Enter, language: str, words: str) -> None:
    page = enter("it", language).post(
        f"{CALENDARS}add/", {"name": "China", "days": "", "worked": "", "file": upload(b"<html>")}
    )
    assert words in text(page)
    assert HolidayCalendar.objects.count() == 0


def test_who_stands_in_is_entered_and_taken_back(enter: Enter, company: DemoCompany) -> None:
    buyer, analyst = company.user("buyer"), company.user("analyst")
    it = enter("it")
    values = {
        "user": buyer.pk,
        "substitute": analyst.pk,
        "starts_at_0": "2020-01-01",
        "starts_at_1": "00:00",
        "ends_at_0": "2120-01-01",
        "ends_at_1": "00:00",
        "note": "",
    }
    assert it.post(f"{SUBSTITUTES}add/", values).status_code == 302
    assert substitute_of(buyer.pk) == analyst.pk
    row = Substitute.objects.get()
    assert row.ends_at - row.starts_at > dt.timedelta(days=36_000)
    assert it.post(f"{SUBSTITUTES}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert substitute_of(buyer.pk) is None


def test_an_absence_that_makes_no_sense_is_said_so(enter: Enter, company: DemoCompany) -> None:
    buyer = company.user("buyer")
    values = {"user": buyer.pk, "substitute": buyer.pk, "note": ""}
    times = {
        "starts_at_0": "2026-01-02",
        "starts_at_1": "00:00",
        "ends_at_0": "2026-01-03",
        "ends_at_1": "00:00",
    }
    page = enter("it").post(f"{SUBSTITUTES}add/", {**values, **times})
    assert "Nobody can stand in for themselves." in text(page)
    page = enter("it").post(f"{SUBSTITUTES}add/", {**values, **times, "ends_at_0": "2026-01-01"})
    assert "The end must be later than the beginning." in text(page)
    assert enter("buyer").get(SUBSTITUTES).status_code in (302, 403)
    assert Substitute.objects.count() == 0
