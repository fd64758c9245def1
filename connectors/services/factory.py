"""Building a connector for a connection, and the circuit breaker around calling it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from connectors import catalog
from connectors.models import Connection, ConnectionState
from connectors.ports.erp import ConnectorContext, ErpConnector
from connectors.ports.im import ImConnector, ManySender
from connectors.ports.manifest import ConnectorKind
from kernel import clock, live
from kernel.audit import audit_record
from kernel.errors import AuthFailed, BatonError, OutcomeUnknown, RateLimited, Transient
from kernel.http import HttpClient
from kernel.network import nets_parse
from kernel.registry import Registry
from kernel.work import backoff_seconds

BREAKER_FAILURES = 3
BREAKER_MOST_SECONDS = 60.0

_builders: Registry[Any] = Registry(
    "connector", {key: catalog.factory_path(key) for key in catalog.MANIFESTS}
)


def connector_build(
    key: str, plain: Mapping[str, Any], credentials: Mapping[str, Any], *, inbound_path: str = ""
) -> Any:
    """A connector from bare values (the form tests a connection before it is saved)."""
    context = ConnectorContext(
        http=HttpClient(allow_nets=nets_parse(settings.BATON_ALLOW_NETS)),
        language=get_language() or "en",
        inbound_path=inbound_path,
    )
    return _builders.get(key)(plain, credentials, context)


def breaker_refuse(connection: Connection) -> None:
    """Raises Transient while the breaker is open or the connection is not active."""
    if connection.state != ConnectionState.ACTIVE:
        raise Transient(
            _("The connection “%(name)s” is not active: %(reason)s")
            % {"name": connection.name, "reason": connection.state_reason or connection.get_state_display()}
        )
    most = clock.now() + dt.timedelta(seconds=BREAKER_MOST_SECONDS)  # later: set by a clock since put back
    if connection.retry_at and clock.now() < connection.retry_at <= most:
        raise RateLimited(
            _("“%(name)s” did not answer; waiting before the next try.") % {"name": connection.name},
            (connection.retry_at - clock.now()).total_seconds(),
        )


def outcome_note(connection: Connection, error: BatonError | None) -> None:
    """Move the breaker. A refused credential pauses the connection and tells its owner once.

    Whom the vendor asks to wait waits in every worker: the connection is closed until then.
    """
    if error is None:
        if connection.failures:
            Connection.objects.filter(pk=connection.pk).update(failures=0, retry_at=None)
            connection.failures, connection.retry_at = 0, None
        return
    if isinstance(error, AuthFailed):
        with transaction.atomic():
            changed = Connection.objects.filter(pk=connection.pk, state=ConnectionState.ACTIVE).update(
                state=ConnectionState.AUTH_FAILED, state_reason=error.message
            )
            if changed:
                audit_record(None, "connection.auth_failed", connection, error.message)
                live.live_publish("staff", type="connection", id=connection.pk)
        connection.state, connection.state_reason = ConnectionState.AUTH_FAILED, error.message
        return
    if isinstance(error, RateLimited):
        closed_until = clock.now() + dt.timedelta(seconds=error.retry_after_seconds)
        shorter = Q(retry_at__isnull=True) | Q(retry_at__lt=closed_until)
        Connection.objects.filter(shorter, pk=connection.pk).update(retry_at=closed_until)
        connection.retry_at = max(connection.retry_at or closed_until, closed_until)
        return
    if isinstance(error, Transient):
        failures = connection.failures + 1
        wait = backoff_seconds(failures - BREAKER_FAILURES + 1, first=1.0, most=BREAKER_MOST_SECONDS)
        retry_at = clock.now() + dt.timedelta(seconds=wait) if failures >= BREAKER_FAILURES else None
        Connection.objects.filter(pk=connection.pk).update(failures=failures, retry_at=retry_at)
        connection.failures, connection.retry_at = failures, retry_at


class OpenConnectors:
    """Connectors kept for one batch of work, one per connection: sockets stay open, the breaker is seen by all.

    Never use it inside a transaction: it goes over the network.
    """

    def __init__(self) -> None:
        self._open: dict[int, tuple[Connection, Any]] = {}

    @contextmanager
    def use(self, connection: Connection) -> Iterator[Any]:
        """The connector for one call or a few; raises what the breaker says, and tells it what came of the call."""
        known, connector = self._opened(connection)
        try:
            yield connector
        except BatonError as error:
            outcome_note(known, error)
            raise
        else:
            outcome_note(known, None)

    def _opened(self, connection: Connection) -> tuple[Connection, Any]:
        known, connector = self._open.get(connection.pk, (connection, None))
        breaker_refuse(known)
        if connector is None:
            connector = connector_build(
                known.connector,
                known.settings,
                known.credentials,
                inbound_path=f"/replies/{known.slug}/" if known.kind == ConnectorKind.IM else "",
            )
            self._open[known.pk] = (known, connector)
        return known, connector

    def many(self, connection: Connection) -> ManySender:
        """A connector already used in this batch, for requests sent at once; `note` what came of them."""
        sender: ManySender = self._open[connection.pk][1]
        return sender

    def note(self, connection: Connection, outcomes: Sequence[BatonError | None]) -> None:
        """What came of requests sent at once: one that was answered proves that the place answers."""
        known = self._open[connection.pk][0]
        refused = next((each for each in outcomes if isinstance(each, AuthFailed)), None)
        limited = [each for each in outcomes if isinstance(each, RateLimited)]
        failures = [each for each in outcomes if isinstance(each, Transient | OutcomeUnknown)]
        if refused is not None:
            outcome_note(known, refused)
        elif limited:
            outcome_note(known, max(limited, key=lambda each: each.retry_after_seconds))
        elif len(failures) < len(outcomes):
            outcome_note(known, None)
        else:  # whether a message arrived does not matter here: the place does not answer
            for each in failures[:BREAKER_FAILURES]:
                outcome_note(known, Transient(each.message))

    def im(self, connection: Connection) -> AbstractContextManager[ImConnector]:
        return self.use(connection)

    def close(self) -> None:
        while self._open:
            _known, connector = self._open.popitem()[1]
            connector.close()


@contextmanager
def erp_open(connection: Connection) -> Iterator[ErpConnector]:
    """An ERP connector, breaker included. Never call inside a transaction: it goes over the network."""
    with closing(OpenConnectors()) as opened, opened.use(connection) as connector:
        yield connector


@contextmanager
def im_batch() -> Iterator[OpenConnectors]:
    """Messenger connectors for one batch of deliveries."""
    with closing(OpenConnectors()) as opened:
        yield opened
