"""The list of rules: what each did, in a fixed number of queries, and a stop for whoever may."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from permissions.objects import object_share
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany
from workflows.models import Rule, RuleState, RuleTag
from workflows.services.drafts import rule_duplicate
from workflows.services.health import health_run

LIST = "/admin/workflows/rule/"


def _queries(client: Any) -> int:
    client.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(LIST).status_code == 200
    return len(queries)


def test_the_list_tells_what_a_rule_did(company: DemoCompany, enter: Enter) -> None:
    company.sell()
    health_run()
    page = text(enter("analyst").get(LIST))
    assert "Fired a day, oldest first: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1" in page


def test_ten_rules_cost_as_many_queries_as_one(company: DemoCompany, enter: Enter) -> None:
    client, analyst = enter("analyst"), company.user("analyst")
    one = _queries(client)
    for number in range(9):
        made = rule_duplicate(analyst, Rule.objects.earliest("pk"), key=f"copy-{number}")
        Rule.objects.filter(pk=made.pk).update(state=RuleState.LIVE)
    assert _queries(client) == one


def test_it_is_searched_by_tag_and_filtered_by_owner(company: DemoCompany, enter: Enter) -> None:
    rule = Rule.objects.get()
    RuleTag.objects.create(rule=rule, name="stock")
    client = enter("analyst")
    row = f"{LIST}{rule.pk}/change/"
    assert row in text(client.get(f"{LIST}?q=stock"))
    assert row in text(client.get(f"{LIST}?owner={rule.owner_id}"))
    assert row not in text(client.get(f"{LIST}?tag=nothing-has-it"))


def test_only_who_may_publish_is_offered_the_stop(company: DemoCompany, enter: Enter) -> None:
    rule = Rule.objects.get()
    button = f'formaction="{LIST}{rule.pk}/change/"'
    assert button in enter("analyst").get(LIST).content.decode()
    object_share(None, company.user("auditor"), rule, "view")
    assert button not in enter("auditor").get(LIST).content.decode()
    refused = enter("auditor").post(f"{LIST}{rule.pk}/change/", {"act": "off"})
    assert refused.status_code == 403
    rule.refresh_from_db()
    assert rule.state == RuleState.LIVE
