"""A real Tryton 8.2 for the suite: its own virtual environment and a prepared database, both kept between
runs in BATON_TEST_CACHE (default ~/.cache/baton-tests), and a server on a free port of 127.0.0.1.

Trytond is GPL: nothing of it is imported here. Everything happens in processes of its own environment.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.needs import is_required

DATABASE = "baton"
PASSWORD = "one-Baton-for-the-tests"
SCRIPT = Path(__file__).parent / "connectors" / "tryton" / "company_script.py"
PINS = (
    "trytond==8.2.1",
    "proteus==8.2.0",
    "trytond_party==8.2.0",
    "trytond_company==8.2.0",
    "trytond_country==8.2.0",
    "trytond_currency==8.2.0",
    "trytond_product==8.2.0",
    "trytond_stock==8.2.1",
    "trytond_purchase==8.2.0",
    "trytond_purchase_request==8.2.0",
    "trytond_stock_supply==8.2.0",
    "trytond_sale==8.2.0",
    "trytond_account==8.2.1",
    "trytond_account_product==8.2.0",
    "trytond_account_invoice==8.2.0",
    "trytond_account_invoice_stock==8.2.0",
)
MODULES = ("stock_supply", "purchase_request", "sale")
DEADLINE_SECONDS = 60.0


class TrytonUnavailable(Exception):
    """The wheels of Tryton cannot be had on this machine."""


def _cache() -> Path:
    root = os.environ.get("BATON_TEST_CACHE") or Path.home() / ".cache" / "baton-tests"
    key = hashlib.sha256("\n".join((sys.version.split()[0], *PINS, *MODULES)).encode()).hexdigest()[:12]
    folder = Path(root) / f"tryton-8.2-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process builds, the others wait for it."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(*command: str | Path, env: dict[str, str] | None = None, seconds: float = 300) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"{Path(str(command[0])).name} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        )
    return done.stdout


def environment_build() -> Path:
    """The folder of the virtual environment. Raises TrytonUnavailable when pip cannot install the wheels."""
    folder = _cache()
    venv = folder / "venv"
    with _locked(folder):
        if not (venv / "ready").exists():
            shutil.rmtree(venv, ignore_errors=True)
            _run(sys.executable, "-m", "venv", venv)
            try:
                _run(venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--retries", "1", *PINS)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                reason = str(error).strip().splitlines()[-1]
                raise TrytonUnavailable(f"pip cannot install trytond 8.2: {reason}") from error
            (venv / "ready").touch()
    return venv


def _config_write(folder: Path, listen: str) -> Path:
    path = folder / "trytond.conf"
    path.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\nlist = True\n[web]\nlisten = {listen}\n"
        "[session]\nmax_attempt = 50\n"
    )
    return path


def _modules_build(venv: Path, work: Path) -> None:
    """A database with the modules and nothing in them: the slow part (a minute), independent of the seed."""
    (work / f"{DATABASE}.sqlite").touch()
    (work / "password").write_text(PASSWORD + "\n")
    admin = (venv / "bin" / "trytond-admin", "-c", _config_write(work, "localhost:0"), "-d", DATABASE)
    env = {"TRYTONPASSFILE": str(work / "password")}
    _run(*admin, "--all", "--email", "admin@example.com", env=env)
    _run(*admin, "-u", *MODULES, "--activate-dependencies", "-l", "en", "zh_CN", env=env)


def template_build() -> Path:
    """The prepared database file, made once per set of pins and seed script."""
    venv, folder = environment_build(), _cache()
    key = hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:12]
    template, modules, work = folder / f"company-{key}.sqlite", folder / "modules.sqlite", folder / "building"
    database = work / f"{DATABASE}.sqlite"
    with _locked(folder):
        if not template.exists():
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            if not modules.exists():
                _modules_build(venv, work)
                database.rename(modules)
            shutil.copyfile(modules, database)
            _run(venv / "bin" / "python", SCRIPT, "seed", _config_write(work, "localhost:0"), DATABASE)
            database.rename(template)
            shutil.rmtree(work)
    return template


class TrytonServer:
    """One running Tryton with a fresh copy of the prepared database. `url` is the connector's setting."""

    database = DATABASE
    password = PASSWORD

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._venv = environment_build()
        shutil.copyfile(template_build(), folder / f"{DATABASE}.sqlite")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError with its log when it does not."""
        config = _config_write(self._folder, f"127.0.0.1:{self.port}")
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._venv / "bin" / "trytond"), "-c", str(config), "-d", DATABASE],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(
                    "trytond does not answer:\n" + (self._folder / "server.log").read_text()[-4000:]
                )
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        body = b'{"id":0,"method":"common.server.version","params":[]}'
        request = urllib.request.Request(self.url + "/rpc/", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def sell(self, product_code: str, quantity: object, warehouse: str = "WH") -> None:
        """Goods leave the storage of `warehouse` to the customer, as a stock move that is done."""
        self._script("sell", product_code, warehouse, str(quantity))

    def purchases(self, reference: str = "") -> list[dict[str, Any]]:
        """Oldest first, all or those with `reference`: number, state, supplier, total_amount, lines …"""
        found: list[dict[str, Any]] = json.loads(self._script("purchases", reference))
        return found

    def sessions_end(self) -> None:
        """Every session is over, as after its time has run out."""
        with (
            closing(sqlite3.connect(self._folder / f"{DATABASE}.sqlite", timeout=30)) as connection,
            connection,
        ):
            connection.execute("DELETE FROM ir_session")

    def _script(self, command: str, *arguments: str) -> str:
        url = f"http://127.0.0.1:{self.port}/{DATABASE}/rpc/"
        return _run(self._venv / "bin" / "python", SCRIPT, command, url, *arguments)


@pytest.fixture(scope="session")
def tryton_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    """Import it into a conftest. The first use on a machine takes two minutes, later ones three seconds."""
    try:
        server = TrytonServer(tmp_path_factory.mktemp("tryton"))
    except TrytonUnavailable as error:
        if is_required("tryton"):
            pytest.fail(str(error))
        pytest.skip(f"needs tryton: {error}")
    server.start()
    yield server
    server.stop()
