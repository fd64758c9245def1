"""Plan: which published rules match which waiting events. One short transaction a batch, no network inside.

A batch that fails is replayed event by event, so that only the guilty one gets the attempt.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext_noop

from connectors.models import Event, EventState, Outcome, Record
from connectors.selectors import dictionary_object
from connectors.services.records import changed_fields, scope_columns
from kernel import clock, doorbell
from kernel.doorbell import Due
from kernel.generation import generations_held
from kernel.live import live_publish_with
from kernel.rows import Writes
from kernel.text import localized, text_store
from kernel.work import backoff_at
from workflows.conditions import PreparedData, Verdict, conditions_evaluate, data_prepare
from workflows.engine.batch import Batch
from workflows.engine.causes import causes_attach
from workflows.engine.claim import (
    event_claim,
    event_key,
    events_claim,
    events_ready,
    is_numbered,
    known_load,
    waiting,
)
from workflows.engine.compiled import CompiledRule, event_data, schema_for
from workflows.engine.firing import Firings, Memory, Verdicts, firing_decide, hours_keep
from workflows.engine.flood import floods_stop
from workflows.engine.index import RuleIndex
from workflows.engine.loops import loops_stop
from workflows.engine.published import BrokenRule, rules_broken, rules_live
from workflows.engine.queues import EXECUTE_QUEUE
from workflows.engine.refresh import (
    interactions_rearmed,
    interactions_refresh,
    open_asked,
    waiting_rearmed,
)

PLAN_QUEUE = "plan"
BATCH = 400
MOST_ATTEMPTS = 5
MOST_NOTED = 50
MOST_FALSE_NOTED = 10
NOTHING = Firings(False)
logger = logging.getLogger(__name__)


def plan_due(now: dt.datetime) -> Due:
    return [Event.objects.filter(waiting(now))]


def plan_drain() -> int:
    """Plan one batch. Returns how many events were ended. A database that fails is no event's fault: it is raised."""
    try:
        with transaction.atomic(), generations_held():
            return _plan(events_claim(BATCH), carries=True)
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # replayed one by one below, where the guilty event keeps the reason
        logger.exception("a batch of events could not be planned; trying them one by one")
    alone = events_ready().order_by("id").values_list("pk", flat=True)[:BATCH]
    return sum(_plan_alone(pk) for pk in list(alone))


def _plan_alone(pk: int) -> int:
    try:
        with transaction.atomic(), generations_held():
            # A first step that fails must not take its event with it: from the second try on it is left to be executed.
            found = event_claim(pk)
            return _plan(found, carries=all(not event.attempts for event in found))
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


def _is_older(event: Event, record: Record) -> bool:
    """Whether rules have already seen a newer state of this record."""
    if is_numbered(event) and record.planned_version:
        return event.source_version < record.planned_version
    return record.planned_event_id is not None and event.pk < record.planned_event_id


def _plan(events: list[Event], *, carries: bool) -> int:
    if not events:
        return 0
    known = known_load(events)
    batch = Batch(known, rules_live(), carries=carries)
    causes_attach([each for each in events if each.for_rule_id is None], batch.records, known.footprints)
    broken = rules_broken()
    for event in events:
        _plan_one(event, batch, broken.get((event.connection_id, event.object), ()))
    writes = Writes()
    is_waiting = batch.write(events, writes)
    live_publish_with(writes, [("staff", {"type": "ledger", "planned": len(events)})])
    touched = list(batch.touched.values())
    if batch.rearmed or batch.admission.flooded or any(event.depth for event in events):
        writes.run()
        loops_stop(batch.runs)
        floods_stop(batch.admission.flooded)
        interactions_rearmed(batch.rearmed)
        waiting_rearmed(batch.rearmed_early)
    (cards,) = writes.run(open_asked(touched))
    interactions_refresh(touched, cards)
    if is_waiting:
        doorbell.ring(EXECUTE_QUEUE)
    return len(events)


def _plan_one(event: Event, batch: Batch, broken: Sequence[BrokenRule]) -> None:
    record = batch.records[event_key(event)]
    now = clock.now()
    event.planned_at, event.available_at = now, None
    is_made = event.for_rule_id is not None
    if is_made and record.gone:
        event.state = EventState.SUPERSEDED
        event.reason = text_store(localized(gettext_noop("The record was gone by then.")))
        return
    if not is_made and _is_older(event, record):
        event.state = EventState.SUPERSEDED
        event.reason = text_store(localized(gettext_noop("A newer state of this record was already seen.")))
        return
    before = record.planned_data
    after = _state_after(event, record, before)
    if is_made:  # nothing changed: it is looked at again as it is
        before = None
    event.before = before
    event.changed = [] if is_made else changed_fields(before or {}, after)
    event.state = EventState.PLANNED
    if event.change != "gone":
        event.after = after
    index = batch.rules.get((event.connection_id, event.object))
    told = _evaluate(event, record, index, batch, after, before, broken)
    if event.change == "gone":
        batch.forget(record.pk, told, event)
    if event.source == "hook" or not record.data:
        record.gone = event.change == "gone"
        # A poll must look at the record again: what was told is not what was read.
        record.data, record.fingerprint = after, ""
        for column, value in scope_columns(
            dictionary_object(record.connection_id, record.object), after
        ).items():
            setattr(record, column, value)
    record.planned_data = None if event.change == "gone" else after
    if is_numbered(event):
        record.planned_version = event.source_version
    record.planned_event_id = max(event.pk, record.planned_event_id or 0)
    record.updated_at = now
    batch.touched[record.pk] = record


def _state_after(event: Event, record: Record, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The whole state after the event: an inbound event may tell only part of it."""
    if event.change == "gone":
        return dict(before or event.before or {})
    if event.for_rule_id is not None and event.after is None:
        return dict(before or record.data or {})
    if event.source == "hook":
        return {**(before or record.data or {}), **(event.after or {})}
    return dict(event.after or {})


def _evaluate(
    event: Event,
    record: Record,
    index: RuleIndex | None,
    batch: Batch,
    after: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    broken: Sequence[BrokenRule],
) -> set[int]:
    """Ask the rules. Returns those that take this kind of change and were asked."""
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
    if index is None:
        event.outcome = Outcome.SUPPRESSED if broken else Outcome.NO_RULE
        return set()
    schema = schema_for(index.rules[0].about)
    data = data_prepare(schema, event_data(after, before, event, event.changed))
    if event.for_rule_id is None:
        candidates = index.asked(data, batch.remembered[record.pk])
    else:
        candidates = index.only(event.for_rule_id)
    asked = [rule for rule in candidates if rule.takes(event.change)]
    verdicts = conditions_evaluate([rule.condition for rule in asked], data)
    earlier: PreparedData | None = None
    fired, suppressed, falses = False, bool(broken), 0
    for rule, verdict in zip(asked, verdicts, strict=True):
        is_true = verdict is Verdict.TRUE
        if not is_true and rule.rule_id not in batch.remembered[record.pk]:
            # Nothing to fire and nothing to re-arm: most of a thousand rules end here.
            if verdict is Verdict.UNKNOWN or falses < MOST_FALSE_NOTED:
                falses += 1
                _note(event, rule, verdict, NOTHING)
            continue
        memory = batch.memory(rule.rule_id, record.pk) if event.change != "gone" else Memory()
        was: Verdict | None = None
        if (
            is_true
            and rule.compares
            and memory.armed is not False
            and before is not None
            and event.change != "gone"
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
        if rule.hours is not None:
            decided = hours_keep(decided, rule.hours, clock.now())
        decided = batch.admission.admit(rule, event.key, decided)
        batch.remember(rule, record.pk, event, decided)
        if decided.fires:
            fired = True
            batch.fire(rule, event, record, data, decided.waits_until)
        suppressed = suppressed or bool(decided.reason)
        _note(event, rule, verdict, decided)
    if fired:
        event.outcome = Outcome.MATCHED
    elif suppressed:
        event.outcome = Outcome.SUPPRESSED
    elif asked or (event.for_rule_id is None and index.takes(event.change)):
        event.outcome = Outcome.NO_MATCH
    else:
        event.outcome = Outcome.NO_RULE
    return {rule.rule_id for rule in asked}


def _note(event: Event, rule: CompiledRule, verdict: Verdict, decided: Firings) -> None:
    """What the event keeps of a rule's verdict; the rest can be evaluated again from the event itself."""
    if len(event.verdicts) < MOST_NOTED:
        event.verdicts.append(
            {
                "rule": rule.rule_id,
                "version": rule.number,
                "verdict": verdict.value,
                "fired": decided.fires,
                "held": decided.reason,
            }
        )
