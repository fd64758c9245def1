"""The house rules that a machine can check: file lengths, folder names, nothing left open, no path of one machine."""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES = 400
CATCH_ALL = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)(_|$)")
LEFT_OPEN = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
ONE_MACHINE = re.compile(r"(?<![\w.])/(work|home|Users|root)/[\w.-]+")


def tracked(*patterns: str) -> list[Path]:
    """Files git tracks that match the patterns."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


BUILT = ROOT / "workflows" / "static" / "workflows" / "editor"
SOURCES = [
    path
    for path in tracked("*.py", "*.js", "*.css", "*.html", "*.ts", "*.tsx")
    if "migrations" not in path.parts and path.parent != BUILT
]


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 200


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_one_idea_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_no_catch_all_names() -> None:
    assert [str(path) for path in SOURCES if CATCH_ALL.search(path.stem)] == []


def test_nothing_is_left_open() -> None:
    found = [str(path) for path in SOURCES if path != Path(__file__) and LEFT_OPEN.search(path.read_text())]
    assert found == []


def test_no_path_of_one_machine() -> None:
    texts = tracked(
        "*.py", "*.md", "*.toml", "*.txt", "*.yaml", "*.yml", "*.sh", "*.service", "*.po", "Makefile"
    )
    found = {
        str(path.relative_to(ROOT)): match.group()
        for path in texts
        if path != Path(__file__) and (match := ONE_MACHINE.search(path.read_text()))
    }
    assert found == {}


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())
