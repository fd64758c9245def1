"""Which addresses Baton may connect to, and the connection that stays on the address judged.

A connection's settings are typed by people: without this guard, anybody who
may edit one could make the server read its own loopback, its cloud's metadata service or a neighbour (SSRF).
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import getaddrinfo
from typing import Any

import httpcore2
from django.utils.translation import gettext as _

from kernel.errors import ConfigError, Transient

Net = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# Public by number, private by use: protocol assignments (Oracle Cloud metadata), Azure metadata and DNS, 6to4
# relays.
_REFUSED_NETS: tuple[Net, ...] = tuple(
    map(ip_network, ("192.0.0.0/24", "168.63.129.16/32", "192.88.99.0/24"))
)
_NAT64 = ip_network("64:ff9b::/96")


def nets_parse(text: str) -> tuple[Net, ...]:
    """Networks of a comma-separated list such as "10.0.0.0/8,fd00::/8"; a bare address is a network of one.

    Raises ConfigError naming the entry that is no network.
    """
    nets: list[Net] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        try:
            nets.append(ip_network(entry))
        except ValueError as error:
            raise ConfigError(
                _("“%(entry)s” is not a network such as 10.0.0.0/8 (%(reason)s).")
                % {"entry": entry, "reason": error}
            ) from None
    return tuple(nets)


def address_is_allowed(address: Address, allow_nets: Sequence[Net]) -> bool:
    """True for a public unicast address, and for anything the operator put into `allow_nets`.

    An IPv4 address carried inside an IPv6 one (mapped, 6to4, NAT64) is judged as the IPv4 address it reaches.
    """
    carried = _ipv4_carried(address)
    if carried is not None:
        return address_is_allowed(carried, allow_nets)
    if any(address in net for net in allow_nets):
        return True
    if any(address in net for net in _REFUSED_NETS):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def addresses_resolve(host: str, port: int, allow_nets: Sequence[Net]) -> list[Address]:
    """The addresses of `host` that may be connected to, in the resolver's order. One look-up, no second one
    later.

    Raises ConfigError when every address is refused, Transient when the name does not resolve. A host with
    one permitted and one refused address keeps the permitted one: the caller connects to these addresses
    only.
    """
    try:
        infos = getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Transient(_("The name %(host)s does not resolve.") % {"host": host}) from None
    found = list(dict.fromkeys(ip_address(str(info[4][0])) for info in infos))
    allowed = [address for address in found if address_is_allowed(address, allow_nets)]
    if not allowed:
        raise ConfigError(
            _(
                "%(host)s is at %(address)s, an internal address that Baton does not connect to. "
                "If it is meant, add its network to BATON_ALLOW_NETS."
            )
            % {"host": host, "address": ", ".join(map(str, found)) or "?"}
        )
    return allowed


class BodyTooLarge(Exception):
    """More bytes arrived than the request allows."""


class Exchange(threading.local):
    """What the request now running in this thread has done so far; the stream below keeps it."""

    sent = False
    deadline = 0.0
    bytes_left = 0

    def start(self, seconds: float, max_body_bytes: int) -> None:
        self.sent = False
        self.deadline = time.monotonic() + seconds
        # As received: a body that never decodes to anything must end too. The margin is for headers
        # and framing.
        self.bytes_left = max_body_bytes + max_body_bytes // 8 + 256 * 1024

    def seconds_left(self) -> float:
        """Above zero always: zero would mean a non-blocking socket."""
        return max(self.deadline - time.monotonic(), 0.001)


class _Stream(httpcore2.NetworkStream):
    """Counts what leaves and arrives, and holds every operation to the request's one deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, exchange: Exchange) -> None:
        self._stream = stream
        self._exchange = exchange

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if time.monotonic() >= self._exchange.deadline:
            raise httpcore2.ReadTimeout
        data = self._stream.read(max_bytes, self._exchange.seconds_left())
        self._exchange.bytes_left -= len(data)
        if self._exchange.bytes_left < 0:
            raise BodyTooLarge
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:
            self._exchange.sent = True
            self._stream.write(buffer, self._exchange.seconds_left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._exchange.seconds_left())
        return _Stream(secured, self._exchange)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects by number to the address that was judged: a second look-up could answer differently."""

    def __init__(self, allow_nets: tuple[Net, ...], exchange: Exchange) -> None:
        self._allow_nets = allow_nets
        self._exchange = exchange
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = addresses_resolve(host, port, self._allow_nets)
        for left in range(len(addresses), 0, -1):
            # Each address gets its share of the time, so that a dead IPv6 route does not eat it all.
            seconds = self._exchange.seconds_left() / left
            try:
                stream = self._sockets.connect_tcp(
                    str(addresses[-left]), port, seconds, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if left == 1:
                    raise
            else:
                return _Stream(stream, self._exchange)
        raise httpcore2.ConnectError


def _ipv4_carried(address: Address) -> IPv4Address | None:
    if not isinstance(address, IPv6Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
