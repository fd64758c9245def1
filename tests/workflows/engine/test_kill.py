"""Killed at each point of the flow: after the lease runs out somebody else finishes it, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from connectors.erp.sql.connector import SqlConnector
from connectors.im.inbox.connector import InboxConnector
from kernel import clock
from messaging.models import Answer, Delivery, Interaction
from messaging.services import sent
from tests.company import DemoCompany
from tests.workflows.engine.source import flow_due
from workflows.engine import batch, carry, context, execute, finish, plan
from workflows.models import Run, Step

ROOT = Path(__file__).resolve().parents[3]


class Killed(BaseException):
    """As sudden as a kill: nothing of ours catches it."""


def kill_once(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, *, after: bool) -> list[int]:
    """The next call dies, before or after its work; calls after that run. Gives the list of deaths."""
    original: Callable[..., Any] = getattr(where, name)
    deaths: list[int] = []

    def dying(*args: Any, **options: Any) -> Any:
        if deaths:
            return original(*args, **options)
        if after:
            original(*args, **options)
        deaths.append(1)
        raise Killed

    monkeypatch.setattr(where, name, dying)
    return deaths


def drained_through_the_kill(company: DemoCompany, deaths: list[int]) -> None:
    """Work until the kill, let every lease run out, work again."""
    with pytest.raises(Killed):
        company.work()
    assert deaths == [1]
    clock.shift(301)
    company.work()


def assert_one_order(company: DemoCompany) -> None:
    (order,) = company.orders()
    interaction = Interaction.objects.get()
    assert interaction.state == "decided"
    assert order.number in interaction.state_text["en"]
    assert Run.objects.get().state == "done"
    assert Answer.objects.filter(accepted=True).count() == 1
    assert set(Step.objects.values_list("state", flat=True)) == {"done"}
    assert Delivery.objects.get().version == interaction.version
    assert flow_due() == []


@pytest.mark.parametrize(
    ("where", "name", "after"),
    [
        (execute, "_act", False),  # claimed, nothing done
        (context, "record_refresh", True),  # the record was read
        (SqlConnector, "perform", False),  # that it left us is stored, and it never left
        (SqlConnector, "perform", True),  # the ERP has it, the answer is lost
        (execute, "step_finish", False),  # answered, nothing stored
        (finish, "_end", True),  # inside the transaction that finishes
        (finish, "interaction_show", True),
        (execute, "step_finish", True),  # stored, the attempt not closed
    ],
)
def test_killed_while_carrying_out_an_answer(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, after: bool
) -> None:
    company.sell()
    assert company.answer().taken
    drained_through_the_kill(company, kill_once(monkeypatch, where, name, after=after))
    assert_one_order(company)


@pytest.mark.parametrize(
    ("where", "name", "after"),
    [
        (plan, "_evaluate", True),
        (batch.Batch, "write", True),
        (batch, "asked_find", False),
        (carry, "interactions_make", True),
        (InboxConnector, "send", False),
        (InboxConnector, "send", True),
        (sent, "sent_finish", False),
        (sent, "sent_finish", True),
    ],
)
def test_killed_on_the_way_to_the_card(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, after: bool
) -> None:
    deaths = kill_once(monkeypatch, where, name, after=after)
    with pytest.raises(Killed):
        company.sell()
    assert deaths == [1]
    clock.shift(301)
    company.work()
    assert (Run.objects.count(), Interaction.objects.count(), Delivery.objects.count()) == (1, 1, 1)
    assert company.answer().taken
    company.work()
    assert_one_order(company)


@pytest.mark.parametrize(("where", "name"), [(execute, "_act"), (finish, "interactions_open")])
def test_killed_while_a_question_is_asked_by_the_execute_queue(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch, uncarried: None, where: Any, name: str
) -> None:
    """A first step that could not be done where its rule fired."""
    test_killed_on_the_way_to_the_card(company, monkeypatch, where, name, True)


CHILD = """
import sys, time
import django
django.setup()
from kernel import doorbell
import {module} as module
original = {target}
def stopping(*args, **options):
    if {after}:
        original(*args, **options)
    print("here", flush=True)
    time.sleep(120)
{target} = stopping
doorbell.queue("execute").drain()
"""


def database_url() -> str:
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    return f"postgresql://{known['USER']}@{known['HOST']}:{known['PORT'] or 5432}/{known['NAME']}"


@pytest.mark.parametrize(
    ("module", "target", "after"),
    [
        ("connectors.erp.sql.connector", "module.SqlConnector.perform", False),
        ("connectors.erp.sql.connector", "module.SqlConnector.perform", True),
        ("workflows.engine.finish", "module._end", True),
    ],
)
def test_a_worker_killed_with_signal_9(
    committed_company: DemoCompany, module: str, target: str, after: bool
) -> None:
    company = committed_company
    company.sell()
    assert company.answer().taken
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": database_url()}
    script = CHILD.format(module=module, target=target, after=after)
    child = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.communicate(timeout=30)
    assert child.returncode == -signal.SIGKILL
    clock.shift(301)
    company.work()
    assert_one_order(company)
