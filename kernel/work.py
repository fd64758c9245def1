"""The work row: a row that is due, is claimed under a lease, and is either finished or due again.

Rows are the truth; a Celery message only says that there may be some. Everything here is safe to run twice,
at once, and to be killed anywhere: a claim that nobody finishes becomes due again when its lease runs out, or as
soon as its process is seen to be gone.
"""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from kernel import clock
from kernel.lease import holder_is_gone, holder_name, holder_prefix
from kernel.shutdown import shutdown_begun

LEASE_SECONDS = 60.0
LEASE_MOST_SECONDS = 10 * 60.0
BACKOFF_FIRST_SECONDS = 1.0
BACKOFF_MOST_SECONDS = 15 * 60.0
_hand = threading.local()
_dropped: set[str] = set()


class WorkRow(models.Model):
    """Base of rows that are work. `available_at` NULL means: nothing to do with this row now.

    `waits_by_calendar`: the time was chosen by people and stays when a clock is set back.
    """

    waits_by_calendar: ClassVar[bool] = False

    available_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease_owner = models.CharField(max_length=32, blank=True, default="", editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)
    last_error = models.TextField(blank=True, default="", editable=False)

    class Meta:
        abstract = True

    def lease_release(self, available_at: dt.datetime | None = None) -> None:
        """Give the row back (unsaved): due again at `available_at`, or done with when None."""
        self.available_at = available_at
        self.lease_until = None
        self.lease_owner = ""


WORK_FIELDS = ("available_at", "lease_until", "lease_owner", "attempts", "last_error")

W = TypeVar("W", bound=WorkRow)


def due(now: dt.datetime | None = None) -> Q:
    """The condition under which a work row may be claimed.

    A lease that ends later than any may was taken by a clock that has since been set back: it holds nothing.
    """
    moment = now or clock.now()
    most = moment + dt.timedelta(seconds=LEASE_MOST_SECONDS)
    is_free = Q(lease_until__isnull=True) | Q(lease_until__lte=moment) | Q(lease_until__gt=most)
    return Q(available_at__lte=moment) & is_free


def work_claim(
    queryset: models.QuerySet[W],
    *,
    limit: int,
    lease_seconds: float = LEASE_SECONDS,
    order: tuple[str, ...] = (),
) -> list[W]:
    """Claim up to `limit` due rows of `queryset`; nobody else gets them until the lease runs out.

    PostgreSQL skips rows others hold (no_key: a row that only refers to this one does not wait for it, or it would wait
    the wrong way round); SQLite is inside an immediate transaction, so the read is already exclusive.
    """
    now = clock.now()
    owner = owner_new()
    model = queryset.model
    with transaction.atomic():
        rows = list(
            queryset.filter(due(now))
            .order_by(*(order or ("available_at", "pk")))
            .select_for_update(skip_locked=True, of=("self",), no_key=True)[:limit]
        )
        if not rows:
            return []
        until = now + dt.timedelta(seconds=lease_seconds)
        model._default_manager.filter(pk__in=[row.pk for row in rows]).update(
            lease_until=until, lease_owner=owner, attempts=F("attempts") + 1
        )
    for row in rows:
        row.lease_until, row.lease_owner, row.attempts = until, owner, row.attempts + 1
    return rows


def owner_new() -> str:
    """A name for a claim, noted before it is made: a session cut at the commit leaves it open what was claimed."""
    owner = holder_name()
    getattr(_hand, "owners", []).append(owner)
    return owner


@contextmanager
def claims_noted() -> Iterator[None]:
    """When the block fails, nobody works what it had claimed: leases_orphaned_release of this process gives it back."""
    owners: list[str] = []
    _hand.owners = owners
    try:
        yield
    except BaseException:
        _dropped.update(owners)
        raise
    finally:
        del _hand.owners


def leases_orphaned_release() -> int:
    """Give back what processes of this machine held when they ended, and what tasks of this one held when they failed.

    Returns how many rows are due again.
    """
    now = clock.now()
    dropped = set(_dropped)
    released = 0
    for model in apps.get_models():
        if not issubclass(model, WorkRow):
            continue
        held = model._default_manager.filter(available_at__lte=now, lease_until__gt=now).order_by()
        gone = [
            owner
            for owner in held.values_list("lease_owner", flat=True).distinct()
            if owner in dropped or holder_is_gone(owner)
        ]
        if gone:
            released += held.filter(lease_owner__in=gone).update(lease_until=None, lease_owner="")
    _dropped.difference_update(dropped)
    return released


def work_each(rows: Sequence[W]) -> Iterator[W]:
    """Claimed rows to be worked, one by one, without those that are another's by now.

    Once the process is to end, those not begun are given back: somebody else has them at once.
    """
    for index, row in enumerate(rows):
        if shutdown_begun():
            work_release(rows[index:])
            return
        if not work_is_late(row):
            yield row


def work_release(rows: Sequence[W]) -> None:
    """Give back claims that were not begun; all are of one claim. They are due at once, and this was no attempt."""
    if rows:
        type(rows[0])._default_manager.filter(
            pk__in=[row.pk for row in rows], lease_owner=rows[0].lease_owner
        ).update(lease_until=None, lease_owner="", attempts=Greatest(F("attempts") - 1, 0))


def leases_own_release() -> None:
    """Give back everything this process holds."""
    for model in apps.get_models():
        if issubclass(model, WorkRow):
            held = model._default_manager.filter(available_at__isnull=False)
            held.filter(lease_owner__startswith=holder_prefix()).update(lease_until=None, lease_owner="")


def work_is_late(row: WorkRow) -> bool:
    """Whether the claim ran out while earlier rows of its batch were worked: another worker may have it by now."""
    return row.lease_until is not None and row.lease_until <= clock.now()


def work_held(row: WorkRow) -> bool:
    """Whether this claim is still ours. Call inside the transaction that finishes the row."""
    return (
        type(row)
        ._default_manager.select_for_update(of=("self",), no_key=True)
        .filter(pk=row.pk, lease_owner=row.lease_owner)
        .exists()
    )


def backoff_seconds(
    attempts: int, *, first: float = BACKOFF_FIRST_SECONDS, most: float = BACKOFF_MOST_SECONDS
) -> float:
    """Exponential with full upper-half jitter: attempt 1 → 0.5–1 × first, doubling up to `most`."""
    base: float = min(most, first * 2 ** min(max(attempts - 1, 0), 20))
    return base * random.uniform(0.5, 1.0)


def backoff_at(attempts: int, **options: Any) -> dt.datetime:
    return clock.now() + dt.timedelta(seconds=backoff_seconds(attempts, **options))
