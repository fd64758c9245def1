"""Many requests at once against real local servers: who gets which answer, and what is refused before it leaves."""

from __future__ import annotations

import gzip
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from kernel import http_many
from kernel.errors import BatonError, ConfigError, OutcomeUnknown, RateLimited
from kernel.http import HttpRequest, HttpResponse, nets_parse, status_raise
from kernel.http_many import MAX_BODY_BYTES, MOST_AT_ONCE, requests_send
from tests.kernel.certificates import certificate_make
from tests.kernel.rawserver import RawServer
from tests.kernel.sending import LOOPBACK, OK, answer_of, echo_serve, post
from tests.running import port_free


def test_nothing_to_send_is_nothing() -> None:
    assert requests_send([], allow_nets=LOOPBACK) == []


def test_answers_come_in_the_order_of_the_requests() -> None:
    with echo_serve() as echo:
        bodies = [str(number).encode() for number in range(3 * MOST_AT_ONCE + 1)]
        answers = requests_send(
            [post(echo.url, body, X_Key=f"k{body.decode()}") for body in bodies], allow_nets=LOOPBACK
        )
    seen = [(each.status, each.content, each.headers["x-KEY"], each.write) for each in answers]  # type: ignore[union-attr]
    assert seen == [(200, body, f"k{body.decode()}", True) for body in bodies]
    assert sorted(echo.bodies) == sorted(bodies)
    assert len(echo.connections) <= MOST_AT_ONCE
    assert {each.origin for each in answers} == {f"POST {echo.url.rstrip('/')}"}  # type: ignore[union-attr]


def test_many_are_under_way_at_once_and_their_sockets_are_kept() -> None:
    with echo_serve() as echo:
        echo.together = threading.Barrier(MOST_AT_ONCE)
        for _batch in range(3):
            answers = requests_send([post(echo.url)] * MOST_AT_ONCE, allow_nets=LOOPBACK)
            assert [each.content for each in answers] == [b"x"] * MOST_AT_ONCE  # type: ignore[union-attr]
    assert len(echo.bodies) == 3 * MOST_AT_ONCE
    assert len(echo.connections) == MOST_AT_ONCE


def test_what_leaves_is_what_was_asked() -> None:
    content = '{"text": "螺栓"}'.encode()
    with RawServer(lambda connection: connection.sendall(OK)) as server:
        request = post(f"{server.url}/hook?a=1", content, Content_Type="application/json", X_Empty="")
        assert answer_of(request).content == b"ok"  # type: ignore[union-attr]
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
    answer = answer_of(post(f"http://127.0.0.1:{httpserver.port}/"))
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
        answer = answer_of(post(server.url))
    assert isinstance(answer, HttpResponse)
    assert (answer.status, dict(answer.headers)) == (201, {"x-key": "last", "content-length": "0"})


@pytest.mark.parametrize(("status", "error"), [(302, OutcomeUnknown), (307, ConfigError)])
def test_a_redirect_is_an_answer_and_is_not_followed(
    status: int, error: type[BatonError], httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/from").respond_with_data("", status, {"Location": httpserver.url_for("/to")})
    answer = answer_of(post(f"http://127.0.0.1:{httpserver.port}/from"))
    assert isinstance(answer, HttpResponse)
    assert answer.status == status
    assert [request.path for request, _ in httpserver.log] == ["/from"]
    with pytest.raises(error):
        status_raise(answer, write=True)


def test_trailers_hide_no_header() -> None:
    chunked = b"HTTP/1.1 429 Slow Down\r\nRetry-After: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
    with RawServer(lambda connection: connection.sendall(chunked)) as server:
        answer = answer_of(post(server.url))
    assert isinstance(answer, HttpResponse)
    assert (answer.content, answer.headers["retry-after"]) == (b"ok", "9")


def test_gzip_is_decoded_and_a_bomb_is_stopped(httpserver: HTTPServer) -> None:
    for path, size in (("/most", MAX_BODY_BYTES), ("/bomb", 50 * MAX_BODY_BYTES)):
        httpserver.expect_request(path).respond_with_data(
            gzip.compress(b"h" * size), headers={"Content-Encoding": "gzip"}
        )
    url = f"http://127.0.0.1:{httpserver.port}"
    whole, bomb = requests_send([post(f"{url}/most"), post(f"{url}/bomb")], allow_nets=LOOPBACK)
    assert isinstance(whole, HttpResponse)
    assert whole.content == b"h" * MAX_BODY_BYTES
    assert (type(bomb), str(bomb)) == (OutcomeUnknown, f"POST {url} answered with too many bytes.")


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port_free()}")
    monkeypatch.delenv("no_proxy", raising=False)
    with echo_serve() as echo:
        assert answer_of(post(echo.url, b"direct")).content == b"direct"  # type: ignore[union-attr]


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
        (answer,) = requests_send([post(url)], allow_nets=())
    assert isinstance(answer, ConfigError)
    assert str(answer).endswith(
        f" is at {address}, an internal address that Baton does not connect to. "
        "If it is meant, add its network to BATON_ALLOW_NETS."
    )
    assert server.requests == []


def test_a_socket_kept_under_one_list_of_networks_serves_no_other() -> None:
    with echo_serve() as echo:
        request = post(echo.url)
        assert answer_of(request).content == b"x"  # type: ignore[union-attr]
        for nets in ((), nets_parse("127.0.0.2/32")):
            (refused,) = requests_send([request], allow_nets=nets)
            assert isinstance(refused, ConfigError)
            assert "127.0.0.1, an internal address" in str(refused)
        assert answer_of(request).content == b"x"  # type: ignore[union-attr]
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
    with echo_serve() as echo:
        bad = HttpRequest("POST", url or echo.url, headers, b"bad")
        before, refused, after = requests_send(
            [post(echo.url, b"1"), bad, post(echo.url, b"2")], allow_nets=LOOPBACK
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
        by_name, by_number = (post(f"https://{host}:{server.port}/") for host in ("localhost", "127.0.0.1"))
        refused = answer_of(by_name)
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
