"""Walking what is recorded: claim a due object, read pages outside any transaction, store each in one."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.models import Connection, ConnectionState, Event, EventState, Record, RecordedObject
from connectors.ports.erp import Page
from connectors.selectors import hook_mappings, mapping_get
from connectors.services.factory import erp_open
from connectors.services.inbound import inbound_event
from connectors.services.records import PLAN_QUEUE, PageStore
from kernel import clock, doorbell
from kernel.claims import Claim
from kernel.doorbell import Due
from kernel.errors import BatonError, ConfigError
from kernel.shutdown import shutdown_begun
from kernel.statements import Select
from kernel.text import localized, text_store
from kernel.work import backoff_at, due, work_each, work_held, work_release

POLL_QUEUE = "poll"
PAGE_SIZE = 1_000
CLAIM = 4
LEASE_SECONDS = 300.0
_CLAIM = Claim(
    RecordedObject,
    where=f"connection_id IN (SELECT id FROM connectors_connection WHERE state = '{ConnectionState.ACTIVE}')",
    order=("available_at", "id"),
)
_CONNECTIONS = Select(Connection, "id {any}")
logger = logging.getLogger(__name__)


def _recorded_due() -> QuerySet[RecordedObject]:
    return RecordedObject.objects.filter(connection__state=ConnectionState.ACTIVE)


def poll_due(now: dt.datetime) -> Due:
    return [_recorded_due().filter(due(now))]


def poll_drain() -> int:
    """Poll what is due. Returns how many objects were walked."""
    claimed = _CLAIM.rows(CLAIM, lease_seconds=LEASE_SECONDS)
    if claimed:
        asked = {each.connection_id for each in claimed}
        connections = {each.pk: each for each in _CONNECTIONS.rows(asked)}
        for each in claimed:
            each.connection = connections[each.connection_id]
    for recorded in work_each(claimed):
        recorded_poll(recorded)
    return len(claimed)


def recorded_poll(recorded: RecordedObject) -> int:
    """Walk one recorded object to its end. Returns the number of events made; failures are kept on the row."""
    try:
        made = _walk(recorded)
    except BatonError as error:
        _finish(recorded, error.message)
        return 0
    except (
        Exception
    ) as error:  # a defect of ours: kept on the row, and the other objects are polled all the same
        logger.exception("recorded object %s", recorded.pk)
        _finish(recorded, f"{error.__class__.__name__}: {error}"[:2000])
        return 0
    _finish(recorded, "")
    return made


def _walk(recorded: RecordedObject) -> int:
    mapping = mapping_get(recorded.connection_id, recorded.object)
    store = PageStore(recorded, mapping)
    seen: set[str] = set()
    made = 0
    with erp_open(recorded.connection) as erp:
        cursor = recorded.cursor
        while True:
            if shutdown_begun():
                work_release([recorded])
                return made
            page = erp.poll(mapping.source, cursor, limit=PAGE_SIZE)
            if page.unchanged:
                return 0
            if page.snapshot:
                _keys_refuse(page, seen)
            with transaction.atomic():
                if not work_held(recorded):
                    return made  # another worker has begun this walk anew; what we read is older than what it stores
                made += store.store(page.records)
                if page.cursor == cursor and page.has_more:
                    raise ConfigError(
                        f"“{mapping.source.name}” returned the same page twice; the walk was stopped."
                    )
                cursor = dict(page.cursor)
                if not page.has_more:
                    if page.snapshot:
                        seen.update(record.key for record in page.records)
                        made += _gone(store, seen)
                    recorded.cursor = cursor
                    recorded.snapshot_at = recorded.snapshot_at or store.now
                    recorded.save(update_fields=["cursor", "snapshot_at"])
                    return made
            seen.update(record.key for record in page.records)


def _keys_refuse(page: Page, seen: set[str]) -> None:
    """Two records under one key would take turns in the record store, and every turn would be a change."""
    met: set[str] = set()
    for record in page.records:
        if record.key in met or record.key in seen:
            raise ConfigError(
                _("Several records have the key “%(key)s”. Choose a key that is unique.")
                % {"key": record.key}
            )
        met.add(record.key)


def _gone(store: PageStore, seen: set[str]) -> int:
    stored = Record.objects.filter(
        connection_id=store.recorded.connection_id, object=store.recorded.object, gone=False
    ).values_list("key", flat=True)
    missing = [key for key in stored.iterator() if key not in seen]
    return store.gone(missing) if missing else 0


def _finish(recorded: RecordedObject, error: str) -> None:
    """Note the end of a walk, unless another worker has taken it over."""
    every, now = recorded.connection.poll_seconds, clock.now()
    again = backoff_at(recorded.attempts, first=max(every, 0.5), most=60.0)
    RecordedObject.objects.filter(pk=recorded.pk, lease_owner=recorded.lease_owner).update(
        polled_at=now,
        last_error=error,
        attempts=recorded.attempts if error else 0,
        available_at=again if error else now + dt.timedelta(seconds=every),
        lease_until=None,
        lease_owner="",
    )


def event_replay(event: Event) -> bool:
    """Map an event that needed mapping again. True when it maps now and waits to be planned.

    An inbound item looks for its mapping anew; one that turns out to be there already ends as superseded. Raises
    ConfigError when its object is not mapped on this connection.
    """
    with transaction.atomic():
        row = Event.objects.select_for_update(of=("self",), no_key=True).get(pk=event.pk)
        if row.state != EventState.NEEDS_MAPPING:
            return False
        if row.source == "hook":
            _inbound_again(row)
        else:
            _record_again(row)
        row.save()
        if row.state == EventState.NEW:
            doorbell.ring(PLAN_QUEUE)
    return row.state == EventState.NEW


def _inbound_again(row: Event) -> None:
    fresh = inbound_event(row.connection_id, row.raw, hook_mappings(row.connection_id))
    other = Event.objects.filter(connection_id=row.connection_id, dedupe_key=fresh.dedupe_key).exclude(
        pk=row.pk
    )
    found = other.values_list("pk", flat=True).first()
    for name in (
        "object",
        "key",
        "change",
        "after",
        "mapping_version",
        "occurred_at",
        "source_version",
        "state",
        "reason",
    ):
        setattr(row, name, getattr(fresh, name))
    row.source_event_id, row.available_at = fresh.source_event_id, fresh.available_at
    if found is None:
        row.dedupe_key = fresh.dedupe_key
    elif row.state == EventState.NEW:
        row.state, row.available_at = EventState.SUPERSEDED, None
        row.reason = text_store(
            localized(gettext_noop("It had come before, as event #%(number)s."), number=found)
        )


def _record_again(row: Event) -> None:
    mapping = mapping_get(row.connection_id, row.object)
    mapped = mapping.map(row.raw or {}, row.key)
    if not mapped.ok:
        row.reason = text_store(mapped.reason)
        return
    row.key, row.after, row.reason = mapped.key, dict(mapped.data), ""
    row.mapping_version, row.state, row.available_at = mapping.version, EventState.NEW, clock.now()


def poll_now(connection: Connection) -> None:
    """Make every recorded object of a connection due at once."""
    RecordedObject.objects.filter(connection=connection).update(available_at=clock.now())
