"""Events, runs, deliveries, the ledger: through the gate, in pages, with a fixed number of queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from connectors.models import Event, EventState
from permissions.models import Grant
from permissions.policies import MASK
from tests.api.conftest import Speak, rows_of
from tests.company import DemoCompany
from workflows.models import Run, Step, StepState

pytestmark = pytest.mark.database
EVENTS, RUNS, DELIVERIES = "/api/v1/events/", "/api/v1/runs/", "/api/v1/deliveries/"


def events_copy(company: DemoCompany, count: int, **changes: Any) -> None:
    """More events like the newest one."""
    model = Event.objects.latest("id")
    for number in range(count):
        values = {**changes, "pk": None, "dedupe_key": f"copy-{Event.objects.count()}-{number}"}
        for name, value in values.items():
            setattr(model, name, value)
        model.save(force_insert=True)


def settled_queries(client: APIClient, url: str) -> int:
    """Queries of a second look: the first one fills caches and notes which versions were shown."""
    assert client.get(url).status_code == 200
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


def test_an_event_is_told_with_its_values(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    found = rows_of(speak("auditor").get(EVENTS, {"object": "stock_level", "outcome": "matched"}))
    assert len(found) == 1
    event = found[0]
    assert (event["connection"], event["change"], event["state"]) == ("demo-erp", "changed", "planned")
    assert event["category"] == "in_progress"
    assert event["masked"] == []
    assert event["before"]["on_hand"] != event["after"]["on_hand"]
    assert "on_hand" in event["changed"]
    assert event["raw"] is None
    assert event["detected_at"].endswith("Z") and event["planned_at"].endswith("Z")
    assert [(each["verdict"], each["fired"]) for each in event["verdicts"]] == [("true", True)]


def test_values_of_a_closed_class_are_masked(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    Grant.objects.filter(group__user=company.user("analyst")).update(field_classes=[])
    found = rows_of(speak("analyst").get(EVENTS, {"object": "stock_level"}))
    assert found
    for event in found:
        assert event["after"]["unit_price"] == MASK
        assert event["before"]["unit_price"] == MASK
        assert "unit_price" in event["masked"]
        assert event["after"]["on_hand"] != MASK


def test_rows_outside_the_scopes_are_not_listed(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    newest: Any = Event.objects.filter(object="stock_level").latest("id").after
    warehouse = newest["warehouse"]
    grants = Grant.objects.filter(group__user=company.user("analyst"))
    analyst = speak("analyst")
    run = Run.objects.get()

    grants.update(scopes={"warehouse": [warehouse]})
    assert len(rows_of(analyst.get(RUNS))) == 1
    assert len(rows_of(analyst.get(DELIVERIES))) == 1
    assert rows_of(analyst.get(EVENTS, {"object": "stock_level"}))

    grants.update(scopes={"warehouse": ["elsewhere"]})
    for url in (RUNS, DELIVERIES, EVENTS):
        assert rows_of(analyst.get(url)) == []
    for url in (f"{RUNS}{run.pk}/", f"{RUNS}{run.pk}/trace/", f"{EVENTS}{run.event_id}/"):
        hidden, absent = analyst.get(url), analyst.get(url.replace(f"/{run.pk}/", "/987654321/"))
        assert hidden.status_code == 404
        assert hidden.json()["code"] == absent.json()["code"]


def test_what_does_not_map_is_for_those_who_can_map_it(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    Event.objects.filter(object="stock_level").update(
        state=EventState.NEEDS_MAPPING, after=None, before=None, raw={"qty": "x"}, source="hook", reason="No."
    )
    query = {"state": "needs_mapping"}
    seen = rows_of(speak("it").get(EVENTS, query))
    assert seen and {row["category"] for row in seen} == {"needs_mapping"}
    assert seen[0]["raw"] == {"qty": "x"}
    assert [row["raw"] for row in rows_of(speak("auditor").get(EVENTS, query))] == [None] * len(seen)
    Grant.objects.filter(group__user=company.user("analyst")).update(scopes={"warehouse": ["EAST"]})
    assert rows_of(speak("analyst").get(EVENTS, query)) == []


def test_a_run_tells_its_story(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    company.answer("create_po", {"quantity": "200"})
    company.work()
    analyst = speak("analyst")
    run = rows_of(analyst.get(RUNS, {"state": "done"}))[0]
    assert (run["rule_key"], run["version"], run["object"]) == ("stock-below-reorder-level", 1, "stock_level")
    answer = analyst.get(f"{RUNS}{run['id']}/trace/")
    assert answer.status_code == 200
    assert company.orders()[0].number in answer.content.decode()
    assert rows_of(analyst.get(RUNS, {"rule": 10**9})) == []


def test_deliveries_are_told(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    found = rows_of(speak("analyst").get(DELIVERIES, {"connection": "inbox", "user": "buyer"}))
    assert len(found) == 1
    assert (found[0]["state"], found[0]["version"], found[0]["wanted_version"]) == ("delivered", 1, 1)
    assert found[0]["card"] == str(company.interaction().uid)
    assert rows_of(speak("it").get(DELIVERIES)) == []


def test_the_ledger_counts_every_event_once(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    counts = speak("auditor").get("/api/v1/ledger/").json()
    assert (counts["unknown"], counts["in_progress"], counts["acted"]) == (0, 1, 0)
    assert counts["total"] == Event.objects.count()
    assert counts["oldest_in_progress_seconds"] >= 0
    company.answer("create_po", {"quantity": "200"})
    company.work()
    counts = speak("auditor").get("/api/v1/ledger/").json()
    assert (counts["unknown"], counts["in_progress"], counts["acted"]) == (0, 0, 1)
    assert counts["oldest_in_progress_seconds"] is None
    assert speak("buyer").get("/api/v1/ledger/").json()["total"] == 0
    assert speak("auditor").get("/api/v1/ledger/", {"since": "2999-01-01T00:00:00Z"}).json()["total"] == 0
    assert speak("auditor").get("/api/v1/ledger/", {"since": "yesterday"}).status_code == 400


def test_pages_hold_every_row_once(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    events_copy(company, 5)
    events_copy(company, 2, after={"warehouse": ""}, before=None)
    auditor = speak("auditor")
    whole = [row["id"] for row in rows_of(auditor.get(EVENTS))]
    assert whole == sorted(whole, reverse=True) and len(whole) >= 6
    paged: list[int] = []
    url: str | None = f"{EVENTS}?limit=2"
    while url:
        body = auditor.get(url).json()
        paged += [row["id"] for row in body["results"]]
        assert len(body["results"]) <= 2
        url = body["next"]
    assert paged == whole
    newer = [row["id"] for row in rows_of(auditor.get(EVENTS, {"after_id": whole[2]}))]
    assert newer == whole[:2]


NONSENSE = ("limit=0", "limit=999", "cursor=x", "cursor=0", "colour=red", "state=odd", "key=%00", "object=")


def test_a_filter_that_means_nothing_is_refused(company: DemoCompany, speak: Speak) -> None:
    auditor = speak("auditor")
    for query in NONSENSE:
        answer = auditor.get(f"{EVENTS}?{query}")
        assert answer.status_code == 400, query
        assert answer.json()["errors"].keys() == {query.partition("=")[0]}


def test_a_longer_list_costs_no_more_queries(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    auditor, buyer = speak("auditor"), speak("buyer")
    urls = [EVENTS, RUNS, DELIVERIES, "/api/v1/rules/", "/api/v1/connections/"]
    cards_url = "/api/v1/inbox/"
    first = {url: settled_queries(auditor, url) for url in urls}
    cards = settled_queries(buyer, cards_url)
    events_copy(company, 8)
    rows_multiply(company)
    assert {url: settled_queries(auditor, url) for url in urls} == first
    assert len(buyer.get(cards_url).json()) == 5
    assert settled_queries(buyer, cards_url) == cards
    assert max(first.values()) <= 12 and cards <= 12


def rows_multiply(company: DemoCompany) -> None:
    """Four more runs, cards, deliveries and rules like those that are there."""
    import uuid

    run, card = Run.objects.get(), company.interaction()
    delivery, rule = card.deliveries.get(), run.rule
    events = list(Event.objects.exclude(pk=run.event_id).order_by("-pk")[:4])
    for number, event in enumerate(events):
        rule.pk, rule.key = None, f"copy-{number}"
        rule.save(force_insert=True)
        run.pk, run.event, run.rule = None, event, rule
        run.save(force_insert=True)
        card.pk, card.uid = None, uuid.uuid4()
        card.save(force_insert=True)
        delivery.pk, delivery.uid, delivery.interaction = None, uuid.uuid4(), card
        delivery.save(force_insert=True)


def test_a_dead_letter_is_put_back_once(company: DemoCompany, speak: Speak) -> None:
    company.sell()
    step = Step.objects.get()
    analyst = speak("analyst")
    assert analyst.post(f"/api/v1/steps/{step.pk}/replay/").status_code == 409
    Step.objects.filter(pk=step.pk).update(state=StepState.DEAD)
    answer = analyst.post(f"/api/v1/steps/{step.pk}/replay/")
    assert (answer.status_code, answer.json()["state"]) == (200, "ready")
    assert analyst.post(f"/api/v1/steps/{step.pk}/replay/").status_code == 409
    assert analyst.post("/api/v1/steps/999999/replay/").status_code == 404
