"""What a walk stores: first sight, differences, what went, and what must not repeat with every walk."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from connectors.models import Event, Record, RecordedObject
from connectors.services import poll
from connectors.services.connections import mapping_save
from connectors.services.poll import event_replay
from kernel import clock
from kernel.errors import AuthFailed, Transient
from kernel.text import text_show
from tests.connectors.recording.walk import MAPPING, Walk


@pytest.fixture
def walk(db: None, monkeypatch: pytest.MonkeyPatch) -> Walk:
    return Walk(monkeypatch)


def test_first_sight_makes_no_events_and_differences_do(walk: Walk) -> None:
    walk.put("A", 120)
    walk.put("B", 50)
    walk.walk()
    assert walk.events() == []
    walk.put("A", 110)
    walk.put("C", 7)
    walk.walk()
    assert walk.events() == [("A", "changed", "new"), ("C", "created", "new")]
    changed = Event.objects.get(key="A")
    assert ((changed.before or {})["on_hand"], (changed.after or {})["on_hand"], changed.changed) == (
        "120",
        "110",
        ["on_hand"],
    )
    walk.walk()
    assert Event.objects.count() == 2


def test_the_same_state_may_return(walk: Walk) -> None:
    walk.put("A", 10)
    walk.walk()
    for quantity in (8, 10, 8):
        walk.put("A", quantity)
        walk.walk()
    assert [(event.after or {})["on_hand"] for event in Event.objects.order_by("id")] == ["8", "10", "8"]


def test_a_record_that_is_no_longer_shown_is_gone_once(walk: Walk) -> None:
    walk.put("A", 10)
    walk.put("B", 10)
    walk.walk()
    walk.rows = walk.rows[:1]
    walk.walk()
    walk.walk()
    assert walk.events() == [("B", "gone", "new")]
    assert walk.record("B").gone is True
    walk.put("B", 10)
    walk.walk()
    assert walk.events()[-1] == ("B", "created", "new")


def test_an_item_that_does_not_map_is_one_event_not_one_for_every_walk(walk: Walk) -> None:
    walk.put("A", "many")
    for _walk in range(4):
        walk.walk()
    event = Event.objects.get()
    assert (event.key, event.state, event.available_at) == ("A", "needs_mapping", None)
    assert text_show(event.reason, "en") == "On hand cannot be read from “many”."
    assert Record.objects.count() == 0


def test_a_corrected_mapping_reads_every_record_again(walk: Walk) -> None:
    walk.put("A", 10)
    walk.walk()
    fields = {**MAPPING["fields"], "on_hand": {"source": "on_hand", "factor": "1000"}}
    mapping_save(None, walk.connection, "stock_level", {**MAPPING, "fields": fields})
    walk.walk()
    assert walk.record("A").data["on_hand"] == "10000"
    assert [
        ((event.before or {})["on_hand"], (event.after or {})["on_hand"]) for event in Event.objects.all()
    ] == [("10", "10000")]


def test_what_needed_mapping_can_be_mapped_again(walk: Walk) -> None:
    walk.put("A", 10, warehouse=None)
    walk.walk()
    event = Event.objects.get()
    assert event_replay(event) is False
    assert Event.objects.get().state == "needs_mapping"
    fields = {**MAPPING["fields"], "warehouse": {"constant": "EAST"}}
    mapping_save(None, walk.connection, "stock_level", {**MAPPING, "fields": fields})
    assert event_replay(event) is True
    event = Event.objects.get()
    assert (event.state, event.reason, (event.after or {})["warehouse"], event.mapping_version) == (
        "new",
        "",
        "EAST",
        2,
    )
    assert event_replay(event) is False


def test_a_first_walk_that_broke_off_begins_again_without_crossings(walk: Walk) -> None:
    walk.page_rows = 1
    walk.put("A", 120)
    walk.put("B", 120)
    walk.before_page = lambda: (_ for _ in ()).throw(Transient("down")) if Record.objects.exists() else None
    walk.walk()
    assert walk.recorded.snapshot_at is None
    walk.before_page = None
    walk.put("A", 50)
    walk.walk()
    assert (Event.objects.count(), (walk.record("A").planned_data or {})["on_hand"]) == (0, "50")


def test_two_records_under_one_key_stop_the_walk_and_say_so(walk: Walk) -> None:
    walk.page_rows = 2
    walk.rows = [("A", {"id": "A"}), ("B", {"id": "B"}), ("A", {"id": "A", "on_hand": 1})]
    walk.walk()
    assert "Several records have the key “A”" in walk.recorded.last_error
    assert walk.recorded.snapshot_at is None


@pytest.mark.parametrize(
    ("error", "words"),
    [(Transient("The ERP does not answer."), "The ERP does not answer."), (KeyError("x"), "KeyError: 'x'")],
)
def test_a_failed_walk_is_on_its_row_and_tried_again(walk: Walk, error: Exception, words: str) -> None:
    def fail() -> None:
        raise error

    walk.before_page = fail
    walk.walk()
    recorded = walk.recorded
    assert (recorded.last_error, recorded.attempts, recorded.lease_until) == (words, 1, None)
    assert recorded.available_at is not None
    assert recorded.available_at > clock.now()
    walk.before_page = None
    walk.walk()
    assert (walk.recorded.last_error, walk.recorded.attempts) == ("", 0)


def test_a_walk_whose_claim_was_taken_over_stores_nothing_more(walk: Walk) -> None:
    walk.put("A", 120)
    walk.walk()
    walk.put("A", 50)
    walk.before_page = lambda: RecordedObject.objects.update(lease_owner="somebody else")
    walk.walk()
    assert Event.objects.count() == 0
    assert walk.recorded.lease_owner == "somebody else"


def test_a_late_poll_of_a_batch_is_left_to_others(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "LEASE_SECONDS", -1.0)
    walk.before_page = lambda: pytest.fail("polled without a claim")
    walk.walk()


def test_an_unusable_mapping_stops_its_own_object_only(walk: Walk) -> None:
    from connectors.models import ObjectMapping
    from connectors.selectors import GENERATION, mapping_get
    from kernel.generation import generation_bump

    walk.put("A", 120)
    walk.walk()
    ObjectMapping.objects.create(
        connection=walk.connection, object="product", definition={"key": "id", "time_zone": "Mars/Phobos"}
    )
    generation_bump(GENERATION)
    assert mapping_get(walk.connection.pk, "stock_level").source.name == "v_stock"
    walk.put("A", 50)
    walk.walk()
    assert Event.objects.count() == 1


def test_a_refused_credential_stops_the_polling(walk: Walk) -> None:
    def fail() -> None:
        raise AuthFailed("The database does not accept this user and password.")

    walk.before_page = fail
    walk.walk()
    assert walk.recorded.last_error == "The database does not accept this user and password."


@pytest.mark.parametrize("rows", [10, 500])
def test_a_page_of_unchanged_records_costs_the_same_few_queries(
    walk: Walk, rows: int, django_assert_num_queries: Any
) -> None:
    for number in range(rows):
        walk.put(f"K{number}", 120)
    walk.walk()
    RecordedObject.objects.update(available_at=clock.now(), lease_until=None)
    with django_assert_num_queries({"sqlite": 13, "postgresql": 10}[connection.vendor]):
        poll.poll_drain()
