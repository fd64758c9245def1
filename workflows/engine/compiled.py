"""Versions of rules, compiled once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.dictionary.types import DictionaryField, DictionaryObject
from connectors.selectors import dictionary_object
from permissions.policies import Decision
from workflows.blocks import Trigger
from workflows.catalog import TRIGGERS
from workflows.conditions import (
    CompiledCondition,
    CompiledTrace,
    ConditionSchema,
    FieldSpec,
    FieldType,
    condition_compile,
)
from workflows.definition import REVISITS, Definition, FiringPolicy, definition_read
from workflows.engine.calendars import free_days
from workflows.engine.launching import EVERYBODY, LaunchPlan
from workflows.engine.uses import fields_used
from workflows.hours import ActiveHours, hours_read
from workflows.models import Rule, RuleVersion

GENERATION = "rules"


def field_spec(path: str, field: DictionaryField) -> FieldSpec:
    return FieldSpec(
        path=path,
        type=field.type,
        decimals=field.decimals,
        unit=field.unit,
        items={each.name: field_spec(each.name, each) for each in field.items},
        codes=frozenset(code for code, _label in field.codes),
    )


def _schema_build(about: DictionaryObject) -> ConditionSchema:
    fields = {f"record.{each.name}": field_spec(f"record.{each.name}", each) for each in about.fields}
    for name in ("change", "source", "id"):
        fields[f"event.{name}"] = FieldSpec(f"event.{name}", FieldType.TEXT)
    return ConditionSchema(fields)


_schemas: dict[int, tuple[DictionaryObject, ConditionSchema]] = {}
MOST_SCHEMAS = 500


def schema_for(about: DictionaryObject) -> ConditionSchema:
    """The fields a condition over this object may read; one schema per dictionary object."""
    found = _schemas.get(id(about))
    if found is None or found[0] is not about:
        if len(_schemas) >= MOST_SCHEMAS:
            _schemas.clear()
        found = _schemas[id(about)] = (about, _schema_build(about))
    return found[1]


@dataclass(frozen=True)
class CompiledRule:
    """A published version, ready to be evaluated."""

    rule_id: int
    version_id: int
    number: int
    stops: int
    connection_id: int
    owner_id: int | None
    name: Mapping[str, str]
    definition: Definition
    about: DictionaryObject
    trigger: Trigger
    condition: CompiledCondition
    rearm: CompiledCondition | None
    trace: CompiledTrace
    launch: LaunchPlan = EVERYBODY
    hours: ActiveHours | None = None
    uses: frozenset[str] = frozenset()
    """The fields it decides by or passes on: the rule's owner must see each of them, in the record at hand."""

    def may_use(self, owner: Decision) -> bool:
        """Whether the owner, of whom the gate says this, sees of a record all that the rule uses: no condition tells
        its verdict on a value its owner may not see."""
        return owner.allowed and self.uses.isdisjoint(owner.masked)

    @property
    def compares(self) -> bool:
        """Whether firing depends on what the condition said of the state before."""
        return self.definition.firing.policy is not FiringPolicy.EACH_TIME

    @property
    def remembers(self) -> bool:
        """Whether firing depends on what the rule has seen of the record before."""
        return self.compares or bool(self.definition.firing.cooldown_seconds)

    def again_after(self, moment: dt.datetime) -> dt.datetime | None:
        """When a record for which it fired at `moment` is looked at again: inside the active hours; None: not at all."""
        if self.definition.firing.policy is not FiringPolicy.WHILE_TRUE:
            return None
        again = moment + dt.timedelta(seconds=self.definition.firing.every_seconds)
        return (self.hours.opens_at(again) if self.hours is not None else None) or again

    def takes(self, change: str) -> bool:
        return change in REVISITS or self.trigger.takes(self.definition.trigger, change)


def rule_compile(rule: Rule, version: RuleVersion) -> CompiledRule:
    """Raises ConditionInvalid or ConfigError when the version does not compile (any more)."""
    definition = definition_read(version.definition)
    about = dictionary_object(rule.connection_id, definition.trigger.object)
    schema = schema_for(about)
    return CompiledRule(
        rule_id=rule.pk,
        version_id=version.pk,
        number=version.number,
        stops=rule.stops,
        connection_id=rule.connection_id,
        owner_id=rule.owner_id,
        name=rule.name,
        definition=definition,
        about=about,
        trigger=TRIGGERS.get(definition.trigger.type),
        condition=condition_compile(definition.condition, schema),
        rearm=condition_compile(definition.firing.rearm, schema)
        if definition.firing.rearm is not None
        else None,
        hours=hours_read(definition.raw.get("firing", {}), free_days(definition.raw.get("firing", {}))),
        trace=CompiledTrace(definition.condition, schema),
        uses=frozenset(use.name for use in fields_used(definition)),
    )


_versions: dict[int, CompiledRule] = {}


def rule_version_compiled(rule: Rule, version: RuleVersion) -> CompiledRule:
    """Any version, also one that is no longer in force: running runs finish on theirs."""
    found = _versions.get(version.pk)
    if found is None or found.about is not dictionary_object(rule.connection_id, found.about.name):
        found = rule_compile(rule, version)
        if len(_versions) > 2_000:
            _versions.clear()
        _versions[version.pk] = found
    return found


def caches_clear() -> None:
    _versions.clear()


def event_data(
    record: Mapping[str, Any], before: Mapping[str, Any] | None, event: Any, changed: list[str]
) -> dict[str, Any]:
    """The roots a condition sees."""
    return {
        "record": record,
        "before": before or {},
        "changed": changed,
        "event": {"change": event.change, "source": event.source, "id": event.source_event_id},
        "now": event.occurred_at or event.detected_at,
    }
