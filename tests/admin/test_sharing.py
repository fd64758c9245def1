"""The page on which a rule or a connection is shared."""

from __future__ import annotations

import pytest
from django.urls import reverse

from permissions.objects import may_object
from tests.admin.conftest import Enter, text
from tests.company import DemoCompany
from workflows.models import Rule

pytestmark = pytest.mark.database


def test_a_rule_is_shared_and_taken_back_on_its_page(company: DemoCompany, enter: Enter) -> None:
    rule = Rule.objects.get()
    page = reverse("admin:workflows_rule_change", args=[rule.pk])
    assert "Share this rule" in text(enter("analyst").get(page))
    assert "共享此规则" in text(enter("analyst", "zh-hans").get(page))
    assert "Share this rule" not in text(enter("auditor").get(page))
    url = reverse("admin:workflows_rule_sharing", args=[rule.pk])
    enter("analyst").post(url, {"act": "share", "person": "it", "level": "edit"})
    assert may_object(company.user("it"), "change", rule)
    refused = enter("analyst").post(url, {"act": "share", "person": "nobody", "level": "edit"})
    assert "There is nobody of this name." in text(refused)
    enter("analyst").post(url, {"act": "unshare", "person": "it"})
    assert not may_object(company.user("it"), "view", rule)
    assert enter("auditor").post(url, {"act": "share", "person": "it", "level": "view"}).status_code == 403
    assert not may_object(company.user("it"), "view", rule)


def test_a_connection_is_shared_on_its_page(company: DemoCompany, enter: Enter) -> None:
    url = reverse("admin:workflows_connection_sharing", args=[company.connection.pk])
    enter("it").post(url, {"act": "share", "role": "Finance", "level": "use"})
    assert may_object(company.user("finance"), "use", company.connection)
    assert enter("analyst").get(url).status_code == 403
    assert enter("sales").get(url).status_code == 302  # no staff of the administration
