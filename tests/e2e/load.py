"""A steady load on `/hooks/`, and the far end that counts what arrives: bench/sink.py as a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from types import TracebackType
from typing import Any

from tests.chaos.load import event
from tests.needs import ROOT
from tests.running import port_free, wait_until


class Sink:
    """Takes every message and remembers the events it was about."""

    def __init__(self, delay_ms: float = 0.0) -> None:
        self.port = port_free()
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "bench" / "sink.py"), "--port", str(self.port), "--delay-ms", str(delay_ms)],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._answers, "the sink", 20)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _answers(self) -> bool:
        try:
            return self._get("count") is not None
        except OSError:
            return False

    def _get(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/{what}", timeout=20) as answer:
            return json.loads(answer.read())

    def total(self) -> int:
        return int(self._get("count")["total"])

    def arrived(self) -> Counter[str]:
        """How often a message about each event came."""
        return Counter(identifier for identifier, _at in self._get("dump"))

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *_error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()


class Load:
    """`threads` senders post one event after the other, `per_second` together, until `stop()`.

    `accepted`: the events that were acknowledged with 2xx. An event that was not is sent again, as any sender would;
    `refused` counts the answers and broken connections on the way.
    """

    def __init__(
        self,
        url: str,
        path: str,
        headers: list[str],
        *,
        threads: int = 4,
        per_second: float = 100.0,
        prefix: str = "",
    ) -> None:
        host, port = url.removeprefix("http://").split(":")
        self.host, self.port, self.path = host, int(port), path
        self.headers = dict(each.split(": ", 1) for each in headers) | {"Content-Type": "application/json"}
        self.pause = threads / per_second
        self.prefix = prefix or f"{os.getpid()}-{time.time_ns() % 10**9}-"
        self.accepted: set[str] = set()
        self.refused = 0
        self._numbers = iter(range(10**9))
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _each in range(threads)]

    def start(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> set[str]:
        """Every event that was acknowledged; one still on its way is waited for."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(60)
        return set(self.accepted)

    def _send(self) -> None:
        line: http.client.HTTPConnection | None = None
        while not self._stopped.is_set():
            with self._lock:
                number = next(self._numbers)
            body = json.dumps(event(f"{self.prefix}{number}", sku=f"SKU-{number % 500:04d}")).encode()
            while not self._stopped.is_set():
                line = line or http.client.HTTPConnection(self.host, self.port, timeout=30)
                try:
                    line.request("POST", self.path, body, self.headers)
                    answer = line.getresponse()
                    answer.read()
                    status = answer.status
                except (OSError, http.client.HTTPException):
                    line.close()
                    line, status = None, 0
                if 200 <= status < 300:
                    self.accepted.add(f"{self.prefix}{number}")
                    break
                self.refused += 1
                time.sleep(0.1)
            time.sleep(self.pause)


def group_end(process: subprocess.Popen[bytes], seconds: float = 40) -> int:
    """SIGTERM; what does not end in time is killed with its group and fails the test. The exit code."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise AssertionError(f"it did not end within {seconds} s of SIGTERM") from None
