from __future__ import annotations

import pytest

from tests.workflows.engine.source import Source


@pytest.fixture
def source(db: None) -> Source:
    return Source()
