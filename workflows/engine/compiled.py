"""Published rules, compiled once per version and indexed by what starts them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.dictionary.types import DictionaryField, DictionaryObject
from connectors.selectors import GENERATION as DICTIONARY
from connectors.selectors import dictionary_object
from kernel.errors import BatonError
from kernel.generation import Cached, generation_number
from workflows.blocks import Trigger
from workflows.catalog import TRIGGERS
from workflows.conditions import CompiledCondition, ConditionSchema, FieldSpec, FieldType, condition_compile
from workflows.definition import Definition, definition_read
from workflows.models import Rule, RuleState, RuleVersion

GENERATION = "rules"
logger = logging.getLogger(__name__)


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

    def takes(self, change: str) -> bool:
        return self.trigger.takes(self.definition.trigger, change)


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
    )


@dataclass(frozen=True)
class BrokenRule:
    """A live rule whose version does not compile (any more): the dictionary changed under it."""

    rule_id: int
    number: int
    reason: str


@dataclass(frozen=True)
class _Live:
    """`dictionary_number` is the generation of the dictionary the rules were compiled against."""

    dictionary_number: int
    rules: Mapping[tuple[int, str], list[CompiledRule]]
    broken: Mapping[tuple[int, str], list[BrokenRule]]


def _live_build() -> _Live:
    number = generation_number(DICTIONARY)
    found: dict[tuple[int, str], list[CompiledRule]] = {}
    broken: dict[tuple[int, str], list[BrokenRule]] = {}
    rules = (
        Rule.objects.filter(state=RuleState.LIVE, current__isnull=False)
        .select_related("current")
        .order_by("pk")
    )
    for rule in rules:
        assert rule.current is not None
        where = (rule.connection_id, rule.object)
        try:
            found.setdefault(where, []).append(rule_compile(rule, rule.current))
        except BatonError as error:  # told on every event it would have judged; the other rules go on
            logger.warning("rule %s does not compile: %s", rule.key, error)
            broken.setdefault(where, []).append(BrokenRule(rule.pk, rule.current.number, error.message))
    return _Live(number, found, broken)


_live: Cached[_Live] = Cached(GENERATION, _live_build)


def _live_get() -> _Live:
    live = _live.get()
    if live.dictionary_number != generation_number(DICTIONARY):
        _live.clear()
        live = _live.get()
    return live


def rules_live() -> Mapping[tuple[int, str], list[CompiledRule]]:
    """Live rules by (connection, object)."""
    return _live_get().rules


def rules_broken() -> Mapping[tuple[int, str], list[BrokenRule]]:
    """Live rules that cannot be evaluated, by (connection, object)."""
    return _live_get().broken


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
    _live.clear()
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
