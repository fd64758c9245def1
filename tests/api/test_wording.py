"""The sentence as text through the API: in the reader's language, nothing stored, only for whoever sees the rule."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from demo.rules import STOCK_RULE
from tests.api.conftest import Speak, written
from tests.company import DemoCompany
from workflows.models import Rule
from workflows.sentence import rule_sentence

pytestmark = pytest.mark.database


def test_a_text_becomes_a_draft_choices_or_a_problem(company: DemoCompany, speak: Speak) -> None:
    analyst, rule = speak("analyst"), Rule.objects.get()
    url = f"/api/v1/rules/{rule.pk}/text/"
    text = rule_sentence(rule).en
    with CaptureQueriesContext(database) as caught:
        same = analyst.post(url, {"text": text}).json()
        changed = analyst.post(url, {"text": text.replace("less than reorder level", "less than 7")}).json()
        two = text.replace("less than reorder level", "less than 7 and buyer changed or incoming is 0")
        choices = analyst.post(url, {"text": two}).json()
        wrong = analyst.post(url, {"text": text.replace("on hand", "\U0001f600 hand")}).json()
    assert written(caught) == []
    assert same == {"meanings": [{"sentence": text, "draft": STOCK_RULE}], "problem": None}
    (meaning,) = changed["meanings"]
    assert meaning["draft"]["condition"] == {"<": [{"var": "record.on_hand"}, 7]}
    assert meaning["sentence"] == text.replace("less than reorder level", "less than 7")
    assert [list(each["draft"]["condition"]) for each in choices["meanings"]] == [["or"], ["and"]]
    assert (wrong["meanings"], wrong["problem"]["start"]) == ([], text.index("on hand"))
    assert wrong["problem"]["end"] == wrong["problem"]["start"] + 2
    assert "“\U0001f600” is not understood here." in wrong["problem"]["message"]


def test_it_is_read_in_the_language_of_the_request(company: DemoCompany, speak: Speak) -> None:
    rule = Rule.objects.get()
    text = rule_sentence(rule).zh.replace("小于再订货点", "低于8")
    url = f"/api/v1/rules/{rule.pk}/text/"
    found = speak("analyst").post(url, {"text": text}, headers={"accept-language": "zh-hans"}).json()
    (meaning,) = found["meanings"]
    assert meaning["draft"]["condition"] == {"<": [{"var": "record.on_hand"}, 8]}
    assert "现存量小于8" in meaning["sentence"]


def test_only_for_whoever_sees_the_rule_and_not_without_end(company: DemoCompany, speak: Speak) -> None:
    url = f"/api/v1/rules/{Rule.objects.get().pk}/text/"
    assert speak("warehouse").post(url, {"text": "When"}).status_code == 404
    assert speak("analyst").post(url, {"text": "x" * 20_001}).status_code == 400
