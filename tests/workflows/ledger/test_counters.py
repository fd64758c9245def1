"""The source's own count beside what is recorded: planted holes are found in time, told, and healed where possible."""

from __future__ import annotations

import datetime as dt

import pytest

from connectors.erp.sql.reader import Reader
from connectors.models import CounterCheck, Event, Record, RecordedObject
from connectors.services.counting import count_drain
from kernel import clock, doorbell
from messaging.models import Interaction
from tests.company import DemoCompany
from tests.workflows.ledger.test_check import check
from workflows.services.counters import counters_tell

pytestmark = pytest.mark.database


def stock() -> CounterCheck:
    return CounterCheck.objects.get(recorded__object="stock_level")


def minutes_pass(minutes: float) -> None:
    """Everything that becomes due in so many minutes is done, half a minute at a time."""
    passed = (clock.now() - dt.datetime.now(dt.UTC)).total_seconds()
    for step in range(1, int(minutes * 2) + 1):
        clock.shift(passed + 30 * step)
        doorbell.drain_all()
        counters_tell()


@pytest.fixture(autouse=True)
def _polls(company: DemoCompany) -> None:
    company.connection.__class__.objects.filter(pk=company.connection.pk).update(poll_seconds=30.0)
    RecordedObject.objects.update(available_at=clock.now())
    doorbell.drain_all()


def source_seems_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No poll walks again by itself: a file that SQLite tidies up counts as changed, and the walk would heal."""
    monkeypatch.setattr(Reader, "_token", lambda *_args: "always the same")
    RecordedObject.objects.update(cursor={"token": "always the same"})


def told() -> list[str]:
    return [
        each.card["data"]["title_en"]
        for each in Interaction.objects.filter(handler="workflows.notice").order_by("id")
    ]


def test_equal_while_the_source_changes(company: DemoCompany) -> None:
    assert doorbell.queue("count").is_due() or CounterCheck.objects.exists()
    for _round in range(4):
        company.sell(1)
        minutes_pass(2)
    assert set(CounterCheck.objects.values_list("state", flat=True)) == {"equal"}
    assert (
        stock().source_records == stock().own_records == Record.objects.filter(object="stock_level").count()
    )
    assert told() == []


def test_a_record_that_was_lost_is_found_within_a_quarter_of_an_hour_and_healed(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes_pass(1)
    source_seems_unchanged(monkeypatch)
    records, events = Record.objects.filter(object="stock_level").count(), Event.objects.count()
    Record.objects.filter(object="stock_level", planned_event_id=None).first().delete()  # type: ignore[union-attr]
    minutes_pass(15)
    assert stock().state == "equal"
    assert stock().found_at is not None and stock().healed_at is not None
    assert Record.objects.filter(object="stock_level").count() == records
    assert Event.objects.count() == events + 1
    assert told() == ["Changes are missing: demo-erp, stock_level", told()[1]]
    assert told()[1].startswith(f"Over: The source has {records} records")
    assert check()[1] == ""


def test_a_change_that_the_poll_overlooks_is_found_and_healed(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes_pass(1)
    events = Event.objects.count()
    source_seems_unchanged(monkeypatch)
    company.sell(1)
    assert Event.objects.count() == events
    minutes_pass(15)
    assert Event.objects.count() > events
    assert "Changes are missing: demo-erp, stock_level" in told()
    assert stock().healed_at is not None


def test_an_event_that_is_gone_is_a_hole_that_stays(company: DemoCompany) -> None:
    company.sell()
    minutes_pass(1)
    event = Record.objects.get(planned_event_id__isnull=False, object="stock_level").planned_event_id
    Event.objects.filter(pk__in=[event]).delete()
    minutes_pass(15)
    assert stock().state == "hole"
    printed, failed = check()
    assert failed == "1 hole in the ledger."
    assert "1 records name an event that is not in the ledger." in printed
    assert told() == ["Changes are missing: demo-erp, stock_level"]


def test_a_source_that_does_not_answer_is_no_hole(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes_pass(1)
    monkeypatch.setattr(Reader, "count", lambda *_args: 1 / 0)
    CounterCheck.objects.update(available_at=clock.now())
    while count_drain():
        pass
    assert (stock().state, stock().last_error) == ("equal", "ZeroDivisionError: division by zero")
    assert check()[1] == ""
