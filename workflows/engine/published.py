"""The rules in force, compiled and indexed by what starts them; rebuilt when a generation moves."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectors.selectors import GENERATION as DICTIONARY
from kernel.errors import BatonError
from kernel.generation import Cached, generation_number
from workflows.engine.compiled import GENERATION, CompiledRule, rule_compile
from workflows.engine.index import RuleIndex
from workflows.engine.launching import launch_plan
from workflows.models import Rule, RuleState

RuleKey = tuple[int, str]
"""(connection, object)"""
logger = logging.getLogger(__name__)


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
    rules: Mapping[RuleKey, RuleIndex]
    broken: Mapping[RuleKey, list[BrokenRule]]


def _live_build() -> _Live:
    number = generation_number(DICTIONARY)
    found: dict[RuleKey, list[CompiledRule]] = {}
    broken: dict[RuleKey, list[BrokenRule]] = {}
    rules = (
        Rule.objects.filter(state=RuleState.LIVE, current__isnull=False)
        .select_related("current", "launch")
        .order_by("pk")
    )
    for rule in rules:
        assert rule.current is not None
        where = (rule.connection_id, rule.object)
        try:
            compiled = replace(rule_compile(rule, rule.current), launch=launch_plan(rule))
            found.setdefault(where, []).append(compiled)
        except BatonError as error:  # told on every event it would have judged; the other rules go on
            logger.warning("rule %s does not compile: %s", rule.key, error)
            broken.setdefault(where, []).append(BrokenRule(rule.pk, rule.current.number, error.message))
    return _Live(number, {where: RuleIndex(each) for where, each in found.items() if each}, broken)


_live: Cached[_Live] = Cached(GENERATION, _live_build)


def _live_get() -> _Live:
    live = _live.get()
    if live.dictionary_number != generation_number(DICTIONARY):
        _live.clear()
        live = _live.get()
    return live


def rules_live() -> Mapping[RuleKey, RuleIndex]:
    """Live rules by (connection, object)."""
    return _live_get().rules


def rules_broken() -> Mapping[RuleKey, list[BrokenRule]]:
    """Live rules that cannot be evaluated, by (connection, object)."""
    return _live_get().broken


def caches_clear() -> None:
    _live.clear()
