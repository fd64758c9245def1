"""`python -m kernel.run demo|production`: prepare, then keep web, worker and beat running. No Django in this process.

Everything that can be wrong before the start is one sentence.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from kernel.starting import StartRefused, folder_check, port_check, python_check
from kernel.supervisor import Child, Supervisor

ROOT = Path(__file__).resolve().parent.parent
ACCOUNTS = "it analyst owner auditor buyer buyer2 warehouse sales sales2 finance approver"
STAMPED = (
    "*/migrations/*.py",
    "*/static/**/*",
    "VERSION",
    "requirements.txt",
    "demo/*.py",
    "demo/services/*.py",
)


class Installation:
    """Where this start listens and writes."""

    def __init__(self, *, demo: bool) -> None:
        self.demo = demo
        self.bind = os.environ.get("BATON_BIND") or "127.0.0.1"
        self.port = _port(os.environ.get("PORT") or "8000")
        self.home = Path(os.environ.get("BATON_HOME") or ROOT / "var").resolve()
        self.env = {
            **os.environ,
            "BATON_HOME": str(self.home),
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
        }
        self.env["DJANGO_SETTINGS_MODULE"] = "config.settings"
        if demo:
            self.env["BATON_DEMO"] = "1"
        else:
            self.env["BATON_DEMO"] = "0"

    @property
    def address(self) -> str:
        host = "127.0.0.1" if self.bind in ("0.0.0.0", "::") else self.bind
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def host(self) -> str:
        """A name that Baton answers to, for asking itself: of ALLOWED_HOSTS the first without a wildcard."""
        names = [each.strip() for each in os.environ.get("ALLOWED_HOSTS", "").split(",")]
        return next((each for each in names if each and not each.startswith(("*", "."))), "localhost")

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def prepare(self) -> None:
        """Migrations, static files and, in the demo, the company. Skipped when nothing changed since the last time.

        Raises StartRefused with what was said against it.
        """
        mark = self._mark()
        if self._is_prepared(mark):
            return
        print("Preparing Baton …", flush=True)
        for arguments in [("prepare",), *([("demo", "prepare")] if self.demo else [])]:
            done = self.manage(*arguments)
            if done.returncode:
                said = complaint(done.stderr or done.stdout)
                raise StartRefused(said or f"manage.py {' '.join(arguments)} failed without saying why.")
        (self.home / "prepared").write_text(mark)

    def _is_prepared(self, mark: str) -> bool:
        stamp, database = self.home / "prepared", self.home / "baton.sqlite3"
        if os.environ.get("DATABASE_URL") or not (database.exists() and stamp.exists()):
            return False
        return stamp.read_text() == mark and not (self.demo and _has_strangers(database))

    def _mark(self) -> str:
        """Changes when code that preparation depends on changes, or a setting that it would look at."""
        settings = sorted(f"{name}={value}" for name, value in self.env.items() if name.startswith("BATON_"))
        present = [name for name in ("SECRET_KEY", "ALLOWED_HOSTS", "REDIS_URL") if self.env.get(name)]
        digest = hashlib.sha256(f"{self.demo}|{ROOT}|{settings}|{present}".encode())
        for pattern in STAMPED:
            for path in sorted(ROOT.glob(pattern)):
                state = path.stat()
                digest.update(f"{path}|{state.st_mtime_ns}|{state.st_size}".encode())
        return digest.hexdigest()

    def healthy(self) -> bool:
        host = "127.0.0.1" if self.bind == "0.0.0.0" else self.bind
        connection = http.client.HTTPConnection(host, self.port, timeout=2)
        try:
            connection.request("GET", "/healthz", headers={"Host": self.host, "X-Forwarded-Proto": "https"})
            return connection.getresponse().status == 200
        finally:
            connection.close()

    def children(self) -> list[Child]:
        python = sys.executable
        celery = [python, "-m", "celery", "-A", "config", "-q"]
        threads = os.environ.get("BATON_WORKERS") or "4"
        web = [
            python,
            "-m",
            "uvicorn",
            "config.asgi:application",
            "--host",
            self.bind,
            "--port",
            str(self.port),
        ]
        quiet = [
            "--no-access-log",
            "--log-level",
            "warning",
            "--ws",
            "websockets-sansio",
            "--timeout-graceful-shutdown",
            "10",
        ]
        lean = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
        return [
            Child("web", [*web, *quiet], self.env, self.healthy),
            Child("worker", [*celery, "worker", "-P", "threads", "-c", threads, *lean], self.env, _always),
            Child(
                "beat",
                [
                    *celery,
                    "beat",
                    "--loglevel",
                    "WARNING",
                    "-s",
                    str(self.home / "beat-schedule"),
                    "--pidfile=",
                ],
                self.env,
                _always,
            ),
        ]

    def welcome(self) -> None:
        print(f"\nBaton is running at {self.address}", flush=True)
        if not self.demo:
            return
        password = os.environ.get("BATON_DEMO_PASSWORD") or "baton-demo"
        print(f"  Accounts: {ACCOUNTS.replace(' ', ', ')}\n  Password of all: {password}", flush=True)
        first = self.manage("demo", "first")
        if first.stdout.strip():
            print(f"  {first.stdout.strip()}", flush=True)
        print("  Sell something: .venv/bin/python manage.py demo sell    Stop: Ctrl-C\n", flush=True)


def _has_strangers(database: Path) -> bool:
    """Whether people were added who are not of the demo; preparing then refuses, in its own words."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return bool(connection.execute("SELECT 1 FROM permissions_user WHERE NOT is_demo LIMIT 1").fetchone())


def complaint(output: str) -> str:
    """The last error in what a command printed, as a sentence: without the name of its class and the traceback."""
    said = re.split(r"^(?:[A-Za-z_][\w.]*|Baton cannot start): ", output, flags=re.MULTILINE)[-1]
    return " ".join(said.split())


def _always() -> bool:
    return True


def _port(text: str) -> int:
    if not text.isdigit():
        raise StartRefused(f"PORT must be a number from 1 to 65535, not “{text}”.")
    return int(text)


def start(demo: bool, *, out: Callable[[str], None] = print) -> int:
    """Run until stopped. Returns the exit code; 1 with one sentence when it cannot start."""
    try:
        python_check()
        installation = Installation(demo=demo)
        folder_check(installation.home)
        port_check(installation.bind, installation.port)
        installation.prepare()
        supervisor = Supervisor(installation.children(), on_ready=installation.welcome)
        return supervisor.run()
    except StartRefused as error:
        out(f"Baton cannot start: {error.message}")
        return 1


if __name__ == "__main__":
    if sys.argv[1:] not in (["demo"], ["production"]):
        sys.exit("Usage: python -m kernel.run demo|production")
    sys.exit(start(demo=sys.argv[1] == "demo"))
