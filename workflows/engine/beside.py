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
    records = {(event.connection_id, event.object, event.key) for event in numbered}
    others = waiting.filter(
        connection_id__in={event.connection_id for event in numbered},
        key__in={event.key for event in numbered},
    ).order_by("id")[:MOST]
    return [each for each in others if (each.connection_id, each.object, each.key) in records]
