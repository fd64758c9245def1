"""Calling an address of an administrator for a step: once, within bounds, and never where no administrator pointed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from kernel.errors import ConfigError, RateLimited, Transient
from kernel.http import HttpClient, nets_parse, status_raise
from kernel.work import work_held
from workflows.blocks import HttpAnswer, HttpCall
from workflows.models import HttpAddress, Step

MOST_BYTES = 256 * 1024


def address_call(step: Step, call: HttpCall, leaves: Callable[[Mapping[str, Any]], None]) -> HttpAnswer:
    """Send it, having stored through `leaves` that it is about to leave.

    A call whose answer was lost is repeated only where that cannot do it twice. Raises ConfigError, Transient, RateLimited and
    OutcomeUnknown.
    """
    address = HttpAddress.objects.filter(
        slug=call.address, connection_id=step.run.rule.connection_id, active=True
    ).first()
    if address is None:
        raise ConfigError(
            _("There is no address “%(name)s” for rules on this connection.") % {"name": call.address}
        )
    if call.changes:
        if step.sent_at is not None and not address.repeats_safely:
            raise ConfigError(
                _(
                    "An earlier try may have arrived, and “%(name)s” does not recognise a repeated request. Look there first."
                )
                % {"name": address.name}
            )
        leaves({"write": call.method, "object": step.run.event.object, "values": dict(call.body or {})})
    with HttpClient(
        address.base_url.rstrip("/") + "/",
        timeout_seconds=address.timeout_seconds,
        allow_nets=nets_parse(settings.BATON_ALLOW_NETS),
        max_body_bytes=MOST_BYTES,
    ) as client:
        try:
            response = client.request(
                call.method,
                call.path.lstrip("/"),
                headers={**address.secrets, "Idempotency-Key": step.idempotency_key.hex},
                params=dict(call.query),
                json=call.body,
                write=call.changes,
            )
            if response.status >= 500 or response.status in (408, 429) or 300 <= response.status < 400:
                status_raise(response, write=call.changes)
        except (Transient, RateLimited):
            _nothing_left(step)
            raise
    return HttpAnswer(response.status, response.content)


def _nothing_left(step: Step) -> None:
    """It is certain that nothing was done: the next try is a first one."""
    with transaction.atomic():
        if step.sent_at is not None and work_held(step):
            step.sent_at = None
            step.save(update_fields=["sent_at"])
