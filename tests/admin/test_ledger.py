"""Every event is in exactly one category; unknown means that nobody will ever look at it again."""

from __future__ import annotations

import datetime as dt

from connectors.models import Event, EventState, Outcome
from kernel import clock
from messaging.models import Delivery, DeliveryState
from tests.company import DemoCompany
from workflows.models import Run, RunState, Step
from workflows.selectors import (
    LEDGER_CATEGORIES,
    events_classified,
    ledger_counts,
    ledger_oldest_seconds,
    visible_events,
)


def category(event: Event) -> str:
    return str(events_classified(Event.objects.filter(pk=event.pk)).get().category)  # type: ignore[attr-defined]


def event_add(company: DemoCompany, **values: object) -> Event:
    number = Event.objects.count()
    return Event.objects.create(
        connection=company.connection, object="stock_level", key="K", change="changed", source="poll",
        dedupe_key=f"t{number}", **values,
    )  # fmt: skip


def fired(company: DemoCompany) -> Event:
    company.sell()
    return Run.objects.get().event


def test_asked_and_not_yet_answered_is_in_progress(company: DemoCompany) -> None:
    assert category(fired(company)) == "in_progress"
    assert ledger_oldest_seconds(company.user("analyst")) is not None


def test_an_answer_carried_out_is_acted(company: DemoCompany) -> None:
    event = fired(company)
    company.answer("create_po")
    company.work()
    assert category(event) == "acted"
    Run.objects.update(outcome="not_now")
    assert category(event) == "acted"


def test_how_a_run_ends_decides(company: DemoCompany) -> None:
    event = fired(company)
    for state, outcome, expected in (
        (RunState.DONE, "done", "delivered"),
        (RunState.DONE, "no_longer_needed", "delivered"),
        (RunState.DONE, "expired", "expired"),
        (RunState.DONE, "not_now", "acted"),
        (RunState.FAILED, "dead_letter", "failed"),
        (RunState.CANCELLED, "switched_off", "suppressed"),
    ):
        Run.objects.update(state=state, outcome=outcome)
        assert category(event) == expected, (state, outcome)


def test_an_event_without_runs(company: DemoCompany) -> None:
    for values, expected in (
        ({"state": EventState.PLANNED, "outcome": Outcome.NO_RULE}, "no_rule"),
        ({"state": EventState.PLANNED, "outcome": Outcome.NO_MATCH}, "no_match"),
        ({"state": EventState.PLANNED, "outcome": Outcome.SUPPRESSED}, "suppressed"),
        ({"state": EventState.NEEDS_MAPPING}, "needs_mapping"),
        ({"state": EventState.SUPERSEDED}, "superseded"),
        ({"state": EventState.FAILED}, "failed"),
        ({"state": EventState.PLANNED, "outcome": Outcome.MATCHED}, "unknown"),
    ):
        assert category(event_add(company, **values)) == expected, values


def test_unplanned_is_unknown_only_when_late_and_nothing_will_plan_it(company: DemoCompany) -> None:
    now = clock.now()
    late = now - dt.timedelta(seconds=61)
    assert category(event_add(company, detected_at=late, available_at=now)) == "in_progress"
    assert category(event_add(company, detected_at=now)) == "in_progress"
    assert (
        category(event_add(company, detected_at=late, lease_until=now + dt.timedelta(seconds=9)))
        == "in_progress"
    )
    assert category(event_add(company, detected_at=late)) == "unknown"


def test_a_run_that_nothing_moves_is_unknown(company: DemoCompany) -> None:
    event = fired(company)
    Run.objects.update(state=RunState.RUNNING)
    assert category(event) == "unknown"
    Step.objects.update(available_at=clock.now())
    assert category(event) == "in_progress"


def test_a_delivery_neither_tried_nor_due_is_unknown(company: DemoCompany) -> None:
    event = fired(company)
    Delivery.objects.update(state=DeliveryState.READY, available_at=None, attempts=0)
    assert category(event) == "unknown"


def test_the_counts_name_every_category_and_add_up(company: DemoCompany) -> None:
    fired(company)
    event_add(company, state=EventState.NEEDS_MAPPING)
    counts = ledger_counts(company.user("analyst"))
    assert list(counts) == list(LEDGER_CATEGORIES)
    assert sum(counts.values()) == Event.objects.count()
    assert (counts["in_progress"], counts["needs_mapping"], counts["unknown"]) == (1, 1, 0)
    later = ledger_counts(company.user("analyst"), clock.now() + dt.timedelta(hours=1))
    assert sum(later.values()) == 0


def test_who_may_see_no_connection_counts_nothing(company: DemoCompany) -> None:
    fired(company)
    assert sum(ledger_counts(company.user("buyer")).values()) == 0
    assert not visible_events(company.user("owner")).exists()
    assert visible_events(company.user("it")).exists()
