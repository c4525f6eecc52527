"""An answer while it comes in: its status and headers at once, its body in pieces, never more of it than asked for."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.response import HTTPResponse

from nlpchat.errors import ScrapeError

PIECE = 65_536  # bytes
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class TimedOutError(ScrapeError):
    """No connection, or no next piece, in time."""


class BrokenError(ScrapeError):
    """A connection that could not be made, or ended before the answer did."""


class TooLongError(ScrapeError):
    """More bytes than are taken, as sent or unpacked."""


class Opened:
    """An answer whose body has not been read yet.

    url: what was asked. headers: names in lower case. deadline: seconds on `clock` after which the body is not waited for.
    """

    def __init__(self, url: str, response: requests.Response, clock: Callable[[], float], deadline: float):
        self.url = url
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._raw: HTTPResponse = response.raw
        self._clock, self._deadline = clock, deadline

    @property
    def location(self) -> str | None:
        """Where a redirect leads, as it was sent; None for any other answer, and for a redirect to nowhere."""
        if self.status not in REDIRECTS or "location" not in self.headers:
            return None
        said = self.headers["location"]
        try:
            return said.encode("latin-1").decode()  # servers send UTF-8 there; http.client reads Latin-1
        except UnicodeError:
            return said

    def whole(self, limit: int) -> bytes:
        """The body, unpacked. Raises TooLongError over `limit` bytes, as soon as it is known: nothing of such a body is used."""
        length = self.headers.get("content-length", "")
        if length.isdecimal() and int(length) > limit:
            raise self._too_long(limit)
        body = bytearray()
        for piece in self._unpacked(limit):
            body += piece
            if len(body) > limit:
                raise self._too_long(limit)
        return bytes(body)

    def head(self, limit: int) -> bytes:
        """The first `limit` bytes of the body, unpacked; the rest is not read."""
        body = bytearray()
        try:
            for piece in self._unpacked(limit):
                body += piece
                if len(body) >= limit:
                    break
        except TooLongError:  # `limit` bytes as sent, which is as far as was asked for
            pass
        return bytes(body[:limit])

    def glimpse(self) -> bytes:
        """As much of an error page as shows who sent it; what cannot be read of it matters to nobody."""
        try:
            return self.head(PIECE)
        except ScrapeError:
            return b""

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes, packed or not. Raises TimedOutError, BrokenError."""
        while True:
            try:
                piece = self._raw.read1(PIECE, decode_content=False)
            except ReadTimeoutError as fault:
                raise TimedOutError(f"{self.url}: the answer stopped half way") from fault
            except (HTTPError, OSError, ValueError) as fault:
                raise BrokenError(f"{self.url}: the connection broke half way") from fault
            if not piece:
                return
            if self._clock() > self._deadline:
                raise TimedOutError(f"{self.url}: the answer comes too slowly")
            yield piece

    def _unpacked(self, limit: int) -> Iterator[bytes]:
        packing = self.headers.get("content-encoding", "identity").strip().lower() or "identity"
        if packing not in ("identity", "gzip", "x-gzip"):
            raise ScrapeError(f"{self.url}: the page is packed as {packing!r:.40}, which was not asked for.")
        inflate = None if packing == "identity" else zlib.decompressobj(wbits=31)
        sent = 0
        for piece in self.pieces():
            sent += len(piece)  # counted too: a gzip stream can go on for ever without unpacking to anything
            yield from [piece] if inflate is None else self._inflated(inflate, piece)
            if sent > limit:
                raise self._too_long(limit)
        if inflate is not None and sent and not inflate.eof:
            raise BrokenError(f"{self.url}: the packed page ends too early")

    def _inflated(self, inflate: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
        """In steps of PIECE bytes, so that whoever has enough stops in time."""
        try:
            while packed and not inflate.eof:
                yield inflate.decompress(packed, PIECE)
                packed = inflate.unconsumed_tail
        except zlib.error as fault:
            raise BrokenError(f"{self.url}: the packed page is damaged") from fault

    def _too_long(self, limit: int) -> TooLongError:
        return TooLongError(
            f"{self.url}: longer than {limit / 1e6:g} MB. It was not read to its end, and nothing of it is kept."
        )


@contextmanager
def opened(
    adapter: HTTPAdapter,
    url: str,
    headers: Mapping[str, str],
    *,
    timeout: tuple[float, float],
    clock: Callable[[], float],
    patience: float,
) -> Iterator[Opened]:
    """The answer to one GET, exactly as `url` is written; no redirect is followed, nothing is tried twice, no cookie is kept.

    The adapter is called without a Session: a Session reads the body of a redirect whole, however long it is.
    patience: seconds for the whole body. Raises TimedOutError, BrokenError, ScrapeError.
    """
    try:
        request = requests.Request("GET", url, headers=dict(headers)).prepare()
        response = adapter.send(request, stream=True, timeout=timeout, verify=True)
    except requests.Timeout as fault:
        raise TimedOutError(
            f"{url}: no answer within {timeout[0]:g} s to connect and {timeout[1]:g} s to answer"
        ) from fault
    except requests.exceptions.SSLError as fault:
        raise ScrapeError(f"{url}: its certificate or encryption is not in order. It is not asked.") from fault
    except requests.ConnectionError as fault:
        raise BrokenError(f"{url}: no connection, or it broke before an answer{_proxy_note()}") from fault
    except (requests.RequestException, HTTPError, ValueError) as fault:
        raise ScrapeError(f"{url}: this cannot be asked ({type(fault).__name__}). Check the address.") from fault
    try:
        yield Opened(url, response, clock, clock() + patience)
    finally:
        response.raw.close()  # not response.close(), which would keep a half-read connection for the next request


def _proxy_note() -> str:
    proxies = [name for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy") if os.environ.get(name)]
    return f" ({proxies[0]} is set, and is not used: no address can be checked behind a proxy)" if proxies else ""
