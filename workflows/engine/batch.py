"""What planning a batch of events decides, collected and written at once."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set

from connectors.models import Event, Record
from connectors.services.records import DIMENSION_COLUMNS
from kernel import clock
from kernel.keys import keys_reserve
from kernel.rows import Writes, row_new
from messaging.models import Delivery, Interaction
from messaging.services.interactions import interactions_write, targets_once
from workflows.conditions import PreparedData
from workflows.definition import AGAIN
from workflows.engine.carry import Fired, asked_carry, asked_find
from workflows.engine.claim import Known
from workflows.engine.compiled import CompiledRule
from workflows.engine.firing import Firings, Memory
from workflows.engine.flood import Admission
from workflows.engine.index import RuleIndex
from workflows.engine.recipients import People
from workflows.engine.refresh import Rearmed
from workflows.models import Attempt, Rule, RuleRecordState, Run, Step, StepState

RECORD_FIELDS = (
    *("data", "fingerprint", "gone", "planned_data", "planned_version", "planned_event_id", "updated_at"),
    *DIMENSION_COLUMNS,
)
EVENT_FIELDS = (
    *("state", "outcome", "reason", "verdicts", "before", "after", "changed", "planned_at", "available_at"),
)
STATE_FIELDS = ("armed", "fired_event_id", "fired_at", "first_delivered_at", "again_at")


class Batch:
    """Everything a batch decides, written at once at its end. `known` are the rows it is decided from."""

    def __init__(self, known: Known, rules: Mapping[tuple[int, str], RuleIndex], *, carries: bool) -> None:
        self.records = known.records
        self.rules = rules
        self.carries = carries
        self.admission = Admission()
        self.touched: dict[int, Record] = {}
        self.rearmed: list[Rearmed] = []
        self.rearmed_early: list[Rearmed] = []
        self.states: dict[tuple[int, int], RuleRecordState] = {}
        self.remembered: dict[int, set[int]] = defaultdict(set)
        self.new_states: set[tuple[int, int]] = set()
        self.dirty: set[tuple[int, int]] = set()
        self.runs: list[Run] = []
        self._fired: list[tuple[CompiledRule, Event, Record, PreparedData, dt.datetime | None]] = []
        for state in known.states:
            self.states[state.rule_id, state.record_id] = state
            if not state.armed:
                self.remembered[state.record_id].add(state.rule_id)

    def memory(self, rule_id: int, record_id: int) -> Memory:
        state = self.states.get((rule_id, record_id))
        return Memory(state.armed, state.fired_at, state.first_delivered_at) if state else Memory()

    def remember(self, rule: CompiledRule, record_id: int, event: Event, decided: Firings) -> None:
        if decided.armed is None and not (decided.fires and rule.remembers):
            return
        mark = (rule.rule_id, record_id)
        state = self.states.get(mark)
        if state is None:
            state = self.states[mark] = RuleRecordState(rule_id=rule.rule_id, record_id=record_id)
            self.new_states.add(mark)
        if decided.armed is not None:
            state.armed = decided.armed
            (self.remembered[record_id].discard if state.armed else self.remembered[record_id].add)(
                rule.rule_id
            )
        if decided.fires:
            state.fired_event_id, state.fired_at, state.first_delivered_at = event.pk, clock.now(), None
            if event.change != AGAIN:
                state.again_at = rule.again_after(decided.waits_until or clock.now())
        if decided.rearmed:
            self.rearmed.append((*mark, event.pk))
            state.again_at = None
            if rule.hours is not None:
                self.rearmed_early.append((*mark, event.pk))
        self.dirty.add(mark)

    def fire(
        self,
        rule: CompiledRule,
        event: Event,
        record: Record,
        data: PreparedData,
        waits_until: dt.datetime | None = None,
    ) -> None:
        self._fired.append((rule, event, record, data, waits_until))

    def forget(self, record_id: int, told: Set[int], event: Event) -> None:
        """The record is gone: its questions are withdrawn, except of the rules `told` of that, and all are armed."""
        for mark, state in self.states.items():
            if mark[1] == record_id and not state.armed:
                state.armed, state.again_at = True, None
                self.remembered[record_id].discard(mark[0])
                self.dirty.add(mark)
                if mark[0] not in told:
                    self.rearmed.append((*mark, event.pk))

    def write(self, events: Sequence[Event], writes: Writes) -> bool:
        """Hand everything to `writes`. True when a step waits for the execute queue."""
        writes.update(Record, list(self.touched.values()), RECORD_FIELDS)
        fresh = [self.states[mark] for mark in self.dirty & self.new_states]
        writes.insert(RuleRecordState, sorted(fresh, key=lambda state: (state.record_id, state.rule_id)))
        writes.update(
            RuleRecordState, [self.states[mark] for mark in self.dirty - self.new_states], STATE_FIELDS
        )
        writes.update(Event, events, EVENT_FIELDS)
        return self._runs_write(writes) if self._fired else False

    def _runs_write(self, writes: Writes) -> bool:
        people = People()
        rules = people.rules_load([(each[0].rule_id, each[0].definition) for each in self._fired])
        fired = self._runs_made(rules)
        asked = asked_find(fired, people) if self.carries else []
        following = sum(each.follows for each in asked)
        keys = keys_reserve(
            {
                Run: len(fired),
                Step: len(fired) + following,
                Attempt: len(asked),
                Interaction: len(asked),
                Delivery: sum(len(targets_once(each.audience.targets)) for each in asked),
            }
        )
        for key, each in zip(keys[Run], fired, strict=True):
            each.run.pk = key
        for key, each in zip(keys[Step], fired, strict=False):
            each.step.pk, each.step.run_id = key, each.run.pk
        carried = asked_carry(asked, keys)
        for key, step in zip(keys[Step][len(fired) :], carried.following, strict=True):
            step.pk = key
        for key, attempt in zip(keys[Attempt], carried.attempts, strict=True):
            attempt.pk, attempt.step_id = key, attempt.step.pk
        self.runs = [each.run for each in fired]
        interactions_write(writes, carried.interactions, carried.deliveries)
        writes.insert(Run, self.runs)
        writes.insert(Step, [*(each.step for each in fired), *carried.following])
        writes.insert(Attempt, carried.attempts)
        return bool(carried.following) or any(each.step.state == StepState.READY for each in fired)

    def _runs_made(self, rules: Mapping[int, Rule]) -> list[Fired]:
        now = clock.now()
        made: list[Fired] = []
        for compiled, event, record, data, waits_until in self._fired:
            run = row_new(
                Run,
                rule=rules[compiled.rule_id],
                version_id=compiled.version_id,
                event=event,
                record=record,
                stops=compiled.stops,
                launch=compiled.launch.mark,
                trace={"condition": compiled.trace.of(data).as_json(), "number": compiled.number},
                started_at=now,
            )
            first = compiled.definition.steps[0].action
            step = row_new(Step, run=run, path="/steps/0", action=first, available_at=waits_until or now)
            made.append(Fired(compiled, rules[compiled.rule_id], event, record, run, step))
        return made
