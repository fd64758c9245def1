"""Grants as the gate reads them: for one person or for a thousand, with the same number of queries."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from connectors.dictionary.own import OPEN_TO_SEE
from connectors.dictionary.types import DictionaryObject
from kernel import clock
from kernel.statements import Raw, selects_run
from permissions.models import Identity, IdentityState, Verb

ALL = "*"
OWN = "@own"
NOTHING: frozenset[str] = frozenset()
Accounts = frozenset[tuple[int, str]]


def _values(stored: Any) -> frozenset[str]:
    """The list as stored on a grant; anything that is not a list opens nothing."""
    return frozenset(str(each) for each in stored) if isinstance(stored, list) else NOTHING


@lru_cache(maxsize=4096)
def _values_read(text: str) -> frozenset[str]:
    return _values(json.loads(text))


@lru_cache(maxsize=4096)
def _scopes_read(text: str) -> Mapping[str, frozenset[str]]:
    scopes = json.loads(text)
    if not isinstance(scopes, dict):
        return {}
    return {dimension: _values(values) for dimension, values in scopes.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """One grant: objects × verbs × a value set per dimension × field classes."""

    id: int
    objects: frozenset[str]
    verbs: frozenset[str]
    scopes: Mapping[str, frozenset[str]]
    classes: frozenset[str]

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


OPEN = (Bundle(0, OPEN_TO_SEE, frozenset({Verb.SEE.value, Verb.ANSWER.value}), {}, NOTHING),)
"""What every active person holds without a grant: objects of Baton's own that tell nothing of an ERP."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one person holds now. `accounts` are the person's own, as (connection, account)."""

    active: bool = False
    bundles: tuple[Bundle, ...] = ()
    accounts: Accounts = field(default_factory=frozenset)


_MEMBERS = Raw(
    "SELECT u.id, m.group_id FROM permissions_user u LEFT JOIN permissions_user_groups m ON m.user_id = u.id "
    "WHERE u.is_active AND u.id {any}"
)
_GRANTS = Raw(
    "SELECT user_id, group_id, id, CAST(objects_covered AS text), CAST(verbs AS text), CAST(scopes AS text), "
    "CAST(field_classes AS text) FROM permissions_grant "
    "WHERE valid_from <= %s AND (valid_until IS NULL OR valid_until > %s) AND (user_id {any} "
    "OR group_id IN (SELECT group_id FROM permissions_user_groups WHERE user_id {any})) ORDER BY id"
)
"""Lists as text: a company's grants repeat the same few, each is taken apart once."""


def held_load(user_ids: Collection[int]) -> dict[int, Held]:
    """What each of these people holds now, in at most two queries. A leaver and a stranger hold nothing."""
    if not user_ids:
        return {}
    now, asked = clock.now(), sorted(user_ids)
    active: set[int] = set()
    members: dict[int, list[int]] = defaultdict(list)
    users, grants = selects_run((_MEMBERS, (asked,)), (_GRANTS, (now, now, asked, asked)))
    for user_id, group_id in users:
        active.add(user_id)
        if group_id is not None:
            members[group_id].append(user_id)
    found: dict[int, list[Bundle]] = defaultdict(list)
    for user_id, group_id, pk, objects, verbs, scopes, classes in grants:
        bundle = Bundle(
            pk, _values_read(objects), _values_read(verbs), _scopes_read(scopes), _values_read(classes)
        )
        holders = members.get(group_id, ()) if user_id is None else [user_id]
        for holder in holders:
            if holder in active:
                found[holder].append(bundle)
    personal = [pk for pk, bundles in found.items() if any(each.has_own for each in bundles)]
    accounts = _accounts(personal) if personal else {}
    return {
        pk: Held(True, (*OPEN, *found.get(pk, ())), frozenset(accounts.get(pk, ())))
        if pk in active
        else Held()
        for pk in user_ids
    }


def _accounts(user_ids: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = Identity.objects.filter(user_id__in=user_ids, state=IdentityState.ACTIVE)
    for user_id, connection_id, external_id in rows.values_list("user_id", "connection_id", "external_id"):
        if user_id is not None:
            found[user_id].append((connection_id, external_id))
    return found
