"""What planning a batch of events decides, collected and written at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set

from connectors.models import Event, Record
from connectors.services.records import DIMENSION_COLUMNS
from kernel import clock
from kernel.rows import keys_reserve, row_new, rows_insert, rows_update
from workflows.conditions import PreparedData
from workflows.engine.carry import Fired, fired_carry
from workflows.engine.compiled import CompiledRule
from workflows.engine.firing import Firings, Memory
from workflows.engine.flood import Admission
from workflows.engine.index import RuleIndex
from workflows.engine.recipients import People
from workflows.engine.refresh import Rearmed
from workflows.models import Attempt, Rule, RuleRecordState, Run, Step, StepState

RecordKey = tuple[int, str, str]
RECORD_FIELDS = (
    *("data", "fingerprint", "gone", "planned_data", "planned_version", "planned_event_id", "updated_at"),
    *DIMENSION_COLUMNS,
)
EVENT_FIELDS = (
    *("state", "outcome", "reason", "verdicts", "before", "after", "changed", "planned_at", "available_at"),
)
STATE_FIELDS = ("armed", "fired_event_id", "fired_at", "first_delivered_at")


class Batch:
    """Everything a batch decides, written at once at its end."""

    def __init__(
        self, records: dict[RecordKey, Record], rules: Mapping[tuple[int, str], RuleIndex], *, carries: bool
    ) -> None:
        self.records = records
        self.rules = rules
        self.carries = carries
        self.admission = Admission()
        self.touched: dict[int, Record] = {}
        self.rearmed: list[Rearmed] = []
        self.states: dict[tuple[int, int], RuleRecordState] = {}
        self.remembered: dict[int, set[int]] = defaultdict(set)
        self.new_states: set[tuple[int, int]] = set()
        self.dirty: set[tuple[int, int]] = set()
        self.runs: list[Run] = []
        self._fired: list[tuple[CompiledRule, Event, Record, PreparedData]] = []
        known = RuleRecordState.objects.select_for_update(of=("self",), no_key=True).filter(
            record_id__in=[record.pk for record in records.values()]
        )
        for state in known.order_by("pk"):
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
        if decided.rearmed:
            self.rearmed.append((*mark, event.pk))
        self.dirty.add(mark)

    def fire(self, rule: CompiledRule, event: Event, record: Record, data: PreparedData) -> None:
        self._fired.append((rule, event, record, data))

    def forget(self, record_id: int, told: Set[int], event: Event) -> None:
        """The record is gone: its questions are withdrawn, except of the rules `told` of that, and all are armed."""
        for mark, state in self.states.items():
            if mark[1] == record_id and not state.armed:
                state.armed = True
                self.remembered[record_id].discard(mark[0])
                self.dirty.add(mark)
                if mark[0] not in told:
                    self.rearmed.append((*mark, event.pk))

    def write(self, events: Sequence[Event]) -> bool:
        """Store everything. True when a step waits for the execute queue."""
        rows_update(Record, list(self.touched.values()), RECORD_FIELDS)
        RuleRecordState.objects.bulk_create([self.states[mark] for mark in self.dirty & self.new_states])
        rows_update(
            RuleRecordState, [self.states[mark] for mark in self.dirty - self.new_states], STATE_FIELDS
        )
        rows_update(Event, events, EVENT_FIELDS)
        return self._runs_write() if self._fired else False

    def _runs_write(self) -> bool:
        fired = self._runs_made()
        following: list[Step] = []
        attempts: list[Attempt] = []
        if self.carries:
            following, attempts = fired_carry(fired, People())
        steps = [each.step for each in fired]
        keys = keys_reserve({Step: len(following), Attempt: len(attempts)})
        for key, step in zip(keys[Step], following, strict=True):
            step.pk = key
        for key, attempt in zip(keys[Attempt], attempts, strict=True):
            attempt.pk = key
        self.runs = [each.run for each in fired]
        rows_insert(Run, self.runs)
        rows_insert(Step, [*steps, *following])
        rows_insert(Attempt, attempts)
        return bool(following) or any(step.state == StepState.READY for step in steps)

    def _runs_made(self) -> list[Fired]:
        count = len(self._fired)
        keys = keys_reserve({Run: count, Step: count})
        rules = Rule.objects.select_related("owner", "launch").in_bulk(
            {each[0].rule_id for each in self._fired}
        )
        now = clock.now()
        made: list[Fired] = []
        for run_key, step_key, (compiled, event, record, data) in zip(
            keys[Run], keys[Step], self._fired, strict=True
        ):
            run = row_new(
                Run,
                pk=run_key,
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
            step = row_new(Step, pk=step_key, run=run, path="/steps/0", action=first, available_at=now)
            made.append(Fired(compiled, rules[compiled.rule_id], event, record, run, step))
        return made
