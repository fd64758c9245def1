"""`make bench`: what Baton carries on this machine, per set-up. Writes docs/bench.json and the table in docs/bench.md.

    python -m bench.run [--setups embedded,redis,rabbitmq] [--events 5000] [--seconds 60]

Each set-up gets a folder and a database of its own and the processes of `make run`; load and far end are bench/loadgen.py
and bench/sink.py, on the same machine. PostgreSQL, Redis and RabbitMQ are those on the default ports: a database
`baton_bench` is made anew, Redis number 13 is emptied. CPU is that of web, worker and beat; the database's is beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import platform
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
        self.run = subprocess.Popen(
            [sys.executable, "-m", "kernel.run", "demo"],
            cwd=ROOT, env=self.env, stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while not self._is_up():
            if time.monotonic() > deadline or self.run.poll() is not None:
                raise SystemExit(f"{name} did not start; see {home / 'bench.log'}")
            time.sleep(0.2)
        time.sleep(3)

    @staticmethod
    def _is_up() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=2) as answer:
                return int(answer.status) == 200
        except OSError:
            return False

    def children(self) -> list[int]:
        found = subprocess.run(
            ["pgrep", "-P", str(self.run.pid)], capture_output=True, text=True, check=False
        ).stdout
        return [int(pid) for pid in found.split()]

    def prepare(self, rules: int) -> tuple[str, list[str]]:
        """(path of the hook, headers)"""
        said = subprocess.run(
            [sys.executable, "manage.py", "bench_setup", "--sink", f"{SINK}/", "--rules", str(rules)],
            cwd=ROOT, env=self.env, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        last = json.loads(said.strip().splitlines()[-1])
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
        self.run.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.run.wait(40)
        if self.run.poll() is None:
            os.killpg(self.run.pid, signal.SIGKILL)
        self.log.close()


@contextlib.contextmanager
def sink() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "bench/sink.py", "--port", str(SINK_PORT)], cwd=ROOT)
    try:
        time.sleep(1)
        yield
    finally:
        process.terminate()
        process.wait()


def measured(name: str, events: int, seconds: int, rules: list[int]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as home:
        installation = Installation(name, Path(home))
        try:
            found: dict[str, Any] = {"idle": installation.idle()}
            for count in rules:
                found[f"burst_{count}"] = installation.load(count, "burst", "-n", str(events), "-c", "20")
            for rate in (20, 50):
                found[f"rate_{rate}"] = installation.load(1, "rate", "-r", str(rate), "-d", str(seconds))
            return found
        finally:
            installation.stop()


def machine() -> dict[str, Any]:
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine(),
    )  # fmt: skip
    version = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "cores": os.cpu_count(), "processor": model, "python": platform.python_version(), "code": version,
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="minutes"),
    }  # fmt: skip


def table(found: dict[str, dict[str, Any]]) -> list[str]:
    lines = [
        "| set-up | load | events/s to the last message | ack p50 / p95 ms | end to end p50 / p99 ms "
        "| CPU ms/event (database beside it) | lost · doubled | PSS MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, results in found.items():
        for label, each in results.items():
            if label == "idle":
                lines.append(
                    f"| {name} | idle | – | – | – | {each['cpu_percent']} % CPU | – | {each['pss_mb']} |"
                )
                continue
            load = (
                f"burst of {each['n']}, {each['rules']} rules"
                if each["mode"] == "burst"
                else f"{each['rate']:g}/s"
            )
            lines.append(
                f"| {name} | {load} | {each['done_per_s']} | {each['ack_ms']['p50']} / {each['ack_ms']['p95']} "
                f"| {each['e2e_ms']['p50']} / {each['e2e_ms']['p99']} "
                f"| {each['cpu_ms_per_event']} ({each['database_cpu_ms_per_event']}) "
                f"| {each['lost']} · {each['dup']} | {each['pss_mb']} |"
            )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--setups", default=",".join(SETUPS))
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rules", default="1,100,1000")
    options = parser.parse_args()
    kept = ROOT / "docs" / "bench.json"
    known = json.loads(kept.read_text())["setups"] if kept.exists() else {}
    with sink():
        for name in options.setups.split(","):
            rules = [int(each) for each in options.rules.split(",")]
            known[name] = {**measured(name, options.events, options.seconds, rules), "machine": machine()}
            kept.write_text(json.dumps({"setups": known}, indent=1, ensure_ascii=False) + "\n")
    rows = {
        name: {key: each for key, each in found.items() if key != "machine"} for name, found in known.items()
    }
    about = [
        f"- {name}: {each['machine']['at']}, {each['machine']['cores']} cores {each['machine']['processor']}, "
        f"Python {each['machine']['python']}, code {each['machine']['code']}"
        for name, each in known.items()
    ]
    head = (ROOT / "docs" / "bench.md").read_text().partition("<!-- measured -->")[0]
    (ROOT / "docs" / "bench.md").write_text(
        head + "<!-- measured -->\n\n" + "\n".join([*table(rows), "", *about]) + "\n"
    )


if __name__ == "__main__":
    main()
