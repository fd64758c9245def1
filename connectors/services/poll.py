"""Walking what is recorded: claim a due object, read pages outside any transaction, store each in one."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet

from connectors.models import Connection, ConnectionState, Event, EventState, Record, RecordedObject
from connectors.selectors import mapping_get
from connectors.services.factory import erp_open
from connectors.services.records import PageStore
from kernel import clock
from kernel.errors import BatonError, ConfigError
from kernel.work import backoff_at, due, work_claim, work_held

POLL_QUEUE = "poll"
PAGE_SIZE = 500
CLAIM = 4


def _recorded_due() -> QuerySet[RecordedObject]:
    return RecordedObject.objects.filter(connection__state=ConnectionState.ACTIVE)


def poll_is_due() -> bool:
    return _recorded_due().filter(due()).exists()


def poll_drain() -> int:
    """Poll what is due. Returns how many objects were walked."""
    claimed = work_claim(_recorded_due().select_related("connection"), limit=CLAIM, lease_seconds=300)
    for recorded in claimed:
        recorded_poll(recorded)
    return len(claimed)


def recorded_poll(recorded: RecordedObject) -> int:
    """Walk one recorded object to its end. Returns the number of events made; failures are kept on the row."""
    try:
        made = _walk(recorded)
    except BatonError as error:
        _finish(recorded, error=error)
        return 0
    _finish(recorded, error=None)
    return made


def _walk(recorded: RecordedObject) -> int:
    mapping = mapping_get(recorded.connection_id, recorded.object)
    store = PageStore(recorded, mapping)
    seen: set[str] = set()
    made = 0
    with erp_open(recorded.connection) as erp:
        cursor = recorded.cursor
        while True:
            page = erp.poll(mapping.source, cursor, limit=PAGE_SIZE)
            if page.unchanged:
                return 0
            with transaction.atomic():
                made += store.store(page.records)
                if page.cursor == cursor and page.has_more:
                    raise ConfigError(f"“{mapping.source.name}” returned the same page twice; the walk was stopped.")
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


def _gone(store: PageStore, seen: set[str]) -> int:
    stored = Record.objects.filter(
        connection_id=store.recorded.connection_id, object=store.recorded.object, gone=False
    ).values_list("key", flat=True)
    missing = [key for key in stored.iterator() if key not in seen]
    return store.gone(missing) if missing else 0


def _finish(recorded: RecordedObject, *, error: BatonError | None) -> None:
    every = recorded.connection.poll_seconds
    with transaction.atomic():
        if not work_held(recorded):
            return
        recorded.polled_at = clock.now()
        recorded.last_error = error.message if error else ""
        if error is None:
            recorded.attempts = 0
            recorded.lease_release(clock.now() + dt.timedelta(seconds=every))
        else:
            recorded.lease_release(backoff_at(recorded.attempts, first=max(every, 0.5), most=60.0))
        recorded.save(
            update_fields=["polled_at", "last_error", "attempts", "available_at", "lease_until", "lease_owner"]
        )


def event_replay(event: Event) -> bool:
    """Map an event that needed mapping again. True when it maps now and waits to be planned."""
    channel = "hook" if event.source == "hook" else "read"
    mapping = mapping_get(event.connection_id, event.object, channel)
    mapped = mapping.map(event.raw or {}, "" if channel == "hook" else event.key)
    with transaction.atomic():
        row = Event.objects.select_for_update(of=("self",)).get(pk=event.pk)
        if row.state != EventState.NEEDS_MAPPING:
            return False
        if not mapped.ok:
            row.reason = mapped.reason
            row.save(update_fields=["reason"])
            return False
        row.key, row.after, row.reason = mapped.key, dict(mapped.data), ""
        row.mapping_version, row.state, row.available_at = mapping.version, EventState.NEW, clock.now()
        row.save(update_fields=["key", "after", "reason", "mapping_version", "state", "available_at"])
    return True


def poll_now(connection: Connection) -> None:
    """Make every recorded object of a connection due at once."""
    RecordedObject.objects.filter(connection=connection).update(available_at=clock.now())
