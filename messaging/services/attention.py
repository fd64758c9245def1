"""Quiet hours and the interruption budget of a person: what they hold back, and changing them."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import clock, doorbell
from kernel.audit import audit_record
from kernel.errors import ConfigError
from kernel.statements import Select
from kernel.text import localized, text_store
from messaging.models import Attention, Delivery, DeliveryState, Hold
from messaging.pace import pace_of
from messaging.quiet import QuietTimes
from messaging.services.buckets import Bucket
from messaging.services.interactions import DELIVER_QUEUE
from permissions.models import User

MOST_BUDGET = 1000
BUDGET_BURST = 0.5
HOUR, DAY = 3600.0, 86_400.0
QUIET = gettext_noop("Held: quiet hours until %(time)s.")
BUDGET = {
    HOUR: gettext_noop("Held: at most %(count)s messages per hour, as this person chose."),
    DAY: gettext_noop("Held: at most %(count)s messages per day, as this person chose."),
}


ATTENTION = Select(Attention, "user_id {any}")
"""The wishes of people who have any."""


def interrupts(delivery: Delivery) -> bool:
    """Whether sending it now would disturb somebody who wants to be left alone: the priority lane always may."""
    im = delivery.connection.manifest.im
    return delivery.sent_at is None and not delivery.in_lane and (im is None or im.interrupts)


def quiet_until(wishes: Attention, delivery: Delivery, now: dt.datetime) -> dt.datetime | None:
    """Until when it is held; None when it may go. A question that would be over by then is not held."""
    until = quiet_times(wishes, delivery.user.time_zone).until(now)
    expires_at = delivery.interaction.expires_at
    return None if until is None or (expires_at is not None and expires_at <= until) else until


def quiet_times(wishes: Attention, zone: str) -> QuietTimes:
    holidays = wishes.calendar.days if wishes.calendar is not None else ()
    worked = (wishes.calendar.worked or ()) if wishes.calendar is not None else ()
    return QuietTimes(
        _zone(zone),
        wishes.quiet_from,
        wishes.quiet_until,
        frozenset(wishes.quiet_days),
        frozenset(dt.date.fromisoformat(each) for each in holidays),
        frozenset(dt.date.fromisoformat(each) for each in worked),
    )


def quiet_words(until: dt.datetime, zone: str, now: dt.datetime) -> str:
    """The reason on the row, with the time as the person's clock shows it; with the day when it is not within one."""
    form = "%H:%M" if until - now < dt.timedelta(days=1) else "%Y-%m-%d %H:%M"
    return text_store(localized(QUIET, time=until.astimezone(_zone(zone)).strftime(form)))


def budget_buckets(wishes: Attention) -> tuple[Bucket, ...]:
    return tuple(
        Bucket(
            f"person:{wishes.user_id}:{seconds:.0f}",
            pace_of(count, seconds, burst_share=BUDGET_BURST, reserve_share=0.0),
            text_store(localized(BUDGET[seconds], count=count)),
            Hold.BUDGET,
        )
        for seconds, count in ((HOUR, wishes.hour_budget), (DAY, wishes.day_budget))
        if count
    )


def _zone(name: str) -> dt.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def attention_set(actor: User, user: User, values: Mapping[str, Any]) -> Attention:
    """Store a person's wishes; what is held because of the old ones is judged again.

    Raises ConfigError for half a window, a window of no length, an unknown weekday and a budget out of bounds.
    """
    wishes = Attention.objects.filter(user=user).first() or Attention(user=user)
    for name, value in values.items():
        setattr(wishes, name, value)
    attention_check(wishes)
    with transaction.atomic():
        wishes.save()
        audit_record(actor, "attention.changed", wishes, user.username, own=actor.pk == user.pk)
        held_again([user.pk])
    return wishes


def attention_check(wishes: Attention) -> None:
    """Raises ConfigError; see attention_set."""
    begins, ends = wishes.quiet_from, wishes.quiet_until
    if (begins is None) != (ends is None):
        raise ConfigError(_("Quiet hours need a beginning and an end."))
    if begins is not None and begins == ends:
        raise ConfigError(_("Quiet hours that begin and end at the same time are none."))
    if not set(wishes.quiet_days) <= set(range(7)):
        raise ConfigError(_("There is no such weekday."))
    for budget in (wishes.hour_budget, wishes.day_budget):
        if budget is not None and not 1 <= budget <= MOST_BUDGET:
            raise ConfigError(_("A budget is between 1 and %(most)s.") % {"most": MOST_BUDGET})


def held_again(people: Iterable[int]) -> None:
    """What is held for these people because of their wishes is due now, and judged by the new ones."""
    Delivery.objects.filter(
        user_id__in=list(people), state=DeliveryState.READY, hold__in=[Hold.QUIET, Hold.BUDGET]
    ).update(available_at=clock.now())
    doorbell.ring(DELIVER_QUEUE)
