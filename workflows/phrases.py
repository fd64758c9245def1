"""How a block is said and read back: templates with slots, in both languages, by one table.

A block that has a `wording` can be edited as text; one without is told between brackets and kept as it is. A wording
says some of the parameters; the others stay as they were.

    Wording((Phrase(gettext_noop("wait %(span)s"), span=Duration("seconds")),))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Protocol, runtime_checkable

from django.utils import translation
from django.utils.translation import gettext

from connectors.dictionary.types import DictionaryObject
from kernel import grammar as g
from kernel.text import Localized, localized
from workflows.conditions.reading import ConditionReader, as_kept

LANGUAGES = ("en", "zh-hans")


@dataclass(frozen=True)
class Tongue:
    """What a text may name: `language` 0 is English, 1 Chinese; `kept` are texts of conditions that stood there before."""

    language: int
    about: DictionaryObject
    objects: Mapping[str, DictionaryObject]
    connection: str
    kept: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def conditions(self) -> ConditionReader:
        return ConditionReader(self.about, self.language, self.kept)

    def own(self, words: Localized) -> str:
        return words.in_language(LANGUAGES[self.language])

    def condition(self, logic: Any) -> Any:
        return as_kept(logic, self.about, self.kept, self.language)


class SlotScope(Protocol):
    """What saying a slot needs of workflows.blocks.RuleScope."""

    @property
    def about(self) -> DictionaryObject: ...

    @property
    def objects(self) -> Mapping[str, DictionaryObject]: ...


@dataclass(frozen=True)
class TriggerScope:
    """What a trigger's sentence may name."""

    about: DictionaryObject
    objects: Mapping[str, DictionaryObject]


class Slot:
    """One parameter in a sentence. Subclasses say it, read it, and join what was read to what stood there."""

    def __init__(self, param: str) -> None:
        self.param = param

    def is_said(self, params: Mapping[str, Any]) -> bool:
        return bool(params.get(self.param))

    def say(self, value: Any, scope: SlotScope) -> Localized:
        raise NotImplementedError

    def parser(self, tongue: Tongue) -> g.Parser:
        raise NotImplementedError

    def merge(self, said: Any, kept: Any, tongue: Tongue) -> Any:
        return said


class Phrase:
    """A template of gettext with a slot for each `%(name)s`."""

    def __init__(self, template: str, **slots: Slot) -> None:
        self.template, self.slots = template, slots

    def is_said(self, params: Mapping[str, Any]) -> bool:
        return all(each.is_said(params) for each in self.slots.values())

    def say(self, params: Mapping[str, Any], scope: SlotScope) -> Localized:
        said = {name: slot.say(params.get(slot.param), scope) for name, slot in self.slots.items()}
        return localized(self.template, **said)

    def parser(self, tongue: Tongue) -> g.Parser:
        slots = {name: g.fixed(slot.parser(tongue)) for name, slot in self.slots.items()}
        read = g.filled(template_in(self.template, LANGUAGES[tongue.language]), slots)
        return g.mapped(read, lambda env: {self.slots[name].param: value for name, value in env.items()})


@lru_cache(maxsize=512)
def template_in(template: str, language: str) -> str:
    with translation.override(language):
        return gettext(template)


@dataclass(frozen=True)
class Wording:
    """The first phrase of `main` whose slots all have something to say, then every tail that has."""

    main: tuple[Phrase, ...]
    tails: tuple[Phrase, ...] = ()

    def say(self, params: Mapping[str, Any], scope: SlotScope) -> Localized:
        chosen = next((each for each in self.main if each.is_said(params)), self.main[-1])
        told = {slot.param for slot in chosen.slots.values()}
        more = [
            each
            for each in self.tails
            if each.is_said(params) and not told & {slot.param for slot in each.slots.values()}
        ]
        said = [chosen.say(params, scope), *(each.say(params, scope) for each in more)]
        return Localized("".join(each.en for each in said), "".join(each.zh for each in said))

    def parser(self, tongue: Tongue) -> g.Parser:
        """What was said, by parameter."""
        parts = g.in_order(
            g.either(*(each.parser(tongue) for each in self.main)),
            *(g.maybe(each.parser(tongue), {}) for each in self.tails),
        )
        return g.mapped(parts, lambda found: {name: value for part in found for name, value in part.items()})

    def apply(self, said: Mapping[str, Any], kept: Mapping[str, Any], tongue: Tongue) -> dict[str, Any]:
        """`kept` with what was said; what could have been said and was not is gone."""
        found = dict(kept)
        for slot in {
            slot.param: slot for each in (*self.main, *self.tails) for slot in each.slots.values()
        }.values():
            if slot.param in said:
                value = slot.merge(said[slot.param], kept.get(slot.param), tongue)
                if value or kept.get(slot.param):
                    found[slot.param] = value
            elif slot.is_said(kept):
                found.pop(slot.param)
        return found


@runtime_checkable
class Worded(Protocol):
    """A block that can be edited as text."""

    wording: Wording
