"""Inbound items that did not map: kept as they came, mapped again when the mapping is right, never over newer states."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.models import Event
from connectors.services.connections import mapping_save
from connectors.services.poll import event_replay
from kernel.text import text_show
from tests.workflows.engine.source import MAPPING, Source
from workflows.models import Run


@pytest.fixture
def source(db: None) -> Source:
    return Source()


def remap(source: Source, **fields: Any) -> None:
    mapping_save(
        None,
        source.connection,
        "stock_level",
        {**MAPPING, "fields": {**MAPPING["fields"], **fields}},
        channel="hook",
    )


def latest() -> Event:
    return Event.objects.latest("id")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"qty": "many"}, "On hand cannot be read from “many”."),
        ({"qty": None}, "On hand is missing."),
        ({"warehouse": ""}, "Warehouse is missing. The record's key is missing or too long."),
    ],
)
def test_it_is_kept_as_it_came_with_its_reason_and_fires_nothing(
    source: Source, values: dict[str, Any], words: str
) -> None:
    source.rule(firing={"policy": "each_time"})
    item = {**source.item(50), **values}
    source.post(item)
    source.work()
    event = latest()
    assert (event.state, event.raw, event.after, event.available_at) == ("needs_mapping", item, None, None)
    assert text_show(event.reason, "en") == words
    assert Run.objects.count() == 0
    assert event_replay(event) is False
    assert latest().state == "needs_mapping"


def test_it_is_planned_after_the_mapping_was_corrected(source: Source) -> None:
    source.rule()
    source.tell(120)
    source.post({**source.item(None), "amount": 50})
    remap(source, on_hand={"source": "amount"})
    assert event_replay(latest()) is True
    source.plan()
    event = latest()
    assert (event.state, event.mapping_version, event.reason, source.fired()) == ("planned", 2, "", ["50"])
    assert event_replay(event) is False


def test_an_unknown_code_never_passes_raw(source: Source) -> None:
    mapping_save(
        None,
        source.connection,
        "sales_order",
        {
            "key": "so",
            "fields": {
                "number": {"source": "so"},
                "customer_code": {"source": "c"},
                "status": {"source": "st"},
            },
            "codes": {"status": {"10": "open"}},
            "event": {"match": {"kind": "so"}},
        },
        channel="hook",
    )
    mapping_save(
        None,
        source.connection,
        "stock_level",
        {**MAPPING, "event": {"match": {"kind": "stock"}}},
        channel="hook",
    )
    source.post({"kind": "so", "so": "SO-1", "c": "C1", "st": "77"})
    event = latest()
    assert (event.object, event.state) == ("sales_order", "needs_mapping")
    assert text_show(event.reason, "en") == "Status has the unknown code “77”."
    assert event.after is None


def test_an_item_nothing_fitted_finds_the_mapping_made_since(source: Source) -> None:
    source.post({"kind": "invoice", "no": "R-1", "customer": "C1"}, 5)
    unfitted, number = Event.objects.order_by("id")
    mapping_save(
        None, source.connection, "stock_level", {**MAPPING, "event": {"match": {"sku": "A"}}}, channel="hook"
    )
    assert event_replay(unfitted) is False
    assert (
        text_show(Event.objects.get(pk=unfitted.pk).reason, "en")
        == "No inbound mapping of this connection fits the item."
    )
    mapping_save(
        None,
        source.connection,
        "receivable",
        {
            "key": "no",
            "fields": {"number": {"source": "no"}, "customer_code": {"source": "customer"}},
            "event": {"match": {"kind": "invoice"}, "id": "no"},
        },
        channel="hook",
    )
    assert event_replay(unfitted) is True
    unfitted.refresh_from_db()
    assert (unfitted.object, unfitted.key, unfitted.source_event_id) == ("receivable", "R-1", "R-1")
    assert event_replay(number) is False
    assert source.post({"kind": "invoice", "no": "R-1", "customer": "C1"})["duplicates"] == 1


def test_an_item_that_came_again_meanwhile_is_not_counted_twice(source: Source) -> None:
    mapping_save(
        None, source.connection, "stock_level", {**MAPPING, "event": {"match": {"sku": "X"}}}, channel="hook"
    )
    item = source.item(90)
    source.post(item)
    remap(source)
    assert source.post(item)["accepted"] == 1
    first, second = Event.objects.order_by("id")
    assert event_replay(first) is False
    first.refresh_from_db()
    assert (first.state, second.state) == ("superseded", "new")
    assert text_show(first.reason, "en") == f"It had come before, as event #{second.pk}."


def test_a_replayed_state_that_is_out_of_date_fires_nothing(source: Source) -> None:
    source.rule()
    source.tell(120)
    source.post({**source.item(None), "amount": 50})
    old = latest()
    source.tell(130)
    remap(source, on_hand={"source": "amount"})
    assert event_replay(old) is True
    source.plan()
    old.refresh_from_db()
    assert (old.state, source.fired(), source.record().data["on_hand"]) == ("superseded", [], "130")
