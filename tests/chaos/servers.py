"""The servers that are hurt: PostgreSQL, Redis and RabbitMQ of the suite's own, on free ports, in its own folder.

They keep nothing through a power cut (no fsync): the faults here are of processes. As root, each runs under an
unprivileged account of its kind.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from kombu import Connection

from tests.chaos.keeper import Keeper
from tests.running import port_free, wait_until

STOP_SECONDS = 40


class Server:
    """One server process. `start` returns when it answers; `stop` is orderly, `kill` is not."""

    account = ""
    stop_signal = signal.SIGTERM

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self.folder = keeper.folder / self.name
        self.port = port_free()
        self.process: subprocess.Popen[bytes] | None = None
        self.folder.mkdir()
        self._own(self.folder)

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    @property
    def url(self) -> str:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        self.process = self._launch(self.command())
        wait_until(self._is_up, f"{self.name} to answer; see {self.folder}", 90)

    def stop(self) -> None:
        self._end(self.stop_signal)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text(errors="replace")[-2000:]
        return self.answers()

    def _end(self, number: int) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            self._keeper.group_forget(process.pid)

    def _launch(self, command: list[str]) -> subprocess.Popen[bytes]:
        account = self.account if os.geteuid() == 0 else None
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command, env={**os.environ, **self.environment()}, cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True, user=account, group=account,
                extra_groups=None if account is None else [],
            )  # fmt: skip
        self._keeper.group_note(process.pid)
        return process

    def environment(self) -> Mapping[str, str]:
        return {}

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            person = pwd.getpwnam(self.account)
            os.chown(path, person.pw_uid, person.pw_gid)


class PostgreSQL(Server):
    account = "postgres"
    stop_signal = signal.SIGINT  # "fast": open sessions are ended

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/baton"

    def start(self) -> None:
        data = self.folder / "data"
        if not data.exists():
            initdb = [_program("initdb", "/usr/lib/postgresql/*/bin"), "-D", str(data), "-U", "postgres"]
            made = self._launch([*initdb, "-A", "trust", "-N", "-E", "UTF8", "--locale=C"])
            assert made.wait(60) == 0, (self.folder / "log").read_text(errors="replace")
            self._keeper.group_forget(made.pid)
        super().start()

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1", "port": str(self.port), "fsync": "off", "max_connections": "60",
            "unix_socket_directories": str(self.folder), "shared_buffers": "64MB", "full_page_writes": "off",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [
            _program("postgres", "/usr/lib/postgresql/*/bin"),
            "-D",
            str(self.folder / "data"),
            *options,
        ]

    def answers(self) -> bool:
        try:
            with self._administrator() as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'baton'").fetchone():
                    connection.execute("CREATE DATABASE baton")
        except psycopg.OperationalError:
            return False
        return True

    def crash(self) -> None:
        """It ends at once, without writing anything down; the next start recovers."""
        self._end(signal.SIGQUIT)

    def sessions_cut(self) -> int:
        """End every session on Baton's database, as a failing network would. Returns how many there were."""
        with self._administrator() as connection:
            cut = connection.execute(
                "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = 'baton' AND backend_type = 'client backend'"
            ).fetchone()
        return int(cut[0]) if cut else 0

    def _administrator(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname="postgres", autocommit=True,
            connect_timeout=2,
        )  # fmt: skip


class Redis(Server):
    account = "redis"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        settings = {"bind": "127.0.0.1", "port": str(self.port), "save": "", "appendonly": "no"}
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [_program("redis-server"), "--dir", str(self.folder), *options]

    def answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        return False

    def wipe(self) -> None:
        """It comes back empty: it keeps nothing on disk."""
        self.kill()
        self.start()


class RabbitMQ(Server):
    """A node with a name, a port mapper, a folder and plugins of its own, beside whatever runs on the machine."""

    account = "rabbitmq"

    def __init__(self, keeper: Keeper) -> None:
        super().__init__(keeper)
        self._mapper_port, self._peer_port = port_free(), port_free()
        self._mapper: subprocess.Popen[bytes] | None = None
        for name in ("mnesia", "logs"):
            (self.folder / name).mkdir()
            self._own(self.folder / name)
        (self.folder / "enabled_plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\nvm_memory_high_watermark.absolute = 1GB\n"
            "disk_free_limit.absolute = 1MB\n"
        )

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        if self._mapper is None:
            mapper = _program("epmd", "/usr/lib/erlang/erts-*/bin")
            self._mapper = self._launch([mapper, "-port", str(self._mapper_port), "-address", "127.0.0.1"])
        super().start()

    def environment(self) -> Mapping[str, str]:
        return {
            "HOME": str(self.folder), "RABBITMQ_NODENAME": f"chaos{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"), "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"), "RABBITMQ_NODE_IP_ADDRESS": "",
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"), "RABBITMQ_DIST_PORT": str(self._peer_port),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"), "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
        }  # fmt: skip

    def command(self) -> list[str]:
        return [_program("rabbitmq-server", "/usr/lib/rabbitmq/bin", "/usr/lib/rabbitmq/lib/*/sbin")]

    def answers(self) -> bool:
        try:
            with Connection(self.url, connect_timeout=2) as connection:
                connection.connect()
        except Exception:  # whatever the library raises for a node that is only half there
            return False
        return True

    def wipe(self) -> None:
        """It comes back without a queue: its folder is deleted meanwhile."""
        self.kill()
        shutil.rmtree(self.folder / "mnesia")
        (self.folder / "mnesia").mkdir()
        self._own(self.folder / "mnesia")
        self.start()


def _program(name: str, *folders: str) -> str:
    """Where the program is: Debian keeps server programs out of the search path, and wrappers in it."""
    for pattern in folders:
        found = sorted(Path("/").glob(f"{pattern.lstrip('/')}/{name}"))
        if found:
            return str(found[-1])
    known = shutil.which(name)
    assert known is not None, f"{name} is not installed on this machine"
    return known
