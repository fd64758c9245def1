from __future__ import annotations

import pytest

from tests.workflows.engine.source import Source
from workflows.engine.execute import execute_drain


@pytest.fixture
def source(db: None) -> Source:
    return Source()


@pytest.fixture
def asked(source: Source) -> Source:
    """One question waits to be sent to one person."""
    source.rule()
    source.tell(120, 90)
    execute_drain()
    return source
