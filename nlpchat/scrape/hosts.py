"""Which addresses may be asked, and connections that go to no other.

A page's text decides where a scraper goes next, so a name could lead into the network that this machine stands in: its router,
a cloud's metadata at 169.254.169.254, a service on localhost. Each name is therefore looked up once, every answer is checked,
and the connection goes to a checked answer; a second look-up, which could say something else (DNS rebinding), does not take place.
The name stays in the Host header and in TLS, where the certificate is checked against it.

Proxies of the environment (HTTPS_PROXY), .netrc and REQUESTS_CA_BUNDLE are not read: a proxy looks names up itself, beyond this check.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import create_connection

from nlpchat.errors import ScrapeError
from nlpchat.scrape.urls import host_of

_UNICAST = ipaddress.IPv6Network("2000::/3")  # the only part of IPv6 that is handed out
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address as IPv6-only networks see it
# Not to be reached, though `is_global` of some Python versions says otherwise: 6to4, Teredo and other protocols' own, examples.
_CLOSED = tuple(map(ipaddress.IPv6Network, ("2002::/16", "2001::/23", "2001:db8::/32", "3fff::/20")))
_CLOSED4 = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "0.0.0.0/8")))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not this machine, not this network, not for special use."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # with a zone ("fe80::1%eth0") or no address at all
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if inner is None:
            return ip in _UNICAST and ip.is_global and not any(ip in network for network in _CLOSED)
        ip = inner
    return (
        ip.is_global and not ip.is_multicast and not ip.is_reserved and not any(ip in network for network in _CLOSED4)
    )


class Hosts:
    """What may be asked: https on its own port, at public addresses.

    allow: "host:port" of local servers, which may be plain http and private; for tests. No command offers it.
    """

    def __init__(self, allow: Collection[str] = ()):
        self.allow = frozenset(allow)

    def check(self, url: str) -> None:
        """Nothing, for a canonical address that may be asked as far as its words go. Raises ScrapeError."""
        parts = urlsplit(url)
        if host_of(url) in self.allow:
            return
        if parts.scheme != "https":
            raise ScrapeError(f"{url}: only https is asked. Give the address with https://")
        if parts.port is not None:
            raise ScrapeError(f"{url}: port {parts.port} is not the web's own. Give the address without it.")

    def addresses(self, host: str, port: int) -> list[str]:
        """The IP addresses of `host`, looked up now, each of them checked. Raises ScrapeError."""
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as fault:
            raise ScrapeError(f"{host}: no such host was found. Check the address, and the network.") from fault
        addresses = list(dict.fromkeys(str(answer[4][0]) for answer in found))
        if f"{host}:{port}" not in self.allow:
            for address in addresses:
                if not is_public(address):
                    raise ScrapeError(f"{host}: its address {address} is not of the open internet. It is not asked.")
        return addresses


class CheckedAdapter(HTTPAdapter):
    """requests' adapter, whose every connection goes to an address that `hosts` let through. Nothing is tried twice here."""

    def __init__(self, hosts: Hosts):
        self._hosts = hosts
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._hosts)


def _pools(hosts: Hosts) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, hosts)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, hosts)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _connected(connection: HTTPConnection, hosts: Hosts) -> socket.socket:
    """As urllib3's `_new_conn`, at addresses that were checked instead of at a name."""
    last: OSError | None = None
    for address in hosts.addresses(connection.host, connection.port):
        try:
            return create_connection(
                (address, connection.port),
                connection.timeout,
                source_address=connection.source_address,
                socket_options=connection.socket_options,
            )
        except OSError as fault:
            last = fault
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(connection, f"no connection with {connection.host} in time") from last
    raise NewConnectionError(connection, f"no connection with {connection.host}: {last}") from last
