"""The one gate. Every send, open, answer, export and preview asks here, at that moment. Deny by default.

A record is visible when ONE grant covers all the dimensions its object needs; a field of a class is visible when one
such covering grant also holds the class. Grants add up, their parts never mix. A needed dimension that is empty on the
record is covered by a wildcard only. Expiry is checked here, not by a clean-up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q
from django.utils.translation import gettext as _

from connectors.dictionary.types import DictionaryObject, FieldClass
from connectors.models import Record
from connectors.selectors import dictionary_object
from kernel import clock
from permissions.models import Grant, Identity, IdentityState, User, Verb

MASK = "•••"
ALL = "*"
OWN = "@own"


@dataclass(frozen=True)
class Decision:
    """`masked` names the fields this person may not see, `classes` the field classes that are open (`*` for all).

    `reasons` are sentences; `grants` the ids that opened it.
    """

    allowed: bool
    masked: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    reasons: tuple[str, ...] = ()
    grants: tuple[int, ...] = ()
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

    def apply(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """`data` as this person may see it: masked fields are replaced, never left in."""
        return {name: MASK if name in self.masked else value for name, value in data.items()}


def _denied(reason: str) -> Decision:
    return Decision(False, reasons=(reason,))


def _values(stored: Any) -> frozenset[str]:
    """The list as stored on a grant; anything that is not a list opens nothing."""
    return frozenset(str(each) for each in stored) if isinstance(stored, list) else frozenset()


@dataclass(frozen=True)
class Classes:
    """The field classes a person may see somewhere of an object; of a single record the gate decides."""

    names: frozenset[str]

    def open(self, field_class: FieldClass) -> bool:
        return field_class is FieldClass.GENERAL or ALL in self.names or field_class.value in self.names


@dataclass(frozen=True)
class _Bundle:
    id: int
    objects: frozenset[str]
    verbs: frozenset[str]
    scopes: Mapping[str, frozenset[str]]
    classes: frozenset[str]


class Gate:
    """The grants of one person as they are now. Build one per operation, never keep it."""

    def __init__(self, user: Any) -> None:
        now = clock.now()
        self.user = user
        row = (
            User.objects.filter(pk=user.pk).values_list("is_active", flat=True).first()
            if isinstance(user, AbstractBaseUser)
            else None
        )
        self.active = bool(row)
        valid = Q(valid_from__lte=now) & (Q(valid_until__isnull=True) | Q(valid_until__gt=now))
        grants = (
            Grant.objects.filter(valid & (Q(user_id=user.pk) | Q(group__user=user.pk))).distinct()
            if self.active
            else Grant.objects.none()
        )
        self.bundles = [
            _Bundle(
                grant.pk,
                _values(grant.objects_covered),
                _values(grant.verbs),
                {dimension: _values(values) for dimension, values in grant.scopes.items()}
                if isinstance(grant.scopes, dict)
                else {},
                _values(grant.field_classes),
            )
            for grant in grants
        ]
        self._accounts: frozenset[tuple[int, str]] | None = None

    def own(self, connection_id: int, account: str) -> bool:
        """Whether this is the person's account at this connection: another system's "li" may be somebody else."""
        if self._accounts is None:
            self._accounts = frozenset(
                Identity.objects.filter(user_id=self.user.pk, state=IdentityState.ACTIVE).values_list(
                    "connection_id", "external_id"
                )
            )
        return (connection_id, account) in self._accounts

    def classes_seen(self, object_name: str) -> Classes | None:
        """What may be seen of some records of this object; None when none of them may."""
        able = [each for each in self.bundles if Verb.SEE in each.verbs and self._names(each, object_name)]
        return Classes(frozenset().union(*(each.classes for each in able))) if able else None

    def decide(
        self, about: DictionaryObject, scopes: Mapping[str, str], verb: str = Verb.SEE, *, connection_id: int
    ) -> Decision:
        """May this person do `verb` to a record of `about` with these dimension values, and which fields show?"""
        if not self.active:
            return _denied(_("The account is switched off."))
        able = [each for each in self.bundles if self._names(each, about.name) and verb in each.verbs]
        if not able:
            return _denied(_("No grant for %(object)s.") % {"object": str(about.label)})
        covering = [each for each in able if self._covers(each, about, scopes, connection_id)]
        if not covering:
            return _denied(_("Outside the scopes granted for %(object)s.") % {"object": str(about.label)})
        seeing = covering
        if verb != Verb.SEE:
            seeing = [
                each
                for each in self.bundles
                if self._names(each, about.name)
                and Verb.SEE in each.verbs
                and self._covers(each, about, scopes, connection_id)
            ]
            if not seeing:
                return _denied(_("What may not be seen may not be answered."))
        classes: frozenset[str] = frozenset().union(*(each.classes for each in seeing))
        masked = frozenset(
            each.name
            for each in about.fields
            if each.field_class is not FieldClass.GENERAL
            and each.field_class.value not in classes
            and ALL not in classes
        )
        return Decision(True, masked=masked, classes=classes, grants=tuple(each.id for each in covering))

    @staticmethod
    def _names(bundle: _Bundle, name: str) -> bool:
        return ALL in bundle.objects or name in bundle.objects

    def _covers(
        self, bundle: _Bundle, about: DictionaryObject, scopes: Mapping[str, str], connection_id: int
    ) -> bool:
        for dimension in about.needs:
            granted = bundle.scopes.get(dimension.value, frozenset())
            if ALL in granted:
                continue
            value = scopes.get(dimension.value, "")
            if not value or value == OWN:  # an ERP that calls somebody "@own" names nobody
                return False
            if value not in granted and not (OWN in granted and self.own(connection_id, value)):
                return False
        return True


def record_scopes(record: Record, about: DictionaryObject) -> dict[str, str]:
    return {dimension.value: getattr(record, dimension.value) for dimension in about.needs}


def may_see_record(user: Any, record: Record, verb: str = Verb.SEE) -> Decision:
    """The gate for one record now."""
    return record_decide(Gate(user), record, verb)


def record_decide(gate: Gate, record: Record, verb: str = Verb.SEE) -> Decision:
    """The same with a gate at hand, for several records in one operation."""
    about = dictionary_object(record.connection_id, record.object)
    return gate.decide(about, record_scopes(record, about), verb, connection_id=record.connection_id)


def may_answer_record(user: Any, record: Record) -> Decision:
    return may_see_record(user, record, Verb.ANSWER)


def visible_records(user: Any, records: Iterable[Record]) -> list[tuple[Record, Decision]]:
    """The records among `records` that this person may see, each with its decision."""
    gate = Gate(user)
    decided = [(record, record_decide(gate, record)) for record in records]
    return [(record, decision) for record, decision in decided if decision.allowed]
