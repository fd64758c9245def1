"""The supervisor as a process of its own, over small children: restart, stop, kill, no orphans."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")

# Runs a supervisor over the children in argv[1], {name: code}; with "ready" one is ready when its file is.
RUNNER = """
import json, os, sys
from kernel.supervisor import Child, Supervisor
assert not any(name.startswith("django") for name in sys.modules)
plan = json.loads(sys.argv[1])
children = [
    Child(name, [sys.executable, "-c", code], {"NAME": name},
          ready=(lambda name=name: os.path.exists(name + ".ready")) if plan["ready"] else None)
    for name, code in plan["children"].items()
]
sys.exit(Supervisor(children, grace_seconds=plan["grace"], prefixed=plan["prefixed"],
                    on_ready=lambda: print("all ready", flush=True)).run())
"""
# Leaves a line per start in `<name>.pids`, is ready, and then does what follows.
BEGIN = """
import os, signal, subprocess, sys, time
name = os.environ["NAME"]
with open(name + ".pids", "a") as file: file.write(f"{os.getpid()}\\n")
print("started", flush=True)
"""
LIVE = BEGIN + "open(name + '.ready', 'w').close()\ntime.sleep(600)\n"
STUBBORN = (
    BEGIN
    + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nopen(name + '.ready', 'w').close()\ntime.sleep(600)\n"
)
POLITE = BEGIN + (
    "signal.signal(signal.SIGTERM, lambda *a: (print('bye', flush=True), sys.exit(0)))\n"
    "open(name + '.ready', 'w').close()\ntime.sleep(600)\n"
)
PARENT = BEGIN + (
    "own = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "with open(name + '.pids', 'a') as file: file.write(f'{own.pid}\\n')\n"
    "open(name + '.ready', 'w').close()\ntime.sleep(600)\n"
)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or ") Z" not in state.read_text()


class Supervised:
    def __init__(self, folder: Path, process: subprocess.Popen[str]) -> None:
        self.folder = folder
        self.process = process

    def output(self) -> str:
        return (self.folder / "output").read_text()

    def pids(self, name: str) -> list[int]:
        path = self.folder / f"{name}.pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def wait_ready(self, *names: str) -> None:
        wait_until(lambda: all((self.folder / f"{name}.ready").exists() for name in names))

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def supervised(
    folder: Path,
    children: Mapping[str, str],
    *,
    grace: float = 20,
    ready: bool = True,
    prefixed: bool = True,
) -> Iterator[Supervised]:
    plan = {"children": children, "grace": grace, "ready": ready, "prefixed": prefixed}
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, json.dumps(plan)],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True, text=True,
        )  # fmt: skip
    running = Supervised(folder, process)
    try:
        yield running
    finally:
        process.kill()
        process.wait()
        for name in children:
            for pid in running.pids(name):
                if is_alive(pid):
                    os.kill(pid, signal.SIGKILL)


def test_children_start_in_order_and_stop_cleanly(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": POLITE, "worker": POLITE}) as running:
        running.wait_ready("web", "worker")
        wait_until(lambda: "all ready" in running.output())
        assert running.stop(signal.SIGINT) == 0
        assert not any(is_alive(pid) for pid in running.pids("web") + running.pids("worker"))
        assert sorted(running.output().splitlines()) == sorted(
            ["web    | started", "worker | started", "all ready", "web    | bye", "worker | bye"]
        )


def test_a_dead_child_is_started_again_with_a_growing_pause(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": LIVE, "beat": LIVE}) as running:
        running.wait_ready("web", "beat")
        wait_until(lambda: "all ready" in running.output())
        for restarts in (1, 2):
            os.kill(running.pids("web")[-1], signal.SIGKILL)
            wait_until(lambda restarts=restarts: len(running.pids("web")) == restarts + 1)  # type: ignore[misc]
        assert len(running.pids("beat")) == 1
        assert running.stop() == 0
        assert "baton: web ended (killed by SIGKILL); it is started again in 0.2 s.\n" in running.output()
        assert "baton: web ended (killed by SIGKILL); it is started again in 0.4 s.\n" in running.output()
        assert running.output().count("all ready") == 1


def test_a_child_that_never_comes_up_stops_everything_with_one_sentence(tmp_path: Path) -> None:
    broken = BEGIN + "sys.exit('DATABASE_URL is missing')\n"
    with supervised(tmp_path, {"web": LIVE, "worker": broken}) as running:
        assert running.process.wait(30) == 1
        assert len(running.pids("worker")) == 5
        assert not any(is_alive(pid) for pid in running.pids("web"))
        assert running.output().splitlines()[-1] == (
            "baton: worker ended 5 times before it was ready (exit code 1), saying: DATABASE_URL is missing"
        )


def test_a_program_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    from kernel.supervisor import Child, StartRefused, Supervisor

    with pytest.raises(
        StartRefused, match="web cannot be started: No such file or directory: /nowhere/python"
    ):
        Supervisor([Child("web", ["/nowhere/python"])]).run()


def test_a_stubborn_child_is_killed_after_the_grace(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": STUBBORN, "beat": POLITE}, grace=0.5) as running:
        running.wait_ready("web", "beat")
        assert running.stop() == 0
        assert not any(is_alive(pid) for pid in running.pids("web"))
        assert "baton: web had not stopped yet and was killed.\n" in running.output()
        assert "beat | bye\n" in running.output()


def test_a_second_request_to_stop_kills_at_once(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": STUBBORN, "beat": POLITE}, grace=600) as running:
        running.wait_ready("web", "beat")
        running.process.send_signal(signal.SIGINT)
        wait_until(lambda: "beat | bye" in running.output())
        assert is_alive(running.pids("web")[0])
        assert running.stop(signal.SIGINT) == 0
        assert not is_alive(running.pids("web")[0])


def test_what_a_child_started_itself_goes_with_it(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": PARENT}) as running:
        running.wait_ready("web")
        child, grandchild = running.pids("web")
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: not is_alive(grandchild))
        wait_until(lambda: len(running.pids("web")) == 4)
        assert running.stop() == 0
        assert not any(is_alive(pid) for pid in running.pids("web"))


@LINUX
def test_a_killed_supervisor_leaves_no_orphans(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": STUBBORN, "worker": LIVE}) as running:
        running.wait_ready("web", "worker")
        pids = running.pids("web") + running.pids("worker")
        assert len(pids) == 2 and all(map(is_alive, pids))
        assert running.stop(signal.SIGKILL) == -signal.SIGKILL
        wait_until(lambda: not any(map(is_alive, pids)))


def test_a_stop_during_the_pause_starts_nothing_more(tmp_path: Path) -> None:
    dies_ready = BEGIN + "open(name + '.ready', 'w').close()\nsys.stdin.read()\ntime.sleep(0.5)\n"
    with supervised(tmp_path, {"web": dies_ready}) as running:
        wait_until(lambda: "in 0.8 s" in running.output())
        starts = len(running.pids("web"))
        assert running.stop() == 0
        assert len(running.pids("web")) == starts == 3


def test_output_of_every_kind_passes_through(tmp_path: Path) -> None:
    speaks = BEGIN + (
        "os.write(2, '库存\\n'.encode() + b'\\xff broken\\n' + b'x' * 200_000 + b'\\nno newline')\n"
        "os.close(1); os.close(2)\nopen(name + '.ready', 'w').close()\ntime.sleep(600)\n"
    )
    with supervised(tmp_path, {"web": speaks}) as running:
        running.wait_ready("web")
        wait_until(lambda: running.output().count("x") >= 200_000)
        assert running.stop() == 0
        lines = running.output().splitlines()
        assert lines[:3] == ["web | started", "web | 库存", "web | \ufffd broken"]
        assert (
            "".join(line.removeprefix("web | ") for line in lines if set(line) <= set("web | x"))
            == "x" * 200_000
        )
        assert lines[-1] == "web | no newline"


def test_output_may_go_straight_through(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": LIVE}, prefixed=False) as running:
        running.wait_ready("web")
        assert running.stop() == 0
        assert "started" in running.output().splitlines()


def test_a_reader_that_goes_away_does_not_stop_the_children(tmp_path: Path) -> None:
    chatty = (
        BEGIN + "open(name + '.ready', 'w').close()\nwhile True: print('x', flush=True); time.sleep(0.01)\n"
    )
    plan = {"children": {"web": chatty}, "grace": 5, "ready": True, "prefixed": True}
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, json.dumps(plan)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "web | started\n"
        while process.stdout.readline() != "all ready\n":
            pass  # what the test's own runner still says must find a reader
        process.stdout.close()
        [pid] = Supervised(tmp_path, process).pids("web")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(Supervised(tmp_path, process).pids("web")) == 2)
        process.terminate()
        process.wait(30)
        assert not any(map(is_alive, Supervised(tmp_path, process).pids("web")))
    finally:
        process.kill()
        process.wait()


@LINUX
def test_it_is_small(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": LIVE, "beat": LIVE}) as running:
        wait_until(lambda: running.output().count("all ready") == 1)
        proc = Path(f"/proc/{running.process.pid}")
        pss = next(
            line for line in (proc / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:")
        )
        assert int(pss.split()[1]) < 25_000  # kB; measured 9,700
        assert running.stop() == 0
