"""Many requests at once against servers that misbehave: each failure says whether the request left."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from kernel.errors import OutcomeUnknown, Transient
from kernel.http_many import MAX_BODY_BYTES, requests_send
from tests.kernel.rawserver import RawServer, connection_reset, request_read
from tests.kernel.sending import LOOPBACK, OK, answer_of, echo_serve, failure_of, post
from tests.running import port_free


def test_of_several_addresses_the_permitted_one_is_tried() -> None:
    """localhost is ::1 too, which is refused: nobody is told to permit it when 127.0.0.1 does not answer."""
    assert failure_of(post(f"http://localhost:{port_free()}/")) == (
        Transient,
        "POST URL: cannot connect; nothing was sent.",
    )


def test_nobody_listens_so_nothing_was_sent() -> None:
    assert failure_of(post(f"http://127.0.0.1:{port_free()}/")) == (
        Transient,
        "POST URL: cannot connect; nothing was sent.",
    )
    assert type(answer_of(post("https://nowhere.invalid/?key=s3cret"))) is Transient


def test_a_tls_handshake_that_breaks_has_sent_nothing() -> None:
    with RawServer(connection_reset) as server:
        failed = answer_of(post(server.url.replace("http:", "https:")))
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
        assert failure_of(post(server.url)) == (
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
        assert answer_of(post(server.url, b"first")).content == b"ok"  # type: ignore[union-attr]
        assert failure_of(post(server.url, content)) == (
            OutcomeUnknown,
            "POST URL: the connection broke before the answer was complete.",
        )
    assert [each.partition(b"\r\n\r\n")[2] for each in filter(None, received)] == [content]
    assert len(list(filter(None, server.requests))) == 1


def test_a_server_that_closed_the_kept_connections_is_reached_anew() -> None:
    """Within the second for which libcurl believes that they live."""
    with echo_serve() as echo:
        echo.together = threading.Barrier(4)
        for _batch in range(3):
            answers = requests_send([post(echo.url)] * 4, allow_nets=LOOPBACK)
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

    with RawServer(silence) as silent, RawServer(drip) as dripping, echo_serve() as echo:
        answers = requests_send(
            [post(silent.url, seconds=0.3), post(dripping.url, seconds=0.3), post(echo.url)],
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
            assert type(answer_of(post(server.url))) is OutcomeUnknown


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
        assert len(answer_of(post(server.url)).content) == MAX_BODY_BYTES  # type: ignore[union-attr]
    for answer in (sized(MAX_BODY_BYTES + 1), endless):
        with RawServer(answer) as server:
            assert failure_of(post(server.url)) == (OutcomeUnknown, "POST URL answered with too many bytes.")
    assert sent[0] < 20 * MAX_BODY_BYTES


def test_nothing_secret_is_shown() -> None:
    request = post(f"http://127.0.0.1:{port_free()}/bot12345/send?token=s3cret", Authorization="Bearer t0ken")
    shown = f"{answer_of(request)} {request!r}".replace(repr(request.url), "")
    assert not any(secret in shown for secret in ("s3cret", "bot12345", "t0ken"))
