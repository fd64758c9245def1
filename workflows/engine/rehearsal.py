"""A rule rehearsed: what it would decide of an event and whom it would tell. Nothing is stored, nothing is sent.

The condition, the edge and the audience are those of production: the same compiled condition, `firing_decide`, `audience_plan`.
What a rule remembers of each record is kept here instead of in rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from connectors.models import Event, Record
from connectors.services.records import scope_columns
from permissions.models import User
from permissions.policies import Decision, Gate, record_decide
from workflows.blocks import Ask, Done, StepResult
from workflows.catalog import ACTIONS
from workflows.conditions import PreparedData, Verdict, data_prepare
from workflows.definition import StepSpec, step_at
from workflows.engine.compiled import CompiledRule, event_data, rule_compile, schema_for
from workflows.engine.context import CardContext
from workflows.engine.firing import Firings, Memory, Verdicts, firing_decide, hours_keep
from workflows.engine.recipients import Audience, audience_plan
from workflows.models import Rule, RuleVersion
from workflows.nesting import path_next

FIRST = "/steps/0"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event as planning saw it: `record` and `before` are whole canonical states, `at` the time it was planned."""

    id: int
    key: str
    change: str
    source: str
    source_event_id: str
    record: Mapping[str, Any]
    before: Mapping[str, Any] | None
    changed: list[str]
    occurred_at: dt.datetime | None
    detected_at: dt.datetime
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Judged:
    verdict: Verdict
    decided: Firings
    data: PreparedData


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One step as it would come. `result` is what it decides; None where that is known only when it is done."""

    path: str
    spec: StepSpec
    result: StepResult | None


def compile_definition(rule: Rule, raw: Mapping[str, Any]) -> CompiledRule:
    """A definition that is not published. Raises ConditionInvalid or ConfigError."""
    return rule_compile(rule, RuleVersion(rule=rule, number=0, definition=dict(raw)))


class Rehearsal:
    """One definition of one rule, over the events of its object in their order. Build one per operation."""

    def __init__(
        self, rule: Rule, compiled: CompiledRule, memory: Mapping[str, Memory] | None = None
    ) -> None:
        self.rule, self.compiled = rule, compiled
        self.memory: dict[str, Memory] = dict(memory or {})
        self.schema = schema_for(compiled.about)
        self._specs: dict[str, StepSpec] = {}
        self._audiences: dict[tuple[Any, ...], Audience] = {}
        self._owner = Gate(rule.owner) if isinstance(rule.owner, User) else None
        self._owner_sees: dict[tuple[str, ...], Decision] = {}

    def prepare(self, found: Occurrence) -> PreparedData:
        return data_prepare(self.schema, event_data(found.record, found.before, found, found.changed))

    def judge(
        self, found: Occurrence, data: PreparedData | None = None, *, was: Verdict | None = None
    ) -> Judged | None:
        """None for a kind of change that does not start the rule. `was` stands in where there is no state before."""
        if not self.compiled.takes(found.change):
            if found.change == "gone":
                self._forget(found.key)
            return None
        data = data or self.prepare(found)
        verdict = self.compiled.condition.evaluate(data)
        gone = found.change == "gone"
        memory = Memory() if gone else self.memory.get(found.key, Memory())
        if verdict is Verdict.TRUE and found.before is not None and memory.armed is not False and not gone:
            earlier = event_data(found.before, None, found, [])
            was = self.compiled.condition.evaluate(data_prepare(self.schema, earlier))
        rearm = self.compiled.rearm.evaluate(data) if self.compiled.rearm else None
        decided = firing_decide(
            self.compiled.definition.firing,
            Verdicts(verdict, was, rearm),
            memory,
            change=found.change,
            at=found.at,
        )
        decided = hours_keep(decided, self.compiled.hours, found.at)
        self._remember(found, decided)
        if gone:
            self._forget(found.key)
        return Judged(verdict, decided, data)

    def _remember(self, found: Occurrence, decided: Firings) -> None:
        if decided.armed is None and not decided.fires:
            return
        memory = self.memory.get(found.key, Memory(armed=True))
        if decided.armed is not None:
            memory = replace(memory, armed=decided.armed)
        if decided.fires:
            memory = replace(memory, fired_at=found.at, first_delivered_at=None)
        self.memory[found.key] = memory

    def delivered(self, found: Occurrence) -> None:
        """The first message of what just fired reached somebody: from here the cool-down counts."""
        if found.key in self.memory:
            self.memory[found.key] = replace(self.memory[found.key], first_delivered_at=found.at)

    def _forget(self, key: str) -> None:
        memory = self.memory.get(key)
        if memory is not None and not memory.armed:
            self.memory[key] = replace(memory, armed=True)

    def record(self, found: Occurrence) -> Record:
        """The record as its row would be, unsaved: what the gate asks."""
        about = self.compiled.about
        return Record(
            connection_id=self.compiled.connection_id,
            object=about.name,
            key=found.key,
            data=dict(found.record),
            **scope_columns(about, found.record),
        )

    def owner_sees(self, record: Record) -> bool:
        """A rule may use only what its owner may see, field by field."""
        if self._owner is None:
            return False
        scopes = self._scopes(record)
        if scopes not in self._owner_sees:
            self._owner_sees[scopes] = record_decide(self._owner, record)
        return self.compiled.may_use(self._owner_sees[scopes])

    def _scopes(self, record: Record) -> tuple[str, ...]:
        return tuple(getattr(record, dimension.value) for dimension in self.compiled.about.needs)

    def ask(self, found: Occurrence, step: StepSpec) -> Ask | None:
        """What the step would show, as its action builds it; None for one that shows nothing."""
        action = ACTIONS.get(step.action)
        if not action.asks:
            return None
        result = action.execute(step.params, self._context(found, ""))
        return result if isinstance(result, Ask) else None

    def _context(self, found: Occurrence, path: str) -> CardContext:
        event = cast(Event, found)  # a card asks of an event no more than an occurrence has
        context = CardContext(self.compiled, event, found.record)
        context.path = path
        return context

    def audience(self, found: Occurrence, record: Record, step: StepSpec) -> Audience:
        """Who would be told. It depends on the people the record names and on its scopes: looked up once for each."""
        params = step.params
        named = [
            str(found.record.get(str(spec.get("field"))))
            for name in ("recipients", "fallback")
            for spec in params.get(name, ())
            if spec.get("type") == "record_person"
        ]
        key = (id(step), *named, *self._scopes(record))
        if key not in self._audiences:
            self._audiences[key] = audience_plan(
                params.get("recipients", ()),
                params.get("fallback", ()),
                params.get("channels", ()),
                self.rule,
                record,
                found.record,
            )
        return self._audiences[key]

    def steps(self, found: Occurrence) -> Iterator[Rehearsed]:
        """What is carried out without anybody's answer, in order: up to the first question.

        A branch goes the way it would go now; what an action outside Baton would give is not known.
        """
        definition = self.compiled.definition
        path: str | None = FIRST
        while path is not None:
            spec = self._specs.get(path) or self._specs.setdefault(path, step_at(definition, path))
            action = ACTIONS.get(spec.action)
            result: StepResult | None = None
            if action.is_immediate and not action.asks:
                result = action.execute(spec.params, self._context(found, path))
            yield Rehearsed(path, spec, result)
            if action.is_question:
                return
            path = path_next(definition.raw, path, result.into if isinstance(result, Done) else "")
