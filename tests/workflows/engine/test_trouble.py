"""When the ERP, its credential or its answer fails: what the card says meanwhile, and one order in the end."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from connectors.erp.sql.connector import SqlConnector
from connectors.erp.sql.manifest import MANIFEST
from connectors.models import Connection, RecordedObject
from connectors.ports.erp import WriteResult
from connectors.ports.manifest import IdempotencyMode
from connectors.services.connections import connection_resume
from demo import company as erp
from kernel import clock, doorbell
from kernel.errors import AuthFailed, ConfigError, OutcomeUnknown, Transient
from kernel.models import AuditEntry
from kernel.text import text_show
from messaging.models import Answer, Interaction
from messaging.services.interactions import interaction_show
from tests.company import DemoCompany
from workflows.engine import execute, finish
from workflows.engine.finish import step_replay
from workflows.models import Attempt, RuleRecordState, Run, Step


def write_step() -> Step:
    return Step.objects.get(action="create_document")


def attempts() -> list[str]:
    return list(Attempt.objects.filter(step=write_step()).order_by("id").values_list("outcome", flat=True))


def words(language: str = "en") -> str:
    return str(Interaction.objects.get().state_text[language])


def later(company: DemoCompany, seconds: float) -> None:
    """So much time passes, then everything due is worked."""
    passed = (clock.now() - dt.datetime.now(dt.UTC)).total_seconds()
    clock.shift(passed + seconds)
    company.work()


def fail_once(
    monkeypatch: pytest.MonkeyPatch, name: str, error: Exception, *, after: bool = False
) -> list[int]:
    """The connector's next call raises, before or after the ERP did it."""
    original = getattr(SqlConnector, name)
    failed: list[int] = []

    def failing(self: SqlConnector, *args: Any, **options: Any) -> Any:
        if failed:
            return original(self, *args, **options)
        failed.append(1)
        if after:
            original(self, *args, **options)
        raise error

    monkeypatch.setattr(SqlConnector, name, failing)
    return failed


def test_the_erp_is_down_during_the_click(company: DemoCompany) -> None:
    company.sell()
    erp.go_down(company.path)
    assert company.answer().taken
    doorbell.drain_all()  # no poll is due: it is this write that finds the ERP down
    assert words() == "“Demo ERP” does not answer. This will be done, once, as soon as it is back."
    assert (Interaction.objects.get().state, write_step().state, attempts()) == (
        "working",
        "ready",
        ["transient"],
    )
    version = Interaction.objects.get().version
    later(company, 30)
    later(company, 30)
    assert set(attempts()) <= {"transient", "rate_limited"}
    assert Interaction.objects.get().version == version  # told once, not at every try
    assert company.answer(login="buyer").status == "decided"
    erp.come_back(company.path)
    assert company.orders() == []
    later(company, 120)
    (order,) = company.orders()
    assert words() == f"{order.number} created by Wei Li at {{at}}"
    assert Run.objects.get().state == "done"


def test_a_refused_credential_pauses_the_connection_and_resumes(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sell()
    fail_once(monkeypatch, "perform", AuthFailed("The database does not accept this user and password."))
    company.answer()
    company.work()
    connection = company.connection
    assert connection.state == "auth_failed"
    assert "needs its administrator" in words()
    assert AuditEntry.objects.filter(action="connection.auth_failed").count() == 1
    later(company, 60)
    assert AuditEntry.objects.filter(action="connection.auth_failed").count() == 1
    assert (company.orders(), write_step().state) == ([], "ready")
    connection_resume(company.user("it"), Connection.objects.get(pk=connection.pk))
    later(company, 60)
    assert len(company.orders()) == 1
    assert Run.objects.get().state == "done"


@pytest.mark.parametrize("after", [True, False])
def test_an_unknown_outcome_is_looked_up_before_anything_is_repeated(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    performed: list[str] = []
    original = SqlConnector.perform

    def perform(self: SqlConnector, action: str, params: Any, *, idempotency_key: str) -> WriteResult:
        performed.append(idempotency_key)
        return original(self, action, params, idempotency_key=idempotency_key)

    monkeypatch.setattr(SqlConnector, "perform", perform)
    company.sell()
    fail_once(monkeypatch, "perform", OutcomeUnknown("The connection broke."), after=after)
    company.answer()
    company.work()
    assert words() == "“Demo ERP” did not confirm. Checking whether it was done; nothing is done twice."
    later(company, 60)
    assert len(company.orders()) == 1
    assert performed == [write_step().idempotency_key.hex]
    assert attempts() == ["outcome_unknown", "done"]


def test_a_write_that_cannot_be_looked_up_goes_to_a_person(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = dataclasses.replace(
        MANIFEST,
        writes=tuple(dataclasses.replace(each, idempotency=IdempotencyMode.NONE) for each in MANIFEST.writes),
    )
    company.sell()
    monkeypatch.setattr(Connection, "manifest", property(lambda _self: blind))
    fail_once(monkeypatch, "perform", OutcomeUnknown("The connection broke."), after=True)
    company.answer()
    company.work()
    later(company, 60)
    assert len(company.orders()) == 1
    assert (write_step().state, attempts()) == ("dead", ["outcome_unknown", "config"])
    assert "Look in the ERP before doing it again." in text_show(write_step().reason, "en")


def mismatched(company: DemoCompany) -> None:
    company.sql("CREATE TRIGGER half AFTER INSERT ON purchase_orders BEGIN "
                "UPDATE purchase_orders SET quantity = 100, unit_price = '0.99' WHERE number = NEW.number; END")  # fmt: skip


def test_other_values_than_approved_make_the_card_red(company: DemoCompany) -> None:
    company.sell()
    mismatched(company)
    company.answer()
    company.work()
    (order,) = company.orders()
    interaction = Interaction.objects.get()
    assert interaction.state == "failed"
    assert words() == (
        f"{order.number} was created, but the ERP holds other values than approved: "
        "quantity 200 ≠ 100; unit_price 0.35 ≠ 0.99"
    )
    assert interaction.state_text["masked"]["en"] == (
        f"{order.number} was created, but the ERP holds other values than approved: quantity 200 ≠ 100; unit_price"
    )
    assert interaction.state_text["classes"] == ["cost"]
    assert (Run.objects.get().state, Run.objects.get().outcome) == ("failed", "mismatch")
    assert AuditEntry.objects.get(action="write.mismatch").detail["mismatch"]["quantity"] == {
        "wanted": "200", "found": "100",
    }  # fmt: skip
    assert set(Step.objects.values_list("state", flat=True)) == {"done"}


def test_a_dead_letter_is_replayed_once_and_makes_one_order(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sell()
    fail_once(monkeypatch, "perform", ConfigError("The staging table is missing."))
    company.answer()
    company.work()
    step = write_step()
    assert (step.state, Run.objects.get().outcome, company.orders()) == ("dead", "dead_letter", [])
    assert Interaction.objects.get().state == "failed"
    assert "The staging table is missing." in words()
    assert company.answer().status == "decided"
    assert step_replay(step.pk, company.user("analyst")) is True
    assert step_replay(step.pk, company.user("analyst")) is False
    company.work()
    assert len(company.orders()) == 1
    assert (Run.objects.get().state, Interaction.objects.get().state) == ("done", "decided")
    assert AuditEntry.objects.filter(action="step.replayed").count() == 1


def test_after_three_days_down_it_is_a_dead_letter(company: DemoCompany) -> None:
    company.sell()
    erp.go_down(company.path)
    company.answer()
    company.work()
    later(company, 3 * 24 * 3600 + 1)
    assert write_step().state == "dead"
    erp.come_back(company.path)
    step_replay(write_step().pk, company.user("analyst"))
    later(company, 120)
    assert len(company.orders()) == 1


def test_a_defect_of_ours_is_kept_tried_again_and_then_a_dead_letter(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sell()
    monkeypatch.setattr(SqlConnector, "perform", lambda *_args, **_options: 1 / 0)
    company.answer()
    for _attempt in range(6):
        later(company, 60)
    assert attempts() == ["defect"] * 5
    assert write_step().state == "dead"
    assert "ZeroDivisionError" in text_show(write_step().reason, "en")


def test_a_defect_while_finishing_leaves_the_row_as_it_was(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sell()
    company.answer()
    monkeypatch.setattr(finish, "interaction_show", lambda *_args, **_options: 1 / 0)
    company.work()
    step = write_step()
    assert (step.state, step.lease_owner, attempts()) == ("ready", "", ["defect"])
    assert step.last_error == "ZeroDivisionError: division by zero"
    monkeypatch.setattr(finish, "interaction_show", interaction_show)
    later(company, 60)
    assert len(company.orders()) == 1
    assert Interaction.objects.get().state == "decided"


def test_nobody_answers_in_time(company: DemoCompany) -> None:
    company.sell()
    assert company.answer("not_there").status == "invalid"
    later(company, 7 * 24 * 3600 + 1)
    interaction = Interaction.objects.get()
    assert (interaction.state, words()) == ("expired", "Nobody answered in time ({at}).")
    assert (Run.objects.get().state, Run.objects.get().outcome) == ("done", "expired")
    assert company.answer().status == "decided"
    company.work()
    assert company.orders() == []
    assert Answer.objects.filter(accepted=True).count() == 0


def test_a_question_asked_again_still_expires(company: DemoCompany) -> None:
    company.sell()
    erp.refuse_next(company.path, "on hold")
    company.answer()
    company.work()
    interaction = Interaction.objects.get()
    assert interaction.state == "open"
    assert interaction.available_at == interaction.expires_at
    later(company, 7 * 24 * 3600 + 1)
    assert Interaction.objects.get().state == "expired"


def test_a_question_that_lost_its_reason_during_the_write_is_withdrawn(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sell()
    company.answer()
    perform = SqlConnector.perform

    def stock_comes_first(self: SqlConnector, *args: Any, **options: Any) -> WriteResult:
        monkeypatch.setattr(SqlConnector, "perform", perform)
        RuleRecordState.objects.update(armed=True)  # as the plan leaves it when the stock is back
        erp.refuse_next(company.path, "enough on stock")
        return perform(self, *args, **options)

    monkeypatch.setattr(SqlConnector, "perform", stock_comes_first)
    RecordedObject.objects.update(lease_until=None)
    execute.execute_drain()
    assert Interaction.objects.get().state == "cancelled"
    assert (Run.objects.get().state, Run.objects.get().outcome) == ("done", "no_longer_needed")
    assert company.orders() == []


def test_a_click_on_a_version_nobody_remembers_is_refused(company: DemoCompany) -> None:
    company.sell()
    result = company.answer(version=17)
    assert (result.status, company.interaction().state) == ("refused", "open")
    company.work()
    assert company.orders() == []


def test_a_try_that_certainly_did_nothing_is_simply_repeated(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_once(monkeypatch, "perform", Transient("The connection was refused."))
    company.sell()
    company.answer()
    company.work()
    later(company, 60)
    assert attempts() == ["transient", "done"]
    assert len(company.orders()) == 1
