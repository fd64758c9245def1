"""What has to be planned beside a batch: what a source numbered may have arrived in any order.

A batch is cut off somewhere. When it holds the fifth state of a record and the fourth waits behind the cut, the fourth
would come too late and be superseded, and the rule would see other crossings than in the order of the source.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from connectors.models import Event

MOST = 2_000
"""So many events at most join a batch; of records with more, the rest comes in its own turn."""


def events_beside(numbered: Sequence[Event], waiting: QuerySet[Event]) -> list[Event]:
    """Of the records of `numbered` (events of one batch), what else is `waiting`: a queryset that leaves the batch out."""
    if not numbered:
        return []
    newest: dict[tuple[int, str, str], str] = {}
    for event in numbered:
        mark = _record(event)
        newest[mark] = max(newest.get(mark, ""), event.source_version)
    behind = waiting.filter(
        connection_id__in={event.connection_id for event in numbered},
        key__in={event.key for event in numbered},
    )
    # Where nothing came out of order, which is the rule, this finds nothing and locks nothing.
    late = behind.filter(source="hook", source_version__gt="", source_version__lt=max(newest.values()))
    shuffled = {_record(each) for each in late if each.source_version < newest.get(_record(each), "")}
    if not shuffled:
        return []
    others = behind.filter(key__in={key for _connection, _object, key in shuffled}).order_by("id")[:MOST]
    return [each for each in others if _record(each) in shuffled]


def _record(event: Event) -> tuple[int, str, str]:
    return event.connection_id, event.object, event.key
