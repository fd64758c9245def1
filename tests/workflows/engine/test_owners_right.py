"""A rule uses of a record only what its owner may see of it: a condition is no oracle on cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel.text import text_show
from messaging.models import Interaction
from permissions.models import Grant
from tests.workflows.engine.source import LONG_AGO, Source
from workflows.models import Step, StepState

pytestmark = pytest.mark.database
DEAR = {">": [{"var": "record.unit_price"}, 10]}


@pytest.fixture
def source(db: None) -> Source:
    return Source()


def tell(source: Source) -> None:
    source.tell(120, price="5")
    source.tell(120, price="17.35")
    source.work()


def without_cost(source: Source) -> None:
    """Every record may be seen, cost only in the west."""
    Grant.objects.update(field_classes=[])
    Grant.objects.create(
        user=source.person,
        objects_covered=["*"],
        verbs=["see"],
        scopes={"warehouse": ["WEST"]},
        field_classes=["cost"],
        valid_from=LONG_AGO,
    )


def test_a_condition_on_what_the_owner_may_not_see_tells_nobody_anything(source: Source) -> None:
    source.rule(DEAR)
    without_cost(source)
    tell(source)
    assert not Interaction.objects.exists()
    step = Step.objects.get()
    assert step.state == StepState.DEAD
    reason = text_show(step.run.reason, "en")
    assert reason == "The rule's owner may not see what it uses of this record: Purchase price."


def test_a_calculated_value_is_used_too(source: Source) -> None:
    total = {"*": [{"var": "record.on_hand"}, {"var": "record.unit_price"}]}
    inputs = [{"name": "total", "type": "decimal", "value": total}]
    source.rule(params={"buttons": [{"key": "ok", "label": "OK", "inputs": inputs, "then": []}]})
    without_cost(source)
    source.tell(120, 50, price="17.35")
    source.work()
    assert not Interaction.objects.exists()


def test_where_the_class_is_open_for_the_record_the_rule_works(source: Source) -> None:
    source.rule(DEAR)
    without_cost(source)
    source.tell(120, price="5", warehouse="WEST")
    source.tell(120, price="17.35", warehouse="WEST")
    assert Interaction.objects.count() == 1


def test_a_card_that_only_shows_the_field_is_sent_with_it_masked(source: Source) -> None:
    source.rule(params={"fields": [{"name": "unit_price"}]})
    without_cost(source)
    source.tell(120, 50, price="17.35")
    assert Interaction.objects.count() == 1


def test_it_costs_no_query(source: Source) -> None:
    source.rule(DEAR)
    source.tell(120, price="5")
    counts = []
    for price in ("17.35", "5", "18.35"):
        source.post(source.item(120, price=price))
        with CaptureQueriesContext(connection) as caught:
            source.plan()
        counts.append((price, len([each for each in caught if "permissions_grant" in each["sql"]])))
    assert [each for each in counts if each[0] != "5"] == [("17.35", 1), ("18.35", 1)]
