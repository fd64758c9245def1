"""Grants as the gate reads them: for one person or for a thousand, with the same number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from connectors.dictionary.types import DictionaryObject
from kernel import clock
from permissions.models import Grant, Identity, IdentityState, User

ALL = "*"
OWN = "@own"
NOTHING: frozenset[str] = frozenset()
Accounts = frozenset[tuple[int, str]]


def _values(stored: Any) -> frozenset[str]:
    """The list as stored on a grant; anything that is not a list opens nothing."""
    return frozenset(str(each) for each in stored) if isinstance(stored, list) else NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """One grant: objects × verbs × a value set per dimension × field classes."""

    id: int
    objects: frozenset[str]
    verbs: frozenset[str]
    scopes: Mapping[str, frozenset[str]]
    classes: frozenset[str]

    @staticmethod
    def of(grant: Grant) -> Bundle:
        scopes = grant.scopes if isinstance(grant.scopes, dict) else {}
        return Bundle(
            grant.pk,
            _values(grant.objects_covered),
            _values(grant.verbs),
            {dimension: _values(values) for dimension, values in scopes.items()},
            _values(grant.field_classes),
        )

    def names(self, name: str) -> bool:
        return ALL in self.objects or name in self.objects

    def covers(
        self, about: DictionaryObject, scopes: Mapping[str, str], connection_id: int, accounts: Accounts
    ) -> bool:
        """Whether every dimension the object needs is covered. An empty one is covered by a wildcard only."""
        for dimension in about.needs:
            granted = self.scopes.get(dimension, NOTHING)
            if ALL in granted:
                continue
            value = scopes.get(dimension, "")
            if not value or value == OWN:  # an ERP that calls somebody "@own" names nobody
                return False
            if value not in granted and not (OWN in granted and (connection_id, value) in accounts):
                return False
        return True

    @property
    def has_own(self) -> bool:
        return any(OWN in values for values in self.scopes.values())

    def is_personal(self, about: DictionaryObject) -> bool:
        """Whether what it covers depends on whose it is."""
        return any(OWN in self.scopes.get(dimension, NOTHING) for dimension in about.needs)


@dataclass(frozen=True, slots=True)
class Held:
    """What one person holds now. `accounts` are the person's own, as (connection, account)."""

    active: bool = False
    bundles: tuple[Bundle, ...] = ()
    accounts: Accounts = field(default_factory=frozenset)


def held_load(user_ids: Collection[int]) -> dict[int, Held]:
    """What each of these people holds now, in at most three queries. A leaver and a stranger hold nothing."""
    now = clock.now()
    active: set[int] = set()
    members: dict[int, list[int]] = defaultdict(list)
    for user_id, group_id in User.objects.filter(pk__in=user_ids, is_active=True).values_list("pk", "groups"):
        active.add(user_id)
        if group_id is not None:
            members[group_id].append(user_id)
    if not active:
        return dict.fromkeys(user_ids, Held())
    valid = Q(valid_from__lte=now) & (Q(valid_until__isnull=True) | Q(valid_until__gt=now))
    found: dict[int, list[Bundle]] = defaultdict(list)
    for grant in Grant.objects.filter(valid & (Q(user_id__in=active) | Q(group_id__in=members))):
        bundle = Bundle.of(grant)
        for holder in [grant.user_id] if grant.user_id is not None else members[grant.group_id or 0]:
            found[holder].append(bundle)
    personal = [pk for pk, bundles in found.items() if any(each.has_own for each in bundles)]
    accounts = _accounts(personal) if personal else {}
    return {
        pk: Held(pk in active, tuple(found.get(pk, ())), frozenset(accounts.get(pk, ()))) for pk in user_ids
    }


def _accounts(user_ids: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = Identity.objects.filter(user_id__in=user_ids, state=IdentityState.ACTIVE)
    for user_id, connection_id, external_id in rows.values_list("user_id", "connection_id", "external_id"):
        if user_id is not None:
            found[user_id].append((connection_id, external_id))
    return found
