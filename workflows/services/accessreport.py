"""The monthly report to the data owners: what left the ERP last month, and how much of it nobody signed."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_noop

from kernel import clock
from kernel.text import Localized, localized
from kernel.timers import after
from messaging.services.notices import notice_send
from permissions.identities import data_owners
from permissions.models import User
from workflows.engine.telling import HANDLER
from workflows.models import AccessReport, DisclosureMonth
from workflows.selectors.disclosed import month_counts

HOUR = 8
EVERY_SECONDS = 600.0


def access_reports_send() -> dt.datetime:
    """To every data owner for whom the month has begun and it is past HOUR, once. Returns when to look again."""
    words: dict[dt.date, tuple[Localized, Localized] | None] = {}
    for person in data_owners():
        local = clock.now().astimezone(ZoneInfo(person.time_zone))
        month = (local.date().replace(day=1) - dt.timedelta(days=1)).replace(day=1)
        if local.day == 1 and local.hour < HOUR:
            continue
        if AccessReport.objects.filter(user=person, month=month).exists():
            continue
        if month not in words:
            words[month] = _words(month)
        found = words[month]
        if found is not None:
            report_send(person, month, *found)
    return after(EVERY_SECONDS)


def report_send(person: User, month: dt.date, title: Localized, body: Localized) -> bool:
    """False when it has been sent: the row of the month is there once."""
    try:
        with transaction.atomic():
            report = AccessReport.objects.create(user=person, month=month)
            source = f"access-report-{report.pk}"
            notice_send([person], title, body, source=source, handler=HANDLER, priority=5)
    except IntegrityError:  # another worker was first
        return False
    return True


def _words(month: dt.date) -> tuple[Localized, Localized] | None:
    """None for a month in which nothing left."""
    rows = DisclosureMonth.objects.filter(month=month)
    if not rows.exists():
        return None
    counts = month_counts(rows)
    title = localized(
        gettext_noop("Access review of %(month)s: %(unsigned)s lines are not signed"),
        month=f"{month:%Y-%m}",
        unsigned=f"{counts['unsigned']:,}",
    )
    body = localized(
        gettext_noop(
            "%(fields)s fields of %(objects)s kinds of records left the ERP for %(people)s people by %(rules)s rules. "
            "Sign or revoke: %(link)s"
        ),
        link=f"{settings.BATON_PUBLIC_URL}{reverse('admin:workflows_disclosuremonth_changelist')}?month={month:%Y-%m}",
        **{name: f"{counts[name]:,}" for name in ("fields", "objects", "people", "rules")},
    )
    return title, body
