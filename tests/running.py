"""One real running Baton: `python -m kernel.run demo` as a process of its own, with a home and a port of its own."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from tests.needs import ROOT

READY_SECONDS = 120
STOP_SECONDS = 40
PASSWORD = "baton-demo"

T = TypeVar("T")

# What the surrounding test run sets for itself; a real start takes its defaults.
_SURROUNDINGS = (
    "BATON_", "DJANGO_", "DATABASE_URL", "CELERY_BROKER_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "PORT",
)  # fmt: skip


def port_free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_until(question: Callable[[], T], what: str, seconds: float = 30) -> T:
    """The first true answer; AssertionError with `what` past the deadline."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.1)
    return answer


class RunningDemo:
    """Started by `start`, ready when it returns; everything it wrote is in `log`. `code` is the folder it is run from."""

    def __init__(self, home: Path, *, port: int | None = None, **env: str) -> None:
        self.home = home
        self.code = ROOT
        self.port = port or port_free()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SURROUNDINGS)}
        self.env = {**kept, "BATON_HOME": str(home), "PORT": str(self.port), "PYTHONUNBUFFERED": "1", **env}
        self.log = home.parent / f"{home.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def erp(self) -> Path:
        return self.home / "demo-erp.sqlite3"

    def launch(self) -> subprocess.Popen[bytes]:
        """The process, started and not waited for."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kernel.run", "demo"], cwd=self.code, env=self.env,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        return self.process

    def start(self) -> RunningDemo:
        """Up, healthy, and with the first start's sale played."""
        before = len(self.output())
        process = self.launch()

        def welcomed() -> bool:
            assert process.poll() is None, (
                f"the demo ended with {process.returncode} at its start:\n{self.output()[before:]}"
            )
            return "Stop: Ctrl-C" in self.output()[before:]

        wait_until(welcomed, f"the demo's start; it said:\n{self.output()[before:]}", READY_SECONDS)
        assert self.health() == 200
        return self

    def stop(self) -> int:
        """Ctrl-C; its exit code. What does not stop in time is killed, and fails the test."""
        assert self.process is not None
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(
                f"the demo did not stop within {STOP_SECONDS} s:\n{self.output()[-4000:]}"
            ) from None

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def health(self) -> int:
        """The status of /healthz; 0 while nobody listens."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def manage(self, *arguments: str) -> str:
        """What `manage.py …` printed; AssertionError with its complaint when it failed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=self.code, env={**self.env, "BATON_DEMO": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout

    def sell(self, item: str, warehouse: str, quantity: int) -> str:
        return self.manage(
            "demo", "sell", "--item", item, "--warehouse", warehouse, "--quantity", str(quantity)
        )

    def erp_rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the ERP's own tables, as plain SQL reads them; a statement that writes is committed."""
        with closing(sqlite3.connect(self.erp, timeout=30)) as connection, connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def purchase_orders(self, item: str, warehouse: str) -> list[dict[str, Any]]:
        return self.erp_rows(
            "SELECT * FROM purchase_orders WHERE product_code = ? AND warehouse = ? AND reference LIKE 'BATON-%'"
            " ORDER BY number", item, warehouse,
        )  # fmt: skip
