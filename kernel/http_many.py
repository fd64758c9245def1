"""Many HTTP requests at once, for the outbox: the rules of kernel/http.py on libcurl, at a twentieth of the cost.

One multi handle a thread keeps the sockets between batches. The address that is connected to is the one that is judged:
libcurl asks before it opens a socket. No redirect is followed, no proxy of the environment used, answers are bounded.
Measured in docs/adr/0015-batches.md.
"""

from __future__ import annotations

import os
import re
import select
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from email.parser import BytesHeaderParser
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import certifi
import pycurl
from django.utils.translation import gettext as _

from kernel.errors import BatonError, ConfigError, OutcomeUnknown, Transient
from kernel.http import KEEPALIVE_SECONDS, HttpRequest, HttpResponse, origin_of, url_check
from kernel.network import Net, address_is_allowed

MOST_AT_ONCE = 32
MOST_KEPT = 5_000
MAX_BODY_BYTES = 1024 * 1024
SELECT_SECONDS = 1.0
_FORBIDDEN = re.compile(r"[\x00\r\n]")  # libcurl would send them: a header more, or another body
_CERTIFICATE_ERRORS = (pycurl.E_SSL_CACERT, pycurl.E_SSL_PEER_CERTIFICATE, pycurl.E_SSL_CACERT_BADFILE)


class _Handles:
    """A multi handle with its open sockets, and idle easy handles."""

    def __init__(self) -> None:
        self.multi = pycurl.CurlMulti()
        self.multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, MOST_AT_ONCE)
        self.idle: list[pycurl.Curl] = []
        self.kept = _Kept()

    def take(self) -> pycurl.Curl:
        return self.idle.pop() if self.idle else _easy_new()


class _Kept:
    """A multi handle's sockets, ready to be polled, by their own address and port.

    libcurl looks at most once a second whether the other side has closed a socket that is kept; a request on one that is
    closed would have an unknown outcome.
    """

    def __init__(self) -> None:
        self._by_end: dict[tuple[str, int], select.poll] = {}

    def note(self, end: tuple[str, int], opened: Sequence[int]) -> bool:
        """Whether the socket at `end` is one of `opened`: its first request is about to leave."""
        for descriptor in opened:
            if _port_of(descriptor) == end[1]:
                if len(self._by_end) >= MOST_KEPT:
                    self._by_end.clear()  # those are used unseen
                self._by_end[end] = select.poll()
                self._by_end[end].register(descriptor, select.POLLIN)
                return True
        return False

    def is_closed(self, end: tuple[str, int]) -> bool:
        """Whether the other side has ended it: nothing is asked, so nothing else can have arrived."""
        kept = self._by_end.get(end)
        return kept is not None and bool(kept.poll(0))


def _port_of(descriptor: int) -> int:
    try:
        with socket.socket(fileno=os.dup(descriptor)) as same:
            return int(same.getsockname()[1])
    except OSError:  # one of several addresses that were tried, closed again
        return 0


class _Local(threading.local):
    """libcurl's handles are one thread's; a socket opened under one list of networks serves no other list."""

    def __init__(self) -> None:
        self._by_nets: dict[tuple[Net, ...], _Handles] = {}

    def of(self, nets: Sequence[Net]) -> _Handles:
        key = tuple(nets)
        found = self._by_nets.get(key)
        if found is None:
            found = self._by_nets[key] = _Handles()
        return found


_local = _Local()


def _easy_new() -> pycurl.Curl:
    easy = pycurl.Curl()
    for option, value in (
        (pycurl.NOSIGNAL, 1),
        (pycurl.PROXY, ""),
        (pycurl.FOLLOWLOCATION, 0),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.ACCEPT_ENCODING, "gzip, deflate"),
        (pycurl.USERAGENT, "Baton"),
        (pycurl.MAXAGE_CONN, int(KEEPALIVE_SECONDS)),
        (pycurl.CAINFO, _authorities()),
        (pycurl.SSL_VERIFYPEER, 1),
        (pycurl.SSL_VERIFYHOST, 2),
    ):
        easy.setopt(option, value)
    return easy


@lru_cache(maxsize=1)
def _authorities() -> str:
    return ssl.get_default_verify_paths().cafile or certifi.where()


class _Call:
    """One request under way, and what came back."""

    def __init__(self, request: HttpRequest, allow_nets: Sequence[Net], kept: _Kept) -> None:
        self.request = request
        self.kept = kept
        self.allow_nets = allow_nets
        self.refused: list[str] = []
        self.opened: list[int] = []
        self.begun = False
        self.was_closed = False
        self.body = bytearray()
        self.head = bytearray()
        self.head_is_whole = False
        self.too_large = False

    def prepare(self, easy: pycurl.Curl) -> None:
        request = self.request
        easy.setopt(pycurl.URL, request.url)
        easy.setopt(pycurl.CUSTOMREQUEST, request.method)
        easy.setopt(pycurl.POSTFIELDS, request.content)
        easy.setopt(
            pycurl.HTTPHEADER,
            ["Expect:", *(_line_of(name, value) for name, value in request.headers.items())],
        )
        easy.setopt(pycurl.TIMEOUT_MS, max(1, int(request.timeout_seconds * 1000)))
        easy.setopt(pycurl.FRESH_CONNECT, int(self.was_closed))
        easy.setopt(pycurl.OPENSOCKETFUNCTION, self._socket)
        easy.setopt(pycurl.SOCKOPTFUNCTION, self._opened)
        easy.setopt(pycurl.WRITEFUNCTION, self._write)
        easy.setopt(pycurl.HEADERFUNCTION, self._head_line)
        easy.setopt(pycurl.PREREQFUNCTION, self._begin)

    def _socket(self, _purpose: int, where: Any) -> Any:
        """Called with the very address that would be connected to."""
        address = ip_address(where.addr[0])
        if not address_is_allowed(address, self.allow_nets):
            self.refused.append(str(address))
            return pycurl.SOCKET_BAD
        return socket.socket(where.family, where.socktype, where.protocol)

    def _opened(self, descriptor: int, _purpose: int) -> int:
        self.opened.append(descriptor)
        return int(pycurl.SOCKOPT_OK)

    def _begin(self, _there: str, here: str, _port_there: int, port_here: int) -> int:
        """Called before the first byte leaves, and again when libcurl by itself repeats it: a write may not be."""
        if self.begun:
            return int(pycurl.PREREQFUNC_ABORT)
        end = (here, port_here)
        self.was_closed = not self.kept.note(end, self.opened) and self.kept.is_closed(end)
        if self.was_closed:
            return int(pycurl.PREREQFUNC_ABORT)
        self.begun = True
        return int(pycurl.PREREQFUNC_OK)

    def _head_line(self, line: bytes) -> None:
        """Keeps the last head, when a 100 came before it, and no trailers."""
        if line.startswith(b"HTTP/"):
            self.head.clear()
            self.head_is_whole = False
        if not self.head_is_whole:
            self.head += line
            self.head_is_whole = line in (b"\r\n", b"\n")

    def _write(self, chunk: bytes) -> int:
        if len(self.body) + len(chunk) > MAX_BODY_BYTES:
            self.too_large = True
            return -1
        self.body += chunk
        return len(chunk)

    def result(self, easy: pycurl.Curl, number: int, words: str) -> HttpResponse | BatonError:
        if number or not self.head_is_whole:  # an end in the middle of the head is none to libcurl
            return self._failure(easy, number, words)
        status = int(easy.getinfo(pycurl.RESPONSE_CODE))
        return HttpResponse(status, _Headers(bytes(self.head)), bytes(self.body), self.origin, write=True)

    @property
    def origin(self) -> str:
        return f"{self.request.method} {origin_of(self.request.url)}"

    def _failure(self, easy: pycurl.Curl, number: int, words: str) -> BatonError:
        """Never the library's own text, but for a certificate: it may quote the URL."""
        sent = easy.getinfo(pycurl.REQUEST_SIZE) > 0
        values = {"origin": self.origin, "seconds": f"{self.request.timeout_seconds:g}"}
        if self.refused and not self.opened and not sent:
            values |= {"address": ", ".join(self.refused)}
            return ConfigError(
                _(
                    "%(origin)s is at %(address)s, an internal address that Baton does not connect to. "
                    "If it is meant, add its network to BATON_ALLOW_NETS."
                )
                % values
            )
        if number in _CERTIFICATE_ERRORS:
            values["reason"] = words
            return ConfigError(_("%(origin)s: its certificate is not trusted (%(reason)s).") % values)
        if self.too_large:
            return OutcomeUnknown(_("%(origin)s answered with too many bytes.") % values)
        if not sent:
            return Transient(_("%(origin)s: cannot connect; nothing was sent.") % values)
        if number == pycurl.E_OPERATION_TIMEDOUT:
            return OutcomeUnknown(_("%(origin)s: no complete answer within %(seconds)s s.") % values)
        return OutcomeUnknown(_("%(origin)s: the connection broke before the answer was complete.") % values)


def _line_of(name: str, value: str) -> str:
    """Raises ValueError for what would be more than one header. libcurl sends an empty one only after a semicolon."""
    if _FORBIDDEN.search(name) or _FORBIDDEN.search(value):
        raise ValueError
    return f"{name}: {value}" if value else f"{name};"


class _Headers(Mapping[str, str]):
    """Parsed when somebody asks: most answers are 200 and nobody does."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._known: dict[str, str] | None = None

    def _parsed(self) -> dict[str, str]:
        if self._known is None:
            lines = self._head.partition(b"\n")[2]
            self._known = {
                name.lower(): str(value) for name, value in BytesHeaderParser().parsebytes(lines).items()
            }
        return self._known

    def __getitem__(self, name: str) -> str:
        return self._parsed()[name.lower()]

    def __iter__(self) -> Any:
        return iter(self._parsed())

    def __len__(self) -> int:
        return len(self._parsed())


def requests_send(
    requests: Sequence[HttpRequest], *, allow_nets: Sequence[Net]
) -> list[HttpResponse | BatonError]:
    """Send all, at most MOST_AT_ONCE at a time; the answers in the same order, an error in its place.

    An error is what kernel.http.HttpClient.request would raise: ConfigError, Transient (certain that nothing was
    executed) or OutcomeUnknown. Any status is an answer (see kernel.http.status_raise).
    """
    results: list[HttpResponse | BatonError | None] = [None] * len(requests)
    handles = _local.of(allow_nets)
    waiting: list[tuple[int, _Call]] = []
    for index, request in enumerate(requests):
        try:
            url_check(request.url)
        except ConfigError as error:
            results[index] = error
        else:
            waiting.append((index, _Call(request, allow_nets, handles.kept)))
    waiting.reverse()
    _perform(handles, waiting, results)
    return [each for each in results if each is not None]


def _perform(
    handles: _Handles, waiting: list[tuple[int, _Call]], results: list[HttpResponse | BatonError | None]
) -> None:
    multi = handles.multi
    active: dict[pycurl.Curl, tuple[int, _Call]] = {}
    try:
        while waiting or active:
            while waiting and len(active) < MOST_AT_ONCE:
                index, call = waiting.pop()
                easy = handles.take()
                try:
                    call.prepare(easy)
                except (pycurl.error, UnicodeError, TypeError, ValueError):
                    handles.idle.append(easy)
                    results[index] = ConfigError(
                        _("The address or a header of the request holds a forbidden character.")
                    )
                    continue
                active[easy] = index, call
                multi.add_handle(easy)
            multi.perform()
            if not _finished(handles, active, waiting, results) and active:
                multi.select(SELECT_SECONDS)
    finally:
        for easy in active:  # an exception on the way: these sockets are in no known state
            multi.remove_handle(easy)
            easy.close()


def _finished(
    handles: _Handles,
    active: dict[pycurl.Curl, tuple[int, _Call]],
    waiting: list[tuple[int, _Call]],
    results: list[HttpResponse | BatonError | None],
) -> int:
    count = 0
    while True:
        left, good, bad = handles.multi.info_read()
        for easy, number, words in [*((each, 0, "") for each in good), *bad]:
            index, call = active.pop(easy)
            if call.was_closed and not call.begun:
                waiting.append((index, call))
            else:
                results[index] = call.result(easy, number, words)
            handles.multi.remove_handle(easy)
            handles.idle.append(easy)
            count += 1
        if not left:
            return count
