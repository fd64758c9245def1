"""Claiming work rows by one hand-written statement; what kernel/work.py says of work_claim holds for it, too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Generic, TypeVar

from django.db import connection, transaction

from kernel import clock
from kernel.statements import Raw, Select, columns_of, maker_of, value_bind
from kernel.work import LEASE_MOST_SECONDS, LEASE_SECONDS, WorkRow, owner_new

W = TypeVar("W", bound=WorkRow)
_DUE = "available_at <= %s AND (lease_until IS NULL OR lease_until <= %s OR lease_until > %s)"


class Claim(Generic[W]):
    """Due rows of a model under `where`, in `order` (columns); the condition is kernel.work.due()."""

    def __init__(self, model: type[W], *, where: str = "", order: Sequence[str]) -> None:
        self.model, self.order = model, tuple(order)
        self._due = f"{_DUE} AND {where}" if where else _DUE
        self._tail = f"ORDER BY {', '.join(order)} LIMIT %s"
        self._select = Select(model, self._due, tail=self._tail)
        self._lease = Raw(
            f"UPDATE {model._meta.db_table} SET lease_until = %s, lease_owner = %s, attempts = attempts + 1 "
            "WHERE id {any}"
        )
        self._text = ""

    def rows(self, limit: int, *, lease_seconds: float = LEASE_SECONDS) -> list[W]:
        """Claim up to `limit`; nobody else gets them until the lease runs out."""
        now, owner = clock.now(), owner_new()
        until = now + dt.timedelta(seconds=lease_seconds)
        due = [now, now, now + dt.timedelta(seconds=LEASE_MOST_SECONDS), limit]
        if connection.vendor == "postgresql":
            return self._claim_at_once([*due, until, owner])
        with transaction.atomic():  # immediate: the read is already exclusive
            rows = self._select.rows(*due)
            if rows:
                self._lease.rows(until, owner, [row.pk for row in rows])
        for row in rows:
            row.lease_until, row.lease_owner, row.attempts = until, owner, row.attempts + 1
        return rows

    def _claim_at_once(self, values: list[object]) -> list[W]:
        """Materialized, so that the rows are chosen and locked once."""
        table = self.model._meta.db_table
        if not self._text:
            self._text = (
                f"WITH due AS MATERIALIZED (SELECT id FROM {table} WHERE {self._due} {self._tail} "
                f"FOR NO KEY UPDATE SKIP LOCKED) UPDATE {table} AS t SET lease_until = %s, lease_owner = %s, "
                f"attempts = t.attempts + 1 FROM due WHERE t.id = due.id "
                f"RETURNING {columns_of(self.model, alias='t')}"
            )
        with connection.cursor() as cursor:
            cursor.execute(self._text, [value_bind(value) for value in values])
            make = maker_of(self.model)
            rows = [make(row) for row in cursor.fetchall()]
        return sorted(rows, key=lambda row: tuple(getattr(row, name) for name in self.order))
