"""What the rule editor asks for: the catalogue, autosave of two people, versions and the way back, hand-over."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connectors.models import ObjectMapping
from permissions.models import Grant
from permissions.objects import may_object, object_share, object_unshare
from permissions.services.roles import ANALYST
from tests.api.conftest import Speak, rows_of, written
from tests.company import DemoCompany, caches_clear
from workflows.models import Rule, RuleVersion, Schedule

pytestmark = pytest.mark.database
RULES = "/api/v1/rules/"


def object_url(company: DemoCompany, name: str = "stock_level") -> str:
    return f"{RULES}catalogue/{company.connection.pk}/{name}/"


def named(found: list[dict[str, Any]], key: str, value: str) -> dict[str, Any]:
    return next(each for each in found if each[key] == value)


def test_the_catalogue_offers_what_can_be_built_on(company: DemoCompany, speak: Speak) -> None:
    analyst = speak("analyst")
    ObjectMapping.objects.filter(object="customer").update(active=False)
    caches_clear()
    (offered,) = analyst.get(f"{RULES}catalogue/").json()["connections"]
    assert (offered["slug"], offered["state"]) == ("demo-erp", "active")
    stock, orders = (named(offered["objects"], "name", name) for name in ("stock_level", "sales_order"))
    assert (stock["usable"], stock["reason"], bool(stock["recorded_since"])) == (True, None, True)
    assert stock["label"] == {"en": "Stock level", "zh-hans": "库存"}
    unmapped = named(offered["objects"], "name", "customer")
    assert unmapped["usable"] is False
    assert "map" in unmapped["reason"]["en"]
    assert orders["plural"]["zh-hans"] == "销售订单"

    found = analyst.get(object_url(company)).json()
    on_hand, price = (named(found["fields"], "name", name) for name in ("on_hand", "unit_price"))
    assert on_hand["path"] == "record.on_hand"
    assert (on_hand["type"], on_hand["decimals"], on_hand["unit"], on_hand["class"]) == (
        "decimal",
        3,
        "unit",
        "general",
    )
    assert "数量" in on_hand["synonyms"]
    assert on_hand["sample"].replace(",", "").isdigit()
    assert (price["class"], price["usable"]) == ("cost", True)
    assert [each["key"] for each in found["actions"] if each["usable"]] == [
        "ask",
        "send",
        "create_document",
        "update_fields",
        "task",
        "start_rule",
        "wait",
        "branch",
    ]
    later = named(found["actions"], "key", "for_each")
    assert (later["usable"], bool(later["reason"]["zh-hans"])) == (False, True)
    ask = named(found["actions"], "key", "ask")
    assert (ask["first"], ask["follows"]) == (True, False)
    assert ask["params"]["properties"]["title"]["x-editor"] == "template"
    assert named(found["recipients"], "type", "record_person")["fields"] == ["buyer"]
    assert named(found["channels"], "slug", "inbox")["limits"]["card_input"] is True
    assert named(found["writes"], "key", "create_purchase_order")["object"] == "purchase_order"
    assert "buyer" in {each["username"] for each in found["people"]}


def test_a_field_of_a_closed_class_is_listed_without_its_value(company: DemoCompany, speak: Speak) -> None:
    Grant.objects.filter(group__name=ANALYST).update(field_classes=[])
    price = named(speak("analyst").get(object_url(company)).json()["fields"], "name", "unit_price")
    assert (price["sample"], price["usable"]) == ("•••", False)
    assert price["reason"]["en"] == "You may not see “Purchase price”."


def test_a_connection_that_is_not_shared_is_neither_seen_nor_used(company: DemoCompany, speak: Speak) -> None:
    analyst, person = speak("analyst"), company.user("analyst")
    object_unshare(None, Group.objects.get(name=ANALYST), company.connection, "use", "view")
    assert not may_object(person, "view", company.connection)
    assert analyst.get(f"{RULES}catalogue/").json() == {"connections": []}
    assert analyst.get(object_url(company)).status_code == 404
    body = {"connection": company.connection.pk, "draft": {}}
    with CaptureQueriesContext(database) as caught:
        assert analyst.post(RULES, body).status_code == 400
        assert analyst.post(f"{RULES}sentence/", body).status_code == 400
        assert analyst.post(f"{RULES}{Rule.objects.get().pk}/publish/").status_code == 403
        assert analyst.post(f"{RULES}{Rule.objects.get().pk}/duplicate/").status_code == 403
    assert written(caught) == []


def test_the_catalogue_costs_the_same_for_any_number_of_objects(company: DemoCompany, speak: Speak) -> None:
    analyst = speak("analyst")
    analyst.get(object_url(company))
    with CaptureQueriesContext(database) as caught:
        analyst.get(object_url(company))
    assert len(caught) <= 20
    with CaptureQueriesContext(database) as caught:
        analyst.get(f"{RULES}catalogue/")
    assert len(caught) <= 13


def test_two_who_edit_the_same_draft_are_told(company: DemoCompany, speak: Speak) -> None:
    rule = Rule.objects.get()
    object_share(None, company.user("owner"), rule, "view", "change")
    url = f"{RULES}{rule.pk}/"
    first, second = speak("analyst"), speak("owner")
    number = first.get(url).json()["draft_number"]
    saved = first.patch(
        url, {"draft": {"mine": 1}, "draft_number": number, "tags": ["stock", "east", "stock"]}
    )
    assert saved.status_code == 200
    assert (saved.json()["draft_number"], saved.json()["tags"]) == (number + 1, ["east", "stock"])
    late = second.patch(url, {"draft": {"theirs": 1}, "draft_number": number})
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert "Min Zhao" in late.json()["detail"]
    current = late.json()["current"]
    assert (current["draft"], current["draft_number"], current["edited_by"]) == (
        {"mine": 1},
        number + 1,
        "analyst",
    )
    assert Rule.objects.get().draft == {"mine": 1}
    assert rows_of(first.get(RULES, {"tag": "stock"}))[0]["id"] == rule.pk
    assert rows_of(first.get(RULES, {"tag": "other"})) == []
    assert second.patch(url, {"draft": {"theirs": 1}, "draft_number": number + 1}).status_code == 200


def test_differences_are_sentences_and_one_click_goes_back(company: DemoCompany, speak: Speak) -> None:
    analyst, rule = speak("analyst"), Rule.objects.get()
    url = f"{RULES}{rule.pk}/"
    first = copy.deepcopy(rule.draft)
    draft = copy.deepcopy(first)
    draft["condition"] = {"<": [{"var": "record.on_hand"}, 5]}
    draft["firing"]["cooldown_seconds"] = 3600
    draft["steps"][0]["params"]["buttons"].pop(1)
    draft["steps"][0]["params"]["title"]["en"] = "Low"
    analyst.patch(url, {"draft": draft})
    found = analyst.get(f"{url}differences/?from=1").json()
    assert [(each["pointer"], each["message"]) for each in found["differences"]] == [
        ("/condition", "“on hand is less than reorder level” is now “on hand is less than 5”."),
        (
            "/firing",
            "“when it becomes true” is now “when it becomes true. At most once every hour for the same record”.",
        ),
        (
            "/steps/0/params/title",
            "“Low stock: {{ record.product_name }} ({{ record.warehouse_name }})” is now “Low”.",
        ),
        ("/steps/0/params/buttons", "The button “Not now” is gone."),
    ]
    assert (found["before"]["name"], found["after"]["name"]) == ("1", "draft")
    assert found["after"]["definition"] == draft
    assert "less than 5" in found["after"]["sentence"]["en"]
    chinese = analyst.get(f"{url}differences/?from=1", headers={"accept-language": "zh-hans"}).json()
    assert chinese["differences"][0]["message"] == "“现存量小于再订货点”现为“现存量小于5”。"

    assert analyst.post(f"{url}publish/").json()["number"] == 2
    back = analyst.post(f"{url}rollback/", {"number": 1}).json()
    assert (back["number"], back["in_force"], back["note"]) == (3, True, "Rolled back to version 1")
    versions = rows_of(analyst.get(f"{url}versions/"))
    assert [(each["number"], each["in_force"]) for each in versions] == [(3, True), (2, False), (1, False)]
    assert RuleVersion.objects.get(number=3).definition == first
    assert Rule.objects.get().draft == draft
    assert analyst.get(f"{url}versions/9/").status_code == 404
    assert analyst.post(f"{url}rollback/", {"number": 9}).status_code == 404
    assert analyst.get(f"{url}differences/?from=x").status_code == 400
    company.sell()
    assert company.interaction().card["title"]["en"].startswith("Low stock")


def test_a_copy_is_a_draft_of_its_own(company: DemoCompany, speak: Speak) -> None:
    analyst, rule = speak("analyst"), Rule.objects.get()
    made = analyst.post(f"{RULES}{rule.pk}/duplicate/")
    assert made.status_code == 201
    assert (made.json()["state"], made.json()["version"], made.json()["draft"]) == ("draft", None, rule.draft)
    assert made.json()["name"]["zh-hans"] == "库存低于再订货点 → 询问采购员 的副本"
    assert analyst.post(f"{RULES}{rule.pk}/duplicate/", {"key": rule.key}).status_code == 409
    blank = analyst.post(RULES, {"connection": company.connection.pk, "draft": {}}).json()
    assert (blank["key"], blank["title"]) == ("new-rule", "New rule")


def test_a_rule_is_handed_over_only_to_who_may_see_what_it_uses(company: DemoCompany, speak: Speak) -> None:
    analyst, rule = speak("analyst"), Rule.objects.get()
    object_unshare(None, Group.objects.get(name=ANALYST), rule, "publish")
    url = f"{RULES}{rule.pk}/owner/"
    assert analyst.post(url, {"username": "nobody"}).status_code == 400
    assert "may not build" in analyst.post(url, {"username": "warehouse"}).json()["detail"]
    object_share(None, company.user("warehouse"), company.connection, "use")
    refused = analyst.post(url, {"username": "warehouse"}).json()["detail"]
    assert "Lei Zhou may not see “Purchase price”" in refused
    assert Rule.objects.get().owner == company.user("analyst")
    object_share(None, company.user("owner"), company.connection, "use")
    assert analyst.post(url, {"username": "owner"}).json()["owner"] == "owner"
    assert analyst.post(f"{RULES}{rule.pk}/publish/").status_code == 403
    assert speak("owner").post(f"{RULES}{rule.pk}/off/").json()["state"] == "off"


def test_a_condition_on_what_the_owner_may_not_see_is_not_published(
    company: DemoCompany, speak: Speak
) -> None:
    Grant.objects.filter(group__name=ANALYST).update(field_classes=[])
    analyst, rule = speak("analyst"), Rule.objects.get()
    draft = copy.deepcopy(rule.draft)
    draft["condition"] = {"<": [{"var": "record.unit_price"}, 5]}
    draft["steps"][0]["params"] |= {"material": [], "buttons": [{"key": "ok", "label": "OK", "then": []}]}
    refused = analyst.post(f"{RULES}{rule.pk}/check/", {"draft": draft}).json()["problems"]
    assert [(each["pointer"], each["code"], each["severity"]) for each in refused] == [
        ("/condition/</0/var", "owner_field", "error")
    ]
    draft["condition"] = {"and": [{"missing": ["record.unit_price"]}]}
    refused = analyst.post(f"{RULES}{rule.pk}/check/", {"draft": draft}).json()["problems"]
    assert [each["code"] for each in refused] == ["owner_field"]


def test_unmapped_fields_and_dead_recipients_are_named(company: DemoCompany, speak: Speak) -> None:
    analyst, rule = speak("analyst"), Rule.objects.get()
    url = f"{RULES}{rule.pk}/check/"
    draft = copy.deepcopy(rule.draft)
    draft["condition"] = {"<": [{"var": "record.projected"}, 5]}
    params = draft["steps"][0]["params"]
    params["recipients"] = [{"type": "user", "username": "gone"}, {"type": "role", "group": "Nobodies"}]
    found = analyst.post(url, {"draft": draft}).json()["problems"]
    assert [(each["pointer"], each["code"]) for each in found] == [
        ("/condition/</0/var", "unmapped"),
        ("/steps/0/params/recipients/0", "dead_recipient"),
        ("/steps/0/params/recipients/1", "dead_recipient"),
    ]
    assert analyst.post(f"{RULES}{rule.pk}/publish/").status_code == 200
    company.user("buyer").identities.all().delete()
    warned = analyst.post(url).json()["problems"]
    assert [(each["pointer"], each["code"], each["severity"]) for each in warned] == [
        ("/steps/0/params/recipients/0", "unlinked_recipient", "warning")
    ]
    assert analyst.post(f"{RULES}{rule.pk}/publish/").status_code == 200


SCHEDULE = {
    "type": "schedule",
    "object": "occasion",
    "every": "week",
    "weekdays": ["mon"],
    "times": ["08:00"],
}


def test_a_rule_for_set_times_is_offered_checked_said_and_published(
    company: DemoCompany, speak: Speak
) -> None:
    analyst, rule = speak("analyst"), Rule.objects.get()
    schedule = named(analyst.get(object_url(company)).json()["triggers"], "key", "schedule")
    assert (schedule["usable"], schedule["object"], schedule["policies"]) == (True, "occasion", ["each_time"])
    fields = analyst.get(object_url(company, "occasion")).json()["fields"]
    assert [each["name"] for each in fields if each["usable"]] == ["at", "date", "weekday", "number"]
    send = {
        "action": "send",
        "params": {
            "channels": ["inbox"],
            "recipients": [{"type": "rule_owner"}],
            "title": "Count",
            "fields": [],
        },
    }
    draft = {"schema": 1, "trigger": SCHEDULE, "firing": {"policy": "each_time"}, "steps": [send]}
    wrong = {**draft, "trigger": {**SCHEDULE, "object": "stock_level"}, "firing": {"policy": "becomes_true"}}
    found = analyst.post(f"{RULES}{rule.pk}/check/", {"draft": wrong}, format="json").json()["problems"]
    assert {each["pointer"] for each in found if each["severity"] == "error"} == {
        "/trigger/object",
        "/firing/policy",
    }
    found = analyst.post(f"{RULES}{rule.pk}/check/", {"draft": draft}, format="json").json()["problems"]
    assert found == []
    said = analyst.post(
        f"{RULES}sentence/", {"connection": company.connection.pk, "draft": draft}, format="json"
    ).json()
    assert said["en"].startswith("When it is time, every Monday at 08:00 (Asia/Shanghai), ")
    assert said["zh-hans"].startswith("到了时间（每周一 08:00（Asia/Shanghai））时，")
    analyst.patch(f"{RULES}{rule.pk}/", {"draft": draft}, format="json")
    assert analyst.post(f"{RULES}{rule.pk}/publish/", {}, format="json").status_code == 200
    assert Schedule.objects.get(rule=rule).occurrence_at is not None
