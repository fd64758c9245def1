"""Set times: each rule's next occurrence is a row; when it is due, an event is made for that rule, in one transaction.

Two workers, a kill and a second look change nothing: the row is moved on in the transaction that makes the event, and an
occurrence's event can be stored once only.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.db.models import Q

from connectors.dictionary.own import OCCASION
from connectors.models import Event
from connectors.services.records import PLAN_QUEUE
from kernel import clock, doorbell
from kernel.doorbell import Due
from kernel.errors import BatonError
from kernel.timers import after
from kernel.wall import zone_read
from kernel.work import backoff_at, due, work_claim, work_each, work_held
from workflows.catalog import TRIGGERS
from workflows.definition import SCHEDULED, Definition, definition_read
from workflows.engine.calendars import free_days
from workflows.engine.walks import walk_begin
from workflows.models import Rule, RuleState, Schedule
from workflows.timetable import Timetable, timetable_read, zone_of

SCHEDULE_QUEUE = "schedule"
SOURCE = "schedule"
BATCH = 20
MISSED_SECONDS = 600.0
"""An occurrence that is taken later than this was missed: Baton did not run."""
FOLLOW_SECONDS = 300.0
logger = logging.getLogger(__name__)


def schedule_due(now: dt.datetime) -> Due:
    return [Schedule.objects.filter(due(now))]


def schedules_drain() -> int:
    """Take the occurrences that are due. Returns how many."""
    claimed = work_claim(Schedule.objects.all(), limit=BATCH)
    for schedule in work_each(claimed):
        _take(schedule)
    return len(claimed)


def schedule_set(rule: Rule) -> None:
    """The row says when the version in force starts next; inside the transaction that puts it in force.

    An occurrence that is due this moment stays due.
    """
    found = _timetable(rule)
    row = Schedule.objects.select_for_update(of=("self",), no_key=True).filter(rule=rule).first()
    now = clock.now()
    if found is None:
        if row is not None:
            row.delete()
        return
    if row is not None and row.occurrence_at is not None and row.occurrence_at <= now:
        return
    row = row or Schedule(rule=rule)
    row.occurrence_at = found.next_after(now)
    row.lease_release(row.occurrence_at)
    row.save()


def schedules_follow() -> dt.datetime:
    """Put right what moved under the rows: a calendar, a time zone's rules, a row that is missing. A timer."""
    timed = [key for key, each in TRIGGERS.items() if each.timed]
    rules = Rule.objects.filter(current__isnull=False).filter(
        Q(schedule__isnull=False) | Q(current__definition__trigger__type__in=timed)
    )
    for pk in list(rules.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            rule = (
                Rule.objects.select_for_update(of=("self",), no_key=True).select_related("current").get(pk=pk)
            )
            schedule_set(rule)
    return after(FOLLOW_SECONDS)


def _definition_of(rule: Rule) -> Definition:
    """Of the version in force. Raises ConfigError for one that is not readable (any more)."""
    assert rule.current is not None
    return definition_read(rule.current.definition)


def _timetable(rule: Rule) -> Timetable | None:
    if rule.current is None:
        return None
    spec = _definition_of(rule).trigger
    return timetable_read(spec.params, free_days(spec.params)) if TRIGGERS.get(spec.type).timed else None


def _take(schedule: Schedule) -> None:
    try:
        _take_now(schedule)
    except (BatonError, ValueError, KeyError) as error:  # kept on the row; the other rules' times go on
        logger.warning("the schedule of rule %s: %s", schedule.rule_id, error)
        Schedule.objects.filter(pk=schedule.pk, lease_owner=schedule.lease_owner).update(
            last_error=str(error)[:2000],
            available_at=backoff_at(schedule.attempts, first=5.0),
            lease_until=None,
            lease_owner="",
        )


def _take_now(schedule: Schedule) -> None:
    with transaction.atomic():
        if not work_held(schedule):
            return
        rule = Rule.objects.select_related("current").get(pk=schedule.rule_id)
        timetable = _timetable(rule)
        if timetable is None or schedule.occurrence_at is None:
            schedule.delete()
            return
        now = clock.now()
        latest = timetable.latest_until(schedule.occurrence_at, now)
        is_missed = (now - latest).total_seconds() > MISSED_SECONDS
        if is_missed:
            schedule.missed += 1
        if rule.state == RuleState.LIVE and (timetable.late_when_missed or not is_missed):
            schedule.number += 1
            schedule.last_at = latest
            if TRIGGERS.get(_definition_of(rule).trigger.type).walks:
                walk_begin(rule, SCHEDULED, latest)
            else:
                _occur(rule, latest, schedule.number)
        schedule.occurrence_at = timetable.next_after(max(latest, now))
        schedule.attempts, schedule.last_error = 0, ""
        schedule.lease_release(schedule.occurrence_at)
        schedule.save()


def _occur(rule: Rule, at: dt.datetime, number: int) -> None:
    definition = _definition_of(rule)
    mark = f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}"
    Event.objects.bulk_create(
        [
            Event(
                connection_id=rule.connection_id,
                object=OCCASION.name,
                key=f"{rule.key}@{mark}",
                change=SCHEDULED,
                source=SOURCE,
                source_event_id=f"{rule.key}#{number}",
                dedupe_key=f"{SOURCE}:{rule.pk}:{mark}",
                after=_occasion(at, zone_of(definition.trigger.params), number),
                occurred_at=at,
                for_rule_id=rule.pk,
                available_at=clock.now(),
            )
        ],
        ignore_conflicts=True,
    )
    doorbell.ring(PLAN_QUEUE)


def _occasion(at: dt.datetime, zone: str, number: int) -> dict[str, object]:
    day = at.astimezone(zone_read(zone)).date()
    return {
        "at": at.astimezone(dt.UTC).isoformat(),
        "date": day.isoformat(),
        "weekday": day.isoweekday(),
        "number": number,
    }
