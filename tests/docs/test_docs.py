"""What the documents say about the code is so, and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.environment import KNOWN

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")])
ROW = re.compile(r"^\| `([A-Z_]+)` \| ([^|]+) \|", re.MULTILINE)
READ = re.compile(r"""(?:env|environ)\.get\(\s*"([A-Z_]+)"|(?:env, )"([A-Z_]+)\"""")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FOLDERS = ("home", "root", "tmp", "work", "Users", "mnt", "workspace")
MACHINE_PATH = re.compile(rf"(?<![\w.:/-])/(?:{'|'.join(FOLDERS)})/[\w.-]+")
ROOMS = "config|demo|inbox|workflows|messaging|permissions|connectors|kernel|tests|scripts|deploy"
FILE = re.compile(rf"`((?:{ROOMS})/[\w./-]+)`")
PICTURE_MOST_BYTES = 250_000


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _prose(text: str) -> str:
    return CODE.sub("", text)


def test_every_setting_is_in_the_table_in_the_codes_own_words() -> None:
    rows = dict(ROW.findall(_text(ROOT / "docs" / "settings.md")))
    ours = {name: words for name, words in rows.items() if name.startswith("BATON_")}
    assert ours == KNOWN


def test_every_variable_that_is_read_is_in_the_table() -> None:
    rows = dict(ROW.findall(_text(ROOT / "docs" / "settings.md")))
    sources = [ROOT / "config" / "environment.py", *sorted((ROOT / "kernel").glob("*.py"))]
    found = {one or other for source in sources for one, other in READ.findall(_text(source))}
    assert {"DATABASE_URL", "CELERY_BROKER_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "PORT"} <= found
    assert found <= rows.keys(), found - rows.keys()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    targets = [
        each for each in LINK.findall(_prose(_text(page))) if "://" not in each and "mailto:" not in each
    ]
    missing = [each for each in targets if not (page.parent / each).exists()]
    assert missing == []


NAMING_FILES = [page for page in PAGES if page.parent.name != "how-to" and page.name != "api.md"]
"""In a how-to a path is a file to be written, in the API's page it is an address."""


@pytest.mark.parametrize("page", NAMING_FILES, ids=_name)
def test_files_that_are_named_exist(page: Path) -> None:
    """How-tos name files the reader is about to write; every other page names what is there."""
    assert [each for each in FILE.findall(_prose(_text(page))) if not (ROOT / each).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_no_page_names_a_path_of_a_machine(page: Path) -> None:
    assert MACHINE_PATH.findall(_text(page)) == []


def test_every_pinned_requirement_has_its_reason() -> None:
    pinned = re.findall(r"^([A-Za-z0-9_-]+)(?:\[\w+\])?==", _text(ROOT / "requirements.txt"), re.MULTILINE)
    reasons = _text(ROOT / "docs" / "adr" / "0002-dependencies.md").lower()
    assert pinned
    assert [each for each in pinned if each.lower() not in reasons] == []


def test_the_changelog_opens_with_the_version() -> None:
    version = _text(ROOT / "VERSION").strip()
    first = re.search(r"^## (?!Unreleased$)(\S+)", _text(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert first is not None
    assert first[1] == version


def test_every_decision_is_listed() -> None:
    listed = _text(ROOT / "docs" / "adr" / "README.md")
    decisions = sorted(each.name for each in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert decisions
    assert [each for each in decisions if f"({each})" not in listed] == []


def test_pictures_are_small_and_used() -> None:
    pictures = sorted((ROOT / "docs" / "images").glob("*.png"))
    pages = "".join(_text(page) for page in PAGES)
    assert [each.name for each in pictures if each.stat().st_size > PICTURE_MOST_BYTES] == []
    assert [each.name for each in pictures if each.name not in pages] == []
