"""Two administrators at one connection: nobody writes back what somebody else has changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.models import Connection
from connectors.ports.check import CheckReport
from connectors.services import connections
from connectors.services.connections import (
    connection_check,
    connection_pause,
    connection_resume,
    hook_token_renew,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def erp() -> Connection:
    registered, _report = connections.connection_register(
        None, name="erp", slug="erp", connector="erp.webhook", values={}, checked=False
    )
    return registered


def stale() -> Connection:
    return Connection.objects.get(slug="erp")


def test_a_pause_during_a_check_stays_a_pause(erp: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(*_args: Any) -> CheckReport:
        connection_pause(None, stale(), "stock taking")
        return CheckReport(())

    monkeypatch.setattr(connections, "values_check", check)
    connection_check(None, erp)
    fresh = stale()
    assert (fresh.state, fresh.state_reason) == ("paused", "stock taking")
    assert erp.state == "paused"
    assert fresh.checked_at is not None


@pytest.mark.parametrize("act", [connection_pause, connection_resume, hook_token_renew])
def test_an_older_copy_brings_no_old_token_back(
    erp: Connection, act: Callable[[Any, Connection], Any]
) -> None:
    before = stale()
    token = hook_token_renew(None, stale())
    result = act(None, before)
    expected = result if act is hook_token_renew else token
    assert stale().credentials["hook_token"] == expected


def test_a_renewed_token_brings_no_paused_connection_back(erp: Connection) -> None:
    before = stale()
    connection_pause(None, stale())
    hook_token_renew(None, before)
    assert stale().state == "paused"


def test_a_good_check_ends_a_refused_credential(erp: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    Connection.objects.update(state="auth_failed", state_reason="wrong password")
    monkeypatch.setattr(connections, "values_check", lambda *_args: CheckReport(()))
    connection_check(None, erp)
    assert (stale().state, stale().state_reason) == ("active", "")
