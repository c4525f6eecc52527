"""A local site that answers as it is told to, one address after the other: what the fetcher is tried on.

    >>> with Site() as site:
    ...     site.at("/film/1/", html("<p>une page</p>"))
    ...     site.at("/film/2/", redirect("/film/1/"))              # the page after the last
    ...     site.at("/film/3/", error(503), error(503), html("x"))  # one answer a request, the last one from then on
    ...     site.url("/film/1/")
    'http://127.0.0.1:40123/film/1/'

robots.txt answers 404 (everything is allowed) unless `site.robots(...)` says otherwise. `site.asked` holds what was asked, in order.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came. path: with its query. headers: names in lower case."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What is sent for one request.

    pieces, pause: the body goes in `pieces` parts with `pause` seconds before each but the first. silence: seconds before the
    status line. cut_at: the connection is reset after so many bytes of the body (at once, before any status line, where `status`
    is 0); reset: or, if not, ended as if all had been sent. chunked: no Content-Length. ranged: parts of it can be asked for.
    before: called when the request has come, to move a test's clock, say.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    pieces: int = 1
    pause: float = 0.0
    silence: float = 0.0
    cut_at: int | None = None
    reset: bool = True
    chunked: bool = False
    ranged: bool = False
    before: Callable[[], object] | None = None

    def but(self, **changes: object) -> Answer:
        return replace(self, **changes)  # type: ignore[arg-type]


def html(text: str, **changes: object) -> Answer:
    """A page in UTF-8."""
    return Answer(200, text.encode(), {"Content-Type": HTML}).but(**changes)


def latin1(text: str) -> Answer:
    """A page in ISO-8859-1 that says so in its header."""
    return Answer(200, text.encode("iso-8859-1"), {"Content-Type": "text/html; charset=ISO-8859-1"})


def gzipped(text: str) -> Answer:
    """A page that is compressed on its way."""
    return Answer(200, gzip.compress(text.encode()), {"Content-Type": HTML, "Content-Encoding": "gzip"})


def huge(size: int, *, said: bool = True) -> Answer:
    """A page of `size` bytes; said: whether Content-Length gives it away."""
    return Answer(200, b"x" * size, {"Content-Type": HTML}, chunked=not said)


def bomb(size: int) -> Answer:
    """A page that takes little room on its way and `size` bytes once unpacked."""
    return Answer(200, gzip.compress(bytes(size)), {"Content-Type": HTML, "Content-Encoding": "gzip"})


def redirect(to: str, status: int = 302, **headers: str) -> Answer:
    return Answer(status, b"", {"Location": to} | _named(headers))


def error(status: int, text: str = "<p>non</p>", **headers: str) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": HTML} | _named(headers))


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def wait_first(after: object, status: int = 429) -> Answer:
    """429 or 503 with Retry-After: seconds, a datetime (aware), or any text."""
    said = format_datetime(after, usegmt=True) if hasattr(after, "year") else str(after)  # type: ignore[arg-type]
    return error(status, Retry_After=said)


def silent(seconds: float = 5.0) -> Answer:
    """Nothing for so long: a time-out for whoever is less patient."""
    return html("<p>trop tard</p>", silence=seconds)


def drip(text: str, pieces: int, pause: float) -> Answer:
    """A page that comes a little at a time."""
    return html(text, pieces=pieces, pause=pause)


def broken(text: str = "<p>une page</p>", *, after: int = 4, reset: bool = True) -> Answer:
    """A connection that breaks after so many bytes of the body; without `reset` it ends as if that were all."""
    return html(text, cut_at=after, reset=reset)


def hung_up() -> Answer:
    """A connection that breaks before any answer."""
    return Answer(0, cut_at=0)


def cloudflare(status: int = 403) -> Answer:
    """Cloudflare's page that asks for a proof."""
    page = (
        "<html><head><title>Just a moment...</title></head><body><script>window._cf_chl_opt={}</script></body></html>"
    )
    return Answer(status, page.encode(), {"Content-Type": HTML, "Server": "cloudflare", "cf-mitigated": "challenge"})


def datadome(status: int = 403) -> Answer:
    """DataDome's page that asks for a proof."""
    page = "<html><body><script>var dd={'rt':'c'}</script><script src='https://ct.captcha-delivery.com/c.js'></script></body></html>"
    return Answer(status, page.encode(), {"Content-Type": HTML})


def file(content: bytes, **headers: str) -> Answer:
    """A file that may be asked for in parts (Range, If-Range)."""
    return Answer(
        200,
        content,
        {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"} | _named(headers),
        ranged=True,
    )


class Site:
    """The server; as a context manager it listens on 127.0.0.1, at a port of its own.

    certificate: a file with a key and a certificate; the site then speaks TLS.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._answers: dict[str, list[Answer]] = {}
        self._at_once = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._server = _Server(self)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def host(self) -> str:
        """ "127.0.0.1:PORT", as `Fetcher(allow=...)` takes it."""
        return f"127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}{path}"

    def at(self, path: str, *answers: Answer) -> None:
        """From now on `path` (with its query) gets these answers, in order; the last one again and again."""
        self._answers[path] = list(answers)

    def robots(self, text: str, status: int = 200) -> None:
        self.at("/robots.txt", Answer(status, text.encode(), {"Content-Type": "text/plain"}))

    def paths(self, *, robots: bool = False) -> list[str]:
        """What was asked, in order; robots: robots.txt too."""
        return [asked.path for asked in self.asked if robots or asked.path != "/robots.txt"]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def pause(self, seconds: float) -> None:
        """Sleeps, but not past the end of the test."""
        self._over.wait(seconds)

    def next_answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            waiting = self._answers.get(asked.path)
            if not waiting:
                return error(404, "<p>rien ici</p>")
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, site: Site):
        self.site = site
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        with self.server.site.counted():
            answer = self.server.site.next_answer(asked)
            if answer.before is not None:
                answer.before()
            if answer.silence:
                self.server.site.pause(answer.silence)
            self._send(_in_parts(answer, asked) if answer.ranged else answer)

    do_HEAD = do_POST = do_GET  # noqa: N815 - names that http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: pytest's output is for failures."""

    def _send(self, answer: Answer) -> None:
        if answer.status:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
        if answer.cut_at is not None:
            self.wfile.write(answer.body[: answer.cut_at])
            self._hang_up(answer.reset)
            return
        self._send_body(answer)

    def _send_body(self, answer: Answer) -> None:
        length = max(1, -(-len(answer.body) // answer.pieces))
        for start in range(0, len(answer.body), length):
            if start and answer.pause:
                time.sleep(answer.pause)
            piece = answer.body[start : start + length]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if answer.chunked else piece)
        if answer.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _hang_up(self, reset: bool) -> None:
        self.wfile.flush()
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, not FIN
            self.connection.close()
        self.close_connection = True


def _in_parts(answer: Answer, asked: Asked) -> Answer:
    """What a server that knows Range (RFC 9110, section 14) sends."""
    wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
    condition = asked.headers.get("if-range")
    same = condition is None or condition in (answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
    if wanted is None or not same:
        return answer
    start, size = int(wanted[1]), len(answer.body)
    if start >= size:
        return answer.but(status=416, body=b"", headers=answer.headers | {"Content-Range": f"bytes */{size}"})
    said = answer.headers | {"Content-Range": f"bytes {start}-{size - 1}/{size}"}
    cut = None if answer.cut_at is None else max(0, answer.cut_at)
    return answer.but(status=206, body=answer.body[start:], headers=said, cut_at=cut)
