"""Removing old payloads: what an event said goes after the connection's days, what became of it stays.

Kept are the event's number, key, outcome, reason, verdicts and the keys by which a repetition is known; runs and their
steps; and everything of an event that is not over. In small batches along the events' numbers: each batch is one short
transaction and notes how far it came, so a prune that is killed goes on there, and two at once do no harm.
"""

from __future__ import annotations

import datetime as dt
import time

from django.db import transaction

from connectors.models import Connection, Event, EventState
from kernel import clock
from kernel.timers import after
from workflows.models import Run
from workflows.selectors.holes import ACTIVE

BATCH = 500
RUN_SECONDS = 20.0
PAUSE_SECONDS = 5.0
EVERY_SECONDS = 3600.0


def prune_run() -> dt.datetime:
    """Work for at most RUN_SECONDS. Returns when to go on."""
    ends = time.monotonic() + RUN_SECONDS
    for connection in Connection.objects.order_by("pk"):
        while payloads_trim(connection):
            if time.monotonic() > ends:
                return after(PAUSE_SECONDS)
    return after(EVERY_SECONDS)


def payloads_trim(connection: Connection) -> int:
    """One batch of one connection. Returns how many events were looked at; 0 when no older one is left."""
    before = clock.now() - dt.timedelta(days=connection.retention_days)
    with transaction.atomic():
        done = Connection.objects.filter(pk=connection.pk).values_list("trimmed_to", flat=True).get()
        found = Event.objects.filter(connection=connection, pk__gt=done).order_by("pk")
        batch = list(found.values_list("pk", "detected_at")[:BATCH])
        old = [pk for pk, detected_at in batch if detected_at < before]
        if not old:
            return 0
        active = Run.objects.filter(event__in=old, state__in=ACTIVE).values_list("event_id", flat=True)
        over = Event.objects.filter(pk__in=set(old) - set(active), trimmed_at__isnull=True)
        over.exclude(state=EventState.NEW).update(before=None, after=None, raw=None, trimmed_at=clock.now())
        Connection.objects.filter(pk=connection.pk, trimmed_to__lt=old[-1]).update(trimmed_to=old[-1])
    return len(old)
