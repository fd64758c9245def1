"""Statements by hand find what the ORM finds, claims keep what work_claim promises, and a drain goes on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from connectors.models import Connection, Event
from kernel import clock, doorbell, tasks
from kernel.claims import Claim
from kernel.generation import NUMBERS
from kernel.rows import Writes, row_new
from kernel.statements import Raw, Select, selects_run
from kernel.work import due

pytestmark = pytest.mark.database
NOW = dt.datetime(2026, 11, 22, 10, 30, 15, 123456, tzinfo=dt.UTC)
BY_KEY = Select(Event, "connection_id = %s AND key {any}", tail="ORDER BY id")


@pytest.fixture
def shop(db: None) -> Connection:
    credentials: Any = {"hook_token": "秘密"}
    return Connection.objects.create(
        name="店", slug="shop", connector="erp.webhook", kind="erp", credentials=credentials
    )


def event(shop: Connection, key: str, **values: object) -> Event:
    return Event.objects.create(
        connection=shop, key=key, change="changed", source="push", dedupe_key=f"d-{key}", **values
    )


def values(row: Event | Connection) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_rows_are_what_the_orm_would_give(shop: Connection) -> None:
    after = {"数": [1, 10**25, None, True], "text": "it's 100% \\ {any}"}
    event(shop, "a'b%s", after=after, occurred_at=NOW, available_at=NOW)
    event(shop, "螺栓")
    event(shop, "other")
    found = BY_KEY.rows(shop.pk, {"a'b%s", "螺栓"})
    wanted = Event.objects.filter(key__in=["a'b%s", "螺栓"]).order_by("pk")
    assert [values(each) for each in found] == [values(each) for each in wanted]
    assert BY_KEY.rows(shop.pk, []) == []
    (same,) = Select(Connection, "id {any}").rows([shop.pk])
    assert same.credentials == {"hook_token": "秘密"}
    assert (same._state.adding, same._state.db) == (False, "default")


def test_what_was_not_read_is_read_when_it_is_asked_for(shop: Connection) -> None:
    event(shop, "a", raw={"big": 1})
    few = Select(Event, "key = %s", fields=("key",))
    (found,) = few.rows("a")
    assert set(found.__dict__) == {"_state", "id", "key"}
    assert found.raw == {"big": 1}


def test_several_statements_answer_in_their_order(shop: Connection) -> None:
    event(shop, "a")
    fresh = row_new(
        Event, connection=shop, key="b", change="changed", source="push", dedupe_key="d-b", detected_at=NOW
    )
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        writes = Writes()
        writes.insert(Event, [fresh])
        counted, found = writes.run(
            (Raw("SELECT COUNT(*) FROM connectors_event WHERE key {any}"), (["a", "b"],)),
            (BY_KEY, (shop.pk, ["b", "nobody"])),
        )
    assert (counted, [each.key for each in found]) == ([(2,)], ["b"])
    asked = [each for each in captured if "connectors_event" in each["sql"]]
    assert len(asked) == {"sqlite": 3, "postgresql": 1}[connection.vendor]
    assert writes.run() == []
    assert selects_run() == []
    empty, numbers = selects_run((BY_KEY, (shop.pk, [])), (NUMBERS, ()))
    assert (empty, len(numbers)) == ([], len(dict(numbers)))


def test_a_claim_takes_what_is_due_once_and_in_order(shop: Connection) -> None:
    claim = Claim(Event, where="change = 'changed'", order=("available_at", "id"))
    with clock.frozen(NOW):
        late = event(shop, "late", available_at=NOW - dt.timedelta(seconds=1))
        early = event(shop, "early", available_at=NOW - dt.timedelta(seconds=9), attempts=2)
        event(shop, "not yet", available_at=NOW + dt.timedelta(seconds=1))
        held = event(shop, "held", available_at=NOW, lease_until=NOW + dt.timedelta(seconds=1))
        wanted = list(Event.objects.filter(due()).order_by("available_at", "pk"))
        claimed = claim.rows(5, lease_seconds=7)
        assert claimed == wanted == [early, late]
        assert [each.attempts for each in claimed] == [3, 1]
        assert claim.rows(5) == []
        for each in claimed:
            stored = Event.objects.get(pk=each.pk)
            assert values(stored) == values(each)
            assert stored.lease_until == NOW + dt.timedelta(seconds=7)
            assert len(stored.lease_owner) == 32
    with clock.frozen(NOW + dt.timedelta(seconds=1)):
        assert claim.rows(1) == [held]


@pytest.fixture
def sent() -> Iterator[list[str]]:
    """What went through the broker."""
    rung: list[str] = []
    known = dict(doorbell._queues)
    doorbell.sender_bind(rung.append)
    yield rung
    doorbell.sender_bind(None)
    doorbell._queues.clear()
    doorbell._queues.update(known)


def test_a_drain_goes_on_with_what_it_rang_for(db: None, sent: list[str]) -> None:
    done: list[str] = []

    def first() -> int:
        done.append("first")
        doorbell.ring_now("second")
        doorbell.ring_now("second")
        return 1

    def second() -> int:
        done.append("second")
        return 0

    doorbell.queue_register("first", drain=first, full=2)
    doorbell.queue_register("second", drain=second)
    assert tasks.drain("first") == 1
    assert (done, sent) == (["first", "second"], [])


def test_with_more_to_do_or_after_a_failure_others_are_rung_for(db: None, sent: list[str]) -> None:
    handled = [2, 0]

    def first() -> int:
        if len(handled) == 2:
            doorbell.ring_now("second")
        return handled.pop(0)

    doorbell.queue_register("first", drain=first, full=2)
    doorbell.queue_register("second", drain=lambda: 1 // 0)
    assert tasks.drain("first") == 2
    assert sent == ["second"]

    def failing() -> int:
        doorbell.ring_now("second")
        raise ZeroDivisionError

    doorbell.queue_register("failing", drain=failing)
    with pytest.raises(ZeroDivisionError):
        tasks.drain("failing")
    assert sent == ["second", "second"]
    doorbell.ring_now("first")  # nothing is kept any more
    assert sent == ["second", "second", "first"]
