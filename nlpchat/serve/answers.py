"""What the server says: JSON, files of its own, and each refusal as `{"error": {"code", "message"}}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from importlib.resources import files

from starlette.responses import Response

# What a browser may do with a page of ours: its own scripts and styles, its own server, and nothing else.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# A report is one file with its scripts in it; its own policy, which holds as well, names them one by one. Here it is put apart from
# the server's origin, so that even a script which got into it could ask the server for nothing.
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts allow-downloads allow-modals"
)
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class RefusalError(Exception):
    """A request that is answered with a 4xx or 5xx. code: for programs, such as "too_large"; message: one line, for people."""

    def __init__(self, status: int, code: str, message: str, *, wait_s: int | None = None):
        super().__init__(message)
        self.status, self.code, self.message, self.wait_s = status, code, message, wait_s


def told(refused: RefusalError) -> Response:
    """The answer to a refused request; 429 and 503 say in Retry-After when to come back."""
    headers = {} if refused.wait_s is None else {"Retry-After": str(refused.wait_s)}
    if refused.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return as_json({"error": {"code": refused.code, "message": refused.message}}, refused.status, headers)


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The value as JSON. Raises ValueError for a number that JSON has not (NaN)."""
    body = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return Response(body, status, dict(headers or {}), "application/json")


def asset(name: str) -> bytes:
    """The bytes of a file of `assets/`."""
    return files("nlpchat.serve").joinpath("assets", name).read_bytes()


def shown(name: str) -> Response:
    """A file of `assets/` as a browser wants it."""
    kind = _KINDS[name[name.rindex(".") :]]
    return Response(asset(name), 200, {"Content-Security-Policy": PAGE_POLICY}, f"{kind}; charset=utf-8")
