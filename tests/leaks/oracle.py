"""Who may see what, said a second time and in other words than the gate's: the suite compares the two."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from tests.leaks.cases import ASKED, PEOPLE, Granted

OWNER = "li"
"""Owns the rule, and is told where nobody else can be."""

EVERYTHING = Granted(OWNER, classes=("*",))


class Leak(AssertionError):
    """Somebody was shown, told or allowed what the oracle forbids."""


class Withheld(AssertionError):
    """Somebody was refused what the oracle allows."""


@dataclass(frozen=True)
class State:
    """One state of an item as it was posted: where it was, and its price. Each has a price of its own."""

    number: int
    item: int
    company: str
    warehouse: str

    @property
    def sku(self) -> str:
        return f"77{self.item:04d}5511"

    @property
    def price(self) -> str:
        return f"91{self.number:04d}27.31"

    @property
    def price_words(self) -> tuple[str, str]:
        """The digits of the price, and of what fifty of them cost: how they would stand in any text."""
        total = format((Decimal(self.price) * 50).normalize(), "f")
        return self.price.replace(".", ""), total.replace(".", "")


@dataclass
class Oracle:
    """The company as it is at this moment of a case."""

    grants: list[Granted | None]
    active: set[str] = field(default_factory=lambda: set(PEOPLE))
    asked: set[str] = field(default_factory=lambda: set(ASKED))
    states: list[State] = field(default_factory=list)
    owner_sees: bool = True

    def _held(self, person: str) -> list[Granted]:
        if person == OWNER:
            return [EVERYTHING] if self.owner_sees else []
        if person not in self.active:
            return []
        roles = {person, *(["Asked"] if person in self.asked else [])}
        return [each for each in self.grants if each and not each.expired and each.holder in roles]

    def _covering(self, person: str, state: State, *verbs: str) -> list[Granted]:
        def in_scope(values: tuple[str, ...], value: str) -> bool:
            return "*" in values or (value != "" and value in values)

        return [
            each
            for each in self._held(person)
            if set(verbs) & set(each.verbs)
            and in_scope(each.companies, state.company)
            and in_scope(each.warehouses, state.warehouse)
        ]

    def sees(self, person: str, state: State, *, told: bool = False) -> bool:
        return bool(self._covering(person, state, "see", *(["told"] if told else [])))

    def sees_price(self, person: str, state: State, *, told: bool = False) -> bool:
        opening = self._covering(person, state, "see", *(["told"] if told else []))
        return any({"cost", "*"} & set(each.classes) for each in opening)

    def answers(self, person: str, state: State) -> bool:
        return self.sees(person, state, told=True) and bool(self._covering(person, state, "answer"))

    def latest(self, item: int) -> State:
        return [each for each in self.states if each.item == item][-1]

    def forbidden(self, person: str, *, told: bool = False) -> set[str]:
        """What no text shown to this person may hold. A card shows a state under the record's scopes of now."""
        allowed: set[str] = set()
        for state in self.states:
            for place in (state, self.latest(state.item)):
                if self.sees(person, place, told=told):
                    allowed.add(state.sku)
                if self.sees_price(person, place, told=told):
                    allowed.update(state.price_words)
        every = {each.sku for each in self.states}.union(*(each.price_words for each in self.states))
        return every - allowed
