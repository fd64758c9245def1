"""Every string people see is there in Simplified Chinese, and says the same."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from connectors.catalog import MANIFESTS
from connectors.dictionary.objects import OBJECTS
from connectors.models import Event
from kernel.text import Localized
from scripts import messages
from tests.company import DemoCompany
from workflows.catalog import ACTIONS, TRIGGERS
from workflows.models import Rule, Run
from workflows.triggers.record import WORDS

CATALOGS = sorted(messages.catalogs())
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH_IN_ANY_TEXT = re.compile(
    r"\b(Save|Delete|Search|Filters?|Home|History|Add|Overview|Ledger|Rules|Runs|Events|Records|Settings|Mappings?|"
    r"Versions?|Draft|Outcome|Reason|State|Answers?|Deliveries|Replies|Dead letters?|Sign out|Log out|Loading)\b"
)


def room(path: Path) -> str:
    return path.relative_to(messages.ROOT).parts[0]


@pytest.fixture(scope="module")
def packages() -> dict[messages.Key, messages.Found]:
    return messages.of_packages()


@pytest.fixture(scope="module")
def ours() -> dict[Path, dict[messages.Key, messages.Found]]:
    return {path: messages.marked(folders, messages.ROOT) for path, folders in messages.catalogs().items()}


@pytest.mark.parametrize("path", CATALOGS, ids=room)
def test_nothing_is_missing_or_doubtful(path: Path) -> None:
    catalog = polib.pofile(str(path))
    assert [entry.msgid for entry in catalog.untranslated_entries()] == []
    assert [entry.msgid for entry in catalog.fuzzy_entries()] == []
    assert [entry.msgid for entry in catalog.obsolete_entries()] == []


@pytest.mark.parametrize("path", CATALOGS, ids=room)
def test_a_translation_has_the_places_of_its_source(path: Path) -> None:
    different = [
        entry.msgid
        for entry in polib.pofile(str(path))
        if set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        != set(PLACEHOLDER.findall(entry.msgstr_plural[0] if entry.msgid_plural else entry.msgstr))
    ]
    assert different == []


@pytest.mark.parametrize("path", CATALOGS, ids=room)
def test_a_catalog_holds_what_its_code_shows(
    path: Path,
    ours: dict[Path, dict[messages.Key, messages.Found]],
    packages: dict[messages.Key, messages.Found],
) -> None:
    held = {messages.key_of(entry) for entry in polib.pofile(str(path))}
    extra = set(packages) - {key for found in ours.values() for key in found}
    wanted = set(ours[path]) | (extra if room(path) == "locale" else set())
    assert (sorted(wanted - held, key=str), sorted(held - wanted, key=str)) == ([], []), "run: make messages"


def test_one_source_has_one_translation() -> None:
    """Django merges all catalogs: the last one read would silently win."""
    said: dict[messages.Key, set[str]] = {}
    for path in CATALOGS:
        for entry in polib.pofile(str(path)):
            said.setdefault(messages.key_of(entry), set()).add(entry.msgstr or entry.msgstr_plural.get(0, ""))
    assert {key: texts for key, texts in said.items() if len(texts) > 1} == {}


def test_no_marked_string_is_put_together_before_it_is_translated() -> None:
    """`_(f"…")` and `_("…" % x)` look up a text no catalog has."""
    guilty = []
    for name in (*messages.ROOMS, *messages.AT_THE_ROOT):
        for path in (messages.ROOT / name).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id in {"_", "gettext", "gettext_lazy", "gettext_noop"}
                    and any(isinstance(each, ast.JoinedStr | ast.BinOp) for each in node.args)
                ):
                    guilty.append(f"{path.relative_to(messages.ROOT)}:{node.lineno}")
    assert guilty == []


def test_no_chinese_is_read_while_modules_are_loaded() -> None:
    """A process keeps the catalogs as its first translation found them, which may be before they are compiled."""
    loaded = (
        "import django; django.setup(); import config.urls\n"
        "from django.utils.translation import trans_real; print('zh-hans' in trans_real._translations)"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", loaded],
        cwd=messages.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("template", ["plain", "plural", "context"])
def test_a_template_s_strings_are_found(template: str, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    source, wanted = {
        "plain": ('<p>\n  {% translate "Save it" %}</p>', ((None, "Save it"), "")),
        "plural": (
            "{% blocktranslate count n=n %}{{ n }} run{% plural %}{{ n }} runs{% endblocktranslate %}",
            ((None, "%(n)s run"), "%(n)s runs"),
        ),
        "context": ('{% translate "Open" context "inbox" %}', (("inbox", "Open"), "")),
    }[template]
    (folder / "page.html").write_text(source)
    found = messages.marked([tmp_path], tmp_path)
    assert {(key, entry.plural) for key, entry in found.items()} == {wanted}
    assert next(iter(found.values())).files == {"templates/page.html"}


def test_a_program_s_strings_are_found(tmp_path: Path) -> None:
    (tmp_path / "room.py").write_text(
        '_("one " "sentence")\npgettext("inbox", "New")\nngettext("%(n)s run", "%(n)s runs", n)\nf"{_(\'inside\')}"\n_(name)\n'
    )
    found = messages.marked([tmp_path], tmp_path)
    assert {(key, entry.plural) for key, entry in found.items()} == {
        ((None, "one sentence"), ""),
        (("inbox", "New"), ""),
        ((None, "%(n)s run"), "%(n)s runs"),
        ((None, "inside"), ""),
    }


def test_an_update_keeps_translations_and_drops_what_left_the_code(tmp_path: Path) -> None:
    path = tmp_path / "django.po"
    old = polib.POFile()
    old.append(polib.POEntry(msgid="Kept", msgstr="保留"))
    old.append(polib.POEntry(msgid="Left", msgstr="离开"))
    old.save(str(path))
    found: dict[messages.Key, messages.Found] = {
        (None, "Kept"): messages.Found(),
        (None, "New %(name)s"): messages.Found(),
    }
    new = messages.update(path, found, {(None, "Theirs"): messages.Found(files={"unfold"})})
    assert [(each.msgid, each.msgstr, each.comment, each.flags) for each in new] == [
        ("Kept", "保留", "", []),
        ("New %(name)s", "", "", ["python-format"]),
        ("Theirs", "", "unfold", []),
    ]


def test_labels_that_are_data_have_both_languages() -> None:
    labels = list(_localized([*OBJECTS, *dict(MANIFESTS.items()).values(), WORDS]))
    labels += [trigger.label for _key, trigger in TRIGGERS.items()]
    labels += [action.label for _key, action in ACTIONS.items()]
    assert len(labels) > 150
    assert [each for each in labels if not each.en.strip() or not each.zh.strip()] == []
    # What is the same in both languages is a name.
    assert {each.zh for each in labels if not CHINESE.search(each.zh)} <= {"Tryton"}


def test_the_words_of_the_packages_are_translated_too() -> None:
    with translation.override("zh-hans"):
        assert gettext("Search apps and models...") == "搜索应用和模型…"
        assert gettext("Dead letters") == "失败待处理"


class _Texts(HTMLParser):
    """What a reader sees or hears of a page, without code and icons' names."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = 0
        self.icon = False
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.hidden += tag in {"script", "style", "code", "pre", "textarea"}
        self.icon = "material-symbols" in (given.get("class") or "")
        self.texts += [
            given[name] or "" for name in ("title", "aria-label", "placeholder", "alt") if name in given
        ]

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in {"script", "style", "code", "pre", "textarea"}
        self.icon = False

    def handle_data(self, data: str) -> None:
        if not self.hidden and not self.icon and data.strip():
            self.texts.append(data.strip())


@pytest.mark.database
@pytest.mark.parametrize("login", ["analyst", "it", "auditor"])
def test_the_administration_speaks_chinese(company: DemoCompany, login: str) -> None:
    company.sell()
    client = Client()
    client.force_login(company.user(login))
    client.cookies["django_language"] = "zh-hans"
    pages = {
        "analyst": [
            "",
            "workflows/rule/",
            f"workflows/rule/{Rule.objects.latest('pk').pk}/change/",
            "workflows/run/",
            f"workflows/run/{Run.objects.latest('pk').pk}/change/",
        ],
        "it": [
            "",
            "connectors/connection/",
            "connectors/connection/add/",
            "connectors/connection/add/erp.sql/",
        ],
        "auditor": [
            "",
            "connectors/event/",
            f"connectors/event/{Event.objects.latest('pk').pk}/change/",
            "messaging/delivery/",
            "kernel/auditentry/",
        ],
    }[login]
    for page in pages:
        response = client.get(f"/admin/{page}")
        assert response.status_code == 200, page
        reader = _Texts()
        reader.feed(response.content.decode())
        assert '<html lang="zh-hans"' in response.content.decode(), page
        assert [text for text in reader.texts if ENGLISH_IN_ANY_TEXT.search(text)] == [], page
        assert sum(bool(CHINESE.search(text)) for text in reader.texts) >= 10, page


def _localized(value: object) -> Iterator[Localized]:
    """Every Localized inside dataclasses, mappings and sequences; an empty help text is none."""
    if isinstance(value, Localized):
        if value.en or value.zh:
            yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from _localized(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _localized(each)
    elif isinstance(value, list | tuple | frozenset | set):
        for each in value:
            yield from _localized(each)
