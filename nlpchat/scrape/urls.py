"""Addresses in one form each, so that a page is known by its address whoever wrote it.

>>> canonical("HTTPS://www.Example.org:443/a/../film%2d1/?page=2#avis")
'https://www.example.org/film-1/?page=2'
"""

from __future__ import annotations

import ipaddress
import re
import string
from urllib.parse import SplitResult, urljoin, urlsplit

import idna

from nlpchat.errors import ScrapeError

PORTS = {"https": 443, "http": 80}
_UNRESERVED = string.ascii_letters + string.digits + "-._~"  # RFC 3986, section 2.3
_PATH_CHARACTERS = frozenset((_UNRESERVED + "!$&'()*+,;=:@/").encode())
_QUERY_CHARACTERS = _PATH_CHARACTERS | frozenset(b"?")
_ESCAPE_OR_BYTE = re.compile(rb"%([0-9A-Fa-f]{2})|(.)", re.DOTALL)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")  # urlsplit drops some of them in silence


def canonical(url: str) -> str:
    """The address in its one form: host in lower case and ASCII, no default port, no fragment, no "..", one escaping.

    Doing it twice changes nothing, and requests sends it as it is: what robots.txt was asked about is what is asked for.
    Raises ScrapeError for what is no http(s) address, and for one that carries a name or password.
    """
    parts = _split(url.strip())
    query = _escaped(parts.query, _QUERY_CHARACTERS, url)
    return f"{parts.scheme}://{_place(parts, url)}{_path(parts.path, url)}{'?' if query else ''}{query}"


def host_of(url: str) -> str:
    """ "www.example.org", or "127.0.0.1:8080" where the port is not the scheme's own."""
    return urlsplit(canonical(url)).netloc


def joined(base: str, link: str) -> str:
    """Where `link` (a Location, a href) leads from `base`, canonical. Raises ScrapeError."""
    try:
        return canonical(urljoin(base, link.strip()))
    except ValueError as fault:
        raise ScrapeError(f"{base}: it leads to {link!r:.200}, which is no web address.") from fault


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError as fault:
        raise _no_address(url) from fault
    if "@" in parts.netloc:  # said without the address: it would put the password on the screen
        raise ScrapeError(
            f"{parts.hostname}: the address carries a name or a password. Give it without (https://host/...)."
        )
    if _CONTROLS.search(url) or parts.scheme not in PORTS or not parts.hostname:
        raise _no_address(url)
    return parts


def _place(parts: SplitResult, url: str) -> str:
    """ "host" or "host:port"."""
    try:
        port = parts.port
    except ValueError as fault:
        raise _no_address(url) from fault
    if port == 0:
        raise _no_address(url)
    host = _host(parts.hostname or "", url)
    return host if port in (None, PORTS[parts.scheme]) else f"{host}:{port}"


def _host(host: str, url: str) -> str:
    try:
        if ":" in host:
            if "%" in host:  # an interface of this machine
                raise _no_address(url)
            return f"[{ipaddress.IPv6Address(host).compressed}]"
        name = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except (ValueError, idna.IDNAError) as fault:
        raise _no_address(url) from fault
    name = name.removesuffix(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise _no_address(url)
    return name


def _path(path: str, url: str) -> str:
    kept: list[str] = []
    steps = _escaped(path, _PATH_CHARACTERS, url).split("/")[1:]
    for place, step in enumerate(steps):
        if step == ".." and kept:
            kept.pop()
        if step in (".", ".."):
            if place == len(steps) - 1:
                kept.append("")
        else:
            kept.append(step)
    # requests sends "//a" as "/a", so that is what robots.txt has to be asked about.
    return "/" + "/".join(kept).lstrip("/")


def _escaped(text: str, characters: frozenset[int], url: str) -> str:
    try:
        raw = text.encode()
    except UnicodeEncodeError as fault:
        raise _no_address(url) from fault

    def one(match: re.Match[bytes]) -> bytes:
        if match[1] is not None:
            byte = int(match[1], 16)
            return bytes([byte]) if chr(byte) in _UNRESERVED else b"%%%02X" % byte
        byte = match[2][0]
        return match[2] if byte in characters else b"%%%02X" % byte

    return _ESCAPE_OR_BYTE.sub(one, raw).decode("ascii")


def _no_address(url: str) -> ScrapeError:
    return ScrapeError(f"{url!r:.200}: this is no web address. Give one that starts with https://")
