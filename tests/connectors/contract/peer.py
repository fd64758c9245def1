"""A scriptable HTTP peer on 127.0.0.1 that can also misbehave as no HTTP library would let it."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class PeerRequest:
    """Header names are lower case. `path` includes the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Fault(Enum):
    """What happens instead of an answer, after the whole request was read."""

    RESET = "reset"
    SILENCE = "silence"
    HALF = "half"
    GARBAGE = "garbage"


Script = Callable[[PeerRequest], Answer | Fault]


def answer_json(value: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"content-type": "application/json", **headers})


class Peer:
    """Answers every request as `script` says and remembers it. `script` may be exchanged at any time."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[PeerRequest] = []
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = _request_read(connection)
            if request is None:
                return
            self.requests.append(request)
            result = self.script(request)
            if isinstance(result, Answer):
                lines = [
                    f"HTTP/1.1 {result.status} X",
                    "connection: close",
                    f"content-length: {len(result.body)}",
                ]
                lines += [f"{name}: {value}" for name, value in result.headers.items()]
                connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + result.body)
            elif result is Fault.RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif result is Fault.SILENCE:
                self._closing.wait(30)
            elif result is Fault.HALF:
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
            elif result is Fault.GARBAGE:
                connection.sendall(b"\x00\xff\xfe not HTTP at all\r\n\r\n")


def url_refused() -> str:
    """An address on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def _request_read(connection: socket.socket) -> PeerRequest | None:
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65536)
        if not data:
            return None
        received += data
    head, _sep, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip() for name, _sep, value in (each.partition(":") for each in lines)
    }
    while len(body) < int(headers.get("content-length", "0")):
        data = connection.recv(65536)
        if not data:
            return None
        body += data
    method, path, _version = first.split(" ", 2)
    return PeerRequest(method, path, headers, body)


@contextlib.contextmanager
def greeter(greeting: bytes) -> Iterator[int]:
    """The port of a server that says `greeting` to whoever connects, and hangs up (as a database may)."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def greet() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.sendall(greeting)

    thread = threading.Thread(target=greet, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
