"""The HTTP client against a real local server: what a connector sees of a well-behaved other side."""

from __future__ import annotations

import datetime as dt
import gzip
import logging
import ssl
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from kernel import clock
from kernel.errors import (
    AuthFailed,
    BatonError,
    ConfigError,
    Conflict,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Transient,
)
from kernel.http import HttpClient, HttpResponse, nets_parse, retry_after_seconds, status_raise
from tests.kernel.certificates import certificate_make

LOOPBACK = nets_parse("127.0.0.0/8")


def test_json_goes_out_and_comes_back_with_exact_decimals(httpserver: HTTPServer) -> None:
    def echo(request: Request) -> Response:
        assert request.headers["Content-Type"] == "application/json"
        assert request.headers["User-Agent"] == "Baton"
        assert request.get_data() == '{"price": "0.10", "name": "螺栓"}'.encode()
        return Response('{"price": 0.10, "count": 3}', content_type="application/json")

    httpserver.expect_request("/base/orders", method="POST", query_string="a=1&b=2").respond_with_handler(
        echo
    )
    with HttpClient(httpserver.url_for("/base/"), allow_nets=LOOPBACK) as client:
        response = client.request(
            "post", "/orders?a=1", params={"b": 2}, json={"price": Decimal("0.10"), "name": "螺栓"}
        )
    httpserver.check_assertions()
    assert response.status == 200
    assert response.json() == {"price": Decimal("0.10"), "count": 3}
    assert response.headers["CONTENT-type"] == "application/json"
    assert response.write is True


def test_cookies_are_kept(httpserver: HTTPServer) -> None:
    cookies: list[str | None] = []

    def answer(request: Request) -> Response:
        cookies.append(request.cookies.get("session"))
        return Response("ok", headers={"Set-Cookie": "session=s1; Path=/"})

    httpserver.expect_request("/").respond_with_handler(answer)
    with HttpClient(allow_nets=LOOPBACK) as client:
        for _ in range(3):
            assert client.request("GET", httpserver.url_for("/")).content == b"ok"
    assert cookies == [None, "s1", "s1"]


def test_text_follows_the_charset_and_survives_a_wrong_one() -> None:
    assert HttpResponse(200, {"content-type": "text/plain; charset=GBK"}, "订单".encode("gbk")).text == "订单"
    assert HttpResponse(200, {"content-type": "text/plain; charset=klingon"}, "订单".encode()).text == "订单"
    assert HttpResponse(200, {"content-type": "text/plain; charset=base64"}, "订单".encode()).text == "订单"
    assert HttpResponse(200, {}, b"\xff").text == "�"


@pytest.mark.parametrize("body", [b"<html>login</html>", b"", b"[" * 100_000, b'{"a": NaN}', b"\xff\xfe"])
def test_what_is_not_json_is_an_outcome_not_a_crash(body: bytes) -> None:
    with pytest.raises(Transient):
        HttpResponse(200, {}, body, "GET https://erp.example").json()
    with pytest.raises(
        OutcomeUnknown, match="POST https://erp.example answered 200 with something that is not JSON"
    ):
        HttpResponse(200, {}, body, "POST https://erp.example", write=True).json()


def test_a_redirect_is_an_answer_and_is_not_followed(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/from").respond_with_data("", 302, {"Location": httpserver.url_for("/to")})
    with HttpClient(allow_nets=LOOPBACK) as client:
        response = client.request("GET", httpserver.url_for("/from"))
    assert response.status == 302
    assert [request.path for request, _ in httpserver.log] == ["/from"]
    with pytest.raises(ConfigError, match="redirect, which is not followed"):
        status_raise(response, write=False)


def test_gzip_is_decoded(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(
        gzip.compress(b"hello" * 1000), headers={"Content-Encoding": "gzip"}
    )
    with HttpClient(allow_nets=LOOPBACK) as client:
        assert client.request("GET", httpserver.url_for("/")).content == b"hello" * 1000


def test_proxies_of_the_environment_are_ignored(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    httpserver.expect_request("/").respond_with_data("direct")
    with HttpClient(allow_nets=LOOPBACK) as client:
        assert client.request("GET", httpserver.url_for("/")).text == "direct"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://erp.example/x",
        "file:///etc/passwd",
        "https://",
        "erp.example/x",
        "//erp.example/x",
        "https://user:hunter2@erp.example/",
        "http://erp.example:99999999/",
        "http://erp.example/\x00",
        "gopher://erp.example",
    ],
)
def test_a_bad_address_is_refused_before_anything_is_sent(url: str) -> None:
    with HttpClient() as client, pytest.raises(ConfigError) as caught:
        client.request("GET", url)
    assert "hunter2" not in str(caught.value)


def test_with_a_base_no_other_origin_is_reached(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/base/next").respond_with_data("page 2")
    with HttpClient(httpserver.url_for("/base"), allow_nets=LOOPBACK) as client:
        assert client.request("GET", httpserver.url_for("/base/next")).text == "page 2"
        with pytest.raises(ConfigError, match=r"https://evil\.example is not the address of this connection"):
            client.request("GET", "https://evil.example/base/next", headers={"Authorization": "Bearer t0ken"})
    assert len(httpserver.log) == 1


def test_an_illegal_header_is_refused(httpserver: HTTPServer) -> None:
    with HttpClient(httpserver.url_for("/"), allow_nets=LOOPBACK) as client, pytest.raises(ConfigError):
        client.request("POST", "/", headers={"X-Key": "a\r\nX-Other: b"}, content=b"x")
    assert len(httpserver.log) == 0


def test_nothing_secret_is_logged_or_shown(httpserver: HTTPServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/bot12345/send").respond_with_data("no", 500)
    with HttpClient(httpserver.url_for("/"), allow_nets=LOOPBACK) as client:
        response = client.request(
            "POST", "/bot12345/send?token=s3cret", headers={"Authorization": "Bearer t0ken"}
        )
    with pytest.raises(OutcomeUnknown) as caught:
        status_raise(response, write=True)
    logged = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]
    shown = f"{caught.value} {response!r} {logged}"
    assert not any(secret in shown for secret in ("s3cret", "bot12345", "t0ken"))
    assert str(caught.value) == f"POST http://localhost:{httpserver.port} answered 500."


@pytest.mark.parametrize(
    ("status", "on_read", "on_write"),
    [
        (400, Rejected, Rejected),
        (401, AuthFailed, AuthFailed),
        (402, Rejected, Rejected),
        (403, PermissionDenied, PermissionDenied),
        (404, NotFound, NotFound),
        (408, Transient, OutcomeUnknown),
        (409, Conflict, Conflict),
        (410, NotFound, NotFound),
        (412, Conflict, Conflict),
        (422, Rejected, Rejected),
        (429, RateLimited, RateLimited),
        (301, ConfigError, OutcomeUnknown),
        (303, ConfigError, OutcomeUnknown),
        (307, ConfigError, ConfigError),
        (500, Transient, OutcomeUnknown),
        (503, Transient, OutcomeUnknown),
    ],
)
def test_each_status_has_one_meaning(
    status: int, on_read: type[BatonError], on_write: type[BatonError]
) -> None:
    response = HttpResponse(status, {"retry-after": "7"}, b"", "GET https://erp.example")
    for write, expected in ((False, on_read), (True, on_write)):
        with pytest.raises(BatonError) as caught:
            status_raise(response, write=write)
        assert type(caught.value) is expected
        if isinstance(caught.value, RateLimited):
            assert caught.value.retry_after_seconds == 7.0


def test_a_success_raises_nothing_and_a_refusal_says_what_was_said() -> None:
    for status in (200, 201, 204):
        status_raise(HttpResponse(status, {}, b""), write=True)
    with pytest.raises(Rejected, match="^Unknown supplier$"):
        status_raise(HttpResponse(422, {}, b""), write=True, user_message="Unknown supplier")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0.0),
        ("99999999999999999999", 86400.0),
        ("soon", 5.0),
        ("-3", 5.0),
        ("", 5.0),
    ],
)
def test_retry_after_in_both_forms(value: str, seconds: float) -> None:
    with clock.frozen(dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)):
        assert retry_after_seconds(HttpResponse(429, {"retry-after": value}, b""), default=5.0) == seconds


def test_a_certificate_nobody_trusts_is_a_setting_to_correct(tmp_path: Path) -> None:
    certificate_path, key_path = certificate_make(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_path, key_path)
    with HTTPServer(host="localhost", ssl_context=context) as server:
        server.expect_request("/").respond_with_data("secure")
        with HttpClient(server.url_for("/"), allow_nets=LOOPBACK) as client:
            with pytest.raises(ConfigError, match=r"certificate is not trusted \(self-signed certificate\)"):
                client.request("POST", "/", json={})
        assert len(server.log) == 0
        with HttpClient(server.url_for("/"), allow_nets=LOOPBACK, verify=str(certificate_path)) as client:
            assert client.request("GET", "/").text == "secure"
        with HttpClient(
            f"https://127.0.0.1:{server.port}", allow_nets=LOOPBACK, verify=str(certificate_path)
        ) as client:
            with pytest.raises(ConfigError, match="certificate is not trusted"):
                client.request("GET", "/")
    with pytest.raises(ConfigError, match="CA file"):
        HttpClient(verify=str(tmp_path / "absent.pem"))
