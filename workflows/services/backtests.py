"""Asking for a back-test, stopping one, and who may look at it. The permission check is in here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from connectors.models import RecordedObject
from kernel import clock, doorbell
from permissions.models import User
from workflows.definition import definition_read
from workflows.engine.backtest import BACKTEST_QUEUE, OPEN, events_between, recorded_first
from workflows.models import BackTest, BackTestState, Rule
from workflows.services.trying import trying_refuse

MOST_DAYS = 90
KEPT = 5


def backtest_start(actor: User, rule: Rule, raw: Mapping[str, Any], days: int) -> BackTest:
    """A row the workers pick up; an earlier one of this person and rule that still runs is stopped, old ones are dropped.

    Raises PermissionDenied, and DefinitionInvalid for a draft that would not be published.
    """
    trying_refuse(actor, rule, raw)
    name = definition_read(raw).trigger.object
    now = clock.now()
    count, before, last = events_between(rule.connection_id, name, now - dt.timedelta(days=days))
    recorded = RecordedObject.objects.filter(connection_id=rule.connection_id, object=name).first()
    since = (recorded and recorded.snapshot_at) or recorded_first(rule.connection_id, name)
    with transaction.atomic():
        for earlier in backtests_of(actor, rule).filter(state__in=OPEN):
            _cancel(earlier)
        row = BackTest.objects.create(
            rule=rule,
            asked_by=actor,
            definition=dict(raw),
            published=rule.current,
            days=days,
            since=since,
            position=before,
            until_id=last,
            total=count,
            asked_at=now,
            available_at=now,
        )
        kept = list(backtests_of(actor, rule).values_list("pk", flat=True)[:KEPT])
        backtests_of(actor, rule).exclude(pk__in=kept).delete()
        doorbell.ring(BACKTEST_QUEUE)
    return row


def backtests_of(actor: User, rule: Rule) -> QuerySet[BackTest]:
    """This person's own, newest first: the figures of others may hold what this person may not see."""
    return BackTest.objects.filter(rule=rule, asked_by=actor).order_by("-pk")


def backtest_cancel(row: BackTest) -> None:
    """Stop it; what is already over stays as it is."""
    with transaction.atomic():
        _cancel(row)
    row.refresh_from_db()


def _cancel(row: BackTest) -> None:
    BackTest.objects.filter(pk=row.pk, state__in=OPEN).update(
        state=BackTestState.CANCELLED, ended_at=clock.now(), available_at=None, memory={}
    )
