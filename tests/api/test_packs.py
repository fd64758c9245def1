"""Starter packs through the API: what is offered to whom, and the draft that answers make."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from connectors.models import ObjectMapping
from permissions.models import Grant
from permissions.objects import object_unshare
from permissions.services.roles import ANALYST
from tests.api.conftest import Speak
from tests.company import DemoCompany, caches_clear
from workflows.catalog import PACKS
from workflows.models import Rule

pytestmark = pytest.mark.database


def test_packs_are_offered_with_what_speaks_against_them(company: DemoCompany, speak: Speak) -> None:
    analyst = speak("analyst")
    url = f"/api/v1/rules/packs/{company.connection.pk}/"
    packs = {each["key"]: each for each in analyst.get(url).json()["packs"]}
    assert list(packs) == list(PACKS)
    assert all(each["usable"] for each in packs.values())
    assert packs["large_order"]["questions"]["properties"]["amount"]["default"] == 50000
    ObjectMapping.objects.filter(object="receivable").update(active=False)
    Grant.objects.filter(group__name=ANALYST).update(field_classes=[])
    caches_clear()
    packs = {each["key"]: each for each in analyst.get(url).json()["packs"]}
    assert (
        packs["overdue_receivable"]["reason"]["en"]
        == "“Demo ERP” does not deliver it yet: an administrator has to map it."
    )
    assert packs["price_change"]["reason"]["en"] == "You may not see “Purchase price”."
    assert packs["order_notice"]["usable"] is True
    object_unshare(None, Group.objects.get(name=ANALYST), company.connection, "use")
    assert analyst.get(url).status_code == 404
    assert analyst.post(f"{url}large_order/", {"answers": {}}).status_code == 404


def test_answers_make_a_draft_and_nothing_is_stored(company: DemoCompany, speak: Speak) -> None:
    analyst = speak("analyst")
    url = f"/api/v1/rules/packs/{company.connection.pk}/large_order/"
    made = analyst.post(url, {"answers": {"amount": 123}}).json()
    assert made["draft"]["condition"] == {">=": [{"var": "record.amount"}, 123]}
    assert made["name"] == {"en": "Large order", "zh-hans": "大额订单"}
    refused = analyst.post(url, {"answers": {"colour": "red"}})
    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        "“colour” is not asked. Answer: amount, recipients.",
    )
    assert analyst.post(url.replace("large_order", "nothing"), {}).status_code == 404
    assert analyst.post(url, {"answers": {"amount": "much"}}).json()["draft"]["condition"] == {
        ">=": [{"var": "record.amount"}, "much"]
    }
    assert Rule.objects.count() == 1
