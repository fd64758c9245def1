"""Dead letters: from the failed step or the start, with the rule as it was or is, one or many, or given up."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.models import Event, EventState
from kernel import clock, doorbell
from kernel.errors import ConfigError, Conflict
from kernel.models import AuditEntry
from kernel.text import text_show
from messaging.models import Delivery, DeliveryState, Interaction
from tests.company import DemoCompany
from tests.workflows.engine.test_trouble import fail_once, words, write_step
from workflows.models import BulkItem, BulkOperation, RuleRecordState, RuleVersion, Run, Step
from workflows.selectors.letters import letters_count
from workflows.services import bulk
from workflows.services.bulk import bulk_cancel, bulk_drain, bulk_start
from workflows.services.letters import Replay, letter_act
from workflows.services.rules import rule_publish


def dead_write(company: DemoCompany, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> Step:
    """The buyer's order failed for good, before or after the ERP made it."""
    company.sell()
    fail_once(monkeypatch, "perform", ConfigError("The staging table is missing."), after=after)
    company.answer()
    company.work()
    step = write_step()
    assert step.state == "dead"
    return step


def act(
    company: DemoCompany, step: Step, *, login: str = "analyst", act: str = "replay", **how: bool
) -> None:
    letter_act(company.user(login), act, "step", step.pk, Replay(**how))


def draft_change(company: DemoCompany, change: Any) -> RuleVersion:
    """Publish the demo rule with a changed definition."""
    rule = Run.objects.get().rule
    change(rule.draft)
    rule.save(update_fields=["draft"])
    return rule_publish(company.user("analyst"), rule)


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("from_start", [True, False])
def test_what_may_have_been_written_is_never_written_twice(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch, from_start: bool, after: bool
) -> None:
    step = dead_write(company, monkeypatch, after=after)
    assert len(company.orders()) == int(after)
    act(company, step, from_start=from_start)
    company.work()
    if from_start:
        assert Run.objects.get().state == "waiting"
        assert [each.state for each in Interaction.objects.order_by("id")] == ["cancelled", "open"]
        assert words_of(0).startswith("Started anew")
        assert company.answer().taken
        company.work()
    assert len(company.orders()) == 1
    assert Run.objects.get().state == "done"
    latest = Step.objects.filter(action="create_document").latest("id")
    assert (latest.state, latest.idempotency_key) == (
        "done",
        step.idempotency_key if after else latest.idempotency_key,
    )
    if from_start:
        assert (latest.round, Step.objects.filter(path="/steps/0").count()) == (2, 2)
        assert AuditEntry.objects.filter(action="run.restarted").count() == 1


def words_of(number: int) -> str:
    return str(Interaction.objects.order_by("id")[number].state_text["en"])


def test_from_the_start_with_the_rule_as_it_is_now(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = dead_write(company, monkeypatch, after=False)
    was = Run.objects.get().version
    now = draft_change(
        company, lambda draft: draft["steps"][0]["params"].update(title={"en": "Second edition"})
    )
    act(company, step, from_start=True, rule_now=True)
    company.work()
    run = Run.objects.get()
    assert (run.version, run.trace["number"], run.state) == (now, was.number + 1, "waiting")
    assert company.interaction().card["title"]["en"] == "Second edition"


def test_a_condition_that_is_not_true_any_more_ends_the_run(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = dead_write(company, monkeypatch, after=False)
    draft_change(company, lambda draft: draft.update(condition={"<": [{"var": "record.on_hand"}, -1]}))
    act(company, step, from_start=True, rule_now=True)
    company.work()
    run = Run.objects.get()
    assert (run.state, run.outcome) == ("cancelled", "not_true")
    assert text_show(run.reason, "en") == "Looked at again: the condition is not true."
    assert company.orders() == []
    assert (Interaction.objects.get().state, words()) == ("cancelled", text_show(run.reason, "en"))


def test_a_rule_without_the_step_is_refused_and_nothing_moves(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = dead_write(company, monkeypatch, after=True)
    draft_change(company, lambda draft: draft["steps"][0]["params"]["buttons"][0].update(then=[]))
    for from_start, why in ((False, "has no such step. Start"), (True, "Look in the ERP, then")):
        with pytest.raises(Conflict, match=why):
            act(company, step, from_start=from_start, rule_now=True)
    step.refresh_from_db()
    assert (step.state, Run.objects.get().version_id, Interaction.objects.get().state) == (
        "dead", Run.objects.get().rule.versions.earliest("number").pk, "failed",
    )  # fmt: skip


def test_a_discarded_run_is_over_and_an_untold_crossing_is_armed_again(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = dead_write(company, monkeypatch, after=False)
    act(company, step, act="discard")
    with pytest.raises(Conflict):
        act(company, step, act="discard")
    run = Run.objects.get()
    assert (run.state, run.outcome, RuleRecordState.objects.get().armed) == ("cancelled", "discarded", False)
    assert words().startswith("Discarded by")
    Run.objects.update(state="failed")
    Step.objects.filter(pk=step.pk).update(state="dead")
    RuleRecordState.objects.update(first_delivered_at=None)
    act(company, step, act="discard")
    assert RuleRecordState.objects.get().armed is True
    assert AuditEntry.objects.filter(action="run.discarded").count() == 2


def letters_of_each_kind(company: DemoCompany) -> list[tuple[str, int]]:
    company.sell()
    step = Step.objects.get()
    Step.objects.update(state="dead")
    event = Event.objects.exclude(pk=step.run.event_id).first() or step.run.event
    event.pk, event.dedupe_key, event.state = None, "failed", EventState.FAILED
    event.save()
    Delivery.objects.update(state=DeliveryState.FAILED, available_at=None)
    return [("step", step.pk), ("event", event.pk), ("delivery", Delivery.objects.get().pk)]


def test_many_at_once_with_progress_refusals_and_cancel(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = letters_of_each_kind(company)
    analyst = company.user("analyst")
    monkeypatch.setattr(bulk, "BATCH", 2)
    operation = bulk_start(analyst, "discard", [*letters, ("step", 0), letters[0]], Replay())
    assert operation.total == 4
    assert bulk_drain() == 3
    operation.refresh_from_db()
    assert (operation.state, operation.done, operation.refused) == ("running", 1, 1)
    refused = BulkItem.objects.get(state="refused")
    assert (refused.kind, refused.reason) == ("event", "您无权重新处理此连接的事件。")
    bulk_cancel(analyst, operation.pk)
    assert doorbell.queue("bulk").drain() == 0
    with pytest.raises(Conflict):
        bulk_cancel(analyst, operation.pk)
    assert Delivery.objects.get().discarded_at is None
    again = bulk_start(company.user("it"), "discard", letters, Replay())
    doorbell.drain_all()
    again.refresh_from_db()
    assert (again.state, again.done, again.refused) == ("done", 1, 2)
    assert Event.objects.get(pk=letters[1][1]).outcome == "suppressed"
    final = bulk_start(analyst, "discard", letters, Replay())
    doorbell.drain_all()
    final.refresh_from_db()
    assert (final.state, final.done, final.refused) == ("done", 1, 2)
    assert letters_count(analyst, 100) == 0


def test_a_killed_operation_goes_on_and_an_item_is_done_once(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = letters_of_each_kind(company)
    operation = bulk_start(company.user("analyst"), "replay", letters, Replay())

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bulk, "_batch_finish", killed)
    with pytest.raises(KeyboardInterrupt):
        bulk_drain()
    monkeypatch.undo()
    assert bulk_drain() == 0
    BulkOperation.objects.update(lease_until=clock.now())
    bulk_drain()
    operation.refresh_from_db()
    assert (operation.state, operation.done, operation.refused) == ("done", 2, 1)
    assert AuditEntry.objects.filter(action="step.replayed").count() == 1
