"""A shared file moves the clock of every process that was given it, and only the demo is given one."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import environment
from kernel import clock


def test_the_shared_file_moves_the_clock_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_shared", None)
    file = tmp_path / "clock"
    clock.offset_write(file, 0)
    true = clock.now()
    clock.offset_share(file)
    assert abs((clock.now() - true).total_seconds()) < 60
    clock.offset_write(file, 7200)
    assert 7200 <= (clock.now() - true).total_seconds() < 7260
    clock.offset_write(file, -7200)
    assert -7200 <= (clock.now() - true).total_seconds() < -7140


@pytest.mark.parametrize("demo", ["1", "0"])
def test_only_the_demo_is_given_a_clock_and_a_full_disk(tmp_path: Path, demo: str) -> None:
    env = {
        "BATON_HOME": str(tmp_path), "BATON_DEMO": demo, "SECRET_KEY": "x" * 50,
        "BATON_SECRET_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "BATON_CLOCK_FILE": str(tmp_path / "clock"), "BATON_DATABASE_PAGES": "500",
    }  # fmt: skip
    found = environment.load(tmp_path, env)
    limited = "PRAGMA max_page_count=500;" in found.database["OPTIONS"]["init_command"]
    assert (found.clock_file, limited) == ((tmp_path / "clock", True) if demo == "1" else (None, False))
