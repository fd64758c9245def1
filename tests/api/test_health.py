"""`/healthz`, `/readyz`, `/metrics`: from the rows, at the moment they are asked."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings
from rest_framework.authtoken.models import Token

from connectors.models import Connection, ConnectionState, RecordedObject
from inbox import health
from inbox.health import Startup, startup
from kernel import clock
from messaging.models import Delivery
from permissions.models import DirectorySync
from tests.company import DemoCompany
from workflows.models import Step, StepState

pytestmark = pytest.mark.database


def test_healthy_once_the_first_snapshot_is_stored(company: DemoCompany) -> None:
    recorded = RecordedObject.objects.filter(object="stock_level")
    recorded.update(snapshot_at=None)
    answer = Client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "starting", "waiting_for": ["snapshot of demo-erp: stock_level"]}
    recorded.update(snapshot_at=clock.now())
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    recorded.update(snapshot_at=None)
    assert Client().get("/healthz").status_code == 200, "a connection added later is no new start"


@pytest.mark.parametrize(("demo", "status"), [(True, 503), (False, 200)])
def test_an_empty_database_is_healthy_only_in_production(
    db: None, settings: Settings, demo: bool, status: int
) -> None:
    settings.BATON_DEMO = demo
    answer = Client().get("/healthz")
    assert answer.status_code == status
    if demo:
        assert answer.json()["waiting_for"] == ["demo company"]


def test_a_database_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    def away(self: Startup) -> list[str]:
        raise DatabaseError("gone")

    monkeypatch.setattr(Startup, "waiting_for", away)
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()["waiting_for"]) == (503, ["database"])


def test_pending_migrations_are_named(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    class Behind(MigrationExecutor):
        def migration_plan(self, *args: Any, **options: Any) -> Any:
            return ["one"]

    monkeypatch.setattr(health, "MigrationExecutor", Behind)
    assert Client().get("/healthz").json()["waiting_for"] == ["migrations"]
    assert startup.migrated is False


def test_ready_tells_the_age_of_the_oldest_due_row(company: DemoCompany) -> None:
    now = clock.now()
    for model in (RecordedObject, DirectorySync):
        model.objects.update(available_at=now + dt.timedelta(hours=1))
    with clock.frozen(now):
        answer = Client().get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["oldest_ready_seconds"] == dict.fromkeys(
            (
                "people",
                "poll",
                "plan",
                "execute",
                "deliver",
                "reply",
                "confirm",
                "posts",
                "groups",
                "count",
                "stop",
                "bulk",
                "timer",
                "quota",
                "expire",
            ),
            0.0,
        )
        RecordedObject.objects.filter(object="stock_level").update(
            available_at=now - dt.timedelta(seconds=61)
        )
        answer = Client().get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["oldest_ready_seconds"]["poll"] == 61.0
        assert answer.json()["behind"] == ["poll"]
        Connection.objects.update(state=ConnectionState.PAUSED)
        assert Client().get("/readyz").status_code == 200, "what is paused is not behind"


def _samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_are_counted_from_the_rows(company: DemoCompany) -> None:
    company.sell()
    Step.objects.update(state=StepState.DEAD)
    Delivery.objects.update(available_at=clock.now() - dt.timedelta(seconds=5))
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    found = _samples(answer.content.decode())
    assert found["baton_events_last_day", ("matched", "planned")] == 1
    assert found["baton_deliveries", ("delivered",)] == 1
    assert found["baton_dead_letters", ()] == 1
    assert found["baton_queue_due", ("deliver",)] == 1
    assert found["baton_queue_oldest_seconds", ("deliver",)] >= 5
    assert found["baton_connection_state", ("demo-erp", "active")] == 1
    assert found["process_resident_memory_bytes", ()] > 0
    names = {name for name, _labels in found}
    assert {"baton_info", "baton_event_number_total", "baton_connection_failures"} <= names


def test_metrics_are_for_this_machine_and_for_staff(company: DemoCompany) -> None:
    far: dict[str, Any] = {"REMOTE_ADDR": "192.0.2.7"}
    assert Client(**far).get("/metrics").status_code == 401
    assert Client(headers={"x-forwarded-for": "127.0.0.1"}).get("/metrics").status_code == 401
    for login, status in (("it", 200), ("buyer", 403)):
        token = Token.objects.create(user=company.user(login))
        client = Client(headers={"authorization": f"Token {token.key}"}, **far)
        assert client.get("/metrics").status_code == status


def test_health_is_only_read(db: None) -> None:
    for url in ("/healthz", "/readyz", "/metrics"):
        assert Client().post(url).status_code == 405
