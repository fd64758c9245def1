"""A rule that is stopped: what waits is ended at once, what has left for the ERP is finished, nothing is revived."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors.erp.sql.connector import SqlConnector
from demo import company as erp
from kernel import clock
from kernel.errors import Conflict
from messaging.models import Delivery, Interaction
from messaging.services.answers import answer_submit
from permissions.models import User
from tests.company import DemoCompany
from tests.workflows.engine.source import Source
from workflows.engine import stopping
from workflows.engine.finish import step_replay
from workflows.models import Rule, RuleStop, Run, Step
from workflows.services.replay import dead_step_replay
from workflows.services.rules import rule_switch_off, rule_switch_on


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("boss", password="x", language="en")


def states(model: Any) -> list[str]:
    return list(model.objects.order_by("pk").values_list("state", flat=True))


def waiting(source: Source, count: int) -> Rule:
    """A rule with `count` open questions."""
    rule = source.rule()
    keys = [f"S{number}" for number in range(count)]
    source.post(*[source.item(120, sku=key) for key in keys])
    source.post(*[source.item(90, sku=key) for key in keys])
    source.work()
    assert states(Interaction) == ["open"] * count
    return rule


def test_an_open_question_is_withdrawn_and_stays_so(source: Source, admin: User) -> None:
    rule = waiting(source, 1)
    version = Interaction.objects.get().version
    rule_switch_off(admin, rule)
    assert (rule.state, rule.stops) == ("off", 1)
    interaction, run, step = Interaction.objects.get(), Run.objects.get(), Step.objects.get()
    assert (interaction.state, interaction.version) == ("cancelled", version + 1)
    assert interaction.state_text["en"] == "The rule was switched off ({at})."
    assert interaction.state_text["zh-hans"] == "规则已停用（{at}）。"
    assert (run.state, run.outcome, step.state, step.available_at) == (
        "cancelled",
        "switched_off",
        "skipped",
        None,
    )
    assert Delivery.objects.get().wanted_version == version + 1
    rule_switch_on(admin, rule)
    source.work()
    assert (states(Interaction), states(Run)) == (["cancelled"], ["cancelled"])
    assert answer_submit(
        interaction.pk, source.person, "ok", {}, version=None, channel="im.inbox"
    ).message.startswith("The rule was switched off (")
    source.tell(120, 80)
    source.work()
    assert (states(Interaction), states(Run)) == (["cancelled", "open"], ["cancelled", "waiting"])


def test_ready_steps_and_retries_are_not_carried_out(source: Source, admin: User, uncarried: None) -> None:
    rule = source.rule()
    source.tell(120, 90)
    source.tell(120, 90, sku="B")
    Step.objects.filter(run__record__key="B@EAST").update(
        attempts=3, available_at=clock.now().replace(year=2100)
    )
    rule_switch_off(admin, rule)
    assert states(Step) == ["skipped", "skipped"]
    rule_switch_on(admin, rule)
    source.work()
    assert (states(Run), Interaction.objects.count()) == (["cancelled", "cancelled"], 0)


def test_a_run_planned_while_the_rule_was_being_stopped_is_not_carried_on(
    source: Source, admin: User, uncarried: None
) -> None:
    """A planner that had not noticed yet: its run carries the count of stops it knew."""
    rule = source.rule()
    source.tell(120, 90)
    step = Step.objects.get()
    rule_switch_off(admin, rule)
    rule_switch_on(admin, rule)
    Step.objects.filter(pk=step.pk).update(state="ready", available_at=clock.now())
    Run.objects.update(state="running")
    source.work()
    assert (states(Step), states(Run), Interaction.objects.count()) == (["skipped"], ["cancelled"], 0)


def test_many_are_ended_in_batches_that_go_on_where_they_were(
    source: Source, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "BATCH", 4)
    rule = waiting(source, 10)
    rule_switch_off(admin, rule)
    stop = RuleStop.objects.get()
    assert (stop.found, stop.ended, stop.ended_at) == (10, 4, None)
    assert states(Run) == ["cancelled"] * 4 + ["waiting"] * 6
    # Nobody can answer what has not been withdrawn yet, and switching on gives nothing back.
    late = Interaction.objects.filter(state="open").latest("pk")
    rule_switch_on(admin, rule)
    refused = answer_submit(late.pk, source.person, "ok", {}, version=None, channel="im.inbox")
    assert (refused.status, refused.message) == ("refused", "The rule behind this question was stopped.")

    original = stopping.runs_stop

    def dying(*args: Any, **options: Any) -> int:
        original(*args, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(stopping, "runs_stop", dying)
    with pytest.raises(KeyboardInterrupt):
        stopping.stop_drain()
    monkeypatch.setattr(stopping, "runs_stop", original)
    assert states(Run) == ["cancelled"] * 4 + ["waiting"] * 6
    clock.shift(61)
    source.work()
    stop.refresh_from_db()
    assert (stop.ended, stop.ended_at is not None) == (10, True)
    assert (states(Run), states(Interaction)) == (["cancelled"] * 10, ["cancelled"] * 10)


def test_a_batch_costs_the_same_for_two_runs_and_for_twenty(source: Source, admin: User) -> None:
    def cost(count: int) -> int:
        rule = Rule.objects.filter(key="below").first() or source.rule()
        Rule.objects.update(state="live")
        keys = [f"{count}-{number}" for number in range(count)]
        source.post(*[source.item(120, sku=key) for key in keys])
        source.post(*[source.item(90, sku=key) for key in keys])
        source.work()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rule_switch_off(admin, rule)
        assert Run.objects.filter(state="waiting").count() == 0
        rule_switch_on(admin, rule)
        return len(queries)

    assert cost(2) == cost(20)


def test_a_click_that_waits_for_the_erp_is_withdrawn(company: DemoCompany) -> None:
    company.sell()
    erp.go_down(company.path)
    assert company.answer().taken
    company.work()
    write = Step.objects.latest("pk")
    assert (write.state, write.sent_at, write.attempts >= 1) == ("ready", None, True)
    rule_switch_off(company.user("analyst"), Rule.objects.get())
    erp.come_back(company.path)
    clock.shift(60)
    company.work()
    assert company.orders() == []
    interaction = company.interaction()
    assert interaction.state == "cancelled"
    assert interaction.state_text["en"] == "The rule was switched off ({at}). Nothing was written."
    assert (set(states(Step)), states(Run)) == ({"skipped"}, ["cancelled"])


def test_a_click_that_has_left_for_the_erp_is_finished(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sell()
    perform = SqlConnector.perform

    def stopped_meanwhile(self: Any, *args: Any, **options: Any) -> Any:
        rule_switch_off(company.user("analyst"), Rule.objects.get())
        return perform(self, *args, **options)

    monkeypatch.setattr(SqlConnector, "perform", stopped_meanwhile)
    assert company.answer().taken
    company.work()
    (order,) = company.orders()
    interaction = company.interaction()
    assert (interaction.state, order.number in interaction.state_text["en"]) == ("decided", True)
    assert states(Run) == ["done"]
    assert RuleStop.objects.get().ended_at is not None


def test_what_the_erp_refuses_after_the_stop_is_not_asked_again(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sell()
    read = SqlConnector.get

    def stopped_meanwhile(self: Any, *args: Any, **options: Any) -> Any:
        rule_switch_off(company.user("analyst"), Rule.objects.get())
        return None

    monkeypatch.setattr(SqlConnector, "get", stopped_meanwhile)
    assert company.answer().taken
    company.work()
    monkeypatch.setattr(SqlConnector, "get", read)
    assert company.orders() == []
    assert (company.interaction().state, states(Run)) == ("cancelled", ["cancelled"])


def test_a_dead_letter_is_replayed_only_when_the_rule_is_in_force(source: Source, admin: User) -> None:
    rule = waiting(source, 1)
    Step.objects.update(state="dead", interaction=None)
    Interaction.objects.all().delete()
    Run.objects.update(state="failed")
    rule_switch_off(admin, rule)
    with pytest.raises(Conflict, match="The rule is stopped"):
        dead_step_replay(admin, Step.objects.get().pk)
    assert states(Step) == ["dead"]
    rule_switch_on(admin, rule)
    assert step_replay(Step.objects.get().pk, admin)
    source.work()
    assert (states(Step), states(Interaction)) == (["waiting"], ["open"])
