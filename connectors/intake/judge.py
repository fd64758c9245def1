"""Whether a request may store events, and which: the address, the proof, the kind of body, its items."""

from __future__ import annotations

import time
from collections.abc import Mapping

from django.utils.translation import gettext as _

from connectors.intake.body import BodyUnreadable, body_read
from connectors.intake.proof import proof_check
from connectors.intake.store import Received
from connectors.models import Connection, ConnectionState
from connectors.selectors import GENERATION
from kernel.errors import AuthFailed, ConfigError
from kernel.generation import Cached


class Refused(Exception):
    """What the sender is answered instead of 200. Header names have _ for -."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        self.status, self.detail, self.headers = status, detail, headers


def _doors_build() -> dict[str, Connection]:
    return {each.slug: each for each in Connection.objects.exclude(state=ConnectionState.DRAFT)}


_doors: Cached[dict[str, Connection]] = Cached(GENERATION, _doors_build)


def doors() -> Mapping[str, Connection]:
    """The connections that take events, by the name in their address."""
    return _doors.get()


def caches_clear() -> None:
    _doors.clear()


def received_read(slug: str, headers: Mapping[str, str], body: bytes) -> Received:
    """The items of a request that is allowed to store them. `headers` have lower-case names. Raises Refused."""
    connection = doors().get(slug)
    if connection is None:
        raise Refused(404, _("No connection takes events here."))
    try:
        proof_check(connection.credentials, headers, body, time.time())
    except AuthFailed as error:
        raise Refused(401, error.message, www_authenticate="Bearer") from error
    except ConfigError as error:
        raise Refused(500, error.message) from error
    if connection.state == ConnectionState.PAUSED:
        raise Refused(403, _("This connection is paused."))
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise Refused(415, _("Send Content-Type: application/json."))
    try:
        return Received(connection.pk, body_read(body))
    except BodyUnreadable as error:
        raise Refused(400, str(error)) from error
