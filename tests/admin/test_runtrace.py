"""The story of a run, for different readers."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from permissions.models import Grant, User
from permissions.policies import MASK
from tests.company import DemoCompany
from tests.figures import figure_in
from workflows.models import Rule, Run, RunState, Step, StepState
from workflows.selectors import RunTrace, run_trace

KINDS = [
    "happened",
    "detected",
    "evaluated",
    "started",
    "asked",
    "answered",
    "written",
    "read_back",
    "ended",
    "card",
]


def run_of(company: DemoCompany) -> Run:
    company.sell()
    return Run.objects.select_related("rule", "version", "event").get()


def told(run: Run, user: User) -> RunTrace:
    fresh = Run.objects.select_related("rule", "version", "event__connection").get(pk=run.pk)
    with override("en"):
        return run_trace(fresh, user)


@pytest.fixture
def no_cost(company: DemoCompany) -> User:
    """The analyst, without the right to costs; the rule is somebody's who has it."""
    Rule.objects.update(owner=company.user("owner"))
    Grant.objects.filter(group__name="Business analysts").update(field_classes=[])
    return company.user("analyst")


def test_the_whole_way_from_the_sale_to_the_changed_card(company: DemoCompany) -> None:
    run = run_of(company)
    assert company.answer().taken
    company.work()
    trace = told(run, company.user("analyst"))
    assert sorted(each.kind for each in trace.hops) == sorted(KINDS)
    assert [each.kind for each in trace.hops][:5] == KINDS[:5]
    by_kind = {each.kind: each for each in trace.hops}
    assert all(each.seconds is None or each.seconds >= 0 for each in trace.hops[1:])
    assert by_kind["asked"].people[0].name == "Wei Li"
    assert by_kind["asked"].people[0].sent_at is not None
    assert by_kind["answered"].title == "Wei Li answered “Create PO”"
    order = company.orders()[0]
    assert by_kind["read_back"].title == f"Read back: {order.number}"
    assert by_kind["read_back"].text == "Equal to what was approved."
    assert by_kind["card"].text == f"{order.number} created by Wei Li"
    written = {each.name: each.value for each in by_kind["written"].fields}
    assert written["quantity"] == str(order.quantity)
    step = Step.objects.get(action="create_document")
    assert by_kind["written"].idempotency_key == step.idempotency_key.hex[:8]
    assert [each.outcome for each in by_kind["written"].attempts] == ["done"]
    assert set(trace.durations) == {"noticed", "asked", "carried_out", "total"}
    assert json.loads(json.dumps(trace.as_json()))["state"] == "done"


def test_the_condition_says_what_it_saw(company: DemoCompany) -> None:
    trace = told(run_of(company), company.user("analyst"))
    assert trace.condition is not None
    assert (trace.condition.words, trace.condition.verdict) == ("on hand is less than reorder level", "true")
    assert [(each.label, each.value) for each in trace.condition.seen] == [
        ("On hand", "92"),
        ("Reorder level", "100"),
    ]


def test_a_field_of_a_class_not_granted_is_masked_everywhere(company: DemoCompany, no_cost: User) -> None:
    run = run_of(company)
    company.answer()
    company.work()
    trace = told(run, no_cost)
    shown = json.dumps(trace.as_json(), ensure_ascii=False)
    assert trace.allowed and trace.view.decision.masked == {"unit_price"}
    prices = [f for hop in trace.hops for f in hop.fields if f.name == "unit_price"]
    assert {(each.value, each.masked) for each in prices} == {(MASK, True)} and len(prices) == 2
    assert not figure_in("0.35", shown)


def test_without_a_grant_the_way_is_told_but_no_value(company: DemoCompany) -> None:
    run = run_of(company)
    company.answer(inputs={"quantity": "4711"})
    company.work()
    Grant.objects.filter(group__name="Auditors").delete()
    trace = told(run, company.user("auditor"))
    shown = json.dumps(trace.as_json(), ensure_ascii=False)
    assert not trace.allowed
    assert [each.kind for each in trace.hops][:5] == KINDS[:5]
    for value in ("BLT-M6-20", "4711", "4,711", "S001", "EAST", company.orders()[0].number):
        assert not figure_in(value, shown), value


def test_a_refused_answer_and_a_dead_letter_are_told(company: DemoCompany) -> None:
    run = run_of(company)
    company.sql("UPDATE products SET unit_price = 9 WHERE code = 'BLT-M6-20'")
    first = company.answer(version=1)
    company.work()
    assert not first.taken or first.status == "taken"
    Step.objects.filter(run=run).update(state=StepState.DEAD, reason="No.", available_at=None)
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED)
    trace = told(run, company.user("analyst"))
    dead = [each for each in trace.hops if each.replay_step is not None]
    assert dead and dead[0].mood == "bad" and dead[0].text == "No."


def test_the_number_of_queries_does_not_grow(company: DemoCompany) -> None:
    run = run_of(company)
    analyst = company.user("analyst")

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            told(run, analyst)
        return len(queries)

    before = count()
    company.answer()
    company.work()
    step = Step.objects.get(action="create_document")
    for number in range(5):
        Step.objects.create(run=run, path=f"/steps/9/{number}", action="create_document", person=step.person,
                            interaction=step.interaction)  # fmt: skip
    assert count() <= before + 1
