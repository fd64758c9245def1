"""A task stays open until somebody says it is done or not; it reminds, becomes overdue for all to see, and the rule goes on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kernel import clock
from messaging.models import Delivery, Interaction
from messaging.services.answers import AnswerResult, answer_submit
from permissions.models import User
from tests.workflows.engine.source import Source, telling
from workflows.actions.task import ACTION
from workflows.blocks import RuleScope
from workflows.conditions import ConditionSchema
from workflows.models import Run, Step
from workflows.services.rules import rule_switch_off

pytestmark = pytest.mark.database
T0 = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
HOUR = 3600


def at(hours: float) -> dt.datetime:
    return T0 + dt.timedelta(hours=hours)


def task(**params: Any) -> dict[str, Any]:
    given = {"recipients": [{"type": "user", "username": "li"}], "channels": ["inbox"], "title": "Count it"}
    return {"action": "task", "params": {**given, "due_seconds": 4 * HOUR, **params}}


def by_outcome() -> dict[str, Any]:
    condition = {"==": [{"var": "result.task_done"}, True]}
    return {
        "action": "branch",
        "params": {"condition": condition, "then": [telling("done")], "otherwise": [telling("left")]},
    }


def begin(source: Source, *steps: Any) -> Interaction:
    source.rule(steps=list(steps))
    with clock.frozen(T0):
        source.tell(120, 90)
        source.work()
    return Interaction.objects.get()


def answer(source: Source, button: str, inputs: dict[str, Any], hours: float = 1) -> AnswerResult:
    found = Interaction.objects.earliest("pk")
    with clock.frozen(at(hours)):
        given = answer_submit(
            found.pk, source.person, button, inputs, version=found.version, channel="im.inbox"
        )
        source.work()
    return given


def titles() -> list[str]:
    return [each.card["title"] for each in Interaction.objects.order_by("pk")]


def test_it_says_until_when_and_waits(source: Source) -> None:
    card = begin(source, task())
    assert card.card["body"]["en"] == "Due: 2 Mar 2026, 14:00"
    assert [each["key"] for each in card.card["buttons"]] == ["done", "not_done"]
    step, run = Step.objects.get(), Run.objects.get()
    assert (step.state, step.available_at, run.state) == ("waiting", at(4), "waiting")


@pytest.mark.parametrize(
    ("button", "inputs", "way"), [("done", {}, "done"), ("not_done", {"comment": "盘点中"}, "left")]
)
def test_the_rule_goes_on_with_what_was_said(
    source: Source, button: str, inputs: dict[str, Any], way: str
) -> None:
    begin(source, task(), by_outcome())
    assert answer(source, button, inputs).taken
    step = Step.objects.earliest("pk")
    assert (step.state, step.available_at) == ("done", None)
    assert step.output["results"] == {
        "task_done": button == "done",
        "task_comment": inputs.get("comment", ""),
    }
    assert (titles(), Run.objects.get().state) == (["Count it", way], "done")
    assert Interaction.objects.earliest("pk").state == "decided"


def test_not_done_needs_a_reason(source: Source) -> None:
    begin(source, task())
    assert not answer(source, "not_done", {"comment": ""}).taken
    assert (Interaction.objects.get().state, Step.objects.get().state) == ("open", "waiting")


def test_it_reminds_and_becomes_overdue_for_all_to_see(source: Source) -> None:
    begin(source, task(remind_seconds=HOUR))
    said = []
    for hours in (2.9, 3, 3.5, 4, 9):
        with clock.frozen(at(hours)):
            source.work()
        said.append(Interaction.objects.get().state_text.get("en", ""))
    due, overdue = "This is due at {at}.", "This is overdue since {at}."
    assert said == ["", due, due, overdue, overdue]
    shown = Interaction.objects.get()
    assert (shown.state, shown.version, shown.state_text["at"]) == ("open", 3, at(4).isoformat())
    assert Delivery.objects.get().wanted_version == 3
    assert Step.objects.get().available_at is None
    assert answer(source, "done", {}, hours=10).taken
    assert Run.objects.get().state == "done"


def test_a_reminder_after_the_answer_says_nothing(source: Source) -> None:
    begin(source, task())
    answer(source, "done", {})
    version = Interaction.objects.get().version
    with clock.frozen(at(5)):
        source.work()
    assert (Interaction.objects.get().version, Interaction.objects.get().state) == (version, "decided")


def test_its_card_keeps_its_due_time_when_the_record_changes(source: Source) -> None:
    begin(source, task(fields=[{"name": "on_hand"}]))
    with clock.frozen(at(2)):
        source.tell(80)
        source.work()
    card = Interaction.objects.get()
    assert (card.version, card.card["body"]["en"]) == (2, "Due: 2 Mar 2026, 14:00")


def test_it_ends_with_its_rule(source: Source) -> None:
    begin(source, task())
    admin = User.objects.create_superuser("boss", password="x", language="en")
    with clock.frozen(at(1)):
        rule_switch_off(admin, Run.objects.get().rule)
    with clock.frozen(at(5)):
        source.work()
    step = Step.objects.get()
    assert (Interaction.objects.get().state, step.state, step.available_at) == ("cancelled", "skipped", None)


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, []),
        ({"due_seconds": 0}, ["/due_seconds"]),
        ({"due_seconds": None}, ["/due_seconds"]),
        ({"remind_seconds": 4 * HOUR}, ["/remind_seconds"]),
        ({"title": ""}, ["/title"]),
        ({"recipients": []}, ["/recipients"]),
    ],
)
def test_what_speaks_against_it(params: dict[str, Any], found: list[str]) -> None:
    scope = RuleScope(None, ConditionSchema({}), None, frozenset({"inbox"}), {})  # type: ignore[arg-type]
    assert [each.pointer for each in ACTION.check(task(**params)["params"], scope, "")] == found
