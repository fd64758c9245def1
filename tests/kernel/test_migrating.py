"""Applying migrations while an older version works: what gave way is tried again, what is wrong is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from kernel import migrating
from kernel.migrating import MOST_TRIES, migrations_apply


def failure(sqlstate: str) -> OperationalError:
    error = OperationalError(sqlstate)
    error.__cause__ = type("DriverError", (Exception,), {"sqlstate": sqlstate})()
    return error


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[OperationalError]:
    """Errors still to be raised by `migrate`, the next one first; an empty list lets it pass."""
    errors: list[OperationalError] = []

    def migrate(*_args: Any, **_options: Any) -> None:
        if errors:
            raise errors.pop(0)

    monkeypatch.setattr(migrating, "call_command", migrate)
    monkeypatch.setattr(migrating, "connection", SimpleNamespace(vendor="sqlite", close=lambda: None))
    monkeypatch.setattr(migrating, "PAUSE_SECONDS", 0.0)
    return errors


def test_a_migration_that_gave_way_is_tried_again(applied: list[OperationalError]) -> None:
    applied += [failure("40P01"), failure("55P03")]
    migrations_apply()
    assert applied == []


def test_what_is_wrong_is_not_tried_again(applied: list[OperationalError]) -> None:
    applied += [failure("42P01"), failure("40P01")]
    with pytest.raises(OperationalError, match="42P01"):
        migrations_apply()
    assert len(applied) == 1


def test_a_way_that_is_never_free_is_given_up(applied: list[OperationalError]) -> None:
    applied += [failure("55P03") for _each in range(MOST_TRIES + 1)]
    with pytest.raises(OperationalError, match="55P03"):
        migrations_apply()
    assert len(applied) == 1
