"""The editor's round-trip tests go over every operator there is."""

from __future__ import annotations

import json

from tests.needs import ROOT
from workflows.conditions.operators import OPERATORS


def test_the_editor_is_tested_with_every_operator() -> None:
    tested = json.loads((ROOT / "frontend" / "tests" / "operators.json").read_text())
    assert tested == list(OPERATORS)
