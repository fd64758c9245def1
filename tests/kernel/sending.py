"""What tests of many requests at once send, and a server that keeps their connections."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kernel.errors import BatonError
from kernel.http import HttpRequest, HttpResponse, nets_parse
from kernel.http_many import requests_send

LOOPBACK = nets_parse("127.0.0.0/8")
ACKNOWLEDGED = (5, 7)  # Linux: FIN_WAIT2, CLOSE
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Echo:
    """A server that keeps its connections and answers with what it was sent."""

    url: str = ""
    connections: set[tuple[str, int]] = field(default_factory=set)
    bodies: list[bytes] = field(default_factory=list)
    together: threading.Barrier | None = None
    """Nobody is answered before so many have asked."""
    sockets: list[socket.socket] = field(default_factory=list)

    def hang_up(self) -> None:
        """The other side's system knows when this returns."""
        for kept in self.sockets:
            with kept.dup() as own:  # the handler's thread closes the other
                own.shutdown(socket.SHUT_RDWR)
                while own.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] not in ACKNOWLEDGED:
                    time.sleep(0.001)
        self.sockets.clear()


@contextmanager
def echo_serve() -> Iterator[Echo]:
    echo = Echo()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            if self.client_address not in echo.connections:
                echo.connections.add(self.client_address)
                echo.sockets.append(self.connection)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            echo.bodies.append(body)
            if echo.together:
                echo.together.wait(20)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Key", self.headers.get("X-Key", "absent"))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False  # the kept connections of the client outlive the test
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        echo.url = f"http://127.0.0.1:{server.server_port}/"
        yield echo
        server.shutdown()
        thread.join(10)


def post(
    url: str, content: bytes = b"x", *, seconds: float = 20.0, method: str = "POST", **headers: str
) -> HttpRequest:
    return HttpRequest(
        method, url, {name.replace("_", "-"): value for name, value in headers.items()}, content, seconds
    )


def answer_of(request: HttpRequest) -> HttpResponse | BatonError:
    (answer,) = requests_send([request], allow_nets=LOOPBACK)
    return answer


def failure_of(request: HttpRequest) -> tuple[type[object], str]:
    answer = answer_of(request)
    return type(answer), str(answer).replace(request.url.rstrip("/"), "URL")
