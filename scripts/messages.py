"""Bring the Simplified Chinese catalogs up to date with the code: `make messages`. No gettext tools needed.

Every room with marked strings has its own catalog, `config/` and `templates/` share the one at the root. The root
catalog also holds what the packages in `PACKAGES` show and no catalog of theirs or of Django's translates: those
entries carry the package's name as a comment. New strings are added untranslated, strings that left the code go.
tests/test_translations.py uses the same functions, so a forgotten string fails there.
"""

from __future__ import annotations

import ast
import importlib.util
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polib
from babel.messages.extract import extract
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("kernel", "connectors", "permissions", "messaging", "workflows", "inbox", "demo")
AT_THE_ROOT = ("config", "templates")
PACKAGES = (
    "unfold",
    "axes",
    "guardian",
    "simple_history",
    "rest_framework",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.core",
    "django.forms",
)
LANGUAGE = "zh_Hans"
_CATALOG = Path("locale", LANGUAGE, "LC_MESSAGES", "django.po")
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "_": ("single",),
    "gettext": ("single",),
    "gettext_lazy": ("single",),
    "gettext_noop": ("single",),
    "ngettext": ("single", "plural"),
    "ngettext_lazy": ("single", "plural"),
    "pgettext": ("context", "single"),
    "pgettext_lazy": ("context", "single"),
    "npgettext": ("context", "single", "plural"),
    "npgettext_lazy": ("context", "single", "plural"),
}
_KEYWORDS = {
    name: tuple((number, "c") if part == "context" else number for number, part in enumerate(parts, 1))
    for name, parts in _ARGUMENTS.items()
}
_METADATA = {
    "Project-Id-Version": "Baton",
    "Language-Team": "Baton",
    "Language": LANGUAGE,
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}

Key = tuple[str | None, str]
"""Context (or None) and English source, as gettext tells entries apart."""


@dataclass
class Found:
    """A marked string: its plural source where it has one, and the files (relative to `base`) that show it."""

    plural: str = ""
    files: set[str] = field(default_factory=set)


def catalogs() -> dict[Path, tuple[Path, ...]]:
    """Each catalog of ours and the folders whose strings it holds."""
    rooms = {ROOT / room / _CATALOG: (ROOT / room,) for room in ROOMS}
    return rooms | {ROOT / _CATALOG: tuple(ROOT / name for name in AT_THE_ROOT)}


def marked(folders: Iterable[Path], base: Path) -> dict[Key, Found]:
    """Every string marked for translation below the folders, in Python and in templates."""
    found: dict[Key, Found] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            for key, plural in _of_file(path):
                entry = found.setdefault(key, Found())
                entry.plural = entry.plural or plural
                entry.files.add(path.relative_to(base).as_posix())
    return found


def of_packages() -> dict[Key, Found]:
    """What the packages show and nobody translates; `files` is the package's name."""
    known = _shipped()
    found: dict[Key, Found] = {}
    for package in PACKAGES:
        folder = _folder(package)
        for key, entry in marked([folder], folder).items():
            if key not in known:
                found.setdefault(key, Found(entry.plural)).files.add(package)
    return found


def update(path: Path, wanted: dict[Key, Found], packages: dict[Key, Found]) -> polib.POFile:
    """The catalog at `path` with exactly the wanted entries, sorted; translations that are there stay."""
    old = polib.pofile(str(path)) if path.exists() else polib.POFile()
    translated = {key_of(entry): entry for entry in old if not entry.obsolete}
    new = polib.POFile(wrapwidth=110)
    new.metadata = dict(_METADATA)
    order = sorted({**packages, **wanted}, key=lambda key: (key[1].casefold(), key[1], key[0] or ""))
    for key in order:
        found = wanted.get(key) or packages[key]
        before = translated.get(key)
        new.append(
            polib.POEntry(
                msgctxt=key[0],
                msgid=key[1],
                msgid_plural=found.plural,
                msgstr=before.msgstr if before and not found.plural else "",
                msgstr_plural=_plurals(before) if found.plural else {},
                comment="" if key in wanted else ", ".join(sorted(found.files)),
                flags=["python-format"] if "%(" in key[1] else [],
            )
        )
    return new


def key_of(entry: polib.POEntry) -> Key:
    return entry.msgctxt, entry.msgid


def update_all() -> int:
    """Writes every catalog; returns how many entries wait for a translation."""
    packages = of_packages()
    ours = {path: marked(folders, ROOT) for path, folders in catalogs().items()}
    elsewhere = {key for found in ours.values() for key in found}
    waiting = 0
    for path, wanted in ours.items():
        extra = packages if path == ROOT / _CATALOG else {}
        catalog = update(path, wanted, {key: found for key, found in extra.items() if key not in elsewhere})
        path.parent.mkdir(parents=True, exist_ok=True)
        catalog.save(str(path))
        waiting += len(catalog.untranslated_entries())
    return waiting


def _of_file(path: Path) -> Iterator[tuple[Key, str]]:
    if "migrations" in path.parts or path.suffix not in {".py", ".html", ".js", ".txt"}:
        return
    if path.suffix != ".py" and "templates" not in path.parts:
        return
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from _of_python(ast.parse(text))
        return
    # What is left of a template has the indentation of markup, which is none of Python's.
    text = "\n".join(line.strip() for line in templatize(text).splitlines())
    for _line, message, _comments, context in extract("python", io.BytesIO(text.encode()), _KEYWORDS):
        single, plural = (message[0], message[1]) if isinstance(message, tuple) else (message, "")
        if single:
            yield (context, single), plural


def _of_python(tree: ast.AST) -> Iterator[tuple[Key, str]]:
    """The calls with texts as they stand; a call with anything else translates what is marked elsewhere."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        parts = _ARGUMENTS.get(str(name))
        if parts is None or len(node.args) < len(parts):
            continue
        texts = [each.value if isinstance(each, ast.Constant) else None for each in node.args[: len(parts)]]
        if all(isinstance(each, str) and each for each in texts):
            said = dict(zip(parts, map(str, texts), strict=True))
            yield (said.get("context"), said["single"]), said.get("plural", "")


def _plurals(entry: polib.POEntry | None) -> dict[int, str]:
    return {0: entry.msgstr_plural.get(0, "") if entry else ""}


def _shipped() -> set[Key]:
    """What Django and the packages in use translate themselves."""
    known: set[Key] = set()
    for folder in [_folder("django.conf"), *(_folder(package) for package in PACKAGES)]:
        path = (folder / _CATALOG).with_suffix(".mo")
        if path.exists():
            known |= {(entry.msgctxt, entry.msgid) for entry in polib.mofile(str(path)).translated_entries()}
    return known


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise LookupError(f"The package {package} is not installed: run make install.")
    return Path(spec.origin).parent


if __name__ == "__main__":
    settings.configure(USE_I18N=True)
    print(f"{update_all()} entries wait for their Chinese.")
