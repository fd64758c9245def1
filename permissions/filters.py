"""The gate as one query: which rows of the record store somebody may see, asked of its scope columns.

Says the same as `Gate.decide` for every record (a property test holds them together); lists, search, counts and
exports ask the database instead of every row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from connectors.dictionary.objects import OBJECTS
from connectors.dictionary.own import OWN_OBJECTS
from connectors.dictionary.types import DictionaryObject, Dimension
from connectors.models import Record
from connectors.selectors import extended_objects
from permissions.bundles import ALL, NOTHING, OWN, Accounts, Bundle
from permissions.models import Verb
from permissions.policies import Gate

CHUNK = 200
"""Alternatives per bracket: SQLite reads at most 1,000 in one."""

NOBODY = Q(pk__in=[])
Needs = tuple[Dimension, ...]
Values = frozenset[str]


def visible_records(
    gate: Gate, verb: str = Verb.SEE, *, classes: Collection[str] = (), names: Collection[str] | None = None
) -> QuerySet[Record]:
    """The records this person may do `verb` to; see `visible_records_filter`."""
    return Record.objects.filter(visible_records_filter(gate, verb, classes=classes, names=names))


def visible_records_filter(
    gate: Gate,
    verb: str = Verb.SEE,
    *,
    classes: Collection[str] = (),
    names: Collection[str] | None = None,
    prefix: str = "",
) -> Q:
    """Conditions on Record (or, with `prefix` "record__", on what points to one) that hold where the gate allows `verb`.

    `classes`: only records of which fields of these classes are open too, for an order or a search by such a field.
    `names`: only these dictionary objects.
    """
    if not gate.active:
        return NOBODY
    extended = [each for each in extended_objects() if names is None or each[1].name in names]
    choices: list[Q] = []
    alike: dict[Any, list[DictionaryObject]] = defaultdict(list)
    for about in (*OBJECTS, *OWN_OBJECTS):
        if (names is not None and about.name not in names) or not gate.able(about.name, verb):
            continue
        moved = [owner for owner, each in extended if each.name == about.name and each.needs != about.needs]
        if moved:
            choices.append(
                _of([about], prefix)
                & ~_at(prefix, moved)
                & _object_filter(gate, about, verb, classes, prefix)
            )
        else:
            held = tuple(gate.able(about.name, each) for each in (verb, Verb.SEE, Verb.TOLD))
            alike[about.needs, held].append(about)
    for same in alike.values():
        choices.append(_of(same, prefix) & _object_filter(gate, same[0], verb, classes, prefix))
    for owner, about in extended:
        if all(about.name != each.name or about.needs != each.needs for each in OBJECTS):
            mine = _of([about], prefix) & _at(prefix, [owner])
            choices.append(mine & _object_filter(gate, about, verb, classes, prefix))
    return _any(choices)


def _of(objects: Iterable[DictionaryObject], prefix: str) -> Q:
    return Q(**{f"{prefix}object__in": [each.name for each in objects]})


def _at(prefix: str, connections: Iterable[int]) -> Q:
    return Q(**{f"{prefix}connection_id__in": list(connections)})


def _object_filter(
    gate: Gate, about: DictionaryObject, verb: str, classes: Collection[str], prefix: str
) -> Q:
    """The records of one object, by the needs given."""
    able = gate.able(about.name, verb)
    base = Verb.SEE if verb == Verb.EXPORT else Verb.TOLD
    seeing = able if verb in (Verb.SEE, Verb.TOLD) else gate.able(about.name, base)
    parts = [able] if seeing is able else [able, seeing]
    for wanted in classes:
        for part in [able, seeing] if verb == Verb.EXPORT else [seeing]:
            parts.append(tuple(each for each in part if ALL in each.classes or wanted in each.classes))
    found = Q()
    for part in parts:
        found &= _covered(part, about.needs, gate.held.accounts, prefix)
    return found


def _covered(bundles: Iterable[Bundle], needs: Needs, accounts: Accounts, prefix: str) -> Q:
    boxes = _merged({tuple(_values_of(each, need) for need in needs) for each in bundles})
    return _any([_box_filter(each, needs, accounts, prefix) for each in boxes])


def _values_of(bundle: Bundle, need: Dimension) -> Values:
    granted = bundle.scopes.get(need.value, NOTHING)
    return frozenset({ALL}) if ALL in granted else granted - {""}


def _merged(boxes: Collection[tuple[Values, ...]]) -> list[tuple[Values, ...]]:
    """Fewer boxes that cover the same: those that differ in one dimension only become one."""
    found = {each for each in boxes if all(each)}
    for place in range(len(next(iter(found), ()))):
        rest: dict[tuple[Values, ...], set[str]] = defaultdict(set)
        for each in found:
            rest[each[:place] + each[place + 1 :]] |= each[place]
        found = {
            (*key[:place], frozenset({ALL}) if ALL in values else frozenset(values), *key[place:])
            for key, values in rest.items()
        }
    return sorted(found, key=lambda box: [sorted(each) for each in box])


def _box_filter(box: tuple[Values, ...], needs: Needs, accounts: Accounts, prefix: str) -> Q:
    found = Q()
    for values, need in zip(box, needs, strict=True):
        if ALL in values:
            continue
        column = f"{prefix}{need.value}__in"
        named = sorted(values - {OWN})
        choices = [Q(**{column: named})] if named else []
        if OWN in values:
            choices += [
                _at(prefix, [connection]) & Q(**{column: sorted(own)})
                for connection, own in _by_connection(accounts).items()
            ]
        found &= _any(choices)
    return found


def _by_connection(accounts: Accounts) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for connection, account in accounts:
        if account not in ("", OWN):
            found[connection].append(account)
    return found


def _any(choices: list[Q]) -> Q:
    """At least one of them; of none, nothing. A wildcard among them is everything."""
    live = [each for each in choices if each is not NOBODY]
    if not live:
        return NOBODY
    if any(not each for each in live):
        return Q()
    if len(live) <= CHUNK:
        return reduce(or_, live)
    parts: list[Any] = [
        ExpressionWrapper(reduce(or_, live[at : at + CHUNK]), output_field=BooleanField())
        for at in range(0, len(live), CHUNK)
    ]
    return Q(*parts, _connector=Q.OR)
