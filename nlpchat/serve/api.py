"""`POST /v1/classify`: texts in JSON -> labels and scores. Its document is `assets/openapi.json`, held to this by tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, TypeGuard

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from nlpchat import __version__
from nlpchat.errors import NlpchatError
from nlpchat.records import LABELS
from nlpchat.serve.answers import PAGE_POLICY, RefusalError, as_json, asset
from nlpchat.serve.uploads import body_of
from nlpchat.workers import usable_cores

if TYPE_CHECKING:
    from nlpchat.classifier import Classifier
    from nlpchat.serve.metrics import Metrics

MOST_TEXTS = 1_000
MOST_CHARACTERS = 20_000  # of one text
MOST_BODY = 4 * 1024 * 1024  # bytes
WAITING = 128  # requests that wait for their turn; the next is told to come back
_KEYS = ("texts", "abstain", "prior")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be classified, and how."""

    texts: list[str]
    abstain: float
    prior: list[float] | None


def wanted(body: bytes) -> Wanted:
    """What a request's body asks for. Raises RefusalError: 400 for what is no JSON, 422 for what is not asked for so."""
    try:
        given = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise RefusalError(400, "bad_json", "the body is not JSON in UTF-8.") from None
    if not isinstance(given, dict) or "texts" not in given or set(given) - set(_KEYS):
        raise _wrong(f'give an object with "texts", and if wanted {", ".join(_KEYS[1:])}; nothing else.')
    return Wanted(_texts(given["texts"]), _abstain(given.get("abstain")), _prior(given.get("prior")))


class Api:
    """The endpoint, with the classifier behind it; as many requests at work as there are cores."""

    def __init__(self, classifier: Classifier, metrics: Metrics):
        self.classifier, self.metrics = classifier, metrics
        self._waiting = 0
        self._limiter: CapacityLimiter | None = None

    async def classify(self, request: Request) -> Response:
        """The answer to one request. Raises RefusalError."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RefusalError(415, "wrong_kind", "send JSON: Content-Type: application/json.")
        body = b"".join([piece async for piece in body_of(request, MOST_BODY)])
        if self._waiting >= WAITING:
            raise RefusalError(429, "busy", "too many requests at once. Try again in a second.", wait_s=1)
        self._limiter = self._limiter or CapacityLimiter(usable_cores())
        self._waiting += 1
        try:
            return await to_thread.run_sync(self._answer, body, abandon_on_cancel=True, limiter=self._limiter)
        finally:
            self._waiting -= 1

    def _answer(self, body: bytes) -> Response:
        from nlpchat.classifier import classify

        asked = wanted(body)
        try:
            said = classify(asked.texts, self.classifier, abstain=asked.abstain, prior=asked.prior)
        except NlpchatError as fault:  # a classifier that does not say which prior it was made for
            raise _wrong(str(fault).replace(f"{self.classifier.bundle.folder}: ", "")) from None
        self.metrics.texts.inc(len(said))
        labels = [prediction.label for prediction in said]
        scores = [dict(zip(LABELS, (round(one, 6) for one in row), strict=True)) for row in said.scores.tolist()]
        bundle = self.classifier.bundle
        return as_json(
            {"labels": labels, "scores": scores, "model": {"name": bundle.folder.name, "created": bundle.created}}
        )


def document() -> dict[str, Any]:
    """The OpenAPI document, with this nlpchat's version."""
    found: dict[str, Any] = json.loads(asset("openapi.json"))
    found["info"]["version"] = __version__
    return found


async def openapi(_request: Request) -> Response:
    """The document as JSON."""
    return as_json(document())


async def docs(_request: Request) -> Response:
    """The same for people: a page without scripts."""
    page = asset("docs.html").decode().replace("<!-- routes -->", "\n".join(map(_route, *zip(*_routes(), strict=True))))
    return Response(page, 200, {"Content-Security-Policy": PAGE_POLICY}, "text/html; charset=utf-8")


def _routes() -> list[tuple[str, dict[str, Any]]]:
    paths = document()["paths"]
    return [(f"{method.upper()} {path}", told) for path, ways in paths.items() for method, told in ways.items()]


def _route(name: str, told: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th scope=row>{escape(status)}</th><td>{escape(answer['description'])}</td></tr>"
        for status, answer in told["responses"].items()
    )
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    sent = f"<pre>{escape(json.dumps(body['example'], ensure_ascii=False, indent=2))}</pre>" if body else ""
    summary, more = escape(told["summary"]), escape(told.get("description", ""))
    return f"<section><h2><code>{escape(name)}</code></h2><p>{summary}</p><p>{more}</p>{sent}<table>{rows}</table></section>"


def _texts(given: object) -> list[str]:
    if not isinstance(given, list):
        raise _wrong('"texts" is a list of strings.')
    if len(given) > MOST_TEXTS:
        raise RefusalError(422, "too_many", f"{len(given):,} texts; at most {MOST_TEXTS:,} at once.")
    for i, text in enumerate(given):
        if not isinstance(text, str):
            raise _wrong(f'"texts" is a list of strings; number {i} is none.')
        if len(text) > MOST_CHARACTERS:
            raise RefusalError(
                422, "too_long", f"text {i} has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read."
            )
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise _wrong(f"text {i} holds half of a surrogate pair, which is no character.")
    return given


def _abstain(given: object) -> float:
    if given is None:
        return 0.0
    if not _is_number(given) or not 0 <= given <= 1:
        raise _wrong('"abstain" is a number from 0 to 1: the best score below which a label is "unsure".')
    return float(given)


def _prior(given: object) -> list[float] | None:
    if given is None:
        return None
    least, most = 1e-6, 1e6  # beyond them, and one label alone would be left
    if (
        not isinstance(given, list)
        or len(given) != len(LABELS)
        or not all(_is_number(one) and least <= one <= most for one in given)
    ):
        raise _wrong(f'"prior" is three numbers above 0, the shares of {", ".join(LABELS)}.')
    return [float(one) for one in given]


def _is_number(given: object) -> TypeGuard[float]:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _wrong(message: str) -> RefusalError:
    return RefusalError(422, "wrong_value", message)
