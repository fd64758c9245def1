"""Baton as people start it, on one of three set-ups, with handles to hurt it and to look into its rows."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from kernel import clock
from tests.chaos.keeper import Keeper
from tests.chaos.servers import PostgreSQL, RabbitMQ, Redis
from tests.e2e.running_api import PARTS, pids
from tests.needs import ROOT
from tests.running import RunningDemo, wait_until

EMBEDDED, REDIS, RABBITMQ = "embedded", "PostgreSQL + Redis", "PostgreSQL + RabbitMQ"
SETUPS = (EMBEDDED, REDIS, RABBITMQ)
RESTART_SECONDS = 60
RULES = "import json; from tests.chaos.rules import rules_make; print(json.dumps(rules_make()))"

Hook = tuple[str, dict[str, str]]
"""Path and headers."""


@dataclass
class Servers:
    """What one set-up stands on; nothing for the embedded default."""

    database: PostgreSQL | None = None
    broker: Redis | RabbitMQ | None = None

    @classmethod
    def of(cls, setup: str, keeper: Keeper) -> Servers:
        if setup == EMBEDDED:
            return cls()
        servers = cls(PostgreSQL(keeper), Redis(keeper) if setup == REDIS else RabbitMQ(keeper))
        for each in (servers.database, servers.broker):
            assert each is not None
            each.start()
        return servers

    def environment(self) -> dict[str, str]:
        if self.database is None or self.broker is None:
            return {}
        name = "REDIS_URL" if isinstance(self.broker, Redis) else "CELERY_BROKER_URL"
        return {"DATABASE_URL": self.database.url, name: self.broker.url}

    def stop(self) -> None:
        for each in (self.broker, self.database):
            if each is not None:
                each.stop()


class Installation(RunningDemo):
    """The demo company on one set-up: `start` prepares and runs it, everything else may be done while it runs."""

    def __init__(self, setup: str, keeper: Keeper) -> None:
        self.setup = setup
        self._keeper = keeper
        folder = keeper.folder / setup.replace(" + ", "-").lower()
        folder.mkdir()
        self.clock_file = folder / "clock"
        clock.offset_write(self.clock_file, 0)
        keeper_folder, keeper.folder = keeper.folder, folder
        self.servers = Servers.of(setup, keeper)
        keeper.folder = keeper_folder
        super().__init__(folder / "home", BATON_CLOCK_FILE=str(self.clock_file))
        self.env |= self.servers.environment()
        self.extra: list[subprocess.Popen[bytes]] = []
        self._clock_seconds = 0.0
        self._hooks: tuple[Hook, Hook] | None = None

    def launch(self) -> subprocess.Popen[bytes]:
        process = super().launch()
        self._keeper.group_note(process.pid)
        return process

    def discard(self) -> None:
        """The end of it and of its servers."""
        self.kill()
        self.servers.stop()
        shutil.rmtree(self.home.parent, ignore_errors=True)

    def hooks(self, sink_url: str) -> tuple[Hook, Hook]:
        """Where the load's events and the numbered ones are posted; made at the first call."""
        if self._hooks is None:
            bench = json.loads(self.manage("bench_setup", "--sink", sink_url).splitlines()[-1])
            (header,) = bench["headers"]
            made = json.loads(self.manage("shell", "-v", "0", "-c", RULES))
            self._hooks = (
                (bench["url"], _headers(header.removeprefix("Authorization: "))),
                (made["url"], _headers(f"Bearer {made['token']}")),
            )
        return self._hooks

    # Its processes

    def processes(self) -> dict[str, int]:
        """Those of web, worker and beat that live, by name."""
        return pids(self) if self.process is not None else {}

    @contextmanager
    def frozen(self, *names: str) -> Iterator[None]:
        """The named processes (none: all) stand still, so that what is counted is what there is at this moment."""
        stopped = [pid for name, pid in self.processes().items() if name in (names or tuple(PARTS))]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def kill(self, *names: str) -> None:
        """kill -9 of the named processes, which their supervisor starts again; without a name of everything."""
        living = self.processes()
        for name in names:
            os.kill(living[name], signal.SIGKILL)
        if names:
            return
        for each in self.extra:
            each.kill()
            each.wait()
        self.extra.clear()
        if self.process is not None:
            process, self.process = self.process, None
            process.kill()
            process.wait()
            self._keeper.group_forget(process.pid)
        for pid in living.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def complete(self, before: dict[str, int] | None = None) -> None:
        """Wait until web, worker and beat run and the web server answers; with `before`, those must have gone."""

        def whole() -> bool:
            now = self.processes()
            renewed = before is None or not set(now.items()) & set(before.items())
            return set(now) == set(PARTS) and renewed and self.health() == 200

        wait_until(whole, f"all processes to be back; they said:\n{self.output()[-3000:]}", RESTART_SECONDS)

    def double(self) -> None:
        """A second beat and a second worker beside the first."""
        celery = [sys.executable, "-m", "celery", "-A", "config", "-q"]
        worker = [
            "worker",
            "-P",
            "threads",
            "-c",
            "4",
            "--without-gossip",
            "--without-mingle",
            "-n",
            "second@%h",
        ]
        beat = ["beat", "-s", str(self.home / "beat-schedule-2"), "--pidfile="]
        for arguments in (worker, beat):
            with self.log.open("ab") as out:
                process = subprocess.Popen(
                    [*celery, *arguments, "--loglevel", "WARNING"], cwd=ROOT, stdin=subprocess.DEVNULL,
                    env={**self.env, "BATON_DEMO": "1", "DJANGO_SETTINGS_MODULE": "config.settings"},
                    stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip
            self._keeper.group_note(process.pid)
            self.extra.append(process)

    # Its surroundings

    def clock_step(self, seconds: float) -> None:
        """The time of all its processes jumps by so much, at once. It stays there: to go back would be another fault."""
        self._clock_seconds += seconds
        clock.offset_write(self.clock_file, self._clock_seconds)

    def broker_stop(self) -> None:
        if self.servers.broker is not None:
            self.servers.broker.stop()
        else:
            self._broker_folder.rename(self._broker_folder.with_suffix(".away"))
            self._broker_folder.touch()

    def broker_start(self) -> None:
        if self.servers.broker is not None:
            self.servers.broker.start()
        else:
            self._broker_folder.unlink()
            self._broker_folder.with_suffix(".away").rename(self._broker_folder)

    def broker_wipe(self) -> None:
        """Every doorbell that is on its way is gone, and every queue."""
        if self.servers.broker is not None:
            self.servers.broker.wipe()
        else:
            shutil.rmtree(self._broker_folder)

    @property
    def _broker_folder(self) -> Any:
        return self.home / "broker"

    # Its rows

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Of Baton's own database; what writes is committed."""
        with self.session() as session:
            found = session.execute(sql)
            rows = found.fetchall() if found.description else []
            session.commit()
        return [tuple(each) for each in rows]

    def count(self, sql: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {sql}")[0][0])

    @contextmanager
    def session(self) -> Iterator[Any]:
        if self.servers.database is None:
            with closing(sqlite3.connect(self.home / "baton.sqlite3", timeout=30)) as session:
                yield session
        else:
            with closing(psycopg.connect(self.servers.database.url, connect_timeout=5)) as session:
                yield session

    @contextmanager
    def commits_held(self) -> Iterator[None]:
        """No step and no question can be finished: their rows (SQLite: the whole database) are locked by somebody."""
        with self.session() as session:
            if self.servers.database is None:
                session.isolation_level = None
                session.execute("BEGIN IMMEDIATE")
            else:
                session.execute("LOCK TABLE messaging_interaction, workflows_step IN EXCLUSIVE MODE")
            yield
            session.rollback()


def _headers(proof: str) -> dict[str, str]:
    return {"Authorization": proof, "Content-Type": "application/json"}
