"""What the gate answers, and what stands in the place of a value somebody may not see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from connectors.dictionary.types import DictionaryObject, FieldClass, Treatment
from kernel import clock
from permissions.bundles import ALL

MASK = "•••"
NO_TREATMENTS: Mapping[str, Treatment] = {}


@dataclass(frozen=True, slots=True)
class Decision:
    """`masked` names the fields this person may not see as they are, `classes` the field classes that are open (`*` for all).

    `treatments` says for those of `masked` that are not simply masked what is shown instead. `reasons` are sentences;
    `grants` the ids that opened it.
    """

    allowed: bool
    masked: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    reasons: tuple[str, ...] = ()
    grants: tuple[int, ...] = ()
    treatments: Mapping[str, Treatment] = field(default_factory=lambda: NO_TREATMENTS)
    decided_at: dt.datetime = field(default_factory=clock.now)

    def as_json(self) -> dict[str, Any]:
        return {
            "allowed": self.allowed,
            "masked": sorted(self.masked),
            "reasons": list(self.reasons),
            "grants": list(self.grants),
            "at": self.decided_at.isoformat(),
        }

    def opens(self, classes: Iterable[str]) -> bool:
        """Whether a text that tells values of these field classes may be shown."""
        return self.allowed and (ALL in self.classes or set(classes) <= self.classes)

    def leaves_out(self, name: str) -> bool:
        """Whether not even the field's name is shown beside the others."""
        return self.treatments.get(name) is Treatment.LEAVE_OUT

    def shown(self, name: str, value: Any) -> Any:
        """The value as this person may see it. Of a field that is left out nothing is: it reads as having no value."""
        if self.allowed and name not in self.masked:
            return value
        treatment = self.treatments.get(name) if self.allowed else None
        if treatment is Treatment.LEAVE_OUT or value is None or value == "":
            return None if treatment is Treatment.LEAVE_OUT else MASK
        return size_only(value) if treatment is Treatment.ROUND else MASK

    def within(self, limit: Decision) -> Decision:
        """This decision, but nothing that `limit` hides: what somebody would see, shown to a person who may see less."""
        treatments = {
            name: how
            for name in self.masked | limit.masked
            if (how := self._hides(name, limit)) is not Treatment.MASK
        }
        if ALL in limit.classes:
            classes = self.classes
        else:
            classes = limit.classes if ALL in self.classes else self.classes & limit.classes
        return replace(
            self,
            allowed=self.allowed and limit.allowed,
            masked=self.masked | limit.masked,
            classes=classes,
            treatments=treatments,
        )

    def _hides(self, name: str, limit: Decision) -> Treatment:
        """How a field is hidden where one of two decisions hides it: by what tells less."""
        found = {each.treatments.get(name, Treatment.MASK) for each in (self, limit) if name in each.masked}
        return next(each for each in (Treatment.LEAVE_OUT, Treatment.MASK, Treatment.ROUND) if each in found)

    def apply(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """`data` as this person may see it: what is hidden is replaced or left out, never left in."""
        if not self.masked:
            return dict(data)
        return {name: self.shown(name, value) for name, value in data.items() if not self.leaves_out(name)}


def decisions_meet(decisions: Iterable[Decision]) -> Decision:
    """What all of these people may see: nothing that is hidden from one of them. Of nobody, nothing.

    Raises nothing; alike decisions cost one comparison each.
    """
    met: Decision | None = None
    seen: set[tuple[Any, ...]] = set()
    for each in decisions:
        mark = (each.allowed, each.masked, each.classes, tuple(sorted(each.treatments.items())))
        if mark in seen:
            continue
        seen.add(mark)
        met = each if met is None else met.within(each)
    return met if met is not None else Decision(False)


@dataclass(frozen=True, slots=True)
class Classes:
    """The field classes a person may see somewhere of an object; of a single record the gate decides."""

    names: frozenset[str]

    def open(self, field_class: FieldClass) -> bool:
        return field_class is FieldClass.GENERAL or ALL in self.names or field_class.value in self.names


def size_only(value: Any) -> str:
    """The first digit and how many follow: "17345.50" → "≈20,000". The mask for what is no number."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return MASK
    if not number.is_finite():
        return MASK
    rounded = round(number, -number.adjusted()) if number else number
    return f"≈{rounded:,f}"


@lru_cache(maxsize=2048)
def fields_hidden(
    about: DictionaryObject, classes: frozenset[str]
) -> tuple[frozenset[str], Mapping[str, Treatment]]:
    """The fields whose class is not among `classes`, and how those that are not simply masked are hidden."""
    hidden = {
        each.name: about.treatments.get(each.field_class, Treatment.MASK)
        for each in about.fields
        if each.field_class is not FieldClass.GENERAL
        and each.field_class.value not in classes
        and ALL not in classes
    }
    return frozenset(hidden), {name: how for name, how in hidden.items() if how is not Treatment.MASK}
