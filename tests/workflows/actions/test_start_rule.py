"""Another rule is started for the record, once, if its condition is true; rules that start each other come to an end."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from demo.rules import STOCK_RULE
from messaging.models import Interaction
from permissions.models import Grant
from permissions.services.roles import ANALYST
from tests.company import DemoCompany
from tests.workflows.engine.source import Source, telling
from workflows.engine import execute
from workflows.engine.execute import execute_drain
from workflows.models import Footprint, Rule, RuleState, Run, Step
from workflows.services.checking import rule_check
from workflows.services.checks_history import rule_review
from workflows.services.drafts import rule_create
from workflows.services.rules import rule_publish

pytestmark = pytest.mark.database
NEVER: Any = {"==": [{"var": "event.change"}, "nothing"]}
OFF = {"policy": "each_time"}


def start(key: str) -> dict[str, Any]:
    return {"action": "start_rule", "params": {"rule": key}}


def told() -> list[str]:
    return [each.card["title"] for each in Interaction.objects.order_by("pk")]


def runs() -> list[tuple[str, str]]:
    return list(Run.objects.order_by("pk").values_list("rule__key", "state"))


def second(source: Source, condition: Any, *steps: Any) -> Rule:
    """A rule that no event of these tests starts by itself: it hears only of records that are gone."""
    return source.rule(condition, key="second", changes=["gone"], firing=OFF, steps=list(steps))


def test_it_runs_beside_the_first_on_the_same_event(source: Source) -> None:
    second(source, True, telling("second"))
    source.rule(key="first", steps=[start("second"), telling("first")])
    source.tell(120, 90)
    source.work()
    assert sorted(told()) == ["first", "second"]
    assert runs() == [("first", "done"), ("second", "done")]
    one, two = Run.objects.order_by("pk")
    assert (two.event_id, two.trace["started_by"]) == (one.event_id, one.pk)
    step = Step.objects.get(action="start_rule")
    assert step.output["results"] == {"started": True}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "is not true"),
        ({"state": RuleState.OFF}, "is not in force"),
        ({"object": "product"}, "is not in force"),
    ],
)
def test_what_keeps_it_from_being_started_is_said_and_the_first_goes_on(
    source: Source, change: dict[str, Any], words: str
) -> None:
    rule = second(source, NEVER, telling("second"))
    Rule.objects.filter(pk=rule.pk).update(**change)
    source.rule(key="first", steps=[start("second"), telling("first")])
    source.tell(120, 90)
    source.work()
    step = Step.objects.get(action="start_rule")
    assert (told(), runs()) == (["first"], [("first", "done")])
    assert (step.state, step.output["results"]) == ("done", {"started": False})
    assert words in step.reason


def test_done_twice_it_starts_once(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    second(source, True, telling("second"))
    source.rule(key="first", steps=[start("second")])
    source.tell(120, 90)
    with monkeypatch.context() as patch:
        patch.setattr(
            execute, "step_finish", lambda *_args: None
        )  # the worker ends before it has stored anything
        execute_drain()
    Step.objects.filter(action="start_rule").update(lease_until=None, lease_owner="")
    source.work()
    assert (told(), runs()) == (["second"], [("first", "done"), ("second", "done")])
    assert Step.objects.get(action="start_rule").output["results"] == {"started": True}


def test_rules_that_start_each_other_end(source: Source) -> None:
    source.rule(key="first", firing=OFF, steps=[start("second"), telling("first")])
    second(source, True, start("first"), telling("second"))
    source.tell(120, 90)
    source.work()
    assert (sorted(told()), runs()) == (["first", "second"], [("first", "done"), ("second", "done")])
    back = Step.objects.get(action="start_rule", run__rule__key="second")
    assert "runs for this event already" in back.reason


def changing(value: int) -> dict[str, Any]:
    return {"action": "update_fields", "params": {"values": {"reorder_quantity": value}}}


def other(company: DemoCompany, key: str, *steps: Any) -> Rule:
    Grant.objects.filter(group__name=ANALYST).update(verbs=["see", "answer"])
    draft = {**copy.deepcopy(STOCK_RULE), "steps": list(steps)}
    draft["trigger"] = {**draft["trigger"], "changes": ["gone"]}
    draft["firing"] = {"policy": "each_time"}
    analyst = company.user("analyst")
    rule = rule_create(analyst, key=key, name={"en": key}, connection=company.connection, draft=draft)
    rule_publish(analyst, rule)
    return rule


def test_what_it_writes_is_the_doing_of_both(company: DemoCompany) -> None:
    writes = other(company, "writes", changing(77))
    first, analyst = Rule.objects.exclude(pk=writes.pk).get(), company.user("analyst")
    first.draft = {**copy.deepcopy(STOCK_RULE), "steps": [start("writes")]}
    first.save()
    rule_publish(analyst, first)
    company.sell()
    chain = Footprint.objects.latest("pk").chain
    assert [(each["rule"], each["depth"]) for each in chain] == [(first.pk, 1), (writes.pk, 2)]


def test_what_speaks_against_it(company: DemoCompany) -> None:
    analyst = company.user("analyst")
    rule = other(company, "other", changing(77))
    draft = {**copy.deepcopy(STOCK_RULE), "steps": [start("other")]}

    def codes() -> list[tuple[str, str]]:
        return [(each.pointer, each.code) for each in rule_check(company.connection, draft, analyst)]

    assert codes() == []
    Rule.objects.filter(pk=rule.pk).update(state=RuleState.OFF)
    assert codes() == [("/steps/0/params/rule", "unknown_rule")]


def test_a_circle_of_starts_is_warned_of(company: DemoCompany) -> None:
    first, analyst = Rule.objects.get(), company.user("analyst")
    other(company, "back", start(first.key))
    draft = {**copy.deepcopy(STOCK_RULE), "steps": [start("back")]}
    found = [each for each in rule_review(analyst, first, draft) if each.code == "loop"]
    assert [(each.pointer, each.severity) for each in found] == [("/steps/0", "warning")]
