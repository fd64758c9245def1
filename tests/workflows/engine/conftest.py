from __future__ import annotations

import pytest

from tests.workflows.engine.source import Source
from workflows.engine import carry


@pytest.fixture
def source(db: None) -> Source:
    return Source()


@pytest.fixture
def committed_source(transactional_db: None) -> Source:
    """The same with real commits, for tests with threads."""
    return Source()


@pytest.fixture
def uncarried(monkeypatch: pytest.MonkeyPatch) -> None:
    """First steps are left to the execute queue, as those are that cannot be done where their rule fires."""
    monkeypatch.setattr(carry, "_asked", lambda _fired, _people: None)
