"""No protected value on any surface for anybody it is closed to, and none withheld from those it is open to.

`make leaks` plays 10,000 generated companies; the suite plays LEAK_CASES of them, the same ones every time.
"""

from __future__ import annotations

import os

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.leaks.cases import CASES, Case
from tests.leaks.company import Company, messenger_watch
from tests.leaks.faults import FAULTS, Fault
from tests.leaks.oracle import Leak
from tests.leaks.surfaces import Visit

LEAK_CASES = int(os.environ.get("LEAK_CASES", "300"))


@pytest.fixture
def world(db: None) -> Company:
    return Company()


def play(world: Company, case: Case) -> None:
    """Raises Leak or Withheld."""
    end = messenger_watch(world)
    try:
        with transaction.atomic():
            world.begin(case)
            for act in case.acts:
                world.act(act)
            for login, surface in case.visits:
                Visit(world, login).visit(surface)
            transaction.set_rollback(True)
    finally:
        end()


@seed(20261122)
@settings(
    max_examples=LEAK_CASES,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(case=CASES)
def test_nothing_leaks_and_nothing_is_withheld(world: Company, case: Case) -> None:
    play(world, case)


@pytest.mark.parametrize(("fault", "case"), FAULTS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_planted_fault_is_caught(
    world: Company, fault: Fault, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(world, case)  # without the fault all is well
    fault(monkeypatch)
    with pytest.raises(Leak):
        play(world, case)
