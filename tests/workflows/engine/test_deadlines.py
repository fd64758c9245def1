"""Nothing stays in hand for ever: leases run out, a late result has no effect, what is overdue ends with a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from connectors.erp.sql.connector import SqlConnector
from connectors.im.inbox.connector import InboxConnector
from connectors.models import Event, RecordedObject
from connectors.ports.erp import WriteOutcome, WriteResult
from connectors.services.poll import poll_drain
from kernel import clock, shutdown
from kernel.work import work_claim
from messaging.models import Delivery, Interaction
from messaging.services.expiry import expire_drain
from messaging.services.outbox import deliver_drain
from tests.company import DemoCompany
from tests.workflows.engine.source import Source
from workflows.engine import overdue
from workflows.engine.carry import QUESTION_SECONDS
from workflows.engine.execute import execute_drain
from workflows.engine.finish import GIVE_UP_DAYS, step_replay
from workflows.models import Attempt, Run, Step


def overtaken(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, meanwhile: Callable[[], Any], lease: float
) -> list[int]:
    """The next call hangs past its lease; `meanwhile` is what another claimant does. Gives the list of hangs."""
    original: Callable[..., Any] = getattr(where, name)
    hung: list[int] = []

    def hanging(*args: Any, **options: Any) -> Any:
        if not hung:
            hung.append(1)
            clock.shift(lease + 1)
            meanwhile()
        return original(*args, **options)

    monkeypatch.setattr(where, name, hanging)
    return hung


def test_a_write_that_hangs_is_taken_over_and_its_late_result_counts_no_more(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sell()
    assert company.answer().taken
    hung = overtaken(monkeypatch, SqlConnector, "perform", execute_drain, 120)
    company.work()
    step = Step.objects.latest("pk")
    (order,) = company.orders()
    assert (hung, step.state, step.attempts, step.output["number"]) == ([1], "done", 2, order.number)
    assert [run.state for run in Run.objects.all()] == ["done"]
    assert company.interaction().state == "decided"


def test_a_step_that_hangs_before_its_write_writes_nothing_once_it_is_taken_over(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sell()
    assert company.answer().taken
    performed: list[str] = []
    perform = SqlConnector.perform

    def counted(self: Any, *args: Any, **options: Any) -> Any:
        performed.append(options["idempotency_key"])
        return perform(self, *args, **options)

    monkeypatch.setattr(SqlConnector, "perform", counted)
    overtaken(monkeypatch, SqlConnector, "get", execute_drain, 120)
    company.work()
    assert (len(performed), len(company.orders())) == (1, 1)


def test_a_walk_that_hangs_is_taken_over_and_stores_nothing_any_more(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sql("UPDATE stock SET quantity = quantity - 1")
    RecordedObject.objects.exclude(object="stock_level").update(available_at=None)
    RecordedObject.objects.filter(object="stock_level").update(available_at=clock.now())
    before = Event.objects.count()

    def other() -> None:
        assert poll_drain() == 1
        company.sql("UPDATE stock SET quantity = quantity + 1")  # what the late reader will now see

    overtaken(monkeypatch, SqlConnector, "poll", other, 300)
    poll_drain()
    events = Event.objects.filter(pk__gt=before)
    assert len(set(events.values_list("key", flat=True))) == events.count() > 0
    assert RecordedObject.objects.get(object="stock_level").lease_owner == ""


def test_a_message_that_hangs_is_sent_by_another_and_stored_once(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.rule()
    source.tell(120, 90)
    execute_drain()
    overtaken(monkeypatch, InboxConnector, "send", deliver_drain, 60)
    deliver_drain()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.lease_owner) == ("delivered", 0, "")


def test_a_dead_machines_rows_are_taken_when_their_leases_end(source: Source, uncarried: None) -> None:
    source.rule()
    source.tell(120, 90)
    (step,) = work_claim(Step.objects.all(), limit=5, lease_seconds=120)
    Step.objects.filter(pk=step.pk).update(lease_owner="elsewhere" + step.lease_owner[9:])
    assert execute_drain() == 0
    clock.shift(121)
    assert execute_drain() == 1
    assert [run.state for run in Run.objects.all()] == ["waiting"]


def test_a_question_without_a_time_ends_all_the_same(source: Source) -> None:
    source.rule()
    source.tell(120, 90)
    source.work()
    clock.shift(QUESTION_SECONDS - 60)
    assert expire_drain() == 0
    clock.shift(QUESTION_SECONDS + 60)
    assert expire_drain() == 1
    run = Run.objects.get()
    assert (Interaction.objects.get().state, run.state, run.outcome) == ("expired", "done", "expired")


def test_an_erp_that_never_decides_is_asked_for_days_and_then_given_to_a_person(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = WriteResult(WriteOutcome.PENDING)
    monkeypatch.setattr(SqlConnector, "perform", lambda self, *args, **options: pending)
    monkeypatch.setattr(SqlConnector, "lookup", lambda self, *args, **options: pending)
    company.sell()
    assert company.answer().taken
    company.work()
    assert Step.objects.latest("pk").state == "ready"
    clock.shift(GIVE_UP_DAYS * 24 * 3600 + 60)
    company.work()
    step, run = Step.objects.latest("pk"), Run.objects.get()
    assert (step.state, run.state, run.outcome) == ("dead", "failed", "dead_letter")
    assert "The ERP has not decided for 3 days." in run.reason
    assert company.interaction().state == "failed"


def test_a_run_that_nobody_would_look_at_ends_with_a_way_on(source: Source, uncarried: None) -> None:
    source.rule()
    source.tell(120, 90)
    Step.objects.update(available_at=None)
    assert overdue.overdue_drain() == 0
    clock.shift(overdue.ORPHAN_SECONDS + 60)
    overdue._look.forget()
    assert overdue.overdue_is_due()
    assert not overdue.overdue_is_due()  # it looks once a minute
    assert overdue.overdue_drain() == 1
    run, step = Run.objects.get(), Step.objects.get()
    assert (run.state, run.outcome, step.state) == ("failed", "overdue", "dead")
    assert "nothing was left that would have carried it on" in run.reason
    assert step_replay(step.pk, None)
    source.work()
    assert [each.state for each in Run.objects.all()] == ["waiting"]
    clock.shift(2 * overdue.ORPHAN_SECONDS + 120)
    assert overdue.overdue_drain() == 0


@pytest.fixture
def ending() -> Any:
    shutdown._begun.set()
    yield
    shutdown.shutdown_forget()


def test_a_worker_that_ends_begins_nothing_and_gives_its_claims_back(
    source: Source, ending: None, uncarried: None
) -> None:
    source.rule()
    source.tell(120, 90)
    source.tell(120, 90, sku="B")
    assert execute_drain() == 2
    rows = list(Step.objects.values_list("state", "lease_until", "lease_owner", "attempts"))
    assert rows == [("ready", None, "", 0)] * 2
    assert Attempt.objects.count() == 0
    RecordedObject.objects.create(
        connection=source.connection, object="stock_level", available_at=clock.now() - dt.timedelta(1)
    )
    poll_drain()
    recorded = RecordedObject.objects.get()
    assert (recorded.polled_at, recorded.lease_owner, recorded.attempts) == (None, "", 0)
