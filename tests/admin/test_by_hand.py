"""Starting a rule for the record of an event, from the event's page."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group

from connectors.models import Event
from demo.rules import STOCK_RULE
from permissions.objects import object_unshare
from permissions.services.roles import ANALYST
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany
from workflows.models import Rule, Run
from workflows.services.drafts import rule_edit
from workflows.services.rules import rule_publish

pytestmark = pytest.mark.database


@pytest.fixture
def event(company: DemoCompany) -> Event:
    """A change of a record whose rule starts by hand only."""
    rule, analyst = Rule.objects.get(), company.user("analyst")
    trigger = {"type": "by_hand", "object": "stock_level"}
    draft = {**STOCK_RULE, "trigger": trigger, "condition": True, "firing": {"policy": "each_time"}}
    rule_edit(analyst, rule, name=None, draft=draft)
    rule_publish(analyst, rule)
    company.sell()
    return Event.objects.get(object="stock_level")


def page(event: Event) -> str:
    return f"/admin/connectors/event/{event.pk}/change/"


def test_a_rule_is_started_once_however_often_the_button_is_pressed(
    enter: Enter, company: DemoCompany, event: Event
) -> None:
    analyst, rule = enter("analyst"), Rule.objects.get()
    shown = text(analyst.get(page(event)))
    assert "Start a rule for this record:" in shown
    found = re.search(r'name="request_id" value="(\w+)"', shown)
    assert found is not None
    posted = {"act": "start", "rule": rule.pk, "request_id": found[1]}
    for _press in range(2):
        answer = analyst.post(page(event), posted, follow=True)
        assert "is being started for this record." in text(answer)
    company.work()
    assert [(run.event.source, run.record.key) for run in Run.objects.all() if run.record] == [
        ("hand", event.key)
    ]


def test_looking_starts_nothing(enter: Enter, company: DemoCompany, event: Event) -> None:
    enter("analyst").get(f"{page(event)}?act=start&rule={Rule.objects.get().pk}")
    company.work()
    assert Run.objects.count() == 0


def test_who_may_not_change_the_rule_has_no_button_and_no_way(
    enter: Enter, company: DemoCompany, event: Event
) -> None:
    rule, analyst = Rule.objects.get(), company.user("analyst")
    for holder in (analyst, Group.objects.get(name=ANALYST)):
        object_unshare(None, holder, rule, "change", "publish")
    client = enter("analyst")
    assert "Start a rule for this record:" not in text(client.get(page(event)))
    client.post(page(event), {"act": "start", "rule": rule.pk, "request_id": "x"})
    company.work()
    assert Event.objects.filter(source="hand").count() == 0
