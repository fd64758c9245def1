"""`rules/`: drafts, problems with their place, versions that stay."""

from __future__ import annotations

import copy

import pytest

from messaging.models import Interaction
from tests.api.conftest import Speak, rows_of
from tests.company import DemoCompany
from workflows.models import Rule, RuleVersion, Run

pytestmark = pytest.mark.database
LIST = "/api/v1/rules/"


def test_a_rule_is_made_checked_corrected_and_published(company: DemoCompany, speak: Speak) -> None:
    analyst = speak("analyst")
    draft = copy.deepcopy(Rule.objects.get().draft)
    draft["condition"] = {"<": [{"var": "record.on_hnad"}, 5]}
    draft["steps"][0]["params"] |= {"priority": 0, "confirm_seconds": 5}
    body = {
        "key": "second",
        "name": {"en": "Second", "zh-hans": "第二"},
        "connection": company.connection.pk,
        "draft": draft,
    }
    made = analyst.post(LIST, body)
    assert made.status_code == 201, made.json()
    assert (made.json()["state"], made.json()["version"], made.json()["title"]) == ("draft", None, "Second")
    url = f"{LIST}{made.json()['id']}/"

    problems = analyst.post(f"{url}check/").json()["problems"]
    assert [each["pointer"] for each in problems] == [
        "/condition/</0/var",
        "/steps/0/params/priority",
        "/steps/0/params/confirm_seconds",
    ]
    refused = analyst.post(f"{url}publish/")
    assert refused.status_code == 400
    assert refused.json()["problems"] == problems
    assert refused.json()["detail"]
    assert not RuleVersion.objects.filter(rule__key="second").exists()
    assert analyst.post(f"{url}on/").status_code == 400

    draft["condition"] = {"<": [{"var": "record.on_hand"}, 5]}
    draft["steps"][0]["params"] |= {"priority": 1, "confirm_seconds": 60}
    assert analyst.post(f"{url}check/", {"draft": draft}).json() == {"problems": []}
    assert analyst.patch(url, {"draft": draft}).json()["draft"] == draft
    version = analyst.post(f"{url}publish/", {"note": "First"})
    assert version.status_code == 200
    assert (version.json()["number"], version.json()["note"]) == (1, "First")
    assert version.json()["published_by"] == "analyst"
    shown = analyst.get(url).json()
    assert (shown["state"], shown["version"], shown["published"]) == ("live", 1, draft)


def test_off_withdraws_what_is_open_and_on_brings_it_back(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    analyst = speak("analyst")
    url = f"{LIST}{Rule.objects.get().pk}/"
    assert analyst.post(f"{url}off/").json()["state"] == "off"
    assert Interaction.objects.get().state == "cancelled"
    assert Run.objects.get().state == "cancelled"
    assert analyst.post(f"{url}on/").json()["state"] == "live"


BAD: list[tuple[dict[str, object], str]] = [
    ({"key": "has spaces"}, "key"),
    ({"name": {}}, "name"),
    ({"name": {"fr": "Règle"}}, "name"),
    ({"name": "Second"}, "name"),
    ({"draft": "{}"}, "draft"),
    ({"connection": "demo-erp"}, "connection"),
]


def test_bad_input_is_named(company: DemoCompany, speak: Speak) -> None:
    body = {"key": "second", "name": {"en": "Second"}, "connection": company.connection.pk, "draft": {}}
    analyst = speak("analyst")
    for change, named in BAD:
        answer = analyst.post(LIST, {**body, **change})
        assert answer.status_code == 400, change
        assert answer.json()["errors"].keys() == {named}
    assert Rule.objects.count() == 1


def test_a_key_is_taken_once_and_a_connection_must_be_known(company: DemoCompany, speak: Speak) -> None:
    analyst, key = speak("analyst"), Rule.objects.get().key
    body = {"key": key, "name": {"en": "Second"}, "connection": company.connection.pk, "draft": {}}
    assert analyst.post(LIST, body).status_code == 409
    unknown = analyst.post(LIST, {**body, "key": "second", "connection": 10**12})
    assert unknown.status_code == 400
    assert "connection" in unknown.json()["detail"]


def test_lists_hold_what_was_shared(company: DemoCompany, speak: Speak) -> None:
    assert [row["state"] for row in rows_of(speak("analyst").get(LIST))] == ["live"]
    assert rows_of(speak("it").get(LIST)) == []
    chinese = speak("analyst").get(LIST, headers={"accept-language": "zh-hans"})
    assert rows_of(chinese)[0]["title"] == "库存低于再订货点 → 询问采购员"
