"""A source, a person linked to its messenger, and that person's right to build rules on it."""

from __future__ import annotations

import pytest

from permissions.objects import object_share
from tests.workflows.engine.source import Source


@pytest.fixture
def source(db: None) -> Source:
    made = Source()
    object_share(None, made.person, made.connection, "view", "use")
    return made
