"""The access review: what left the ERP to whom, and whether a data owner has signed it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from connectors.dictionary.types import FieldClass
from connectors.dictionary.words import CLASSES
from kernel import clock
from permissions.models import Grant, Signature
from permissions.objects import may_any
from permissions.signatures import Signed, signatures_load
from workflows.models import DisclosureMonth
from workflows.selectors.shown import about_find

CHUNK = 500


@dataclass(frozen=True)
class Line:
    """One row of the account in words. `signature` is the data owner's word for it; None where there is none."""

    row: DisclosureMonth
    object: str
    field: str
    field_class: FieldClass
    signature: Signature | None

    @property
    def class_words(self) -> str:
        return class_words(self.field_class)


def class_words(field_class: FieldClass) -> str:
    return str(CLASSES[field_class]) if field_class in CLASSES else _("general")


def visible_disclosures(user: Any) -> QuerySet[DisclosureMonth]:
    """For those who may read grants: data owners and auditors. It holds no values."""
    rows = DisclosureMonth.objects.all()
    return rows if may_any(user, "view", Grant) else rows.none()


def month_of(text: str) -> dt.date | None:
    """ "2026-10" → the first of October; None for what is no month."""
    try:
        return dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None


def this_month() -> dt.date:
    return clock.now().astimezone(dt.UTC).date().replace(day=1)


def lines_of(rows: Sequence[DisclosureMonth], signed: Signed | None = None) -> list[Line]:
    """Rows with rule, user, channel and connection loaded; two queries however many."""
    signed = signed or signatures_load({each.user_id for each in rows}, {each.object for each in rows})
    found = []
    for row in rows:
        about = about_find(row.connection_id, row.object)
        known = about.by_name.get(row.field) if about is not None else None
        field_class = known.field_class if known is not None else FieldClass.GENERAL
        found.append(
            Line(
                row,
                str(about.label) if about is not None else row.object,
                str(known.label) if known is not None else row.field,
                field_class,
                signed.find(row.user_id, row.object, field_class, row.channel_id),
            )
        )
    return found


def lines_each(rows: QuerySet[DisclosureMonth]) -> Iterator[Line]:
    """All lines of `rows`, a chunk at a time."""
    ordered = rows.select_related("rule", "user", "channel", "connection").order_by("-pk")
    last: int | None = None
    while True:
        part = list((ordered if last is None else ordered.filter(pk__lt=last))[:CHUNK])
        if not part:
            return
        yield from lines_of(part)
        last = part[-1].pk


def month_counts(rows: QuerySet[DisclosureMonth]) -> dict[str, int]:
    """How many fields, people and rules a month's rows are about, and how many of the rows nobody signed."""
    counts = rows.aggregate(
        fields=Count("field", distinct=True),
        objects=Count("object", distinct=True),
        people=Count("user", distinct=True),
        rules=Count("rule", distinct=True),
    )
    unsigned = sum(each.signature is None for each in lines_each(rows.filter(shown__gt=0)))
    return {**counts, "unsigned": unsigned}
