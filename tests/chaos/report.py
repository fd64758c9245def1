"""The table of results: printed at the end, and written between two marks into docs/reliability.md on request."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from kernel import clock
from tests.chaos.scene import Scene
from tests.needs import ROOT

PASSED = pytest.StashKey[bool]()
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- chaos: begin -->", "<!-- chaos: end -->"


@dataclass(frozen=True)
class Row:
    case: str
    setup: str
    passed: bool
    seconds: float
    scene: Scene

    def as_line(self) -> str:
        count, hit = self.scene.result, self.scene.evidence
        struck = "; ".join(f"{each.queued} / {each.claimed} / {each.open}" for each in hit) or "–"
        cells = [self.case, self.setup, "held" if self.passed else "**failed**", struck]
        if count is None:
            cells += ["–"] * 5
        else:
            cells += [
                str(count.accepted), str(count.lost), f"{count.doubled} / {count.repeated}",
                f"{count.orders} of {count.intended}", str(count.unknown),
            ]  # fmt: skip
        cells += [
            f"{self.seconds:.0f}",
            f"{_version()}, {clock.now():%m-%d %H:%M}",
            "; ".join(self.scene.notes),
        ]
        return f"| {' | '.join(cells)} |"


rows: list[Row] = []


def note(item: pytest.Item, scene: Scene, seconds: float) -> None:
    if PASSED not in item.stash:  # interrupted
        return
    words = str(item.name).partition("[")[0].removeprefix("test_").replace("_", " ")
    rows.append(Row(words, scene.installation.setup, item.stash[PASSED], seconds, scene))


def table_lines(kept: Iterable[str] = ()) -> list[str]:
    """The table of this run's rows; of other cases those `kept` from an earlier run."""
    head = [
        "| case | set-up | result | queued / claimed / open at each fault | accepted | lost | doubled / repeated"
        " | orders | unknown | seconds | code, run (UTC) | notes |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines = {_key(line): line for line in [*kept, *(each.as_line() for each in rows)]}
    return [*head, *(lines[key] for key in sorted(lines))]


def table_write() -> None:
    """Renew the rows of this run between the marks; each row says of which code and when it was measured."""
    page = PAGE.read_text(encoding="utf-8")
    before, _begin, rest = page.partition(BEGIN)
    old, _end, after = rest.partition(END)
    assert after, f"{PAGE.name} has lost its marks"
    lines = table_lines(
        line for line in old.splitlines() if line.startswith("| ") and _key(line)[0] != "case"
    )
    held = sum(" | held | " in line for line in lines)
    said = f"{held} of {len(lines) - 2} held, on {_machine()}."
    text = "\n".join([BEGIN, "", said, "", *lines, "", END])
    PAGE.write_text(f"{before}{text}{after}", encoding="utf-8")


def _key(line: str) -> tuple[str, str]:
    _start, case, setup, *_rest = (each.strip() for each in line.split("|"))
    return case, setup


def _machine() -> str:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, Linux {platform.release().split('-')[0]},"
        f" Python {platform.python_version()}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


@cache
def _version() -> str:
    done = subprocess.run(
        ["git", "describe", "--always"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or (ROOT / "VERSION").read_text().strip()
