"""How fast a messenger connection may be used: below what the vendor documents, lower where an administrator says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.models import Connection
from connectors.ports.manifest import Rate, RateScope
from connectors.selectors import GENERATION
from kernel.audit import audit_record
from kernel.errors import ConfigError
from kernel.generation import generation_bump

SAFETY_SHARE = 0.9


@dataclass(frozen=True)
class RateInForce:
    """`count` messages in any `seconds`, for each `scope` apart."""

    key: str
    scope: RateScope
    seconds: float
    count: int


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


def limits_set(actor: object, connection: Connection, values: Mapping[str, int | None]) -> None:
    """Store the numbers an administrator chose, by key; None goes back to the manifest's.

    Raises ConfigError for an unknown key, for less than 1, and for more than Baton would allow itself.
    """
    known = {rate.key: rate for rate in rates_declared(connection)}
    for key, count in values.items():
        if key not in known:
            raise ConfigError(_("Unknown limit: %(name)s.") % {"name": key})
        most = count_safe(known[key])
        if count is not None and (count < 1 or (most is not None and count > most)):
            raise ConfigError(
                _("A limit is between 1 and %(most)s.") % {"most": most if most is not None else "∞"}
            )
    with transaction.atomic():
        row = Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)
        row.limits = {key: count for key, count in {**(row.limits or {}), **values}.items() if count} or None
        row.save(update_fields=["limits"])
        generation_bump(GENERATION)
        audit_record(actor, "connection.limits", row, row.name, limits=row.limits)
    connection.limits = row.limits
