"""An installation to be measured: a folder and a database of its own, the processes of `make run`, and what they use.

PostgreSQL, Redis and RabbitMQ are those on the default ports: a database `baton_bench` is made anew, Redis number 13 is
emptied.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PORT, SINK_PORT = 8190, 9990
SINK = f"http://127.0.0.1:{SINK_PORT}"
TICKS = os.sysconf("SC_CLK_TCK")
POSTGRES = {"DATABASE_URL": "postgresql://postgres@127.0.0.1:5432/baton_bench"}
REDIS = "redis://127.0.0.1:6379/13"
SETUPS: dict[str, dict[str, str]] = {
    "embedded": {},
    "redis": {**POSTGRES, "REDIS_URL": REDIS},
    "rabbitmq": {**POSTGRES, "CELERY_BROKER_URL": "amqp://guest:guest@127.0.0.1:5672//"},
}
IDLE_SECONDS = 15


def processor_seconds(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def proportional_megabytes(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def named(text: str) -> list[int]:
    found = subprocess.run(["pgrep", "-f", text], capture_output=True, text=True, check=False).stdout.split()
    return [int(pid) for pid in found]


class Installation:
    """The demo's processes on one set-up."""

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.env = {
            **os.environ,
            **SETUPS[name],
            "BATON_DEMO": "1",
            "BATON_HOME": str(home),
            "PORT": str(PORT),
        }
        if name != "embedded":
            sql = ["DROP DATABASE IF EXISTS baton_bench WITH (FORCE)", "CREATE DATABASE baton_bench"]
            for each in sql:
                subprocess.run(
                    ["psql", "-h", "127.0.0.1", "-U", "postgres", "-qc", each],
                    check=True,
                    capture_output=True,
                )
            subprocess.run(["redis-cli", "-n", "13", "flushdb"], check=True, capture_output=True)
        self.log = (home / "bench.log").open("w")
        self.run: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.run = subprocess.Popen(
            [sys.executable, "-m", "kernel.run", "demo"],
            cwd=ROOT, env=self.env, stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while not self._is_up():
            if time.monotonic() > deadline or self.run.poll() is not None:
                raise SystemExit(f"{self.name} did not start; see {self.log.name}")
            time.sleep(0.2)
        time.sleep(3)

    def command(self, *words: str) -> dict[str, Any]:
        """Run Python with these words on this installation; the JSON object it prints last."""
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stderr[-2000:]}")
        lines = done.stdout.strip().splitlines()
        found: dict[str, Any] = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
        return found

    @staticmethod
    def _is_up() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=2) as answer:
                return int(answer.status) == 200
        except OSError:
            return False

    def children(self) -> list[int]:
        assert self.run is not None
        found = subprocess.run(
            ["pgrep", "-P", str(self.run.pid)], capture_output=True, text=True, check=False
        ).stdout
        return [int(pid) for pid in found.split()]

    def prepare(self, rules: int) -> tuple[str, list[str]]:
        """(path of the hook, headers)"""
        last = self.command("manage.py", "bench_setup", "--sink", f"{SINK}/", "--rules", str(rules))
        return last["url"], last["headers"]

    def load(self, rules: int, *words: str) -> dict[str, Any]:
        path, headers = self.prepare(rules)
        time.sleep(2)
        database = named("postgres:.*baton_bench")
        before = processor_seconds(database)
        said = subprocess.run(
            [
                sys.executable, "bench/loadgen.py", *words, "--url", f"http://127.0.0.1:{PORT}{path}",
                "--sink", SINK, "--pids", ",".join(map(str, self.children())), "--idle", "60",
                *(part for header in headers for part in ("--header", header)),
            ],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        found: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
        found["database_cpu_ms_per_event"] = round(
            1000 * (processor_seconds(named("postgres:.*baton_bench")) - before) / found["sent"], 2
        )
        return {**found, "rules": rules, "pss_mb": round(proportional_megabytes(self.children()))}

    def idle(self) -> dict[str, Any]:
        time.sleep(5)
        before = processor_seconds(self.children())
        time.sleep(IDLE_SECONDS)
        percent = 100 * (processor_seconds(self.children()) - before) / IDLE_SECONDS
        return {"cpu_percent": round(percent, 1), "pss_mb": round(proportional_megabytes(self.children()))}

    def stop(self) -> None:
        if self.run is not None:
            self.run.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.run.wait(40)
            if self.run.poll() is None:
                os.killpg(self.run.pid, signal.SIGKILL)
        self.log.close()


@contextlib.contextmanager
def installation(name: str) -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as home:
        made = Installation(name, Path(home))
        try:
            yield made
        finally:
            made.stop()


@contextlib.contextmanager
def sink() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "bench/sink.py", "--port", str(SINK_PORT)], cwd=ROOT)
    try:
        time.sleep(1)
        yield
    finally:
        process.terminate()
        process.wait()
