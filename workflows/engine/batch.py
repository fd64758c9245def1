"""What planning a batch of events decides, collected and written at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from connectors.models import Event, Record
from connectors.services.records import DIMENSION_COLUMNS
from kernel import clock
from workflows.engine.compiled import CompiledRule
from workflows.engine.firing import Firings, Memory
from workflows.models import RuleRecordState, Run, Step

RecordKey = tuple[int, str, str]


class Batch:
    """Everything a batch decides, written at once at its end."""

    def __init__(
        self, records: dict[RecordKey, Record], rules: Mapping[tuple[int, str], list[CompiledRule]]
    ) -> None:
        self.records = records
        self.rules = rules
        self.runs: list[Run] = []
        self.first_actions: list[str] = []
        self.touched: dict[int, Record] = {}
        self.rearmed: list[tuple[int, int]] = []
        self.states: dict[tuple[int, int], RuleRecordState] = {}
        self.new_states: set[tuple[int, int]] = set()
        self.dirty: set[tuple[int, int]] = set()
        rule_ids = {rule.rule_id for found in rules.values() for rule in found}
        known = RuleRecordState.objects.select_for_update(of=("self",), no_key=True).filter(
            record_id__in=[record.pk for record in records.values()], rule_id__in=rule_ids
        )
        for state in known.order_by("pk"):
            self.states[state.rule_id, state.record_id] = state

    def memory(self, rule_id: int, record_id: int) -> Memory:
        state = self.states.get((rule_id, record_id))
        return Memory(state.armed, state.fired_at, state.first_delivered_at) if state else Memory()

    def remember(self, rule_id: int, record_id: int, event: Event, decided: Firings) -> None:
        if decided.armed is None and not decided.fires:
            return
        mark = (rule_id, record_id)
        state = self.states.get(mark)
        if state is None:
            state = self.states[mark] = RuleRecordState(rule_id=rule_id, record_id=record_id)
            self.new_states.add(mark)
        if decided.armed is not None:
            state.armed = decided.armed
        if decided.fires:
            state.fired_event_id, state.fired_at, state.first_delivered_at = event.pk, clock.now(), None
        if decided.rearmed:
            self.rearmed.append(mark)
        self.dirty.add(mark)

    def fire(self, run: Run, first_action: str) -> None:
        self.runs.append(run)
        self.first_actions.append(first_action)

    def forget(self, record_id: int, told: Set[int]) -> None:
        """The record is gone: its questions are withdrawn, except of the rules `told` of that, and all are armed."""
        for mark, state in self.states.items():
            if mark[1] == record_id and not state.armed:
                state.armed = True
                self.dirty.add(mark)
                if mark[0] not in told:
                    self.rearmed.append(mark)

    def write(self, events: Sequence[Event]) -> None:
        Record.objects.bulk_update(
            self.touched.values(),
            [
                *(
                    "data",
                    "fingerprint",
                    "gone",
                    "planned_data",
                    "planned_version",
                    "planned_event_id",
                    "updated_at",
                ),
                *DIMENSION_COLUMNS,
            ],
        )
        RuleRecordState.objects.bulk_create([self.states[mark] for mark in self.dirty & self.new_states])
        RuleRecordState.objects.bulk_update(
            [self.states[mark] for mark in self.dirty - self.new_states],
            ["armed", "fired_event_id", "fired_at", "first_delivered_at"],
        )
        Event.objects.bulk_update(
            events,
            [
                "state",
                "outcome",
                "reason",
                "verdicts",
                "before",
                "after",
                "changed",
                "planned_at",
                "available_at",
            ],
        )
        runs = Run.objects.bulk_create(self.runs)
        Step.objects.bulk_create(
            [
                Step(run=run, path="/steps/0", action=action, available_at=clock.now())
                for run, action in zip(runs, self.first_actions, strict=True)
            ]
        )
