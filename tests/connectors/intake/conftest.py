from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.intake.door import Door
from tests.workflows.engine.source import Source


@pytest.fixture
def source(transactional_db: None) -> Source:
    return Source()


@pytest.fixture
def door(source: Source) -> Iterator[Door]:
    opened = Door(source.connection)
    yield opened
    opened.close()
