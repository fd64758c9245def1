"""Published rules, compiled once per version and indexed by what starts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from connectors.dictionary.types import DictionaryField, DictionaryObject
from connectors.selectors import dictionary_object
from kernel.generation import Cached
from workflows.blocks import Trigger
from workflows.catalog import TRIGGERS
from workflows.conditions import CompiledCondition, ConditionSchema, FieldSpec, FieldType, condition_compile
from workflows.definition import Definition, definition_read
from workflows.models import Rule, RuleState, RuleVersion

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


@lru_cache(maxsize=256)
def _schema(about_id: int, about: DictionaryObject) -> ConditionSchema:
    fields = {f"record.{each.name}": field_spec(f"record.{each.name}", each) for each in about.fields}
    for name in ("change", "source", "id"):
        fields[f"event.{name}"] = FieldSpec(f"event.{name}", FieldType.TEXT)
    return ConditionSchema(fields)


_kept: dict[int, DictionaryObject] = {}


def schema_for(about: DictionaryObject) -> ConditionSchema:
    """The fields a condition over this object may read; one object per dictionary object."""
    _kept[id(about)] = about
    return _schema(id(about), about)


@dataclass(frozen=True)
class CompiledRule:
    """A published version, ready to be evaluated."""

    rule_id: int
    version_id: int
    number: int
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
        connection_id=rule.connection_id,
        owner_id=rule.owner_id,
        name=rule.name,
        definition=definition,
        about=about,
        trigger=TRIGGERS.get(definition.trigger.type),
        condition=condition_compile(definition.condition, schema),
        rearm=condition_compile(definition.firing.rearm, schema) if definition.firing.rearm is not None else None,
    )


def _live_build() -> dict[tuple[int, str], list[CompiledRule]]:
    found: dict[tuple[int, str], list[CompiledRule]] = {}
    rules = Rule.objects.filter(state=RuleState.LIVE, current__isnull=False).select_related("current").order_by("pk")
    for rule in rules:
        assert rule.current is not None
        compiled = rule_compile(rule, rule.current)
        found.setdefault((rule.connection_id, rule.object), []).append(compiled)
    return found


_live: Cached[dict[tuple[int, str], list[CompiledRule]]] = Cached(GENERATION, _live_build)


def rules_live() -> Mapping[tuple[int, str], list[CompiledRule]]:
    """Live rules by (connection, object)."""
    return _live.get()


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


def event_data(record: Mapping[str, Any], before: Mapping[str, Any] | None, event: Any, changed: list[str]) -> dict[str, Any]:
    """The roots a condition sees."""
    return {
        "record": record,
        "before": before or {},
        "changed": changed,
        "event": {"change": event.change, "source": event.source, "id": event.source_event_id},
        "now": event.occurred_at or event.detected_at,
    }
