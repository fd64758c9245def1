"""Everything may happen at once: many clicks, two workers on every queue, two pollers, two planners."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from connectors.models import Event, Record, RecordedObject
from connectors.ports.im import InboundReply
from connectors.services.poll import poll_drain
from demo import company as erp
from kernel import clock
from messaging.models import Answer, Delivery, Interaction, Reply
from messaging.services.answers import AnswerResult, answer_submit
from messaging.services.expiry import expire_drain
from messaging.services.interactions import Target, targets_add
from messaging.services.outbox import deliver_drain
from messaging.services.replies import reply_drain, reply_store
from tests.company import DemoCompany
from tests.workflows.engine.source import Source, flow_due
from workflows.engine.execute import execute_drain
from workflows.engine.plan import plan_drain
from workflows.models import Run, Step

NOT_SQLITE = "SQLite lets one write at a time: there is nothing to race"


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run every act in a thread with its own database connection, all starting at once; their results in order."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)
    errors: list[BaseException] = []

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=60)
            results[number] = act()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert [f"{type(error).__name__}: {error}" for error in errors] == []
    return results


def drained(drain: Callable[[], int]) -> Callable[[], int]:
    """Until nothing is due, tolerating rounds in which the other worker holds everything."""

    def run() -> int:
        total = 0
        for _round in range(60):
            handled = drain()
            total += handled
            if not handled:
                break
        return total

    return run


def test_twenty_clicks_of_two_people_make_one_order(committed_company: DemoCompany) -> None:
    company = committed_company
    company.sell()
    interaction = company.interaction()
    inbox = Delivery.objects.get().connection
    targets_add(interaction, [Target(company.user("buyer2"), inbox, "buyer2")])
    company.work()
    people = [company.user("buyer"), company.user("buyer2")]

    def click(number: int) -> Callable[[], AnswerResult]:
        return lambda: answer_submit(
            interaction.pk,
            people[number % 2],
            "create_po",
            {"quantity": str(200 + number)},
            version=1,
            channel="im.inbox",
        )

    results = together(*(click(number) for number in range(20)))
    assert sorted(each.status for each in results) == ["decided"] * 19 + ["taken"]
    winner = next(number for number, each in enumerate(results) if each.taken)
    who = people[winner % 2].display_name
    told = [each.message for each in results if not each.taken]
    assert all(who in message for message in told), told
    company.work()
    (order,) = company.orders()
    assert order.quantity == 200 + winner
    answer = Answer.objects.get()
    assert (answer.accepted, answer.user_id, answer.round) == (True, people[winner % 2].pk, 1)
    assert Interaction.objects.get().state == "decided"


def test_two_workers_carry_out_one_answer_once(committed_company: DemoCompany) -> None:
    company = committed_company
    company.sell()
    company.answer()
    handled = together(drained(execute_drain), drained(execute_drain))
    assert sum(handled) == 1
    assert len(company.orders()) == 1
    assert Step.objects.get(action="create_document").attempts == 1


def test_two_workers_ask_and_send_each_message_once(committed_source: Source, uncarried: None) -> None:
    source = committed_source
    source.rule()
    source.post(*[source.item(120, sku=f"S{number}") for number in range(30)])
    source.post(*[source.item(90, sku=f"S{number}") for number in range(30)])
    source.plan()
    steps = together(drained(execute_drain), drained(execute_drain))
    assert sum(steps) == 30
    sent = together(drained(deliver_drain), drained(deliver_drain))
    assert sum(sent) == 30
    assert set(Delivery.objects.values_list("state", "version", "attempts")) == {("delivered", 1, 0)}
    assert Interaction.objects.count() == 30


def test_two_workers_take_each_reply_once_and_expire_the_rest_once(committed_source: Source) -> None:
    source = committed_source
    source.rule(params={"expires_seconds": 3600})
    source.post(*[source.item(120, sku=f"S{number}") for number in range(20)])
    source.post(*[source.item(90, sku=f"S{number}") for number in range(20)])
    source.work()
    asked = list(Interaction.objects.order_by("id"))
    for number, interaction in enumerate(asked[:12]):
        for copy in ("a", "b"):  # the same click twice, under two numbers of the messenger
            reply = InboundReply(
                f"{number}{copy}", "li", message_id=str(interaction.uid), version=1, button="ok"
            )
            reply_store(source.inbox, reply)
    assert sum(together(drained(reply_drain), drained(reply_drain))) == 24
    assert sorted(Reply.objects.values_list("result__status", flat=True)) == ["decided"] * 12 + ["taken"] * 12
    clock.shift(3601)
    assert sum(together(drained(expire_drain), drained(expire_drain))) == 8
    assert sorted(Interaction.objects.values_list("state", flat=True)) == ["decided"] * 12 + ["expired"] * 8
    assert Answer.objects.filter(accepted=True).count() == 12


@pytest.mark.parametrize("workers", [2, 4])
def test_two_planners_keep_the_order_within_each_record(committed_source: Source, workers: int) -> None:
    source = committed_source
    source.rule()
    stream = [120, 90, 130, 80, 140, 70, 150]
    for quantity in stream:
        source.post(*[source.item(quantity, sku=f"S{number}") for number in range(60)])
    together(*[drained(plan_drain)] * workers)
    source.plan()
    assert set(Event.objects.values_list("state", flat=True)) == {"planned"}
    assert Run.objects.count() == 60 * 3
    for number in range(60):
        runs = Run.objects.filter(event__key=f"S{number}@EAST").order_by("id").select_related("event")
        assert [run.event.after["on_hand"] for run in runs if run.event.after] == ["90", "80", "70"]
    assert {(record.planned_data or {})["on_hand"] for record in Record.objects.all()} == {"150"}
    assert set(Event.objects.values_list("attempts", flat=True)) == {0}


def test_two_pollers_note_a_change_once(committed_company: DemoCompany) -> None:
    company = committed_company
    erp.sell(company.path, *erp.SHOWCASE)
    RecordedObject.objects.update(available_at=clock.now(), lease_until=None)
    together(drained(poll_drain), drained(poll_drain))
    assert Event.objects.filter(object="stock_level").count() == 1


def test_planning_answering_and_sending_at_once_never_lock_each_other_out(committed_source: Source) -> None:
    if connection.vendor == "sqlite":
        pytest.skip(NOT_SQLITE)
    source = committed_source
    source.rule(params={"material": []})
    keys = [f"S{number}" for number in range(12)]
    source.post(*[source.item(120, sku=key) for key in keys])
    source.post(*[source.item(90, sku=key) for key in keys])
    source.work()
    questions = list(Interaction.objects.values_list("pk", flat=True))
    for quantity in range(80, 60, -1):
        source.post(*[source.item(quantity, sku=key) for key in keys])

    def answer_all() -> None:
        for pk in questions:
            answer_submit(pk, source.person, "ok", {}, version=1, channel="im.inbox")

    together(
        *[drained(plan_drain)] * 2,
        *[drained(deliver_drain)] * 2,
        drained(execute_drain),
        answer_all,
        answer_all,
    )
    source.work()
    assert Answer.objects.filter(accepted=True).count() == 12
    assert set(Interaction.objects.values_list("state", flat=True)) == {"decided"}
    assert set(Event.objects.values_list("attempts", flat=True)) == {0}
    assert flow_due() == []
