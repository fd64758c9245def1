"""The sweep's one question finds what each queue's own would."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel import clock, doorbell
from kernel.dueness import queues_ready
from kernel.work import LEASE_MOST_SECONDS
from messaging.models import Delivery
from tests.workflows.engine.source import Source

pytestmark = pytest.mark.database
NOW = dt.datetime(2026, 11, 22, 10, 30, 15, 123456, tzinfo=dt.UTC)


@pytest.fixture
def source(db: None) -> Source:
    return Source()


def ready() -> list[str]:
    return [name for name in queues_ready() if name in ("plan", "execute", "deliver")]


def own() -> list[str]:
    return [
        each.name
        for each in doorbell.queues()
        if each.name in ("plan", "execute", "deliver") and each.is_due()
    ]


def test_one_query_tells_of_every_queue(source: Source) -> None:
    assert ready() == own() == []
    source.rule()
    source.post(source.item(120), source.item(90))
    assert ready() == own() == ["plan"]
    doorbell.queue("plan").drain()
    assert ready() == own() == ["deliver"]
    with CaptureQueriesContext(connection) as captured:
        queues_ready()
    assert sum("UNION ALL" in each["sql"] for each in captured) == 1


@pytest.mark.parametrize(
    ("available", "lease", "is_due"),
    [
        (0.0, None, True),
        (0.001, None, False),
        (-9.0, 0.0, True),
        (-9.0, 0.001, False),
        (-9.0, LEASE_MOST_SECONDS, False),
        (-9.0, LEASE_MOST_SECONDS + 0.001, True),  # taken by a clock that was set back since
    ],
)
def test_the_moment_is_that_of_asking(
    source: Source, available: float, lease: float | None, is_due: bool
) -> None:
    source.rule()
    source.post(source.item(120), source.item(90))
    doorbell.queue("plan").drain()
    queues_ready()  # the statement is kept from an earlier moment
    with clock.frozen(NOW):
        Delivery.objects.update(
            available_at=NOW + dt.timedelta(seconds=available),
            lease_until=None if lease is None else NOW + dt.timedelta(seconds=lease),
        )
        assert ("deliver" in ready(), "deliver" in own()) == (is_due, is_due)
