"""Starting a rule by hand, and asking when it starts by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from connectors.models import Event, Record
from demo.rules import STOCK_RULE
from kernel import clock
from kernel.models import AuditEntry
from permissions.models import Grant
from permissions.services.roles import ANALYST
from tests.api.conftest import Speak
from tests.company import DemoCompany
from workflows.engine.schedules import schedules_drain
from workflows.models import Rule, Run, Schedule
from workflows.services.drafts import rule_edit
from workflows.services.rules import rule_publish

pytestmark = pytest.mark.database
RULES = "/api/v1/rules/"


def published(company: DemoCompany, trigger: dict[str, Any], condition: Any = True) -> Rule:
    rule, analyst = Rule.objects.get(), company.user("analyst")
    draft = {**STOCK_RULE, "trigger": trigger, "condition": condition, "firing": {"policy": "each_time"}}
    rule_edit(analyst, rule, name=None, draft=draft)
    rule_publish(analyst, rule)
    rule.refresh_from_db()
    return rule


def by_hand(company: DemoCompany, condition: Any = True) -> tuple[Rule, Record]:
    rule = published(company, {"type": "by_hand", "object": "stock_level"}, condition)
    return rule, Record.objects.filter(object="stock_level").order_by("key")[0]


def start(speak: Speak, rule: Rule, record: str, request_id: str = "r-1", login: str = "analyst") -> Any:
    body = {"record": record, "request_id": request_id}
    return speak(login).post(f"{RULES}{rule.pk}/start/", body, format="json")


def test_a_person_starts_a_rule_for_one_record_once_per_request(company: DemoCompany, speak: Speak) -> None:
    rule, record = by_hand(company)
    first, second = start(speak, rule, record.key), start(speak, rule, record.key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    company.work()
    run = Run.objects.get()
    assert (run.event_id, run.record_id, run.event.source) == (first.json()["event"], record.pk, "hand")
    assert (run.event.source_event_id, run.event.change) == ("analyst", "by_hand")
    assert AuditEntry.objects.filter(action="rule.started_by_hand").count() == 1
    start(speak, rule, record.key, "r-2")
    company.work()
    assert Run.objects.count() == 2


def test_its_condition_still_decides(company: DemoCompany, speak: Speak) -> None:
    rule, record = by_hand(company, {"<": [{"var": "record.on_hand"}, -1]})
    assert start(speak, rule, record.key).status_code == 201
    company.work()
    assert Run.objects.count() == 0
    assert Event.objects.get(source="hand").outcome == "no_match"


def test_what_may_not_be_started_makes_nothing(company: DemoCompany, speak: Speak) -> None:
    rule, record = by_hand(company)
    made = Event.objects.count()
    assert start(speak, rule, "no such key").status_code == 404
    assert start(speak, rule, record.key, login="buyer").status_code == 404
    assert start(speak, rule, record.key, "no spaces").status_code == 400
    assert start(speak, rule, "x" * 201).status_code == 400
    Grant.objects.filter(group__name=ANALYST).delete()
    assert start(speak, rule, record.key).status_code == 404
    assert Event.objects.count() == made


def test_only_a_published_rule_that_starts_by_hand(company: DemoCompany, speak: Speak) -> None:
    rule = Rule.objects.get()
    record = Record.objects.filter(object="stock_level").order_by("key")[0]
    assert start(speak, rule, record.key).status_code == 409
    rule, record = by_hand(company)
    speak("analyst").post(f"{RULES}{rule.pk}/off/")
    assert start(speak, rule, record.key).status_code == 409
    assert Event.objects.filter(source="hand").count() == 0


def test_a_look_over_all_records_tells_how_far_it_is(company: DemoCompany, speak: Speak) -> None:
    rule = published(
        company, {"type": "schedule_records", "object": "stock_level", "every": "day", "times": ["08:00"]}
    )
    due = Schedule.objects.get().occurrence_at
    assert due is not None
    shown = speak("analyst").get(f"{RULES}{rule.pk}/schedule/").json()
    assert dt.datetime.fromisoformat(shown["next"]) == due
    assert (shown["last"], shown["number"], shown["walks"]) == (None, 0, [])
    with clock.frozen(due):
        schedules_drain()
    (walk,) = speak("analyst").get(f"{RULES}{rule.pk}/schedule/").json()["walks"]
    total = Record.objects.filter(object="stock_level", gone=False).count()
    assert (walk["state"], walk["total"], walk["looked"], walk["made"]) == ("running", total, 0, 0)


def test_a_rule_without_set_times_has_no_next_one(company: DemoCompany, speak: Speak) -> None:
    shown = speak("analyst").get(f"{RULES}{Rule.objects.get().pk}/schedule/").json()
    assert (shown["next"], shown["number"], shown["error"]) == (None, 0, "")


BELOW = {"<": [{"var": "record.on_hand"}, {"var": "record.reorder_level"}]}


def fires_when_published(company: DemoCompany, most: int) -> Rule:
    trigger = {
        "type": "record",
        "object": "stock_level",
        "at_publishing": "fire",
        "at_publishing_most": most,
    }
    rule, analyst = Rule.objects.get(), company.user("analyst")
    draft = {**STOCK_RULE, "trigger": trigger, "condition": BELOW, "firing": {"policy": "becomes_true"}}
    rule_edit(analyst, rule, name=None, draft=draft)
    return rule


def test_the_records_for_which_it_is_already_true_are_counted_and_start_it_once(
    company: DemoCompany, speak: Speak
) -> None:
    rule = fires_when_published(company, 1_000)
    counted = speak("analyst").post(f"{RULES}{rule.pk}/already/").json()
    below = [
        each.key
        for each in Record.objects.filter(object="stock_level", gone=False)
        if each.data.get("reorder_level") is not None
        and float(each.data["on_hand"]) < float(each.data["reorder_level"])
    ]
    assert len(below) > 2
    total = Record.objects.filter(object="stock_level", gone=False).count()
    assert counted == {"count": len(below), "looked": total, "total": total}
    assert Run.objects.count() == 0
    rule_publish(company.user("analyst"), rule)
    company.work()
    assert sorted(Run.objects.values_list("record__key", flat=True)) == sorted(below)
    rule.refresh_from_db()
    rule_publish(company.user("analyst"), rule)
    company.work()
    assert Run.objects.count() == len(below)


def test_not_more_than_the_rule_says_start_at_publishing(company: DemoCompany, speak: Speak) -> None:
    rule = fires_when_published(company, 2)
    said = speak("analyst").get(f"{RULES}{rule.pk}/").json()["draft"]
    assert said["trigger"]["at_publishing_most"] == 2
    rule_publish(company.user("analyst"), rule)
    company.work()
    assert Run.objects.count() == 2
    (walk,) = speak("analyst").get(f"{RULES}{rule.pk}/schedule/").json()["walks"]
    assert (walk["made"], walk["left_out"] > 0) == (2, True)


def test_nobody_counts_by_what_they_may_not_see(company: DemoCompany, speak: Speak) -> None:
    rule = fires_when_published(company, 5)
    rule.draft["condition"] = {">": [{"var": "record.unit_price"}, 0]}
    assert speak("analyst").post(f"{RULES}{rule.pk}/already/", {"draft": rule.draft}).json()["count"] > 0
    Grant.objects.filter(group__name=ANALYST).update(field_classes=[])
    answer = speak("analyst").post(f"{RULES}{rule.pk}/already/", {"draft": rule.draft})
    assert answer.status_code == 400
    assert "count" not in answer.json()
