"""How many queries the hot paths need: fixed numbers, that do not grow with the rows."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.selectors import inbox_cards, inbox_interactions
from messaging.services import lane
from messaging.services.outbox import deliver_drain
from tests.workflows.engine.source import BELOW, Source
from workflows.engine.execute import execute_drain
from workflows.engine.plan import plan_drain


def counted(sqlite: int, postgresql: int) -> int:
    """PostgreSQL is asked several things in one round trip."""
    return {"sqlite": sqlite, "postgresql": postgresql}[connection.vendor]


def count(act: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def idle_rules(source: Source, number: int) -> None:
    for each in range(number):
        source.rule({"<": [{"var": "record.on_hand"}, -each]}, key=f"idle{each}")


def plan_queries(source: Source, events: int) -> int:
    source.post(*[source.item(120, sku=f"S{number}") for number in range(events)])
    plan_drain()
    source.post(*[source.item(110, sku=f"S{number}") for number in range(events)])
    return count(plan_drain)


@pytest.mark.parametrize("rules", [1, 20])
def test_planning_a_batch_costs_the_same_for_one_rule_and_for_twenty(source: Source, rules: int) -> None:
    idle_rules(source, rules)
    assert plan_queries(source, 200) == counted(13, 6)


def test_planning_costs_the_same_for_few_events_and_for_many(source: Source) -> None:
    idle_rules(source, 20)
    assert plan_queries(source, 5) == counted(13, 6)


@pytest.mark.parametrize("events", [10, 60])
def test_firing_costs_the_same_for_few_crossings_and_for_many(source: Source, events: int) -> None:
    """Questions and deliveries included: they are made where the rule fires."""
    source.rule(BELOW)
    source.post(*[source.item(120, sku=f"S{number}") for number in range(events)])
    plan_drain()
    source.post(*[source.item(90, sku=f"S{number}") for number in range(events)])
    assert count(plan_drain) == counted(38, 11)


def cards(source: Source, number: int) -> list[Any]:
    source.rule()
    source.post(*[source.item(120, sku=f"S{each}") for each in range(number)])
    source.post(*[source.item(90, sku=f"S{each}") for each in range(number)])
    source.work()
    return inbox_interactions(source.person)


@pytest.mark.parametrize("number", [5, 50])
def test_an_inbox_costs_the_same_for_five_cards_and_for_fifty(source: Source, number: int) -> None:
    found = cards(source, number)
    assert len(found) == number
    # gate 2 · seen 1 · dictionary 1 · versions: look and, the first time, write
    assert count(lambda: inbox_cards(source.person, found)) == counted(6, 5)
    assert count(lambda: inbox_cards(source.person, found)) == counted(5, 4)


@pytest.mark.parametrize("messages", [3, 40])
def test_sending_costs_the_same_for_few_messages_and_for_many(
    source: Source, monkeypatch: pytest.MonkeyPatch, messages: int
) -> None:
    monkeypatch.setattr(lane, "_claims", itertools.repeat(1))  # no claim is the rest's
    source.rule()
    source.post(*[source.item(120, sku=f"S{each}") for each in range(messages)])
    source.post(*[source.item(90, sku=f"S{each}") for each in range(messages)])
    plan_drain()
    assert count(deliver_drain) == counted(21, 10)


def test_a_question_costs_a_fixed_number_of_queries(source: Source, uncarried: None) -> None:
    """Where it could not be asked where its rule fired."""
    source.rule()
    source.post(*[source.item(120, sku=f"S{each}") for each in range(10)])
    source.post(*[source.item(90, sku=f"S{each}") for each in range(10)])
    plan_drain()
    assert count(execute_drain) == 4 + 10 * counted(22, 16)
