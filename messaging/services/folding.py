"""When a queue grows for one person: notices that wait for the same person and channel become one digest.

Questions are never folded. A digest is a Delivery of its own, at most one is waiting per person and channel (the
database sees to it), and notices join it until the first try to send it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils.translation import gettext_noop

from kernel import clock
from kernel.text import localized, text_store
from messaging.models import (
    DIGEST,
    PRIORITY_LANE,
    Delivery,
    DeliveryState,
    Hold,
    Interaction,
    InteractionState,
)

FOLD_COUNT = 5
FOLD_SECONDS = 60.0
MOST_FOLDED = 200
PURPOSE = "digest"
FOLDED_HOLDS = (Hold.RATE, Hold.QUIET, Hold.BUDGET)


def notices_fold(held: Sequence[Delivery]) -> int:
    """Fold what waits for the people of `held` where enough waits, or two wait long enough. Returns how many notices.

    One query when nothing is to be folded; call it after `held` was given back.
    """
    if not held:
        return 0
    waiting = _notices().filter(
        user_id__in={each.user_id for each in held},
        connection_id__in={each.connection_id for each in held},
    )
    late = clock.now() - dt.timedelta(seconds=FOLD_SECONDS)
    groups = (
        waiting.order_by()
        .values("user_id", "connection_id")
        .annotate(count=Count("pk"), since=Min("created_at"))
        .filter(Q(count__gte=FOLD_COUNT) | Q(count__gte=2, since__lte=late))
        .values_list("user_id", "connection_id")
    )
    return sum(_fold(user_id, connection_id) for user_id, connection_id in groups)


def _notices() -> QuerySet[Delivery]:
    """What may be folded: a first message that needs no answer, waits with a reason, and that nobody holds."""
    return Delivery.objects.filter(
        state=DeliveryState.READY,
        hold__in=FOLDED_HOLDS,
        lease_owner="",
        sent_at__isnull=True,
        priority__gt=PRIORITY_LANE,
        interaction__state=InteractionState.DECIDED,
        interaction__decided_at__isnull=True,
    ).exclude(purpose=PURPOSE)


def _fold(user_id: int, connection_id: int) -> int:
    with transaction.atomic():
        notices = list(
            _notices()
            .filter(user_id=user_id, connection_id=connection_id)
            .order_by("pk")
            .select_for_update(of=("self",), no_key=True, skip_locked=True)[:MOST_FOLDED]
        )
        if len(notices) < 2:
            return 0
        digest = _digest_open(notices[0]) or _digest_make(notices)
        if digest is None or digest.lease_owner or digest.attempts:
            return 0  # it is on its way: what it lists is settled
        places = MOST_FOLDED - digest.carried.count()
        words = localized(gettext_noop("In a digest: message #%(number)s."), number=digest.pk)
        return Delivery.objects.filter(pk__in=[each.pk for each in notices[:places]]).update(
            state=DeliveryState.THROUGH,
            through=digest,
            available_at=None,
            hold="",
            reason=text_store(words),
        )


def _digest_open(notice: Delivery) -> Delivery | None:
    return (
        Delivery.objects.select_for_update(of=("self",), no_key=True)
        .filter(
            user_id=notice.user_id,
            connection_id=notice.connection_id,
            purpose=PURPOSE,
            state=DeliveryState.READY,
        )
        .first()
    )


def _digest_make(notices: Sequence[Delivery]) -> Delivery | None:
    """A digest in the place of the notice that waits the shortest; the other worker's where there is one by now."""
    first = min(notices, key=lambda each: each.available_at or clock.now())
    interaction = Interaction.objects.create(
        card={"title": "", "digest": True}, shown={"1": {}}, state=InteractionState.DECIDED, handler=DIGEST
    )
    Delivery.objects.bulk_create(
        [
            Delivery(
                interaction=interaction,
                connection_id=first.connection_id,
                user_id=first.user_id,
                address=first.address,
                purpose=PURPOSE,
                priority=first.priority,
                available_at=first.available_at,
                held_until=first.available_at,
                hold=first.hold,
                reason=first.reason,
            )
        ],
        ignore_conflicts=True,
    )
    digest = _digest_open(first)
    if digest is None or digest.interaction_id != interaction.pk:
        interaction.delete()
    return digest
