"""A poisoned row stops after so many attempts, says why, and keeps no neighbour waiting; what others prove is not here.

Events: test_planning.py; steps: test_trouble.py; deliveries: test_outbox.py; replies: test_replies.py.
"""

from __future__ import annotations

import datetime as dt

import pytest

from connectors.erp.sql.connector import SqlConnector
from connectors.models import RecordedObject
from connectors.services.poll import poll_drain
from kernel import clock
from kernel.models import AuditEntry
from kernel.text import text_show
from messaging.models import Interaction
from messaging.services import expiry
from tests.company import DemoCompany
from workflows.engine.execute import execute_drain
from workflows.models import Attempt, Run, Step
from workflows.services.answering import StepHandler

pytestmark = pytest.mark.database


def test_a_step_that_ends_its_worker_each_time_is_a_dead_letter(company: DemoCompany) -> None:
    company.sell()
    company.answer()
    step = Step.objects.get(action="create_document")
    Step.objects.filter(pk=step.pk).update(attempts=5)
    for number in range(1, 6):
        Attempt.objects.create(step=step, number=number)
    execute_drain()
    step.refresh_from_db()
    assert (step.state, Run.objects.get().outcome, company.orders()) == ("dead", "dead_letter", [])
    assert text_show(step.reason, "en") == "Workers ended again and again while they worked at this step."


def test_an_attempt_that_ended_is_no_poison(company: DemoCompany) -> None:
    company.sell()
    company.answer()
    step = Step.objects.get(action="create_document")
    Step.objects.filter(pk=step.pk).update(attempts=5)
    for number in range(1, 6):
        Attempt.objects.create(step=step, number=number, ended_at=clock.now() if number == 3 else None)
    company.work()
    assert len(company.orders()) == 1


def test_an_object_that_cannot_be_polled_keeps_no_other_waiting(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = RecordedObject.objects.order_by("pk")[:2]
    original = SqlConnector.poll

    def poll(self: SqlConnector, source: object, *args: object, **options: object) -> object:
        if getattr(source, "name", "").endswith(first.object) or first.object in getattr(source, "name", ""):
            raise ZeroDivisionError("boom")
        return original(self, source, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlConnector, "poll", poll)
    RecordedObject.objects.update(available_at=clock.now(), polled_at=None)
    while poll_drain():
        pass
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.last_error, second.last_error) == ("ZeroDivisionError: boom", "")
    assert first.available_at is not None and first.available_at > clock.now()
    assert second.polled_at is not None


def test_a_question_that_cannot_expire_is_given_up_visibly_and_can_be_answered(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sell()

    def expired(self: StepHandler, interaction: Interaction) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(StepHandler, "expired", expired)
    for attempt in range(1, expiry.MOST_ATTEMPTS + 1):
        Interaction.objects.update(available_at=clock.now() - dt.timedelta(seconds=1))
        assert expiry.expire_drain() == 1
        assert Interaction.objects.get().attempts == attempt
    question = Interaction.objects.get()
    assert (question.state, question.available_at, question.last_error) == (
        "open",
        None,
        "ZeroDivisionError: boom",
    )
    assert AuditEntry.objects.filter(action="interaction.not_expired").count() == 1
    assert company.answer().taken
