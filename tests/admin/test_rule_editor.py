"""The editor's page, and the way from nothing to it."""

from __future__ import annotations

from django.contrib.auth.models import Group

from permissions.objects import object_unshare
from permissions.services.roles import ANALYST
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany
from workflows.models import Rule, RuleState

ADD = "/admin/workflows/rule/add/"


def test_a_rule_opens_in_the_editor_for_whoever_sees_it(company: DemoCompany, enter: Enter) -> None:
    rule = Rule.objects.get()
    address = f"/admin/workflows/rule/{rule.pk}/editor/"
    page = text(enter("analyst").get(address))
    assert f'id="rule-editor" data-api="/api/v1/" data-rule="{rule.pk}"' in page
    assert f'href="{address}"' in text(enter("analyst").get(f"/admin/workflows/rule/{rule.pk}/change/"))
    assert enter("warehouse").get(address).status_code in (302, 403, 404)
    assert enter("analyst").get("/admin/workflows/rule/999/editor/").status_code == 404


def test_a_new_rule_begins_with_what_it_is_about(company: DemoCompany, enter: Enter) -> None:
    client = enter("analyst", "zh-hans")
    assert "建立关于它的规则" in text(client.get(ADD))
    response = client.post(ADD, {"connection": company.connection.pk, "object": "stock_level"})
    rule = Rule.objects.exclude(pk=Rule.objects.earliest("pk").pk).get()
    assert response["Location"] == f"/admin/workflows/rule/{rule.pk}/editor/"
    assert (rule.state, rule.owner, rule.current) == (RuleState.DRAFT, company.user("analyst"), None)
    assert (rule.draft["trigger"]["object"], rule.draft["condition"], rule.draft["steps"]) == (
        "stock_level",
        True,
        [],
    )


def test_nobody_starts_a_rule_on_a_connection_that_is_not_theirs(company: DemoCompany, enter: Enter) -> None:
    wanted = {"connection": company.connection.pk, "object": "stock_level"}
    assert enter("auditor").post(ADD, wanted).status_code == 403
    analyst = company.user("analyst")
    object_unshare(analyst, Group.objects.get(name=ANALYST), company.connection, "use")
    client = enter("analyst")
    assert "Demo ERP" not in text(client.get(ADD)).split('class="b-page"')[1]
    assert client.post(ADD, wanted).status_code == 404
    assert client.post(ADD, {"connection": "x"}).status_code == 404
    assert Rule.objects.count() == 1


def test_a_new_rule_starts_from_a_pack(company: DemoCompany, enter: Enter) -> None:
    client = enter("analyst")
    assert "Tells somebody of every new sales order." in text(client.get(ADD))
    response = client.post(ADD, {"connection": company.connection.pk, "pack": "order_notice"})
    rule = Rule.objects.latest("pk")
    assert response["Location"] == f"/admin/workflows/rule/{rule.pk}/editor/?pack=order_notice"
    assert (rule.name["en"], rule.draft["steps"][0]["action"]) == ("Order notice", "send")
    assert client.post(ADD, {"connection": company.connection.pk, "pack": "nothing"}).status_code == 404
    assert Rule.objects.count() == 2
