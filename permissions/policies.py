"""The one gate. Every send, open, answer, export and preview asks here, at that moment. Deny by default.

A record is visible when ONE grant covers all the dimensions its object needs; a field of a class is visible when one
such covering grant also holds the class. Grants add up, their parts never mix. A needed dimension that is empty on the
record is covered by a wildcard only. Expiry is checked here, not by a clean-up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext as _

from connectors.dictionary.types import DictionaryObject, Dimension
from connectors.models import Record
from connectors.selectors import dictionary_object
from kernel import clock
from kernel.errors import ConfigError
from kernel.generation import generations_held
from permissions.bundles import ALL, NOTHING, Bundle, Held, held_load
from permissions.decisions import MASK, Classes, Decision, fields_hidden
from permissions.models import User, Verb

__all__ = [
    "MASK",
    "Classes",
    "Decision",
    "Gate",
    "Gates",
    "gates_for",
    "may_answer_record",
    "may_see_record",
    "people_decide",
    "record_decide",
    "record_scopes",
]

TELLING = frozenset({Verb.SEE.value, Verb.TOLD.value})
"""To see is to be told; being told alone opens what was sent, and no list, page or search."""

Covered = dict[int, bool]


def _denied(reason: str) -> Decision:
    return Decision(False, reasons=(reason,))


class Gate:
    """The grants of one person as they are now. Build one per operation, never keep it."""

    __slots__ = ("_able", "_named", "active", "bundles", "decided_at", "held", "user")

    def __init__(self, user: Any, held: Held | None = None) -> None:
        """`held` is what `held_load` found for this person in this operation; without it the rows are asked."""
        self.decided_at = clock.now()
        self.user = user
        if held is None:
            known = isinstance(user, AbstractBaseUser) and user.pk is not None
            held = held_load([user.pk])[user.pk] if known else Held()
        self.held = held
        self.active = held.active
        self.bundles = held.bundles
        self._able: dict[tuple[str, str], tuple[Bundle, ...]] = {}
        self._named: dict[str, list[Bundle]] = defaultdict(list)
        for each in self.bundles:
            for name in (ALL,) if ALL in each.objects else each.objects:
                self._named[name].append(each)

    def able(self, name: str, verb: str) -> tuple[Bundle, ...]:
        """The bundles that name this object and this verb (to see is to be told)."""
        found = self._able.get((name, verb))
        if found is None:
            wanted = TELLING if verb == Verb.TOLD else frozenset({str(verb)})
            named = (*self._named.get(ALL, ()), *self._named.get(name, ()))
            found = tuple(each for each in named if not wanted.isdisjoint(each.verbs))
            self._able[name, verb] = found
        return found

    def classes_seen(self, object_name: str) -> Classes | None:
        """What may be seen of some records of this object; None when none of them may."""
        able = self.able(object_name, Verb.SEE)
        return Classes(_classes(able)) if able else None

    def sees_all(self, about: DictionaryObject) -> bool:
        """Whether one grant opens every record of this object, whatever its scopes: then counting them tells nothing."""
        return any(
            all(ALL in each.scopes.get(need, NOTHING) for need in about.needs)
            for each in self.able(about.name, Verb.SEE)
        )

    def decide(
        self,
        about: DictionaryObject,
        scopes: Mapping[str, str],
        verb: str = Verb.SEE,
        *,
        connection_id: int,
        covered: Covered | None = None,
    ) -> Decision:
        """May this person do `verb` to a record of `about` with these dimension values, and which fields show?

        `covered` remembers, while many people are asked about one record, which shared grants cover it.
        """
        if not self.active:
            return _denied(_("The account is switched off."))
        able = self.able(about.name, verb)
        if not able:
            return _denied(_("No grant for %(object)s.") % {"object": str(about.label)})
        covering = self._covering(able, about, scopes, connection_id, covered)
        if not covering:
            return _denied(_("Outside the scopes granted for %(object)s.") % {"object": str(about.label)})
        seeing = covering
        if verb not in TELLING:
            shown = self.able(about.name, Verb.SEE if verb == Verb.EXPORT else Verb.TOLD)
            seeing = self._covering(shown, about, scopes, connection_id, covered)
            if not seeing:
                return _denied(_("What may not be seen may not be answered."))
        classes = _classes(seeing)
        if verb == Verb.EXPORT:
            classes = _both(classes, _classes(covering))
        masked, treatments = fields_hidden(about, classes)
        return Decision(
            True, masked, classes, (), tuple(each.id for each in covering), treatments, self.decided_at
        )

    def _covering(
        self,
        bundles: Iterable[Bundle],
        about: DictionaryObject,
        scopes: Mapping[str, str],
        connection_id: int,
        covered: Covered | None,
    ) -> list[Bundle]:
        accounts = self.held.accounts
        if covered is None:
            return [each for each in bundles if each.covers(about, scopes, connection_id, accounts)]
        found = []
        for each in bundles:
            covers = covered.get(each.id)
            if covers is None:
                covers = each.covers(about, scopes, connection_id, accounts)
                if not each.is_personal(about):
                    covered[each.id] = covers
            if covers:
                found.append(each)
        return found


def _classes(bundles: Iterable[Bundle]) -> frozenset[str]:
    return NOTHING.union(*(each.classes for each in bundles))


def _both(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    if ALL in one:
        return other
    return one if ALL in other else one & other


def gates_for(people: Collection[User]) -> dict[int, Gate]:
    """A gate for each of many people, by primary key; as many queries for a thousand as for one."""
    held = held_load([each.pk for each in people])
    return {each.pk: Gate(each, held[each.pk]) for each in people}


def people_decide(people: Collection[User], record: Record, verb: str = Verb.TOLD) -> dict[int, Decision]:
    """The gate for many people and one record: before a message goes to all of them."""
    covered: Covered = {}
    with generations_held():
        return {pk: record_decide(gate, record, verb, covered) for pk, gate in gates_for(people).items()}


def record_scopes(record: Record, about: DictionaryObject) -> dict[str, str]:
    return {dimension.value: getattr(record, dimension.value) for dimension in about.needs}


def may_see_record(user: Any, record: Record, verb: str = Verb.SEE) -> Decision:
    """The gate for one record now."""
    return record_decide(Gate(user), record, verb)


def record_decide(
    gate: Gate, record: Record, verb: str = Verb.SEE, covered: Covered | None = None
) -> Decision:
    """The same with a gate at hand, for several records in one operation. An object nobody knows is nobody's."""
    try:
        about = dictionary_object(record.connection_id, record.object)
    except ConfigError as error:
        return _denied(error.message)
    scopes = record_scopes(record, about)
    return gate.decide(about, scopes, verb, connection_id=record.connection_id, covered=covered)


class Gates:
    """The gates of many people for one operation: each person's grants are read once, alike records decided once.

    Build one per operation, never keep it.
    """

    def __init__(self) -> None:
        self._gates: dict[int, Gate] = {}
        self._decided: dict[tuple[Any, ...], Decision] = {}

    def load(self, people: Iterable[User]) -> None:
        """Read what all of these hold at once."""
        self._gates |= gates_for([each for each in people if each.pk not in self._gates])

    def of(self, user: Any) -> Gate:
        gate = self._gates.get(user.pk)
        if gate is None:
            gate = self._gates[user.pk] = Gate(user)
        return gate

    def record(self, user: Any, record: Record, verb: str = Verb.SEE) -> Decision:
        """What may_see_record would say at this moment."""
        scopes = (getattr(record, each.value) for each in Dimension)
        mark = (user.pk, verb, record.connection_id, record.object, *scopes)
        decision = self._decided.get(mark)
        if decision is None:
            decision = self._decided[mark] = record_decide(self.of(user), record, verb)
        return decision


def may_answer_record(user: Any, record: Record) -> Decision:
    return may_see_record(user, record, Verb.ANSWER)
