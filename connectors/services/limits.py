"""How fast a messenger connection may be used: below what the vendor documents, lower where an administrator says so."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from connectors.models import Connection
from connectors.ports.manifest import Quota, Rate, RateScope
from connectors.selectors import GENERATION
from kernel.audit import audit_record
from kernel.errors import ConfigError
from kernel.generation import generation_bump

SAFETY_SHARE = 0.9
MONTH, MONTH_END = "month", "month_end"
WAIT, NEXT_CHANNEL = "wait", "next_channel"


@dataclass(frozen=True)
class RateInForce:
    """`count` messages in any `seconds`, for each `scope` apart."""

    key: str
    scope: RateScope
    seconds: float
    count: int


@dataclass(frozen=True)
class QuotaInForce:
    """`count` messages in a month of `zone`. `end`: what then becomes of ordinary ones, WAIT or NEXT_CHANNEL."""

    count: int
    zone: dt.tzinfo
    end: str


def quota_declared(connection: Connection) -> Quota | None:
    im = connection.manifest.im
    return im.quota if im is not None else None


def quota_in_force(connection: Connection) -> QuotaInForce | None:
    """None where nothing is counted by the month. Reads no row."""
    declared = quota_declared(connection)
    if declared is None:
        return None
    chosen = connection.limits or {}
    count = chosen.get(MONTH) or declared.count
    if count is None:
        return None
    zone = zoneinfo.ZoneInfo(declared.zone or settings.TIME_ZONE)
    return QuotaInForce(count, zone, chosen.get(MONTH_END, WAIT))


def rates_declared(connection: Connection) -> tuple[Rate, ...]:
    im = connection.manifest.im
    return im.rates if im is not None else ()


def rates_in_force(connection: Connection) -> tuple[RateInForce, ...]:
    """What is kept to on this connection. Reads no row; empty where nothing limits it."""
    chosen = connection.limits or {}
    found = []
    for rate in rates_declared(connection):
        count = chosen.get(rate.key) or count_safe(rate)
        if count is not None:
            longer = 1 / SAFETY_SHARE if count == rate.count else 1  # of one message nothing can be left out
            found.append(RateInForce(rate.key, rate.scope, rate.seconds * longer, count))
    return tuple(found)


def count_safe(rate: Rate) -> int | None:
    """What Baton allows itself of a documented number: some vendors discard silently at it."""
    return None if rate.count is None else max(1, floor(rate.count * SAFETY_SHARE))


def limits_set(actor: object, connection: Connection, values: Mapping[str, int | str | None]) -> None:
    """Store what an administrator chose, by key; None goes back to the manifest's.

    Raises ConfigError for an unknown key, for less than 1, and for more than Baton would allow itself.
    """
    for key, value in values.items():
        _limit_check(connection, key, value)
    with transaction.atomic():
        row = Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)
        row.limits = {key: value for key, value in {**(row.limits or {}), **values}.items() if value}
        if row.limits.get(MONTH_END) == WAIT:  # what happens anyway
            del row.limits[MONTH_END]
        row.limits = row.limits or None
        row.save(update_fields=["limits"])
        generation_bump(GENERATION)
        audit_record(actor, "connection.limits", row, row.name, limits=row.limits)
    connection.limits = row.limits


def _limit_check(connection: Connection, key: str, value: int | str | None) -> None:
    quota = quota_declared(connection)
    most = {rate.key: count_safe(rate) for rate in rates_declared(connection)}
    if quota is not None:
        most[MONTH] = quota.count
    if quota is not None and key == MONTH_END:
        if value not in (None, "", WAIT, NEXT_CHANNEL):
            raise ConfigError(_("Choose what happens when the quota is used up."))
        return
    if key not in most:
        raise ConfigError(_("Unknown limit: %(name)s.") % {"name": key})
    highest = most[key]
    if value is not None and (
        not isinstance(value, int) or value < 1 or (highest is not None and value > highest)
    ):
        raise ConfigError(
            _("A limit is between 1 and %(most)s.") % {"most": highest if highest is not None else "∞"}
        )
