"""`manage.py ledger --check`: a healthy ledger has no hole; each of six planted ones is found and named."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from connectors.models import Event
from messaging.models import Delivery
from tests.company import DemoCompany
from workflows.models import Run
from workflows.selectors import LEDGER_CATEGORIES, category_filter, events_classified, ledger_counts
from workflows.selectors.holes import ledger_holes


def check() -> tuple[str, str]:
    """What the command printed, and why it failed ("" when it did not)."""
    out = io.StringIO()
    try:
        call_command("ledger", "--check", stdout=out)
    except CommandError as error:
        assert error.returncode == 1
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def plant(statement: str, *values: str | int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def event_insert(state: str, outcome: str, detected_at: str = "2026-01-01 00:00:00+00:00") -> int:
    latest = Event.objects.latest("id").pk
    plant(
        "INSERT INTO connectors_event (connection_id, object, key, change, source, source_event_id, source_version,"
        " dedupe_key, changed, mapping_version, detected_at, state, outcome, reason, verdicts, depth, lease_owner,"
        " attempts, last_error) SELECT connection_id, object, key, change, source, '', '', %s, '[]', 1, %s, %s, %s,"
        " '', '[]', 0, '', 0, '' FROM connectors_event WHERE id = %s",
        f"planted{latest}", detected_at, state, outcome, latest,
    )  # fmt: skip
    return Event.objects.latest("id").pk


def test_a_healthy_ledger_in_every_stage(company: DemoCompany) -> None:
    for act in (company.sell, company.answer, company.work):
        act()
        printed, failed = check()
        assert failed == ""
        assert printed.splitlines()[-1] == "No hole: every event has an outcome, or is in hand."
    total = Event.objects.count()
    assert "acted                    1  Answered and carried out" in printed
    assert f"total         {total:>12}" in printed


def test_six_planted_holes_are_found_and_named(company: DemoCompany) -> None:
    company.sell()
    fired = Run.objects.get()
    unplanned = event_insert("new", "")
    ends_nowhere = event_insert("planned", "")
    no_run = event_insert("planned", "matched")
    plant("UPDATE workflows_run SET state = 'running'")
    plant("UPDATE messaging_delivery SET state = 'ready', available_at = NULL")
    plant(
        "INSERT INTO messaging_reply (connection_id, vendor_event_id, address, content, state, result, received_at,"
        " lease_owner, attempts, last_error) SELECT connection_id, 'v', 'a', '{}', 'new', '{}', created_at, '', 0, ''"
        " FROM messaging_delivery LIMIT 1"
    )
    delivery = Delivery.objects.get()
    printed, failed = check()
    assert failed == "6 holes in the ledger."
    found = [line for line in printed.splitlines() if line.startswith("hole: ")]
    assert found == [
        f"hole: event {unplanned}: It waits to be evaluated, and no time for it is set.",
        f"hole: event {ends_nowhere}: Its state names no outcome.",
        f"hole: event {no_run}: A rule is said to have fired, but there is no run.",
        f"hole: run {fired.pk} (event {fired.event_id}): "
        "It has not ended, no step of it is due, and no question is open.",
        f"hole: delivery {delivery.pk} (event {fired.event_id}): It waits to be sent, and no time for it is set.",
        f"hole: reply {ledger_holes(9)[5].pk}: It waits to be worked, and no time for it is set.",
    ]
    assert "unknown                  4  Unknown" in printed


@pytest.mark.parametrize(
    ("statement", "unknown"),
    [
        ("UPDATE connectors_event SET state = 'new' WHERE state = 'superseded'", 1),
        ("UPDATE connectors_event SET state = 'planned' WHERE state = 'superseded'", 1),
        ("DELETE FROM workflows_run", 1),
        ("UPDATE workflows_run SET state = 'running'", 1),
        ("UPDATE messaging_delivery SET state = 'ready', available_at = NULL", 1),
    ],
)
def test_counts_say_what_the_rows_say_one_by_one(company: DemoCompany, statement: str, unknown: int) -> None:
    """The counts are made another way than the category of a row: with holes and without they are the same."""
    company.sell()
    Event.objects.filter(pk=event_insert("superseded", "")).update(reason="{}")

    def agree() -> dict[str, int]:
        counts = ledger_counts(company.user("analyst"))
        rows = events_classified(Event.objects.all())
        one_by_one = Counter(row.category for row in rows)  # type: ignore[attr-defined]
        assert counts == {name: one_by_one[name] for name in LEDGER_CATEGORIES}
        assert counts == {name: category_filter(rows, name).count() for name in LEDGER_CATEGORIES}
        return counts

    assert agree()["unknown"] == 0
    if statement.startswith("DELETE"):
        plant("DELETE FROM workflows_attempt")
        plant("DELETE FROM workflows_step")
    plant(statement)
    assert agree()["unknown"] == unknown
