"""Which queues have something due: all questions in one statement, put together once.

The sweep asks twice a second whether anybody works or not; a dozen statements of the ORM's would be most of what an idle
installation costs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Value

from kernel import clock
from kernel.doorbell import Waiting, queues
from kernel.work import LEASE_MOST_SECONDS

_MARK = dt.datetime(1971, 2, 3, 4, 5, 6, 789012, tzinfo=dt.UTC)
_LIMIT = dt.timedelta(seconds=LEASE_MOST_SECONDS)
_Texts = dict[tuple[str, tuple[str, ...]], tuple[str, list[Any]]]
_texts: _Texts = {}


def queues_ready() -> list[str]:
    """The names of queues in which something is due, in one query for all that ask for rows."""
    asked = [(each.name, each.waiting) for each in queues() if each.waiting is not None]
    found = queues_due(asked)
    return [
        each.name for each in queues() if (each.name in found if each.waiting is not None else each.is_due())
    ]


def queues_due(waiting: Sequence[tuple[str, Waiting]]) -> set[str]:
    """The names of those in which something is due now. One query."""
    if not waiting:
        return set()
    mark = (connection.vendor, tuple(name for name, _rows in waiting))
    if mark not in _texts:
        _texts[mark] = _statement(waiting)
    text, params = _texts[mark]
    now = clock.now()
    moments = {_bound(_MARK): _bound(now), _bound(_MARK + _LIMIT): _bound(now + _LIMIT)}
    with connection.cursor() as cursor:
        cursor.execute(text, [moments.get(each, each) for each in params])
        return {name for (name,) in cursor.fetchall()}


def _statement(waiting: Sequence[tuple[str, Waiting]]) -> tuple[str, list[Any]]:
    """With a moment of long ago for now and another for the end of the longest lease, to be replaced at each use."""
    parts: list[str] = []
    params: list[Any] = []
    for name, rows in waiting:
        for found in rows(_MARK):
            sql, values = found.order_by().values_list(Value(1))[:1].query.sql_with_params()
            parts.append(f"SELECT '{name}' WHERE EXISTS ({sql})")
            params += values
    return " UNION ALL ".join(parts), params


def _bound(moment: dt.datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)
