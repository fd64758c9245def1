"""Monthly quotas: counted for all workers in one row, forecast, told before they end, kept for the urgent at the end."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_noop

from connectors.models import Connection
from connectors.services.limits import QuotaInForce, quota_in_force
from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.doorbell import Due
from kernel.text import localized
from kernel.work import due, work_claim, work_held
from messaging.forecast import month_after, month_begins, month_of, quota_ends_on
from messaging.models import Delivery, QuotaMonth
from messaging.services.notices import HANDLER, notice_send
from permissions.identities import administrators

QUOTA_QUEUE = "quota"
LOOK = dt.timedelta(hours=1)
ORDINARY_SHARE = 0.95
WARN_SHARE = 0.5
LOOK_SHARES = (WARN_SHARE, 0.8, 0.9)
logger = logging.getLogger(__name__)


def quota_count(deliveries: Sequence[Delivery], now: dt.datetime) -> list[Delivery]:
    """Count what goes out now, in the order given; returns those for whom nothing is left this month.

    The last twentieth is the priority lane's. No query where no connection has a quota; else two per connection.
    """
    groups: dict[int, list[Delivery]] = {}
    for each in deliveries:
        groups.setdefault(each.connection_id, []).append(each)
    left_out: list[Delivery] = []
    for members in groups.values():
        quota = quota_in_force(members[0].connection)
        if quota is not None:
            left_out += _counted(quota, members, now)
    return left_out


def _counted(quota: QuotaInForce, deliveries: Sequence[Delivery], now: dt.datetime) -> list[Delivery]:
    month = month_of(now, quota.zone)
    ordinary = int(quota.count * ORDINARY_SHARE)
    left_out = []
    with transaction.atomic():
        row = _row_locked(deliveries[0].connection, month, now)
        before = used = row.used
        for each in deliveries:
            if used < (quota.count if each.in_lane else ordinary):
                used += 1
            else:
                left_out.append(each)
        if used != before:
            row.used = used
            crossed = any(before < quota.count * share <= used for share in LOOK_SHARES)
            if crossed and row.warned_at is None:
                row.available_at = now
                doorbell.ring(QUOTA_QUEUE)
            row.save(update_fields=["used", "available_at"])
    return left_out


def _row_locked(connection: Connection, month: dt.date, now: dt.datetime) -> QuotaMonth:
    rows = QuotaMonth.objects.select_for_update(no_key=True).filter(connection=connection, month=month)
    row = rows.first()
    if row is None:
        QuotaMonth.objects.bulk_create(
            [QuotaMonth(connection=connection, month=month, available_at=now + LOOK)], ignore_conflicts=True
        )
        row = rows.get()
    return row


def quota_renews_at(quota: QuotaInForce, now: dt.datetime) -> dt.datetime:
    return month_begins(month_after(month_of(now, quota.zone)), quota.zone)


def quota_used(connection: Connection, quota: QuotaInForce, now: dt.datetime) -> int:
    row = QuotaMonth.objects.filter(connection=connection, month=month_of(now, quota.zone)).first()
    return row.used if row is not None else 0


def quota_due(now: dt.datetime) -> Due:
    return [QuotaMonth.objects.filter(due(now))]


def quota_drain() -> int:
    claimed = work_claim(QuotaMonth.objects.select_related("connection"), limit=20)
    for each in claimed:
        try:
            _look(each)
        except (
            Exception
        ) as error:  # a defect of ours: kept on the row, which is due again when its lease ends
            logger.exception("quota %s", each.pk)
            message = f"{error.__class__.__name__}: {error}"[:2000]
            QuotaMonth.objects.filter(pk=each.pk).update(last_error=message)
    return len(claimed)


def _look(claimed: QuotaMonth) -> None:
    """Warn once when the month's pace ends the quota early and half of it is gone; else look again in an hour."""
    now, quota = clock.now(), quota_in_force(claimed.connection)
    with transaction.atomic():
        if not work_held(claimed):
            return
        row = QuotaMonth.objects.get(pk=claimed.pk)
        again: dt.datetime | None = now + LOOK
        if quota is None or row.month != month_of(now, quota.zone) or row.warned_at is not None:
            again = None
        elif row.used >= quota.count * WARN_SHARE:
            ends_on = quota_ends_on(row.used, quota.count, now, quota.zone)
            if ends_on is not None:
                _warn(claimed.connection, row, quota, ends_on)
                row.warned_at, again = now, None
        row.lease_release(again)
        row.attempts = 0
        row.save(update_fields=["warned_at", "available_at", "lease_until", "lease_owner", "attempts"])


def _warn(connection: Connection, row: QuotaMonth, quota: QuotaInForce, ends_on: dt.date) -> None:
    words = {"name": connection.name, "used": row.used, "count": quota.count, "day": ends_on.isoformat()}
    end = (
        gettext_noop(
            "Then only urgent messages go this way; the others take the next channel of their person."
        )
        if quota.end == "next_channel"
        else gettext_noop("Then only urgent messages go this way; the others wait for the next month.")
    )
    text = localized(
        gettext_noop(
            "%(used)s of %(count)s messages are used. At this pace the rest lasts until %(day)s. %(end)s"
        ),
        **words,
        end=localized(end),
    )
    title = localized(gettext_noop("The monthly quota of “%(name)s” will not last"), **words)
    notice_send(administrators(), title, text, source=f"quota-{row.pk}", handler=HANDLER)
    audit_record(None, "quota.warned", connection, text.en)
