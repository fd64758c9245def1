"""The HTTP client against servers that misbehave, and addresses that it must not reach."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from kernel import network
from kernel.errors import ConfigError, OutcomeUnknown, Transient
from kernel.http import HttpClient, nets_parse
from kernel.network import address_is_allowed
from tests.kernel.rawserver import RawServer, connection_reset, request_read

LOOPBACK = nets_parse("127.0.0.0/8")
READS_AND_WRITES = [("GET", Transient), ("HEAD", Transient)] + [
    (method, OutcomeUnknown) for method in ("POST", "PUT", "PATCH", "DELETE")
]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_listens_so_nothing_was_sent(method: str) -> None:
    with HttpClient(allow_nets=LOOPBACK) as client:
        with pytest.raises(Transient, match="cannot connect; nothing was sent"):
            client.request(method, f"http://127.0.0.1:{_free_port()}/", content=b"x")


def test_a_tls_handshake_that_breaks_has_sent_nothing() -> None:
    with RawServer(connection_reset) as server, HttpClient(allow_nets=LOOPBACK, timeout_seconds=5) as client:
        with pytest.raises(Transient, match="nothing was sent"):
            client.request("POST", server.url.replace("http:", "https:"), content=b"x")


@pytest.mark.parametrize(("method", "error"), READS_AND_WRITES)
@pytest.mark.parametrize("bytes_first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n"])
def test_a_reset_after_the_request_left(method: str, error: type[Exception], bytes_first: bytes) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(bytes_first)
        connection_reset(connection)

    with RawServer(answer) as server, HttpClient(allow_nets=LOOPBACK) as client:
        with pytest.raises(error, match="broke before the answer was complete"):
            client.request(method, server.url, content=b"" if method == "HEAD" else b"x")
    assert len(server.requests) == 1


@pytest.mark.parametrize(("method", "error"), [("GET", Transient), ("POST", OutcomeUnknown)])
def test_a_reset_in_the_middle_of_the_body(method: str, error: type[Exception]) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nhalf")
        connection_reset(connection)

    with RawServer(answer) as server, HttpClient(allow_nets=LOOPBACK) as client:
        with pytest.raises(error, match="broke before the answer was complete"):
            client.request(method, server.url)


@pytest.mark.parametrize(("method", "error"), [("GET", Transient), ("POST", OutcomeUnknown)])
def test_garbage_instead_of_http(method: str, error: type[Exception]) -> None:
    with RawServer(lambda c: c.sendall(b"220 smtp ready\r\n")) as server:
        with HttpClient(allow_nets=LOOPBACK) as client, pytest.raises(error):
            client.request(method, server.url)


@pytest.mark.parametrize(("method", "error"), [("GET", Transient), ("POST", OutcomeUnknown)])
def test_silence_and_dripping_end_at_the_deadline(method: str, error: type[Exception]) -> None:
    released = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not released.wait(0.02):
            connection.sendall(b".")

    def silence(_connection: socket.socket) -> None:
        released.wait(30)

    for answer in (silence, drip):
        with RawServer(answer) as server, HttpClient(allow_nets=LOOPBACK, timeout_seconds=0.3) as client:
            with pytest.raises(error, match=r"no complete answer within 0\.3 s"):
                client.request(method, server.url)
            released.set()
        released.clear()


def test_a_query_by_post_may_be_tried_again() -> None:
    with RawServer(connection_reset) as server, HttpClient(allow_nets=LOOPBACK) as client:
        with pytest.raises(Transient):
            client.request("POST", server.url, json={"method": "search"}, write=False)


def _answer_with(body: bytes, *headers: str) -> Callable[[socket.socket], None]:
    head = "".join(f"{header}\r\n" for header in (*headers, f"Content-Length: {len(body)}"))
    return lambda connection: connection.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body)


def test_the_cap_counts_bytes_exactly() -> None:
    with RawServer(_answer_with(b"x" * 1000)) as server:
        with HttpClient(allow_nets=LOOPBACK, max_body_bytes=1000) as client:
            assert len(client.request("GET", server.url).content) == 1000
        with HttpClient(allow_nets=LOOPBACK, max_body_bytes=999) as client:
            with pytest.raises(ConfigError, match="more than 999 bytes"):
                client.request("GET", server.url)
            with pytest.raises(OutcomeUnknown):
                client.request("POST", server.url)


def test_an_endless_body_ends_at_the_cap() -> None:
    sent = [0]

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            sent[0] += connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    with RawServer(endless) as server, HttpClient(allow_nets=LOOPBACK, max_body_bytes=100_000) as client:
        with pytest.raises(ConfigError, match="more than 100000 bytes"):
            client.request("GET", server.url)
    assert sent[0] < 20 * 1024 * 1024


def test_a_gzip_bomb_is_stopped_while_unpacking() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 200_000_000, 9), 9)
    single = gzip.compress(b"\0" * 200_000_000, 9)
    assert len(single) < 250_000
    with RawServer(_answer_with(single, "Content-Encoding: gzip")) as server:
        with HttpClient(allow_nets=LOOPBACK, max_body_bytes=1_000_000) as client:
            with pytest.raises(ConfigError, match="more than 1000000 bytes"):
                client.request("GET", server.url)
    with RawServer(_answer_with(bomb, "Content-Encoding: gzip, gzip")) as server:
        with HttpClient(allow_nets=LOOPBACK, max_body_bytes=1_000_000) as client:
            with pytest.raises(ConfigError, match="more than 1000000 bytes"):
                client.request("GET", server.url)


def test_a_body_that_unpacks_to_nothing_for_ever_ends_too() -> None:
    empty_blocks = zlib.compressobj(wbits=31)
    start = empty_blocks.compress(b"") + empty_blocks.flush(zlib.Z_FULL_FLUSH)
    block = b"\x00\x00\x00\xff\xff" * 10_000

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + start)
        while True:
            connection.sendall(block)

    with RawServer(endless) as server, HttpClient(allow_nets=LOOPBACK, max_body_bytes=10_000) as client:
        with pytest.raises(ConfigError, match="more than 10000 bytes"):
            client.request("GET", server.url)


def test_a_damaged_gzip_body(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(b"not gzip", headers={"Content-Encoding": "gzip"})
    with HttpClient(allow_nets=LOOPBACK) as client:
        with pytest.raises(Transient, match="damaged"):
            client.request("GET", httpserver.url_for("/"))
        with pytest.raises(OutcomeUnknown, match="damaged"):
            client.request("POST", httpserver.url_for("/"))


def test_a_connection_is_kept_and_each_request_on_it_judged_anew() -> None:
    bodies: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        for _ in range(2):
            _answer_with(b"ok")(connection)
            bodies.append(request_read(connection)[-1:])

    with RawServer(answer) as server, HttpClient(allow_nets=LOOPBACK) as client:
        for number in (1, 2):
            assert client.request("POST", server.url, json=number).content == b"ok"
        with pytest.raises(OutcomeUnknown):
            client.request("POST", server.url, json=3)
    assert len(server.requests) == 1
    assert bodies == [b"2", b"3"]


def test_a_server_that_closed_the_kept_connection_is_reached_anew() -> None:
    with RawServer(_answer_with(b"ok")) as server, HttpClient(allow_nets=LOOPBACK) as client:
        for _ in range(3):
            assert client.request("POST", server.url, content=b"x").content == b"ok"
    assert len(server.requests) == 3


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1",
        "192.88.99.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
        "2002:a00:1::", "2001:0:1::1", "::127.0.0.1", "2001:db8::1",
    ],
)  # fmt: skip
def test_internal_addresses_are_refused(address: str) -> None:
    assert address_is_allowed(ip_address(address), ()) is False


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert address_is_allowed(ip_address(address), ()) is True


def test_an_operator_allows_exactly_what_was_written() -> None:
    nets = nets_parse(" 10.1.0.0/16, 192.168.7.7 ,fd00::/8,")
    assert list(map(str, nets)) == ["10.1.0.0/16", "192.168.7.7/32", "fd00::/8"]
    seen = {
        address: address_is_allowed(ip_address(address), nets)
        for address in (
            "10.1.2.3",
            "10.2.0.1",
            "192.168.7.7",
            "192.168.7.8",
            "fd12::1",
            "::ffff:10.1.2.3",
            "::1",
        )
    }
    assert seen == {
        "10.1.2.3": True, "10.2.0.1": False, "192.168.7.7": True, "192.168.7.8": False, "fd12::1": True,
        "::ffff:10.1.2.3": True, "::1": False,
    }  # fmt: skip
    assert nets_parse("") == ()
    with pytest.raises(ConfigError, match="“10.0.0.1/8” is not a network"):
        nets_parse("127.0.0.0/8,10.0.0.1/8")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_address_is_never_connected_to(host: str, method: str, httpserver: HTTPServer) -> None:
    with HttpClient() as client, pytest.raises(ConfigError, match="BATON_ALLOW_NETS"):
        client.request(method, f"http://{host}:{httpserver.port}/")
    assert len(httpserver.log) == 0


def _resolver(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let every look-up by name answer the next of `answers`; returns the list of names asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_options: Any) -> list[Any]:
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in answers[min(len(asked), len(answers)) - 1]
        ]

    monkeypatch.setattr(network, "getaddrinfo", resolve)
    return asked


def test_a_name_that_rebinds_is_asked_once_and_judged_each_time(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _resolver(monkeypatch, ["127.0.0.5"], ["127.0.0.1"])
    url = f"http://rebind.example:{httpserver.port}/"
    httpserver.expect_request("/").respond_with_data("secret of the loopback")
    with HttpClient(allow_nets=nets_parse("127.0.0.5/32"), timeout_seconds=5) as client:
        with pytest.raises(
            Transient, match="cannot connect"
        ):  # 127.0.0.5 is permitted, and nobody listens there
            client.request("GET", url)
        assert asked == ["rebind.example"]
        with pytest.raises(ConfigError, match=r"rebind\.example is at 127\.0\.0\.1"):
            client.request("GET", url)
    assert asked == ["rebind.example"] * 2
    assert len(httpserver.log) == 0


def test_the_permitted_address_of_several_is_used_under_the_hosts_own_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = _resolver(monkeypatch, ["10.0.0.1", "127.0.0.9", "127.0.0.1"])
    with (
        RawServer(_answer_with(b"ok")) as server,
        HttpClient(allow_nets=LOOPBACK, timeout_seconds=5) as client,
    ):
        assert client.request("GET", f"http://erp.example:{server.port}/").content == b"ok"
    assert asked == ["erp.example"]
    assert f"Host: erp.example:{server.port}".encode() in server.requests[0]


def test_a_name_that_does_not_resolve() -> None:
    with HttpClient() as client, pytest.raises(Transient, match=r"nowhere\.invalid does not resolve"):
        client.request("POST", "https://nowhere.invalid/?key=s3cret")
