"""Which of the claimed messages may go now. The others are given back with the moment to ask again, and why they wait."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Case, DateTimeField, F, Value, When
from django.db.models.functions import Greatest
from django.utils.translation import gettext_noop

from connectors.models import Connection
from connectors.ports.manifest import RateScope
from connectors.services.limits import NEXT_CHANNEL, RateInForce, quota_in_force, rates_in_force
from kernel import clock, doorbell
from kernel.text import localized, text_store
from messaging.models import Attention, Delivery, DeliveryState, Hold
from messaging.pace import pace_of
from messaging.services.attention import budget_buckets, interrupts, quiet_until, quiet_words
from messaging.services.buckets import Bucket, Demand, admit
from messaging.services.folding import PURPOSE as DIGEST_PURPOSE
from messaging.services.folding import notices_fold
from messaging.services.interactions import DELIVER_QUEUE
from messaging.services.quota import quota_count, quota_renews_at
from messaging.services.rerouting import delivery_reroute

WORDS = {
    RateScope.CONNECTION: gettext_noop("Waiting: at most %(count)s messages in %(seconds)s s go this way."),
    RateScope.ROBOT: gettext_noop("Waiting: at most %(count)s messages in %(seconds)s s through this robot."),
    RateScope.RECIPIENT: gettext_noop(
        "Waiting: at most %(count)s messages in %(seconds)s s to one recipient."
    ),
}
USED_UP = gettext_noop(
    "Held: this month's quota of %(count)s messages is used up; only urgent ones go on until the next month."
)
CLOSED = gettext_noop("Waiting: “%(name)s” is not called before its time, it did not answer or asked for it.")


@dataclass(frozen=True)
class Held:
    """One message that has to wait until `until`. `reason` is what text_store made."""

    delivery: Delivery
    hold: Hold
    until: dt.datetime
    reason: str


def deliveries_admit(claimed: Sequence[Delivery], wishes: Mapping[int, Attention]) -> list[Delivery]:
    """Those that may be sent now, in the order given; they are counted. The rest is no longer the caller's.

    Needs `connection`, `user` and `interaction` loaded; `wishes` of people who want to be left alone, by person. A
    connection without a limit costs no query.
    """
    now = clock.now()
    held: list[Held] = []
    asking: list[tuple[Delivery, Demand]] = []
    for each in claimed:
        wish = wishes.get(each.user_id) if interrupts(each) else None
        found = _closed(each, now) or (_quiet(each, wish, now) if wish is not None else None)
        if found is not None:
            held.append(found)
            continue
        budget = budget_buckets(wish) if wish is not None else ()
        buckets = (*buckets_of(each.connection, each.address), *budget)
        asking.append((each, Demand(buckets, each.in_lane, bool(each.hold))))
    verdicts = admit([demand for _delivery, demand in asking], now)
    for (delivery, _demand), verdict in zip(asking, verdicts, strict=True):
        if verdict.available_at is not None and verdict.bucket is not None:
            held.append(Held(delivery, verdict.bucket.hold, verdict.available_at, verdict.bucket.reason))
    waiting = {each.delivery.pk for each in held}
    gone: set[int] = set()
    for each in quota_count([one for one in claimed if one.pk not in waiting], now):
        if _takes_next_channel(each) and delivery_reroute(each):
            gone.add(each.pk)
        else:
            held.append(_used_up(each, now))
    deliveries_hold(held)
    notices_fold([each.delivery for each in held])
    gone |= {each.delivery.pk for each in held}
    return [each for each in claimed if each.pk not in gone]


def _closed(delivery: Delivery, now: dt.datetime) -> Held | None:
    connection = delivery.connection
    if connection.retry_at is None or connection.retry_at <= now:
        return None
    return Held(delivery, Hold.CLOSED, connection.retry_at, _closed_words(connection.name))


def _quiet(delivery: Delivery, wishes: Attention, now: dt.datetime) -> Held | None:
    until = quiet_until(wishes, delivery, now)
    if until is None:
        return None
    return Held(delivery, Hold.QUIET, until, quiet_words(until, delivery.user.time_zone, now))


def _takes_next_channel(delivery: Delivery) -> bool:
    quota = quota_in_force(delivery.connection)
    is_first = delivery.sent_at is None and delivery.purpose != DIGEST_PURPOSE
    return quota is not None and quota.end == NEXT_CHANNEL and is_first


def _used_up(delivery: Delivery, now: dt.datetime) -> Held:
    quota = quota_in_force(delivery.connection)
    assert quota is not None
    return Held(delivery, Hold.QUOTA, quota_renews_at(quota, now), _quota_words(quota.count))


def buckets_of(connection: Connection, address: str) -> tuple[Bucket, ...]:
    """Every limit a message to this address counts against."""
    return tuple(
        Bucket(bucket_key(connection, rate, address), pace_of(rate.count, rate.seconds), _rate_words(rate))
        for rate in rates_in_force(connection)
    )


def bucket_key(connection: Connection, rate: RateInForce, address: str = "") -> str:
    if rate.scope is RateScope.ROBOT and connection.account:
        return f"{connection.connector}:{_short(connection.account)}:{rate.key}"
    if rate.scope is RateScope.RECIPIENT:
        return f"{connection.pk}:{rate.key}:{_short(address)}"
    return f"{connection.pk}:{rate.key}"


def _short(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=12).hexdigest()


@lru_cache(maxsize=200)
def _rate_words(rate: RateInForce) -> str:
    return text_store(localized(WORDS[rate.scope], count=rate.count, seconds=f"{rate.seconds:g}"))


@lru_cache(maxsize=200)
def _quota_words(count: int) -> str:
    return text_store(localized(USED_UP, count=count))


@lru_cache(maxsize=200)
def _closed_words(name: str) -> str:
    return text_store(localized(CLOSED, name=name))


def deliveries_hold(held: Sequence[Held]) -> None:
    """Give claimed messages back until their time. It was no attempt. A claim somebody took over stays theirs."""
    groups: dict[tuple[Hold, str, str], list[Held]] = {}
    for each in held:
        groups.setdefault((each.hold, each.reason, each.delivery.lease_owner), []).append(each)
    for (hold, reason, owner), members in groups.items():
        until = Case(
            *(When(pk=each.delivery.pk, then=Value(each.until)) for each in members),
            output_field=DateTimeField(),
        )
        Delivery.objects.filter(pk__in=[each.delivery.pk for each in members], lease_owner=owner).update(
            available_at=until,
            held_until=until,
            hold=hold,
            reason=reason,
            attempts=Greatest(F("attempts") - 1, 0),
            lease_until=None,
            lease_owner="",
        )


def waiting_again(connection: Connection) -> None:
    """What waits on this connection for a place is judged anew: its limits have changed."""
    Delivery.objects.filter(
        connection=connection, state=DeliveryState.READY, hold__in=[Hold.RATE, Hold.QUOTA]
    ).update(available_at=clock.now(), hold="")
    doorbell.ring(DELIVER_QUEUE)
