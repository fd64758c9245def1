"""What a browser fetches for the rule editor: small, in parts, and never two versions of them mixed."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from tests.needs import ROOT

BUNDLE = ROOT / "workflows" / "static" / "workflows" / "editor"
TREE_BYTES, PAGE_BYTES, FIRST_BYTES = 90_000, 250_000, 3_000


def compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def test_the_editor_is_small_and_lazy() -> None:
    parts = {path.name: path for path in BUNDLE.iterdir()}
    tree = [path for name, path in parts.items() if name.startswith("ConditionEditor-")]
    assert len(tree) == 1 and compressed(tree[0]) <= TREE_BYTES
    assert sum(map(compressed, parts.values())) <= PAGE_BYTES
    assert compressed(parts["editor.js"]) <= FIRST_BYTES


def test_parts_name_each_other_by_their_content_and_nobody_names_the_entry() -> None:
    """The entry is served under two names; imported by a part, it would run twice."""
    parts = {path.name for path in BUNDLE.iterdir()}
    named = {
        name
        for path in BUNDLE.glob("*.js")
        for name in re.findall(r"""["`]\./([^"`]+\.js)["`]""", path.read_text())
    }
    assert named == {name for name in parts if name.endswith(".js")} - {"editor.js"}
    assert all(re.fullmatch(r"\w+-[\w-]{8}\.js", name) for name in named)
