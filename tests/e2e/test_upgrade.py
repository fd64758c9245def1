"""An upgrade under load loses nothing: release 0.1.0 from the history, on PostgreSQL, with its own processes.

The new schema is laid under the old code while it works; then the old processes end and the new ones begin.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.e2e.load import Load, Sink, group_end
from tests.needs import ROOT, needs
from tests.running import RunningDemo, port_free, wait_until

RELEASE = "a99b159b9dd567366fa7004d6206685afbd0cf71"
"""What 0.1.0 was."""
SERVER = "postgresql://postgres@127.0.0.1:5432/"
PER_SECOND = 10.0

pytestmark = [
    needs("postgresql"),
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A folder with the code of 0.1.0."""
    asked = ["git", "archive", "--format=tar", RELEASE]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.fail(
            f"This clone lacks the commit {RELEASE}, release 0.1.0, which the upgrade begins with."
            " Fetch the whole history (git fetch --unshallow)."
        )
    folder = tmp_path / "release"
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def database() -> Iterator[str]:
    """A fresh PostgreSQL database."""
    name = f"baton_upgrade_{os.getpid()}"
    with psycopg.connect(SERVER + "postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield SERVER + name
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_nothing_is_lost_when_the_schema_and_then_the_code_change_under_load(
    tmp_path: Path, release: Path, database: str
) -> None:
    home, port = tmp_path / "home", port_free()
    old = RunningDemo(home, port=port, DATABASE_URL=database)
    old.code = release
    new = RunningDemo(home, port=port, DATABASE_URL=database)
    running = old
    with Sink() as sink:
        try:
            old.start()
            said = old.manage("bench_setup", "--sink", sink.url, "--rules", "1")
            hook = json.loads(said.strip().splitlines()[-1])
            load = Load(old.url, hook["url"], hook["headers"], per_second=PER_SECOND).start()
            wait_until(lambda: sink.total() > PER_SECOND, "messages of the old code", 60)

            new.manage("prepare")
            migrated = sink.total()
            wait_until(
                lambda: sink.total() > migrated + 3 * PER_SECOND,
                "messages of the old code on the new schema",
                60,
            )
            assert old.process is not None
            process, old.process = old.process, None
            assert group_end(process) == 0
            running = new
            new.start()
            begun = sink.total()
            wait_until(lambda: sink.total() > begun + 3 * PER_SECOND, "messages of the new code", 60)
            accepted = load.stop()

            try:
                wait_until(lambda: accepted <= set(sink.arrived()), "every accepted event to arrive", 180)
            except AssertionError as error:
                raise AssertionError(_whereabouts(database, accepted - set(sink.arrived()))) from error
            time.sleep(1)  # for a second copy that might still come
            arrived = sink.arrived()
            assert len(accepted) > 7 * PER_SECOND
            # Only a process that is killed between the receiver's answer and its own commit sends twice.
            doubled = {name: times for name, times in arrived.items() if times > 1}
            assert doubled == {} or "was killed" in old.output(), doubled
            assert "HOLE" not in new.manage("ledger", "--check")
            assert "Traceback" not in new.output()
        finally:
            if running.process is not None:
                running.stop()


def _whereabouts(database: str, missing: set[str]) -> str:
    """What the rows say of events that have not arrived."""
    asked = """
        SELECT e.state, e.outcome, r.state, r.outcome, s.state, s.last_error, d.state, d.reason, d.available_at, count(*)
        FROM connectors_event e LEFT JOIN workflows_run r ON r.event_id = e.id
        LEFT JOIN workflows_step s ON s.run_id = r.id
        LEFT JOIN messaging_delivery d ON d.interaction_id = s.interaction_id
        WHERE e.source_event_id = ANY(%s) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 10 DESC LIMIT 10"""
    with psycopg.connect(database) as connection:
        rows = connection.execute(asked, [sorted(missing)]).fetchall()
    return f"{len(missing)} events have not arrived: {rows}"
