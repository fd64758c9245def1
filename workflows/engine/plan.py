"""Plan: which published rules match which waiting events. One short transaction a batch, no network inside.

Events of one record are planned in sequence: a batch never holds an event that has an earlier unplanned one outside it.
A batch that fails is replayed event by event, so that only the guilty one gets the attempt.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop

from connectors.models import Event, EventState, Outcome, Record
from connectors.selectors import dictionary_object
from connectors.services.records import changed_fields, scope_columns
from kernel import clock, doorbell
from kernel.generation import generations_held
from kernel.live import live_publish
from kernel.text import localized, text_store
from kernel.work import backoff_at
from workflows.conditions import PreparedData, Verdict, condition_trace, data_prepare
from workflows.engine.batch import Batch, RecordKey
from workflows.engine.beside import events_beside
from workflows.engine.causes import causes_attach
from workflows.engine.compiled import CompiledRule, event_data, rules_broken, rules_live, schema_for
from workflows.engine.firing import Memory, Verdicts, firing_decide
from workflows.engine.loops import loops_stop
from workflows.engine.refresh import interactions_rearmed, interactions_refresh
from workflows.models import Run

PLAN_QUEUE = "plan"
EXECUTE_QUEUE = "execute"
BATCH = 200
MOST_ATTEMPTS = 5
logger = logging.getLogger(__name__)


def _waiting() -> Q:
    return Q(state=EventState.NEW, available_at__lte=clock.now())


def plan_is_due() -> bool:
    return Event.objects.filter(_waiting()).exists()


def plan_drain() -> int:
    """Plan one batch. Returns how many events were ended. A database that fails is no event's fault: it is raised."""
    try:
        with transaction.atomic(), generations_held():
            return _plan(_claim(BATCH))
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # replayed one by one below, where the guilty event keeps the reason
        logger.exception("a batch of events could not be planned; trying them one by one")
    alone = _ready().order_by("id").values_list("pk", flat=True)[:BATCH]
    return sum(_plan_alone(pk) for pk in list(alone))


def _plan_alone(pk: int) -> int:
    try:
        with transaction.atomic(), generations_held():
            return _plan(_in_order(list(_lock(Event.objects.filter(_waiting(), pk=pk)))))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # the reason goes on the row: nothing is dropped
        with transaction.atomic():
            event = Event.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
            event.attempts += 1
            event.last_error = f"{error.__class__.__name__}: {error}"[:2000]
            event.available_at = backoff_at(event.attempts)
            if event.attempts >= MOST_ATTEMPTS:
                event.state, event.available_at = EventState.FAILED, None
                event.reason = text_store(
                    localized(gettext_noop("Planning failed: %(reason)s"), reason=event.last_error)
                )
            event.save(update_fields=["attempts", "last_error", "available_at", "state", "reason"])
        return 1


def _lock(queryset: Any) -> Any:
    return queryset.select_for_update(skip_locked=True, of=("self",), no_key=True)


def _ready() -> QuerySet[Event]:
    """Waiting events, without those behind one of their record that waits for its next try."""
    earlier = Event.objects.filter(
        state=EventState.NEW,
        available_at__gt=clock.now(),
        connection_id=OuterRef("connection_id"),
        object=OuterRef("object"),
        key=OuterRef("key"),
        pk__lt=OuterRef("pk"),
    )
    return Event.objects.filter(_waiting()).exclude(Exists(earlier))


def _claim(limit: int) -> list[Event]:
    claimed = list(_lock(_ready().order_by("id"))[:limit])
    if len(claimed) == limit:  # cut off: what was numbered may lie on both sides
        behind = _lock(_ready().filter(pk__gt=claimed[-1].pk))
        claimed += events_beside([each for each in claimed if _is_numbered(each)], behind)
    return _in_order(claimed)


def _key(event: Event) -> RecordKey:
    return event.connection_id, event.object, event.key


def _in_order(events: list[Event]) -> list[Event]:
    """Leave out events with an earlier unplanned one outside the batch; order each record's."""
    if not events:
        return []
    # Two workers that claim at once may hold every other event of a record: what is left out by one is behind the
    # first that is not its own.
    behind = {
        (row["connection_id"], row["object"], row["key"]): row["first"]
        for row in Event.objects.filter(
            state=EventState.NEW,
            connection_id__in={event.connection_id for event in events},
            key__in={event.key for event in events},
        )
        .exclude(pk__in=[event.pk for event in events])
        .values("connection_id", "object", "key")
        .annotate(first=Min("id"))
    }
    kept: dict[RecordKey, list[Event]] = {}
    for event in events:
        first = behind.get(_key(event))
        if first is None or event.pk < first:
            kept.setdefault(_key(event), []).append(event)
    return [event for found in kept.values() for event in _record_order(found)]


def _record_order(events: list[Event]) -> list[Event]:
    """As they came; those the source numbered take each other's places so that its numbers grow."""
    came = sorted(events, key=lambda event: event.pk)
    numbered = iter(
        sorted((each for each in came if _is_numbered(each)), key=lambda e: (e.source_version, e.pk))
    )
    return [next(numbered) if _is_numbered(event) else event for event in came]


def _is_numbered(event: Event) -> bool:
    """Polls need no numbers: one worker walks at a time, and each source numbers in its own way."""
    return event.source == "hook" and bool(event.source_version)


def _is_older(event: Event, record: Record) -> bool:
    """Whether rules have already seen a newer state of this record."""
    if _is_numbered(event) and record.planned_version:
        return event.source_version < record.planned_version
    return record.planned_event_id is not None and event.pk < record.planned_event_id


def _records(events: Sequence[Event]) -> dict[RecordKey, Record]:
    """The state rows of the batch, locked; made for records never seen before."""

    def load() -> dict[RecordKey, Record]:
        rows = (
            Record.objects.select_for_update(of=("self",), no_key=True)
            .filter(
                connection_id__in={event.connection_id for event in events},
                object__in={event.object for event in events},
                key__in={event.key for event in events},
            )
            .order_by("pk")
        )
        return {(row.connection_id, row.object, row.key): row for row in rows}

    found = load()
    missing = {_key(event) for event in events} - found.keys()
    if missing:
        Record.objects.bulk_create(
            [Record(connection_id=each[0], object=each[1], key=each[2]) for each in sorted(missing)],
            ignore_conflicts=True,
        )
        found = load()
    return found


def _plan(events: list[Event]) -> int:
    if not events:
        return 0
    batch = Batch(_records(events), rules_live())
    causes_attach(events, batch.records)
    for event in events:
        _plan_one(event, batch)
    batch.write(events)
    loops_stop(batch.runs)
    interactions_rearmed(batch.rearmed)
    interactions_refresh([record for record in batch.touched.values()])
    if batch.runs:
        doorbell.ring(EXECUTE_QUEUE)
    live_publish("staff", type="ledger", planned=len(events))
    return len(events)


def _plan_one(event: Event, batch: Batch) -> None:
    record = batch.records[_key(event)]
    now = clock.now()
    event.planned_at, event.available_at = now, None
    if _is_older(event, record):
        event.state = EventState.SUPERSEDED
        event.reason = text_store(localized(gettext_noop("A newer state of this record was already seen.")))
        return
    before = record.planned_data
    after = _state_after(event, record, before)
    event.before = before
    event.changed = changed_fields(before or {}, after)
    event.state = EventState.PLANNED
    if event.change != "gone":
        event.after = after
    rules = [
        rule for rule in batch.rules.get((event.connection_id, event.object), ()) if rule.takes(event.change)
    ]
    _evaluate(event, record, rules, batch, after, before)
    if event.change == "gone":
        batch.forget(record.pk, {rule.rule_id for rule in rules})
    if event.source == "hook" or not record.data:
        record.gone = event.change == "gone"
        # A poll must look at the record again: what was told is not what was read.
        record.data, record.fingerprint = after, ""
        for column, value in scope_columns(
            dictionary_object(record.connection_id, record.object), after
        ).items():
            setattr(record, column, value)
    record.planned_data = None if event.change == "gone" else after
    if _is_numbered(event):
        record.planned_version = event.source_version
    record.planned_event_id = max(event.pk, record.planned_event_id or 0)
    record.updated_at = now
    batch.touched[record.pk] = record


def _state_after(event: Event, record: Record, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The whole state after the event: an inbound event may tell only part of it."""
    if event.change == "gone":
        return dict(before or event.before or {})
    if event.source == "hook":
        return {**(before or record.data or {}), **(event.after or {})}
    return dict(event.after or {})


def _evaluate(
    event: Event,
    record: Record,
    rules: Sequence[CompiledRule],
    batch: Batch,
    after: Mapping[str, Any],
    before: Mapping[str, Any] | None,
) -> None:
    broken = rules_broken().get((event.connection_id, event.object), ())
    if not rules and not broken:
        event.outcome = Outcome.NO_RULE
        return
    event.verdicts += [
        {
            "rule": each.rule_id,
            "version": each.number,
            "verdict": "broken",
            "fired": False,
            "held": each.reason,
        }
        for each in broken
    ]
    if not rules:
        event.outcome = Outcome.SUPPRESSED
        return
    schema = schema_for(rules[0].about)
    data = data_prepare(schema, event_data(after, before, event, event.changed))
    earlier: PreparedData | None = None
    fired, suppressed = False, bool(broken)
    for rule in rules:
        verdict = rule.condition.evaluate(data)
        memory = batch.memory(rule.rule_id, record.pk) if event.change != "gone" else Memory()
        was: Verdict | None = None
        if (
            event.change != "gone"
            and memory.armed is not False
            and before is not None
            and verdict is Verdict.TRUE
        ):
            if earlier is None:
                earlier = data_prepare(schema, event_data(before, None, event, []))
            was = rule.condition.evaluate(earlier)
        rearm = rule.rearm.evaluate(data) if rule.rearm else None
        decided = firing_decide(
            rule.definition.firing,
            Verdicts(verdict, was, rearm),
            memory,
            change=event.change,
            at=clock.now(),
        )
        batch.remember(rule.rule_id, record.pk, event, decided)
        if decided.fires:
            fired = True
            _fire(event, record, rule, batch, data)
        suppressed = suppressed or bool(decided.reason)
        if len(event.verdicts) < 50:
            event.verdicts.append(
                {
                    "rule": rule.rule_id,
                    "version": rule.number,
                    "verdict": verdict.value,
                    "fired": decided.fires,
                    "held": decided.reason,
                }
            )
    event.outcome = Outcome.MATCHED if fired else Outcome.SUPPRESSED if suppressed else Outcome.NO_MATCH


def _fire(event: Event, record: Record, rule: CompiledRule, batch: Batch, data: PreparedData) -> None:
    trace = condition_trace(rule.definition.condition, schema_for(rule.about), data)
    batch.fire(
        Run(
            rule_id=rule.rule_id,
            version_id=rule.version_id,
            event=event,
            record=record,
            stops=rule.stops,
            trace={"condition": trace.as_json(), "number": rule.number},
            started_at=clock.now(),
        ),
        rule.definition.steps[0].action,
    )
