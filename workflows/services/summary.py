"""The daily card to each administrator: what yesterday brought, and what waits for somebody."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from connectors.models import Event, EventState
from kernel import clock
from kernel.text import Localized, localized
from kernel.timers import after
from messaging.models import Delivery, DeliveryState
from messaging.services.notices import notice_send
from permissions.identities import administrators
from permissions.models import User
from workflows.engine.telling import HANDLER
from workflows.models import DailySummary, Step, StepState
from workflows.selectors.ledgercounts import Scope, scope_counts
from workflows.services.alerts import alerts_open

HOUR = 8
EVERY_SECONDS = 300.0


def summaries_send() -> dt.datetime:
    """To everybody for whom it is past HOUR and who has not had yesterday's. Returns when to look again."""
    for person in administrators():
        local = clock.now().astimezone(ZoneInfo(person.time_zone))
        yesterday = local.date() - dt.timedelta(days=1)
        if local.hour < HOUR or person.date_joined.astimezone(local.tzinfo).date() > yesterday:
            continue  # there is nothing to tell of a day before Baton knew the person
        if not DailySummary.objects.filter(user=person, day=yesterday).exists():
            summary_send(person, yesterday)
    return after(EVERY_SECONDS)


def summary_send(person: User, day: dt.date) -> bool:
    """One card of one day in the person's own zone. False when it has been sent: the row of the day is there once."""
    zone = ZoneInfo(person.time_zone)
    since = dt.datetime.combine(day, dt.time(), zone)
    until = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone)
    title, body = _words(scope_counts(Scope(since=since, until=until)), since, until)
    try:
        with transaction.atomic():
            summary = DailySummary.objects.create(user=person, day=day)
            source = f"summary-{summary.pk}"
            notice_send([person], title, body, source=source, handler=HANDLER, priority=5)
    except IntegrityError:  # another worker was first
        return False
    return True


def _words(counts: dict[str, int], since: dt.datetime, until: dt.datetime) -> tuple[Localized, Localized]:
    total = sum(counts.values())
    title = localized(
        gettext_noop("Yesterday %(changes)s changes, %(outcomes)s outcomes, %(unknown)s unknown"),
        changes=f"{total:,}",
        outcomes=f"{total - counts['in_progress'] - counts['unknown']:,}",
        unknown=f"{counts['unknown']:,}",
    )
    sent = Delivery.objects.filter(
        state=DeliveryState.UNCONFIRMED, created_at__gte=since, created_at__lt=until
    )
    slow = [each.key.partition(":")[2] for each in alerts_open() if each.key.startswith("slow:")]
    body = localized(
        gettext_noop(
            "Still in progress: %(open)s. Dead letters: %(dead)s. Messages unconfirmed: %(unconfirmed)s. "
            "Slow queues: %(slow)s."
        ),
        open=f"{counts['in_progress']:,}",
        dead=f"{_dead_letters():,}",
        unconfirmed=f"{sent.count():,}",
        slow=", ".join(slow) or "–",
    )
    return title, body


def _dead_letters() -> int:
    """All there are, whoever may see them."""
    return (
        Step.objects.filter(state=StepState.DEAD).count()
        + Event.objects.filter(state=EventState.FAILED).count()
        + Delivery.objects.filter(state=DeliveryState.FAILED, discarded_at__isnull=True).count()
    )
