"""`/metrics` for Prometheus: counted from the rows when scraped, so every web process says the same."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db.models import Count, Max
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from connectors.models import Connection, Event
from inbox.middleware import client_address
from inbox.queues import queue_depths
from kernel import clock
from messaging.models import Delivery
from workflows.models import Step, StepState
from workflows.services.alerts import alerts_open


class LoopbackOrStaff(BasePermission):
    """A scraper on this machine, or staff (session or token). A forwarded request never counts as local."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.user.is_authenticated:
            return bool(request.user.is_staff)
        if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
            return False
        try:
            return ipaddress.ip_address(client_address(request._request)).is_loopback
        except ValueError:
            return False


class RowCollector:
    """Gauges from row counts. Events are counted over the last 24 hours, along their time index."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("baton", "The running version", {"version": settings.BATON_VERSION})
        yield from self._events()
        yield from self._queues()
        yield from self._states()

    @staticmethod
    def _events() -> Iterator[Metric]:
        number = Event.objects.aggregate(most=Max("pk"))["most"] or 0
        yield CounterMetricFamily("baton_event_number", "Number of the newest event", number)
        since = clock.now() - dt.timedelta(days=1)
        family = GaugeMetricFamily(
            "baton_events_last_day", "Events detected in the last 24 hours", labels=["state", "outcome"]
        )
        rows = Event.objects.filter(detected_at__gte=since).order_by().values_list("state", "outcome")
        for state, outcome, count in rows.annotate(count=Count("pk")):
            family.add_metric([state, outcome], count)
        yield family

    @staticmethod
    def _queues() -> Iterator[Metric]:
        depth = GaugeMetricFamily("baton_queue_due", "Rows due now", labels=["queue"])
        oldest = GaugeMetricFamily(
            "baton_queue_oldest_seconds", "Age of the oldest due row", labels=["queue"]
        )
        for each in queue_depths():
            depth.add_metric([each.name], each.due)
            oldest.add_metric([each.name], each.oldest_seconds)
        yield depth
        yield oldest

    @staticmethod
    def _states() -> Iterator[Metric]:
        deliveries = GaugeMetricFamily("baton_deliveries", "Deliveries by state", labels=["state"])
        for state, count in Delivery.objects.order_by().values_list("state").annotate(count=Count("pk")):
            deliveries.add_metric([state], count)
        yield deliveries
        dead = Step.objects.filter(state=StepState.DEAD).count()
        yield GaugeMetricFamily("baton_dead_letters", "Steps waiting for a person", dead)
        alerts = GaugeMetricFamily("baton_alert", "1 while the incident is open", labels=["alert"])
        for alert in alerts_open():
            alerts.add_metric([alert.key], 1)
        yield alerts
        states = GaugeMetricFamily(
            "baton_connection_state", "1 for the state it is in", labels=["connection", "state"]
        )
        failures = GaugeMetricFamily(
            "baton_connection_failures", "Failed calls in a row", labels=["connection"]
        )
        for slug, state, count in Connection.objects.order_by("slug").values_list(
            "slug", "state", "failures"
        ):
            states.add_metric([slug, state], 1)
            failures.add_metric([slug], count)
        yield states
        yield failures


@extend_schema(exclude=True)
class Metrics(APIView):
    permission_classes = (LoopbackOrStaff,)

    def get(self, request: Request) -> HttpResponse:
        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        registry.register(RowCollector())
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
