"""Compile every locale/…/django.po whose .mo is missing or older. No gettext tools needed."""

from __future__ import annotations

import os
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent


def compile_all() -> int:
    """Returns how many catalogs were compiled."""
    count = 0
    for folder in [
        ROOT,
        *(path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")),
    ]:
        for source in folder.glob("locale/*/LC_MESSAGES/*.po"):
            target = source.with_suffix(".mo")
            if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
                written = target.with_suffix(f".{os.getpid()}")
                polib.pofile(str(source)).save_as_mofile(str(written))
                written.replace(target)  # whole at once: another process may be reading
                count += 1
    return count


if __name__ == "__main__":
    compile_all()
