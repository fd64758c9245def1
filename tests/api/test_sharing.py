"""Sharing rules and connections: up to what one holds, exactly what was chosen, and taken back again."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.models import AuditEntry
from permissions.objects import may_object, object_share
from tests.api.conftest import Speak
from tests.company import DemoCompany
from workflows.models import Rule

pytestmark = pytest.mark.database
ACTIONS = ("view", "change", "publish")


@pytest.fixture
def rule(company: DemoCompany) -> Rule:
    return Rule.objects.get()


def share(speak: Speak, rule: Rule, login: str = "analyst", **asked: Any) -> Any:
    return speak(login).post(f"/api/v1/rules/{rule.pk}/shares/", asked, format="json")


def held(company: DemoCompany, rule: Rule, login: str) -> list[str]:
    return [action for action in ACTIONS if may_object(company.user(login), action, rule)]


def test_a_level_is_given_exactly_and_taken_back(speak: Speak, company: DemoCompany, rule: Rule) -> None:
    for level, expected in (
        ("publish", [*ACTIONS]),
        ("view", ["view"]),
        ("edit", ["view", "change"]),
        ("", []),
    ):
        answer = share(speak, rule, person="buyer", level=level)
        assert answer.status_code == 200, answer.content
        assert held(company, rule, "buyer") == expected
        listed = {each["name"]: each["level"] for each in answer.json()["shares"]}
        assert listed.get("buyer", "") == level
    assert share(speak, rule, person="buyer", level="").status_code == 200


def test_a_role_opens_it_for_its_people(speak: Speak, company: DemoCompany, rule: Rule) -> None:
    share(speak, rule, role="Finance", level="edit")
    assert held(company, rule, "finance") == ["view", "change"]
    listed = speak("analyst").get(f"/api/v1/rules/{rule.pk}/shares/").json()["shares"]
    assert {"name": "Finance", "is_role": True, "level": "edit"} in listed
    assert AuditEntry.objects.filter(action="object.shared", summary="Finance: change, view").count() == 1


def test_nobody_gives_or_takes_what_they_do_not_hold(speak: Speak, company: DemoCompany, rule: Rule) -> None:
    object_share(None, company.user("sales"), rule, "view", "change")
    object_share(None, company.user("sales2"), rule, *ACTIONS)
    assert share(speak, rule, "sales", person="buyer", level="publish").status_code == 403
    assert share(speak, rule, "sales", person="sales2", level="view").status_code == 403
    assert (held(company, rule, "buyer"), held(company, rule, "sales2")) == ([], [*ACTIONS])
    assert share(speak, rule, "sales", person="buyer", level="edit").status_code == 200
    assert share(speak, rule, "owner", person="buyer", level="view").status_code == 403


def test_the_owner_keeps_the_rule(speak: Speak, company: DemoCompany, rule: Rule) -> None:
    assert rule.owner is not None
    object_share(None, rule.owner, rule, *ACTIONS)
    answer = share(speak, rule, person=rule.owner.username, level="")
    assert answer.status_code == 400
    assert held(company, rule, rule.owner.username) == [*ACTIONS]


def test_what_cannot_be_shared_says_why(speak: Speak, rule: Rule) -> None:
    for asked, status in (
        ({"person": "nobody", "level": "view"}, 404),
        ({"role": "Nobody", "level": "view"}, 404),
        ({"level": "view"}, 400),
        ({"person": "buyer", "role": "Finance", "level": "view"}, 400),
        ({"person": "buyer", "level": "use"}, 400),
    ):
        answer = share(speak, rule, **asked)
        assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)


def test_a_connection_is_shared_by_who_may_change_it(speak: Speak, company: DemoCompany) -> None:
    url = f"/api/v1/connections/{company.connection.pk}/shares/"
    assert speak("it").post(url, {"person": "finance", "level": "use"}, format="json").status_code == 200
    finance = company.user("finance")
    assert [may_object(finance, action, company.connection) for action in ("use", "operate")] == [True, False]
    assert speak("analyst").post(url, {"person": "sales", "level": "view"}, format="json").status_code == 403
