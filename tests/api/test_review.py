"""What the recorded events and the other rules say of a draft, each with its place; and nothing its reader may not know."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from permissions.models import Grant
from permissions.services.roles import ANALYST
from tests.api.conftest import Speak
from tests.company import DemoCompany
from workflows.models import Rule
from workflows.services import checks_history
from workflows.services.drafts import rule_create
from workflows.services.rules import rule_publish

pytestmark = pytest.mark.database


def second(company: DemoCompany, **changes: Any) -> tuple[Rule, dict[str, Any]]:
    """Another rule on the same stock, not published."""
    first, analyst = Rule.objects.get(), company.user("analyst")
    draft = {**copy.deepcopy(first.draft), **changes}
    return rule_create(analyst, connection=company.connection, draft=draft, name={"en": "Second"}), draft


def warned(speak: Speak, rule: Rule, draft: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = speak("analyst").post(f"/api/v1/rules/{rule.pk}/check/", {"draft": draft}).json()["problems"]
    assert {each["severity"] for each in found} <= {"warning"}
    return [(each["pointer"], each["code"], each["message"]) for each in found]


def test_what_the_recorded_events_say(
    company: DemoCompany, speak: Speak, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks_history, "FEWEST_EVENTS", 2)
    company.sell()
    company.receive(500)
    company.sell(520)
    rule, draft = second(company)
    told = ("/steps/0/params/recipients", "told_twice")
    name = "Stock below reorder level → ask the buyer"
    assert warned(speak, rule, draft) == [
        (*told, f"“{name}” would have told Wei Li of the same event too (2 times in the recorded events).")
    ]
    draft["condition"] = {"<": [{"var": "record.on_hand"}, -1]}
    assert warned(speak, rule, draft) == [
        (
            "/condition",
            "never_true",
            "Of the last 3 recorded events the condition was true for none (0 could not be decided).",
        )
    ]
    draft["condition"] = {">": [{"var": "record.on_hand"}, -1]}
    assert warned(speak, rule, draft) == [
        ("/condition", "always_true", "The condition was true for every one of the last 3 recorded events.")
    ]
    monkeypatch.setattr(checks_history, "MOST_A_DAY", 1)
    draft["firing"] = {"policy": "each_time"}
    found = warned(speak, rule, draft)
    assert ("/firing", "too_many", "It would send about 3 messages a day, more than 1.") in found
    Grant.objects.filter(group__name=ANALYST).update(scopes={"warehouse": ["NOWHERE"]})
    assert warned(speak, rule, draft) == []


def test_a_write_that_starts_the_rule_again_is_said(company: DemoCompany, speak: Speak) -> None:
    """The first rule makes purchase orders; one on purchase orders that makes purchase orders runs in a circle."""
    first = Rule.objects.get()
    trigger = {"type": "record", "object": "purchase_order", "changes": ["created"]}
    steps = copy.deepcopy(first.draft["steps"])
    params = steps[0]["params"]
    params |= {"recipients": [{"type": "rule_owner"}], "fields": [], "material": []}
    del params["precondition"]
    params["buttons"][0]["inputs"][0]["value"] = "5"
    then = params["buttons"][0]["then"][0]["params"]
    then |= {"material": [], "values": {name: "1" for name in then["values"]}}
    del then["precondition"]
    rule, draft = second(company, trigger=trigger, steps=steps, condition=True)
    place = "/steps/0/params/buttons/0/then/0"
    assert warned(speak, rule, draft) == [
        (
            place,
            "loop",
            "What it creates starts this rule again. Add a condition that is false for what it made itself.",
        )
    ]
    assert rule_publish(company.user("analyst"), rule).number == 1
    draft["trigger"] = {**trigger, "changes": ["changed"]}
    assert warned(speak, rule, draft) == []
