"""Many requests at once against real local servers: who gets which answer, and what each failure says."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from kernel import http_many
from kernel.errors import BatonError, ConfigError, OutcomeUnknown, RateLimited, Transient
from kernel.http import HttpRequest, HttpResponse, nets_parse, status_raise
from kernel.http_many import MAX_BODY_BYTES, MOST_AT_ONCE, requests_send
from tests.kernel.certificates import certificate_make
from tests.kernel.rawserver import RawServer, connection_reset, request_read

LOOPBACK = nets_parse("127.0.0.0/8")
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
        """On the loopback the other side knows when this returns."""
        while self.sockets:
            self.sockets.pop().shutdown(socket.SHUT_RDWR)


@contextmanager
def _echo() -> Iterator[Echo]:
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


def _post(
    url: str, content: bytes = b"x", *, seconds: float = 20.0, method: str = "POST", **headers: str
) -> HttpRequest:
    return HttpRequest(
        method, url, {name.replace("_", "-"): value for name, value in headers.items()}, content, seconds
    )


def _one(request: HttpRequest) -> HttpResponse | BatonError:
    (answer,) = requests_send([request], allow_nets=LOOPBACK)
    return answer


def _failure(request: HttpRequest) -> tuple[type[object], str]:
    answer = _one(request)
    return type(answer), str(answer).replace(request.url.rstrip("/"), "URL")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


# Answers


def test_nothing_to_send_is_nothing() -> None:
    assert requests_send([], allow_nets=LOOPBACK) == []


def test_answers_come_in_the_order_of_the_requests() -> None:
    with _echo() as echo:
        bodies = [str(number).encode() for number in range(3 * MOST_AT_ONCE + 1)]
        answers = requests_send(
            [_post(echo.url, body, X_Key=f"k{body.decode()}") for body in bodies], allow_nets=LOOPBACK
        )
    seen = [(each.status, each.content, each.headers["x-KEY"], each.write) for each in answers]  # type: ignore[union-attr]
    assert seen == [(200, body, f"k{body.decode()}", True) for body in bodies]
    assert sorted(echo.bodies) == sorted(bodies)
    assert len(echo.connections) <= MOST_AT_ONCE
    assert {each.origin for each in answers} == {f"POST {echo.url.rstrip('/')}"}  # type: ignore[union-attr]


def test_many_are_under_way_at_once_and_their_sockets_are_kept() -> None:
    with _echo() as echo:
        echo.together = threading.Barrier(MOST_AT_ONCE)
        for _batch in range(3):
            answers = requests_send([_post(echo.url)] * MOST_AT_ONCE, allow_nets=LOOPBACK)
            assert [each.content for each in answers] == [b"x"] * MOST_AT_ONCE  # type: ignore[union-attr]
    assert len(echo.bodies) == 3 * MOST_AT_ONCE
    assert len(echo.connections) == MOST_AT_ONCE


def test_what_leaves_is_what_was_asked() -> None:
    content = '{"text": "螺栓"}'.encode()
    with RawServer(lambda connection: connection.sendall(OK)) as server:
        request = _post(f"{server.url}/hook?a=1", content, Content_Type="application/json", X_Empty="")
        assert _one(request).content == b"ok"  # type: ignore[union-attr]
    head, _sep, body = server.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /hook?a=1 HTTP/1.1"
    assert sorted(lines) == sorted(
        [
            f"Host: 127.0.0.1:{server.port}",
            "User-Agent: Baton",
            "Accept: */*",
            "Accept-Encoding: gzip, deflate",
            "Content-Type: application/json",
            "X-Empty:",
            f"Content-Length: {len(content)}",
        ]
    )
    assert body == content


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (500, OutcomeUnknown)])
def test_any_status_is_an_answer_with_its_headers(
    status: int, error: type[BatonError], httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/").respond_with_data(
        "later", status, {"Retry-After": "7", "X-Reason": "busy"}
    )
    answer = _one(_post(f"http://127.0.0.1:{httpserver.port}/"))
    assert isinstance(answer, HttpResponse)
    assert (answer.status, answer.content) == (status, b"later")
    assert (answer.headers["retry-after"], answer.headers.get("X-REASON")) == ("7", "busy")
    assert answer.headers.get("absent") is None
    assert {"retry-after", "x-reason"} < set(answer.headers)
    with pytest.raises(error) as caught:
        status_raise(answer, write=True)
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after_seconds == 7.0


def test_the_head_is_the_last_one_after_a_100() -> None:
    heads = b"HTTP/1.1 100 Continue\r\nX-Key: first\r\n\r\nHTTP/1.1 201 Created\r\nX-Key: last\r\nContent-Length: 0\r\n\r\n"
    with RawServer(lambda connection: connection.sendall(heads)) as server:
        answer = _one(_post(server.url))
    assert isinstance(answer, HttpResponse)
    assert (answer.status, dict(answer.headers)) == (201, {"x-key": "last", "content-length": "0"})


@pytest.mark.parametrize(("status", "error"), [(302, OutcomeUnknown), (307, ConfigError)])
def test_a_redirect_is_an_answer_and_is_not_followed(
    status: int, error: type[BatonError], httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/from").respond_with_data("", status, {"Location": httpserver.url_for("/to")})
    answer = _one(_post(f"http://127.0.0.1:{httpserver.port}/from"))
    assert isinstance(answer, HttpResponse)
    assert answer.status == status
    assert [request.path for request, _ in httpserver.log] == ["/from"]
    with pytest.raises(error):
        status_raise(answer, write=True)


def test_trailers_hide_no_header() -> None:
    chunked = b"HTTP/1.1 429 Slow Down\r\nRetry-After: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
    with RawServer(lambda connection: connection.sendall(chunked)) as server:
        answer = _one(_post(server.url))
    assert isinstance(answer, HttpResponse)
    assert (answer.content, answer.headers["retry-after"]) == (b"ok", "9")


def test_gzip_is_decoded_and_a_bomb_is_stopped(httpserver: HTTPServer) -> None:
    for path, size in (("/most", MAX_BODY_BYTES), ("/bomb", 50 * MAX_BODY_BYTES)):
        httpserver.expect_request(path).respond_with_data(
            gzip.compress(b"h" * size), headers={"Content-Encoding": "gzip"}
        )
    url = f"http://127.0.0.1:{httpserver.port}"
    whole, bomb = requests_send([_post(f"{url}/most"), _post(f"{url}/bomb")], allow_nets=LOOPBACK)
    assert isinstance(whole, HttpResponse)
    assert whole.content == b"h" * MAX_BODY_BYTES
    assert (type(bomb), str(bomb)) == (OutcomeUnknown, f"POST {url} answered with too many bytes.")


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{_free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    with _echo() as echo:
        assert _one(_post(echo.url, b"direct")).content == b"direct"  # type: ignore[union-attr]


# Refusals: nothing leaves


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("[::ffff:127.0.0.1]", "::ffff:7f00:1"),
        ("[::1]", "::1"),
        ("0", "0.0.0.0"),
    ],
)
def test_a_refused_address_is_never_connected_to(host: str, address: str) -> None:
    with RawServer(lambda connection: connection.sendall(OK)) as server:
        url = f"http://{host}:{server.port}"
        (answer,) = requests_send([_post(url)], allow_nets=())
    assert isinstance(answer, ConfigError)
    assert str(answer).endswith(
        f" is at {address}, an internal address that Baton does not connect to. "
        "If it is meant, add its network to BATON_ALLOW_NETS."
    )
    assert server.requests == []


def test_a_socket_kept_under_one_list_of_networks_serves_no_other() -> None:
    with _echo() as echo:
        request = _post(echo.url)
        assert _one(request).content == b"x"  # type: ignore[union-attr]
        for nets in ((), nets_parse("127.0.0.2/32")):
            (refused,) = requests_send([request], allow_nets=nets)
            assert isinstance(refused, ConfigError)
            assert "127.0.0.1, an internal address" in str(refused)
        assert _one(request).content == b"x"  # type: ignore[union-attr]
    assert len(echo.bodies) == 2
    assert len(echo.connections) == 1


FORBIDDEN = "The address or a header of the request holds a forbidden character."


@pytest.mark.parametrize(
    ("url", "headers", "words"),
    [
        ("", {"X-Key": "a\r\nX-Other: b"}, FORBIDDEN),
        ("", {"X-Key": "a\nX-Other: b"}, FORBIDDEN),
        ("", {"X-Key": "a\x00b"}, FORBIDDEN),
        ("", {"X-Key": "螺栓"}, FORBIDDEN),
        ("", {"X-Other: b\r\nX-Key": "a"}, FORBIDDEN),
        (
            "http://user:hunter2@127.0.0.1/",
            {},
            "Leave user and password out of the address; they have fields of their own.",
        ),
        ("file:///etc/passwd", {}, "An address must begin with http:// or https:// and name a host."),
        ("http://127.0.0.1:99999/", {}, "The port of an address is a number from 1 to 65535."),
        ("http://127.0.0.1/\x00", {}, "The address is malformed."),
    ],
)
def test_a_bad_request_is_refused_and_its_neighbours_are_sent(
    url: str, headers: dict[str, str], words: str
) -> None:
    with _echo() as echo:
        bad = HttpRequest("POST", url or echo.url, headers, b"bad")
        before, refused, after = requests_send(
            [_post(echo.url, b"1"), bad, _post(echo.url, b"2")], allow_nets=LOOPBACK
        )
    assert (type(refused), str(refused)) == (ConfigError, words)
    assert (before.content, after.content) == (b"1", b"2")  # type: ignore[union-attr]
    assert sorted(echo.bodies) == [b"1", b"2"]


def test_a_certificate_nobody_trusts_is_a_setting_to_correct(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate_path, key_path = certificate_make(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_path, key_path)
    with HTTPServer(host="localhost", ssl_context=context) as server:
        server.expect_request("/").respond_with_data("secure")
        by_name, by_number = (_post(f"https://{host}:{server.port}/") for host in ("localhost", "127.0.0.1"))
        refused = _one(by_name)
        assert (type(refused), len(server.log)) == (ConfigError, 0)
        assert "its certificate is not trusted (" in str(refused)
        monkeypatch.setattr(http_many, "_authorities", lambda: str(certificate_path))
        with ThreadPoolExecutor(1) as fresh:  # a thread whose handles are made with this authority
            trusted, other_name = fresh.submit(
                requests_send, [by_name, by_number], allow_nets=LOOPBACK
            ).result()
        assert trusted.content == b"secure"  # type: ignore[union-attr]
        assert type(other_name) is ConfigError
        assert len(server.log) == 1


# Failures: was it sent?


def test_of_several_addresses_the_permitted_one_is_tried() -> None:
    """localhost is ::1 too, which is refused: nobody is told to permit it when 127.0.0.1 does not answer."""
    assert _failure(_post(f"http://localhost:{_free_port()}/")) == (
        Transient,
        "POST URL: cannot connect; nothing was sent.",
    )


def test_nobody_listens_so_nothing_was_sent() -> None:
    assert _failure(_post(f"http://127.0.0.1:{_free_port()}/")) == (
        Transient,
        "POST URL: cannot connect; nothing was sent.",
    )
    assert type(_one(_post("https://nowhere.invalid/?key=s3cret"))) is Transient


def test_a_tls_handshake_that_breaks_has_sent_nothing() -> None:
    with RawServer(connection_reset) as server:
        failed = _one(_post(server.url.replace("http:", "https:")))
    assert type(failed) is Transient
    assert str(failed).endswith(": cannot connect; nothing was sent.")


HALF = b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nhalf"


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", HALF], ids=["nothing", "half a head", "half a body"]
)
@pytest.mark.parametrize("end", [connection_reset, socket.socket.close], ids=["reset", "closed"])
def test_a_connection_that_ends_after_the_request_left(
    first: bytes, end: Callable[[socket.socket], None]
) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        end(connection)

    with RawServer(answer) as server:
        assert _failure(_post(server.url)) == (
            OutcomeUnknown,
            "POST URL: the connection broke before the answer was complete.",
        )
    assert len(server.requests) == 1


@pytest.mark.parametrize("content", [b"second", b""])
def test_a_kept_connection_that_ends_after_the_request_left_sends_it_once(content: bytes) -> None:
    """libcurl by itself repeats such a request on a new connection, a POST too."""
    received: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        connection.sendall(OK)
        received.append(request_read(connection))
        connection_reset(connection)

    with RawServer(answer) as server:
        assert _one(_post(server.url, b"first")).content == b"ok"  # type: ignore[union-attr]
        assert _failure(_post(server.url, content)) == (
            OutcomeUnknown,
            "POST URL: the connection broke before the answer was complete.",
        )
    assert [each.partition(b"\r\n\r\n")[2] for each in filter(None, received)] == [content]
    assert len(list(filter(None, server.requests))) == 1


def test_a_server_that_closed_the_kept_connections_is_reached_anew() -> None:
    """Within the second for which libcurl believes that they live."""
    with _echo() as echo:
        echo.together = threading.Barrier(4)
        for _batch in range(3):
            answers = requests_send([_post(echo.url)] * 4, allow_nets=LOOPBACK)
            assert [each.content for each in answers] == [b"x"] * 4  # type: ignore[union-attr]
            echo.hang_up()
    assert len(echo.bodies) == len(echo.connections) == 12


def test_silence_and_dripping_end_at_the_deadline_and_keep_nobody() -> None:
    released = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not released.wait(0.02):
            connection.sendall(b".")

    def silence(_connection: socket.socket) -> None:
        released.wait(30)

    with RawServer(silence) as silent, RawServer(drip) as dripping, _echo() as echo:
        answers = requests_send(
            [_post(silent.url, seconds=0.3), _post(dripping.url, seconds=0.3), _post(echo.url)],
            allow_nets=LOOPBACK,
        )
        released.set()
    for answer, server in zip(answers[:2], (silent, dripping), strict=True):
        assert (type(answer), str(answer)) == (
            OutcomeUnknown,
            f"POST {server.url}: no complete answer within 0.3 s.",
        )
        assert len(server.requests) == 1
    assert answers[2].content == b"x"  # type: ignore[union-attr]


def test_garbage_or_a_damaged_body_says_nothing_of_the_outcome() -> None:
    damaged = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip"
    for bytes_sent in (b"220 smtp ready\r\n", damaged):
        with RawServer(lambda connection, sent=bytes_sent: connection.sendall(sent)) as server:  # type: ignore[misc]
            assert type(_one(_post(server.url))) is OutcomeUnknown


def test_the_cap_counts_bytes_exactly_and_an_endless_body_ends() -> None:
    sent = [0]

    def sized(size: int) -> Callable[[socket.socket], None]:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
        return lambda connection: connection.sendall(head + b"x" * size)

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            sent[0] += connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    with RawServer(sized(MAX_BODY_BYTES)) as server:
        assert len(_one(_post(server.url)).content) == MAX_BODY_BYTES  # type: ignore[union-attr]
    for answer in (sized(MAX_BODY_BYTES + 1), endless):
        with RawServer(answer) as server:
            assert _failure(_post(server.url)) == (OutcomeUnknown, "POST URL answered with too many bytes.")
    assert sent[0] < 20 * MAX_BODY_BYTES


def test_nothing_secret_is_shown() -> None:
    request = _post(
        f"http://127.0.0.1:{_free_port()}/bot12345/send?token=s3cret", Authorization="Bearer t0ken"
    )
    shown = f"{_one(request)} {request!r}".replace(repr(request.url), "")
    assert not any(secret in shown for secret in ("s3cret", "bot12345", "t0ken"))
