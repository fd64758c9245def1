"""Fixtures every room's tests may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from kernel import clock, doorbell
from tests.company import DemoCompany, caches_clear


@pytest.fixture(autouse=True)
def _fresh_process_state() -> Iterator[None]:
    """No cache and no language of an earlier test, no broker, the real clock."""
    caches_clear()
    doorbell.sender_bind(None)
    translation.deactivate()
    yield
    clock.shift(0)
    caches_clear()


@pytest.fixture
def company(tmp_path: Path, settings: pytest.FixtureRequest, db: None) -> Iterator[DemoCompany]:
    """The demo company, snapshot taken, in a database of this test."""
    yield DemoCompany(tmp_path, settings).prepared()


@pytest.fixture
def committed_company(
    tmp_path: Path, settings: pytest.FixtureRequest, transactional_db: None
) -> Iterator[DemoCompany]:
    """The same with real commits, for tests with threads or processes."""
    yield DemoCompany(tmp_path, settings).prepared()
