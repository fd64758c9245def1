from __future__ import annotations

import pytest

from tests.workflows.engine.source import Source


@pytest.fixture
def source(db: None) -> Source:
    return Source()


@pytest.fixture
def committed_source(transactional_db: None) -> Source:
    """The same with real commits, for tests with threads."""
    return Source()
