"""Who may ask: the door that every request comes through before anything reads it.

A server on 127.0.0.1 is within reach of every web page that its user opens. Four things keep those out: the Host header must
be a name of this machine (a page of evil.example whose name has been pointed at 127.0.0.1, DNS rebinding, sends its own), what
browsers say of where a request comes from (Sec-Fetch-Site, Origin) must be this very server, answers may not be embedded
elsewhere, and they are never cached. On any other address a token is asked for on top.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import secrets
import socket
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nlpchat.serve.answers import RefusalError, asset, told

COOKIE = "nlpchat"
OPEN_PATHS = ("/healthz",)  # says nothing of anybody; those who watch over a server ask it without a token
_SAFE = ("GET", "HEAD")
_OURS = ("same-origin", "none")  # Sec-Fetch-Site: from this server's own pages, or typed by hand
_PLAIN = {404: ("not_found", "there is nothing here."), 405: ("wrong_method", "not with this method.")}
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True)
class Door:
    """What the guard asks for. hosts: names of this machine beside localhost and its addresses; token: None for none.

    session: what a browser that showed the token is given as a cookie; it ends with the server.
    """

    hosts: frozenset[str] = frozenset()
    token: str | None = None
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def opens_for(self, shown: str | None) -> bool:
        """Whether this is the token; in a time that does not say how much of it was right."""
        return shown is not None and self.token is not None and _same(shown, self.token)

    def knows(self, cookie: str | None) -> bool:
        """Whether this is the cookie of somebody who showed the token."""
        return cookie is not None and _same(cookie, self.session)


def own_names(host: str) -> frozenset[str]:
    """What this machine may be called in a Host header when it listens on `host`, not only on itself."""
    own = socket.gethostname().lower()
    return frozenset({host.lower(), own, f"{own}.local"})


class Guard:
    """An application behind its door. What it raises is logged without its words."""

    def __init__(self, app: ASGIApp, door: Door):
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            answer = self._stopped(scope)
            if answer is not None:
                await answer(scope, receive, guarded)
                return
            await self.app(scope, receive, guarded)
        except ClientDisconnect:
            return
        except Exception as fault:  # noqa: BLE001 - a traceback on the terminal could hold what people wrote
            if not isinstance(fault, RefusalError):
                log_fault(fault)
            if not begun:
                await told(refusal(fault))(scope, receive, guarded)

    def _stopped(self, scope: Scope) -> Response | None:
        """The answer to a request that comes no further; None: it may pass. Raises RefusalError."""
        headers = Headers(scope=scope)
        check_host(headers, self.door.hosts)
        check_origin(scope["method"], headers)
        if self.door.token is None or scope["path"] in OPEN_PATHS:
            return None
        if scope["path"] == "/" and self.door.opens_for(_in_query(scope)):
            return _let_in(self.door)
        if self.door.opens_for(_bearer(headers)) or self.door.knows(_cookie(headers)):
            return None
        if scope["path"] == "/":
            return Response(asset("token.html"), 401, {"WWW-Authenticate": "Bearer"}, "text/html; charset=utf-8")
        raise RefusalError(401, "token_wanted", "give the token that the server printed: Authorization: Bearer TOKEN.")


def check_host(headers: Headers, names: frozenset[str]) -> None:
    """Nothing; raises RefusalError when the request was sent to a name that is not this machine's.

    An address (127.0.0.1, [::1]:8765, 192.168.1.4) always is: no name was looked up that somebody could point elsewhere.
    """
    sent = headers.getlist("host")
    host = _without_port(sent[0]).lower() if len(sent) == 1 else ""
    if host == "localhost" or host in names or _is_address(host):
        return
    raise RefusalError(421, "wrong_host", "this server is not called that. Open the address that it printed.")


def check_origin(method: str, headers: Headers) -> None:
    """Nothing; raises RefusalError for what another site's page asks. A link to this server, opened as a page, may be followed."""
    site = headers.get("sec-fetch-site", "none")
    origin = headers.get("origin")
    own = origin is None or origin in (f"http://{headers['host']}", f"https://{headers['host']}")
    page = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if (site in _OURS and (own or method in _SAFE)) or (method in _SAFE and page):
        return
    raise RefusalError(403, "other_site", "only this server's own pages may ask for this.")


def refusal(fault: Exception) -> RefusalError:
    """What is said of a fault that ended a request; of one of our own nothing that could hold what was sent."""
    if isinstance(fault, RefusalError):
        return fault
    if isinstance(fault, HTTPException) and fault.status_code in _PLAIN:
        return RefusalError(fault.status_code, *_PLAIN[fault.status_code])
    return RefusalError(500, "fault", "a fault of nlpchat's own, and not of what you sent; the terminal says where.")


def log_fault(fault: BaseException) -> None:
    """One line in the log: which kind of fault and where, and not its words, which may be somebody's."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" at {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"
    logging.getLogger(__name__).error("nlpchat: a fault of its own: %s%s.", type(fault).__name__, place)


def _let_in(door: Door) -> Response:
    """On to the page without the token in its address, which would stay in the browser's history."""
    answer = RedirectResponse("/", 303)
    # "lax" and not "strict", with which somebody who follows the link out of a letter in the browser would not be let in.
    answer.set_cookie(COOKIE, door.session, httponly=True, samesite="lax", path="/")
    return answer


def _in_query(scope: Scope) -> str | None:
    try:
        found = parse_qs(scope["query_string"].decode("ascii"), max_num_fields=8).get("token")
    except ValueError:
        return None
    return found[0] if found else None


def _bearer(headers: Headers) -> str | None:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _cookie(headers: Headers) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
