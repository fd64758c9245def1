"""Comparing what a source says it holds with what is recorded of it: a hole is found, told and, where possible, healed.

Unequal counts alone prove nothing: the source goes on changing after a poll. It is a hole when a later poll does not
bring what the source already had at the first look. It heals by walking the object again from its beginning.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, QuerySet
from django.utils.translation import gettext_noop

from connectors.models import (
    ConnectionState,
    CounterCheck,
    CounterState,
    Event,
    EventState,
    Record,
    RecordedObject,
)
from connectors.ports.erp import SourceCount
from connectors.selectors import mapping_get
from connectors.services.factory import erp_open
from connectors.services.poll import POLL_QUEUE
from kernel import clock, doorbell
from kernel.doorbell import Due
from kernel.errors import BatonError
from kernel.live import live_publish
from kernel.text import Localized, localized, text_show, text_store
from kernel.work import due, work_claim, work_each, work_held

COUNT_QUEUE = "count"
EVERY_SECONDS = 300.0
SETTLE_SECONDS = 5.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Own:
    """What is recorded. `unmapped` records wait for their mapping; `lost` ones point to an event that is not there."""

    records: int
    newest_at: dt.datetime | None
    unmapped: int
    lost: int


def _uncounted() -> QuerySet[RecordedObject]:
    counted = CounterCheck.objects.filter(recorded=OuterRef("pk"))
    active = RecordedObject.objects.filter(
        connection__state=ConnectionState.ACTIVE, snapshot_at__isnull=False
    )
    return active.filter(~Exists(counted))


def _checks_due() -> QuerySet[CounterCheck]:
    return CounterCheck.objects.filter(recorded__connection__state=ConnectionState.ACTIVE)


def count_due(now: dt.datetime) -> Due:
    return [_checks_due().filter(due(now)), _uncounted()]


def count_drain() -> int:
    """Compare what is due. Returns how many objects were counted."""
    now = clock.now()
    CounterCheck.objects.bulk_create(
        [CounterCheck(recorded=each, available_at=now) for each in _uncounted()], ignore_conflicts=True
    )
    claimed = work_claim(_checks_due().select_related("recorded__connection"), limit=4)
    for check in work_each(claimed):
        counter_check(check)
    return len(claimed)


def counter_check(check: CounterCheck) -> None:
    """One comparison. What goes wrong is kept on the row, and the others are compared all the same."""
    try:
        source = _source_count(check.recorded)
        error = ""
    except BatonError as problem:
        source, error = None, problem.message
    except Exception as problem:  # a defect of ours: kept on the row, and the other objects are counted
        logger.exception("counter-check %s", check.pk)
        source, error = None, f"{problem.__class__.__name__}: {problem}"[:2000]
    own = _own_count(check.recorded)
    with transaction.atomic():
        if not work_held(check):
            return
        check.last_error = error
        if error:
            check.lease_release(clock.now() + dt.timedelta(seconds=EVERY_SECONDS))
        else:
            check.attempts = 0
            _judge(check, source, own)
        check.save()


def _source_count(recorded: RecordedObject) -> SourceCount | None:
    """None where the connector cannot tell: only what is recorded is looked at then."""
    erp = recorded.connection.manifest.erp
    if erp is None or not erp.counts:
        return None
    mapping = mapping_get(recorded.connection_id, recorded.object)
    with erp_open(recorded.connection) as connector:
        counted: SourceCount | None = connector.count(mapping.source)  # type: ignore[attr-defined]
    return counted


def _own_count(recorded: RecordedObject) -> Own:
    records = Record.objects.filter(connection_id=recorded.connection_id, object=recorded.object)
    there = records.filter(gone=False).aggregate(count=Count("pk"), newest=Max("changed_at"))
    known = records.filter(key=OuterRef("key"))
    unmapped = Event.objects.filter(
        ~Exists(known),
        connection_id=recorded.connection_id,
        object=recorded.object,
        state=EventState.NEEDS_MAPPING,
    )
    event = Event.objects.filter(pk=OuterRef("planned_event_id"))
    lost = records.filter(~Exists(event), planned_event_id__isnull=False)
    return Own(there["count"], there["newest"], unmapped.values("key").distinct().count(), lost.count())


def _judge(check: CounterCheck, source: SourceCount | None, own: Own) -> None:
    now = clock.now()
    before = CounterCheck(
        source_records=check.source_records,
        own_records=check.own_records,
        source_newest_at=check.source_newest_at,
        checked_at=check.checked_at,
    )
    check.checked_at = now
    check.own_records, check.own_newest_at = own.records + own.unmapped, own.newest_at
    check.source_records = source.records if source else None
    check.source_newest_at = source.newest_at if source else None
    wait = EVERY_SECONDS
    if not _is_unequal(check, own):
        if check.state == CounterState.HOLE:
            _healed(check)
        check.state = CounterState.EQUAL
    elif check.state == CounterState.HOLE:
        _walk_again(check)
    elif check.state != CounterState.SUSPECT:
        check.state, wait = CounterState.SUSPECT, _settle_seconds(check)
    elif not _polled_since(check, before.checked_at):
        check.checked_at, wait = before.checked_at, _settle_seconds(check)
    elif own.lost or _is_missing(check, before):
        _hole(check, own)
        wait = _settle_seconds(check)
    else:
        wait = _settle_seconds(check)
    check.lease_release(now + dt.timedelta(seconds=wait))


def _is_unequal(check: CounterCheck, own: Own) -> bool:
    if own.lost:
        return True
    if check.source_records is None:
        return False
    if check.source_records != check.own_records:
        return True
    newest_is_told = check.source_newest_at is not None and not own.unmapped
    return newest_is_told and check.source_newest_at != check.own_newest_at


def _is_missing(check: CounterCheck, before: CounterCheck) -> bool:
    """Whether what the source had at the look before is still not here, although it was polled since."""
    if before.source_records is None or before.own_records is None:
        return False
    behind = (check.source_records or 0) - (check.own_records or 0)
    if behind and behind == before.source_records - before.own_records:
        return True
    told, own = before.source_newest_at, check.own_newest_at
    return told is not None and (own is None or own < told)


def _settle_seconds(check: CounterCheck) -> float:
    return max(SETTLE_SECONDS, 2 * check.recorded.connection.poll_seconds)


def _polled_since(check: CounterCheck, moment: dt.datetime | None) -> bool:
    polled = RecordedObject.objects.filter(pk=check.recorded_id).values_list("polled_at", flat=True).get()
    return polled is not None and moment is not None and polled > moment


def _hole(check: CounterCheck, own: Own) -> None:
    check.state, check.found_at, check.healed_at = CounterState.HOLE, clock.now(), None
    if own.lost:
        reason = localized(
            gettext_noop("%(count)s records name an event that is not in the ledger."), count=own.lost
        )
    else:
        reason = localized(
            gettext_noop(
                "The source has %(source)s records, the newest of %(newest)s; recorded are %(own)s."
            ),
            source=check.source_records,
            newest=_moment(check.source_newest_at),
            own=check.own_records,
        )
    _reason(check, reason)
    if not own.lost:
        _walk_again(check)


def _healed(check: CounterCheck) -> None:
    check.healed_at = clock.now()
    was = Localized(text_show(check.reason, "en"), text_show(check.reason, "zh-hans"))
    _reason(check, localized(gettext_noop("%(hole)s It was walked again and is whole."), hole=was))


def _reason(check: CounterCheck, reason: Localized) -> None:
    check.reason = text_store(reason)
    live_publish("staff", type="ledger", planned=0)


def _moment(at: dt.datetime | None) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "–"


def _walk_again(check: CounterCheck) -> None:
    """From the beginning: what a cheap sign of "nothing changed" hid is seen then."""
    RecordedObject.objects.filter(pk=check.recorded_id).update(cursor={}, available_at=clock.now())
    doorbell.ring(POLL_QUEUE)
