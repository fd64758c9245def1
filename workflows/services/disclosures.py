"""The account of what left the ERP: notes of the outbox are added up per month, and the notes go.

One transaction takes the oldest notes under lock, adds them to the month's rows and deletes them: a note counts once,
whoever is killed and however many workers do it at the same time.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import transaction

from kernel import clock
from kernel.errors import ConfigError
from kernel.rows import rows_update
from kernel.timers import after
from messaging.card import card_fields, title_fields
from messaging.models import DIGEST, Delivery, DeliveryState, Disclosure
from messaging.services.digest import MOST_LINES
from workflows.models import DisclosureMonth, Step

EVERY_SECONDS = 20.0
NOTES = 50
ROUNDS = 20
COUNTED = ("shown", "hidden", "first_at", "last_at")


class Key(NamedTuple):
    """What the account is kept by: the unique columns of DisclosureMonth."""

    month: dt.date
    rule_id: int
    user_id: int
    channel_id: int
    connection_id: int
    object: str
    field: str


@dataclass
class _Count:
    first_at: dt.datetime
    last_at: dt.datetime
    shown: int = 0
    hidden: int = 0


def disclosures_fold() -> dt.datetime:
    """Add up what is noted. Returns when to look again: at once while there is more than a handful of rounds."""
    for _round in range(ROUNDS):
        if notes_fold() < NOTES:
            return after(EVERY_SECONDS)
    return clock.now()


def notes_fold() -> int:
    """The oldest notes, in one transaction. Returns how many."""
    with transaction.atomic():
        notes = list(Disclosure.objects.select_for_update().order_by("pk")[:NOTES])
        if notes:
            _store(_counts(notes))
            Disclosure.objects.filter(pk__in=[each.pk for each in notes]).delete()
    return len(notes)


@dataclass(frozen=True)
class _Told:
    """Fields of one interaction that left with one delivery."""

    delivery: Delivery
    masked: frozenset[str]
    fields: frozenset[str]
    at: dt.datetime
    carried: Delivery


def _counts(notes: Sequence[Disclosure]) -> dict[Key, _Count]:
    pks = {int(pk) for note in notes for pk, _masked in note.told}
    deliveries = Delivery.objects.select_related("interaction__record").in_bulk(pks)
    digests = [pk for pk, each in deliveries.items() if each.interaction.handler == DIGEST]
    lines = _lines(digests)
    told: list[_Told] = []
    for note in notes:
        for pk, masked in note.told:
            delivery = deliveries.get(int(pk))
            if delivery is None:
                continue
            if delivery.interaction.handler == DIGEST:
                told += [
                    _Told(
                        delivery,
                        frozenset(line.proof.get("masked", ())),
                        _read(line, title_fields),
                        note.at,
                        line,
                    )
                    for line in lines.get(delivery.pk, ())
                ]
            else:
                fields = _read(delivery, card_fields)
                told.append(_Told(delivery, frozenset(masked), fields, note.at, delivery))
    rules = _rules({each.carried.interaction_id for each in told})
    found: dict[Key, _Count] = {}
    for each in told:
        rule = rules.get(each.carried.interaction_id)
        if rule is not None:
            _add(found, each, rule)
    return found


def _lines(digests: Sequence[int]) -> Mapping[int, list[Delivery]]:
    """The notices whose titles a digest lists: the newest, as many as it has lines."""
    found: dict[int, list[Delivery]] = defaultdict(list)
    rows = Delivery.objects.filter(through__in=digests, state=DeliveryState.THROUGH)
    for line in rows.select_related("interaction__record").order_by("-pk"):
        if line.through_id is not None and len(found[line.through_id]) < MOST_LINES:
            found[line.through_id].append(line)
    return found


def _read(delivery: Delivery, fields: Any) -> frozenset[str]:
    """The fields with a value that the card tells; a text nobody can parse told nothing."""
    card = delivery.interaction.card
    try:
        named = fields(card)
    except ConfigError:
        return frozenset()
    data = card.get("data", {})
    return frozenset(name for name in named if data.get(name) not in (None, ""))


def _rules(interactions: Iterable[int]) -> dict[int, int]:
    steps = Step.objects.filter(interaction__in=set(interactions)).values_list(
        "interaction_id", "run__rule_id"
    )
    return {interaction: rule for interaction, rule in steps if interaction is not None}


def _add(found: dict[Key, _Count], told: _Told, rule: int) -> None:
    record = told.carried.interaction.record
    if record is None:
        return
    month = told.at.astimezone(dt.UTC).date().replace(day=1)
    for name in told.fields:
        key = Key(
            month,
            rule,
            told.delivery.user_id,
            told.delivery.connection_id,
            record.connection_id,
            record.object,
            name,
        )
        count = found.setdefault(key, _Count(told.at, told.at))
        count.first_at, count.last_at = min(count.first_at, told.at), max(count.last_at, told.at)
        if name in told.masked:
            count.hidden += 1
        else:
            count.shown += 1


def _store(counts: Mapping[Key, _Count]) -> None:
    """Add to the rows that are there, make the others. The caller holds the oldest notes: nobody else adds meanwhile."""
    if not counts:
        return
    rows = DisclosureMonth.objects.filter(
        month__in={key.month for key in counts},
        rule_id__in={key.rule_id for key in counts},
        user_id__in={key.user_id for key in counts},
        object__in={key.object for key in counts},
    )
    known = {Key(*(getattr(row, name) for name in Key._fields)): row for row in rows}
    fresh: list[DisclosureMonth] = []
    changed: list[DisclosureMonth] = []
    for key, count in counts.items():
        row = known.get(key)
        if row is None:
            fresh.append(DisclosureMonth(**key._asdict(), **vars(count)))
            continue
        row.shown += count.shown
        row.hidden += count.hidden
        row.first_at, row.last_at = min(row.first_at, count.first_at), max(row.last_at, count.last_at)
        changed.append(row)
    DisclosureMonth.objects.bulk_create(fresh)
    rows_update(DisclosureMonth, changed, COUNTED)
