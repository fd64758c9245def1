"""The only HTTP client: resolves once and pins that address, follows no redirect, uses no proxy of the
environment, bounds every answer in bytes and in time, and says for each failure whether a write may have been
executed."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Mapping, Sequence
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cached_property, lru_cache
from types import TracebackType
from typing import Any, NoReturn, Self

import httpcore2
import httpx2
from django.utils.translation import gettext as _

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
from kernel.http_message import HttpRequest, HttpResponse
from kernel.network import BodyTooLarge, Exchange, Net, PinnedBackend, nets_parse

__all__ = [
    "HttpClient",
    "HttpRequest",
    "HttpResponse",
    "nets_parse",
    "origin_of",
    "retry_after_seconds",
    "status_raise",
    "url_check",
]

MAX_BODY_BYTES = 20 * 1024 * 1024
KEEPALIVE_SECONDS = 4.0  # below the 5 s after which uvicorn and Node close an idle connection under our feet
READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# The library logs every URL at INFO; query strings and webhook paths hold secrets.
logging.getLogger("httpx2").setLevel(logging.WARNING)
logging.getLogger("httpcore2").setLevel(logging.WARNING)


class HttpClient:
    """A kept-alive client for one place, safe to share between threads. Cookies the place sets are kept.

    `timeout_seconds` bounds a whole request, from connecting to the last byte of the answer. `base_url`, when
    given, is what relative URLs are appended to, and no other origin is reachable. `verify` is True (the
    system's authorities), the path of a CA file, or False. Raises ConfigError for a bad `base_url` or CA
    file.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        timeout_seconds: float = 30,
        allow_nets: Sequence[Net] = (),
        verify: bool | str = True,
        max_body_bytes: int = MAX_BODY_BYTES,
        user_agent: str = "Baton",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.allow_nets = tuple(allow_nets)
        self._timeout_seconds = timeout_seconds
        self._max_body_bytes = max_body_bytes
        self._exchange = Exchange()
        self._base = _url_parse(base_url) if base_url else None
        self._verify = verify
        self._headers = {"accept-encoding": "gzip, deflate", **(headers or {}), "user-agent": user_agent}
        if isinstance(verify, str):
            _ssl_context(verify)

    @cached_property
    def _client(self) -> httpx2.Client:
        """Made when first used: a connector opened for one batch often needs none."""
        return httpx2.Client(
            base_url=self._base or "",
            transport=_PinnedTransport(PinnedBackend(self.allow_nets, self._exchange), self._verify),
            headers=self._headers,
            follow_redirects=False,
            trust_env=False,
            timeout=self._timeout_seconds,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | Sequence[tuple[str, str | int]] | None = None,
        json: Any = None,
        content: bytes | str | None = None,
        timeout_seconds: float | None = None,
        write: bool | None = None,
    ) -> HttpResponse:
        """Send one request and read the whole answer; any status is an answer (see status_raise).

        `params` are added to the URL's own. Decimals in `json` travel as strings. `write` says whether the
        call may change something there; by default everything but GET, HEAD and OPTIONS does (pass False for
        a query by POST). Raises ConfigError (bad URL, refused address, certificate, body over the cap on a
        read), Transient (certain that nothing was executed) and OutcomeUnknown (a write of which at least one
        byte left, without an answer).
        """
        method = method.upper()
        may_change = method not in READ_METHODS if write is None else write
        request = self._request_build(method, url, headers, params, json, content)
        origin = f"{method} {_origin(request.url)}"
        seconds = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        self._exchange.start(seconds, self._max_body_bytes)
        request.extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), seconds)}
        try:
            response = self._client.send(request, stream=True)
            try:
                body = self._body_read(response)
            finally:
                response.close()
        except BatonError:
            raise
        except BodyTooLarge:
            message = _("%(origin)s answered with more than %(bytes)s bytes. Ask for less at a time.")
            values = {"origin": origin, "bytes": self._max_body_bytes}
            raise (OutcomeUnknown if may_change else ConfigError)(message % values) from None
        except httpx2.RequestError as error:
            self._failure_raise(error, origin, may_change, seconds)
        return HttpResponse(response.status_code, response.headers, body, origin, may_change)

    def send(self, request: HttpRequest) -> HttpResponse:
        """`request()` for a request that is ready."""
        return self.request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            timeout_seconds=request.timeout_seconds,
        )

    def _request_build(
        self, method: str, url: str, headers: Any, params: Any, body: Any, content: bytes | str | None
    ) -> httpx2.Request:
        if "://" in url or url.startswith("//") or self._base is None:
            target = _url_parse(url)
            if self._base is not None and _origin(target) != _origin(self._base):
                raise ConfigError(
                    _("%(other)s is not the address of this connection (%(own)s); nothing was sent there.")
                    % {"other": _origin(target), "own": _origin(self._base)}
                )
        else:
            target = _url_relative(url)
        if params is not None:
            target = target.copy_merge_params(params)
        sent = dict(headers or {})
        if body is not None:
            content = json.dumps(body, ensure_ascii=False, allow_nan=False, default=_decimal_text)
            if not any(name.lower() == "content-type" for name in sent):
                sent["content-type"] = "application/json"
        try:
            return self._client.build_request(method, target, headers=sent, content=content)
        except (UnicodeError, httpx2.InvalidURL):
            raise ConfigError(
                _("The address or a header of the request holds a forbidden character.")
            ) from None

    def _body_read(self, response: httpx2.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self._max_body_bytes:
                raise BodyTooLarge
        return bytes(body)

    def _failure_raise(
        self, error: httpx2.RequestError, origin: str, may_change: bool, seconds: float
    ) -> NoReturn:
        """Never the library's own text: it may quote headers or the URL."""
        values: dict[str, Any] = {"origin": origin, "seconds": f"{seconds:g}"}
        if certificate := _certificate_error(error):
            values["reason"] = certificate.verify_message
            raise ConfigError(
                _(
                    "%(origin)s: its certificate is not trusted (%(reason)s). "
                    "Correct the host name, or give the connection the CA file that signed it."
                )
                % values
            ) from None
        if isinstance(error, httpx2.LocalProtocolError) and not self._exchange.sent:
            raise ConfigError(_("%(origin)s: the request holds an illegal header.") % values) from None
        if not self._exchange.sent:
            reason = _("%(origin)s: cannot connect; nothing was sent.")
        elif isinstance(error, httpx2.TimeoutException):
            reason = _("%(origin)s: no complete answer within %(seconds)s s.")
        elif isinstance(error, httpx2.DecodingError):
            reason = _("%(origin)s: the answer is damaged.")
        else:
            reason = _("%(origin)s: the connection broke before the answer was complete.")
        raise (OutcomeUnknown if may_change and self._exchange.sent else Transient)(reason % values) from None


def status_raise(response: HttpResponse, *, write: bool, user_message: str = "") -> None:
    """Raise the kernel error that the status means; a 2xx returns. `user_message` is what the other side
    said, for people, if the caller could read it out of the body.

    On a write a 5xx or a "see other" says nothing about whether it was executed: OutcomeUnknown, also for a
    503 with Retry-After. On a read a redirect is ConfigError: it is never followed.
    """
    status = response.status
    if 200 <= status < 300:
        return
    values = {"origin": response.origin, "status": status, "said": user_message}
    message = _("%(origin)s answered %(status)s.") % values
    if user_message:
        message = _("%(origin)s answered %(status)s: %(said)s") % values
    if status == 429:
        raise RateLimited(message, retry_after_seconds(response))
    if status >= 500 or status == 408 or (write and status in (301, 302, 303)):
        raise (OutcomeUnknown if write else Transient)(message)
    if status < 400:
        raise ConfigError(
            _("%(origin)s answered with a redirect, which is not followed. Enter the final address.") % values
        )
    if error := _STATUS_ERRORS.get(status):
        raise error(message)
    raise Rejected(user_message or message)


_STATUS_ERRORS: dict[int, type[BatonError]] = {
    401: AuthFailed,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    412: Conflict,
}


def retry_after_seconds(response: HttpResponse, default: float = 1.0) -> float:
    """The Retry-After header (seconds or an HTTP date, RFC 9110 §10.2.3), between 0 and one day; else
    `default`."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    else:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return default
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=clock.UTC)
        seconds = (moment - clock.now()).total_seconds()
    return min(max(seconds, 0.0), 86400.0)


class _PinnedTransport(httpx2.HTTPTransport):
    def __init__(self, backend: PinnedBackend, verify: bool | str) -> None:
        # Not the parent's: it cannot be given a network backend. The pool is all that it would set.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_ssl_context(verify),
            max_connections=20,
            keepalive_expiry=KEEPALIVE_SECONDS,
            network_backend=backend,
        )


@lru_cache(maxsize=16)
def _ssl_context(verify: bool | str) -> ssl.SSLContext:
    """Shared: loading the authorities costs 20 ms and a megabyte each time."""
    if isinstance(verify, str):
        try:
            return ssl.create_default_context(cafile=verify)
        except (OSError, ssl.SSLError):
            raise ConfigError(_("The CA file %(path)s cannot be read.") % {"path": verify}) from None
    return httpx2.create_ssl_context(verify=verify)


def _url_relative(url: str) -> httpx2.URL:
    try:
        return httpx2.URL(url)
    except httpx2.InvalidURL:
        raise ConfigError(_("The address is malformed.")) from None


def _url_parse(url: str) -> httpx2.URL:
    parsed = _url_relative(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigError(_("An address must begin with http:// or https:// and name a host."))
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise ConfigError(_("The port of an address is a number from 1 to 65535."))
    if parsed.userinfo:
        raise ConfigError(_("Leave user and password out of the address; they have fields of their own."))
    return parsed


@lru_cache(maxsize=500)
def url_check(url: str) -> None:
    """Raises ConfigError for an address that no request goes to: another scheme, a user name, a wrong port."""
    _url_parse(url)


@lru_cache(maxsize=500)
def origin_of(url: str) -> str:
    """ "https://host": what may be shown of an address. Raises ConfigError like url_check."""
    return _origin(_url_parse(url))


def _origin(url: httpx2.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _decimal_text(value: Any) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
