"""Runs Baton's processes: starts them, restarts a dead one, stops them all, leaves no orphan.

One thread, no Django: it stays small while the children do the work. Linux kills the children when the
supervisor is killed outright (PR_SET_PDEATHSIG); elsewhere only a stop that it sees is passed on.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO, TextIO

from kernel.starting import StartRefused, folder_check, port_check, python_check

__all__ = ["Child", "StartRefused", "Supervisor", "folder_check", "port_check", "python_check"]

BACKOFF_FIRST_SECONDS = 0.2
BACKOFF_MOST_SECONDS = 10.0
STEADY_SECONDS = 30.0
EARLY_DEATHS_MOST = 5
EARLY_SECONDS = 10.0
READY_POLL_SECONDS = 0.2
LINE_MOST_BYTES = 64 * 1024
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Child:
    """A process to keep running. `env` is added to the supervisor's own. `ready` answers quickly whether the
    child does its work (it is asked every 0.2 s until it does; OSError means no); without it a child is ready
    once it has lived 10 s."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None


class _Life:
    """One child and its present process."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_at: float | None = 0.0
        self.ready = False
        self.ask_at = 0.0
        self.ever_ready = False
        self.early_deaths = 0
        self.backoff_seconds = BACKOFF_FIRST_SECONDS
        self.partial = b""
        self.last_line = ""


class Supervisor:
    """Keeps `children` running until it is told to stop. `on_ready` is called once, when all of them are
    ready.

    With `prefixed`, each line that a child prints is passed on to `out` under the child's name; without,
    children write to the supervisor's own output.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        grace_seconds: float = 20,
        prefixed: bool = True,
        on_ready: Callable[[], None] | None = None,
        out: TextIO | None = None,
    ) -> None:
        self._lives = [_Life(child) for child in children]
        self._grace_seconds = grace_seconds
        self._prefixed = prefixed
        self._on_ready = on_ready
        self._out = out or sys.stdout
        self._heard = True
        self._width = max((len(child.name) for child in children), default=0)
        self._selector = selectors.DefaultSelector()
        self._stops_asked: Counter[int] = Counter()

    def run(self) -> int:
        """Returns 0 after a stop that was asked for, 1 when a child never came up. Call it in the main
        thread."""
        if isinstance(self._out, io.TextIOWrapper):
            self._out.reconfigure(errors="backslashreplace")  # no child's output may stop the others
        with self._signals_caught():
            try:
                reason = self._keep_running()
            finally:
                self._stop_all()
                self._selector.close()
        if reason:
            self._say(reason)
            return 1
        return 0

    def _keep_running(self) -> str:
        while not self._stops_asked:
            for life in self._lives:
                if life.process is None and life.start_at is not None and time.monotonic() >= life.start_at:
                    self._start(life)
                elif life.process is not None and life.process.poll() is not None:
                    reason = self._death_note(life, life.process)
                    if reason:
                        return reason
                else:
                    self._ready_note(life)
            if self._on_ready is not None and all(life.ready for life in self._lives):
                on_ready, self._on_ready = self._on_ready, None
                on_ready()
            self._wait(self._next_due_seconds())
        return ""

    def _start(self, life: _Life) -> None:
        pipe = subprocess.PIPE if self._prefixed else None
        supervisor_pid = os.getpid()
        life.start_at = None
        life.started_at = time.monotonic()
        life.ready = False
        try:
            life.process = subprocess.Popen(
                life.child.argv,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **life.child.env},
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=subprocess.STDOUT if self._prefixed else None,
                start_new_session=True,
                preexec_fn=lambda: _die_with(supervisor_pid),
            )
        except OSError as error:
            raise StartRefused(
                f"{life.child.name} cannot be started: {error.strerror}: {life.child.argv[0]}"
            ) from None
        if life.process.stdout is not None:
            os.set_blocking(life.process.stdout.fileno(), False)
            self._selector.register(life.process.stdout, selectors.EVENT_READ, life)

    def _ready_note(self, life: _Life) -> None:
        lived_seconds = time.monotonic() - life.started_at
        if life.process is None:
            return
        if lived_seconds >= STEADY_SECONDS:
            life.backoff_seconds = BACKOFF_FIRST_SECONDS
        if life.ready:
            return
        if life.child.ready is not None and time.monotonic() < life.ask_at:
            return  # every printed line wakes the loop: asking at each would be a storm of its own
        life.ask_at = time.monotonic() + READY_POLL_SECONDS
        if life.child.ready is None:
            life.ready = lived_seconds >= EARLY_SECONDS
        else:
            with contextlib.suppress(OSError):  # nobody listens yet
                life.ready = life.child.ready()
        life.ever_ready = life.ever_ready or life.ready

    def _death_note(self, life: _Life, process: subprocess.Popen[bytes]) -> str:
        """Say who died and why, and plan the restart. Returns the reason to give up, if it is one."""
        self._bury(life, process)
        lived_seconds = time.monotonic() - life.started_at
        why = _exit_text(process.returncode)
        if not life.ever_ready:
            life.early_deaths = life.early_deaths + 1 if lived_seconds < EARLY_SECONDS else 0
            if life.early_deaths >= EARLY_DEATHS_MOST:
                last = f", saying: {life.last_line}" if life.last_line else "."
                return f"{life.child.name} ended {life.early_deaths} times before it was ready ({why}){last}"
        life.ready = False
        life.start_at = time.monotonic() + life.backoff_seconds
        self._say(f"{life.child.name} ended ({why}); it is started again in {life.backoff_seconds:g} s.")
        life.backoff_seconds = min(life.backoff_seconds * 2, BACKOFF_MOST_SECONDS)
        return ""

    def _bury(self, life: _Life, process: subprocess.Popen[bytes]) -> None:
        _group_signal(process, signal.SIGKILL)  # what the child itself may have started
        if process.stdout is not None and not process.stdout.closed:
            self._output_pass(life)
            if life.partial:
                self._line_pass(life, life.partial)
                life.partial = b""
            self._output_end(process.stdout)
            process.stdout.close()
        life.process = None

    def _stop_all(self) -> None:
        """SIGTERM to each, SIGKILL to the group of what outlives the grace or a second request to stop."""
        deadline = time.monotonic() + self._grace_seconds
        for life in reversed(self._lives):
            if life.process is not None and life.process.poll() is None:
                life.process.terminate()
        while any(life.process is not None for life in self._lives):
            # Counted by signal: a closing terminal sends SIGHUP beside a SIGTERM, and that is one request.
            impatient = max(self._stops_asked.values(), default=0) > 1 or time.monotonic() >= deadline
            for life in self._lives:
                process = life.process
                if process is None:
                    continue
                if process.poll() is None and impatient:
                    self._say(f"{life.child.name} had not stopped yet and was killed.")
                    _group_signal(process, signal.SIGKILL)
                    process.wait()
                if process.poll() is not None:
                    self._bury(life, process)
            if any(life.process is not None for life in self._lives):
                self._wait(min(1.0, max(0.0, deadline - time.monotonic())))

    def _next_due_seconds(self) -> float | None:
        """How long nothing needs doing; None for as long as no signal and no output arrives."""
        now = time.monotonic()
        due = [
            life.start_at - now for life in self._lives if life.process is None and life.start_at is not None
        ]
        due += [READY_POLL_SECONDS for life in self._lives if life.process is not None and not life.ready]
        due += [
            life.started_at + STEADY_SECONDS - now
            for life in self._lives
            if life.process is not None and life.backoff_seconds > BACKOFF_FIRST_SECONDS
        ]
        return max(min(due), 0.0) if due else None

    def _wait(self, seconds: float | None) -> None:
        for key, _events in self._selector.select(seconds):
            if isinstance(key.data, _Life):
                self._output_pass(key.data)
            else:
                with contextlib.suppress(BlockingIOError):
                    key.fileobj.recv(4096)  # type: ignore[union-attr]

    def _output_pass(self, life: _Life) -> None:
        stream = life.process.stdout if life.process else None
        if stream is None:
            return
        while True:
            try:
                data = os.read(stream.fileno(), LINE_MOST_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._output_end(stream)
                return
            *lines, life.partial = (life.partial + data).split(b"\n")
            if len(life.partial) >= LINE_MOST_BYTES:
                lines.append(life.partial)
                life.partial = b""
            for line in lines:
                self._line_pass(life, line)
            if len(data) < LINE_MOST_BYTES:
                return

    def _output_end(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(KeyError):  # a child may close its output long before it ends
            self._selector.unregister(stream)

    def _line_pass(self, life: _Life, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        life.last_line = text.strip() or life.last_line
        self._write(f"{life.child.name:<{self._width}} | {text}")

    def _say(self, sentence: str) -> None:
        self._write(f"baton: {sentence}")

    def _write(self, line: str) -> None:
        if not self._heard:
            return
        try:
            print(line, file=self._out, flush=True)
        except OSError:
            # Whoever read our output has gone (a closed pipe or terminal): no reason to stop serving.
            self._heard = False

    @contextlib.contextmanager
    def _signals_caught(self) -> Iterator[None]:
        def stop(number: int, _frame: FrameType | None) -> None:
            self._stops_asked[number] += 1

        def wake(_number: int, _frame: FrameType | None) -> None:
            """The byte on the wake-up socket is all that is wanted of a SIGCHLD."""

        awake, wakes = socket.socketpair()
        with awake, wakes:
            awake.setblocking(False)
            wakes.setblocking(False)
            before = {number: signal.signal(number, stop) for number in STOP_SIGNALS}
            before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, wake)
            fd_before = signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
            self._selector.register(awake, selectors.EVENT_READ, None)
            try:
                yield
            finally:
                signal.set_wakeup_fd(fd_before)
                for number, handler in before.items():
                    signal.signal(number, handler)


def _group_signal(process: subprocess.Popen[bytes], number: int) -> None:
    """To the whole session of a child. Its number stays taken while any member of the group lives."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with(supervisor_pid: int) -> None:
    """Runs in the child between fork and exec: let the kernel kill it when the supervisor dies, however it
    dies."""
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor_pid:  # it died before the line above
        os._exit(1)


def _exit_text(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"killed by signal {-returncode}"
