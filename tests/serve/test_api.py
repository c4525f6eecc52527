"""Texts over HTTP: what is answered, what is refused, and that the document says just that."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from nlpchat import __version__
from nlpchat.classifier import Classifier, classify
from nlpchat.records import VERDICTS
from nlpchat.serve import api, uploads
from nlpchat.serve.app import Settings
from nlpchat.serve.guard import Door
from tests.serve.served import Served

JSON = {"Content-Type": "application/json"}


def test_texts_get_labels_and_scores_in_order(served: Served, classifier: Classifier) -> None:
    texts = ["c'est génial", "c'est nul", "on se voit demain", "", "  ", "🙂" * 50, "<script>", "a" * 20_000, "\0"]
    told = served.classify({"texts": texts})
    assert told.status_code == 200
    said = classify(texts, classifier)
    given = told.json()
    assert given["labels"] == [one.label for one in said]
    assert given["labels"][:4] == ["pos", "neg", "neu", "neu"]
    for scores, one in zip(given["scores"], said, strict=True):
        assert [scores["neg"], scores["neu"], scores["pos"]] == pytest.approx(one.scores, abs=1e-3)
    assert given["model"] == {"name": "tiny", "created": "2026-01-01"}


def test_a_threshold_makes_labels_unsure(served: Served) -> None:
    assert served.classify({"texts": ["c'est génial"], "abstain": 1}).json()["labels"] == ["unsure"]
    assert served.classify({"texts": ["c'est génial"], "abstain": None, "prior": None}).json()["labels"] == ["pos"]
    assert served.classify({"texts": []}).json()["labels"] == []


def test_a_prior_moves_the_scores(served: Served, classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"texts": ["c'est génial"], "prior": [1, 1, 98]}
    refused = served.classify(asked)  # the small classifier does not say what its own prior is
    assert refused.status_code == 422
    assert refused.json()["error"]["message"].startswith("this classifier does not say which prior")
    monkeypatch.setitem(classifier.bundle.scores, "prior", {"neg": 0.3, "neu": 0.4, "pos": 0.3})  # type: ignore[arg-type]
    before = served.classify({"texts": asked["texts"]}).json()["scores"][0]["pos"]
    assert served.classify(asked).json()["scores"][0]["pos"] > before


WRONG: list[tuple[Any, int, str]] = [
    (b"", 400, "bad_json"),
    (b"{", 400, "bad_json"),
    (b'{"texts": ["\xff"]}', 400, "bad_json"),
    (b'{"texts": [], "abstain": NaN}', 400, "bad_json"),
    (b'{"texts": [], "abstain": ' + b"9" * 5000 + b"}", 400, "bad_json"),
    (b"[" * 100_000, 400, "bad_json"),
    (b'{"texts": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400, "bad_json"),
    ([], 422, "wrong_value"),
    ("texts", 422, "wrong_value"),
    ({}, 422, "wrong_value"),
    ({"texts": "un seul"}, 422, "wrong_value"),
    ({"texts": {"0": "a"}}, 422, "wrong_value"),
    ({"texts": ["a", 1]}, 422, "wrong_value"),
    ({"texts": [None]}, 422, "wrong_value"),
    ({"texts": ["\ud800"]}, 422, "wrong_value"),
    ({"texts": [], "model": "other"}, 422, "wrong_value"),
    ({"texts": [], "abstain": 1.5}, 422, "wrong_value"),
    ({"texts": [], "abstain": True}, 422, "wrong_value"),
    ({"texts": [], "abstain": "0.5"}, 422, "wrong_value"),
    (b'{"texts": [], "abstain": 1e999}', 422, "wrong_value"),
    ({"texts": [], "prior": "auto"}, 422, "wrong_value"),
    ({"texts": [], "prior": [0.5, 0.5]}, 422, "wrong_value"),
    ({"texts": [], "prior": [0, 0.5, 0.5]}, 422, "wrong_value"),
    ({"texts": [], "prior": [True, True, True]}, 422, "wrong_value"),
    ({"texts": [], "prior": [1e300, 1, 1]}, 422, "wrong_value"),
    ({"texts": [""] * 1001}, 422, "too_many"),
    ({"texts": ["", "a" * 20_001]}, 422, "too_long"),
]


@pytest.mark.parametrize(("given", "status", "code"), WRONG)
def test_what_is_wrong_is_said(served: Served, given: Any, status: int, code: str) -> None:
    body = given if isinstance(given, bytes) else json.dumps(given).encode()
    told = served.post("/v1/classify", data=body, headers=JSON)
    assert (told.status_code, told.json()["error"]["code"]) == (status, code)
    assert set(told.json()) == {"error"}
    message = told.json()["error"]["message"]
    assert "\n" not in message
    assert 10 < len(message) < 200


def test_limits_are_reached_and_not_passed(served: Served) -> None:
    assert served.classify({"texts": ["a"] * 1000}).status_code == 200
    body = json.dumps({"texts": ["a" * 5000] * 1000}).encode()
    assert len(body) > api.MOST_BODY
    told = served.post("/v1/classify", data=body, headers=JSON)
    assert (told.status_code, told.json()["error"]["code"]) == (413, "too_large")
    told = served.post("/v1/classify", data=iter([body]), headers=JSON)  # chunked, its length unknown
    assert told.status_code == 413


def test_other_kinds_and_methods_are_refused(served: Served) -> None:
    body = b'{"texts": []}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):  # those that another site's form may send
        assert served.post("/v1/classify", data=body, headers={"Content-Type": kind}).status_code == 415
    assert served.post("/v1/classify", data=body, headers={"Content-Type": "application/json; charset=utf-8"}).ok
    told = served.get("/v1/classify")
    assert (told.status_code, told.json()["error"]["code"]) == (405, "wrong_method")
    assert served.get("/v1/nothing").json()["error"]["code"] == "not_found"


def test_a_busy_server_says_when_to_come_back(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    held, entered = threading.Event(), threading.Event()
    answer = api.Api._answer

    def slow(self: api.Api, body: bytes) -> Any:
        entered.set()
        assert held.wait(20)
        return answer(self, body)

    monkeypatch.setattr(api.Api, "_answer", slow)
    monkeypatch.setattr(api, "WAITING", 1)
    first: list[int] = []
    thread = threading.Thread(target=lambda: first.append(served.classify({"texts": ["a"]}).status_code))
    thread.start()
    assert entered.wait(10)
    other = Served(served.url, served.app)
    told = other.classify({"texts": ["a"]})
    assert (told.status_code, told.json()["error"]["code"], told.headers["Retry-After"]) == (429, "busy", "1")
    assert other.get("/healthz").status_code == 200
    held.set()
    thread.join()
    assert first == [200]


def test_the_document_names_the_routes_that_are_not_the_pages_own(served: Served) -> None:
    document = served.get("/openapi.json").json()
    told = {(path, method.upper()) for path, ways in document["paths"].items() for method in ways}
    there = {
        (route.path, method)
        for route in served.app.routes
        for method in (route.methods or set()) - {"HEAD"}
        if route.path not in ("/", "/docs") and not route.path.startswith(("/pages", "/assets"))
    }
    assert told == there
    assert document["info"]["version"] == __version__


def test_the_document_has_the_limits_that_hold() -> None:
    texts = api.document()["components"]["schemas"]["Texts"]["properties"]["texts"]
    assert (texts["maxItems"], texts["items"]["maxLength"]) == (api.MOST_TEXTS, api.MOST_CHARACTERS)
    assert set(api.document()["components"]["schemas"]["Texts"]["properties"]) == set(api._KEYS)
    said = api.document()["components"]["schemas"]["Said"]["properties"]["labels"]["items"]["enum"]
    assert said == list(VERDICTS)


def test_what_is_taken_and_given_is_what_the_document_says(
    served: Served, serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = api.document()
    seen: dict[str, set[str]] = {path: set() for path in document["paths"]}

    def check(path: str, told: Any) -> None:
        answers = next(iter(document["paths"][path].values()))["responses"]
        assert str(told.status_code) in answers, (path, told.status_code)
        seen[path].add(str(told.status_code))
        content = resolved(document, answers[str(told.status_code)])["content"]
        kind = told.headers["Content-Type"].partition(";")[0]
        assert kind in content
        if kind == "application/json":
            assert faults(document, content[kind]["schema"], told.json()) == []

    locked = serve(Settings(Door(token="un-jeton-de-test-0123")))
    for path in ("/healthz", "/metrics", "/openapi.json"):
        check(path, served.get(path))
        check(path, served.get(path, headers={"Host": "evil.example"}))
        check(path, locked.get(path))
    path = "/v1/classify"
    check(path, served.classify({"texts": ["c'est génial", ""], "abstain": 0.5}))
    check(path, locked.classify({"texts": []}))
    check(path, served.classify({"texts": []}, headers={"Host": "evil.example"}))
    check(path, served.classify({"texts": []}, headers={"Origin": "http://evil.example"}))
    check(path, served.post(path, data=b"{}"))
    check(path, served.post(path, data=b" " * (api.MOST_BODY + 1), headers=JSON))
    for given, _, _ in WRONG:
        body = given if isinstance(given, bytes) else json.dumps(given).encode()
        told = served.post(path, data=body, headers=JSON)
        check(path, told)
        if (
            told.status_code == 422
        ):  # what the server refuses, the document forbids; surrogates aside, of which JSON Schema says nothing
            schema = document["components"]["schemas"]["Texts"]
            assert faults(document, schema, json.loads(body)) or "surrogate" in told.text
    with monkeypatch.context() as patched:
        patched.setattr(api, "WAITING", 0)
        check(path, served.classify({"texts": []}))
    with monkeypatch.context() as patched:
        patched.setattr(uploads, "SILENT_S", 0.1)
        check(path, served.post(path, data=slowly(), headers=JSON))
    wanted = {path: set(next(iter(ways.values()))["responses"]) for path, ways in document["paths"].items()}
    assert seen == wanted


def slowly() -> Any:
    yield b"{"
    threading.Event().wait(0.5)
    yield b"}"


def resolved(document: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in told:
        return told
    found: Any = document
    for part in told["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


KINDS: dict[str, Callable[[Any], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "null": lambda v: v is None,
}
KEYWORDS = {
    "type", "required", "additionalProperties", "properties", "items", "enum", "const", "minimum", "maximum", "minItems", "maxItems",
    "maxLength", "description",
}  # fmt: skip


def faults(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """What of JSON Schema the document uses, and no more: a keyword that is not known here fails."""
    schema = resolved(document, schema)
    assert set(schema) <= KEYWORDS, schema
    kinds = schema.get("type", list(KINDS))
    if not any(KINDS[kind](value) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return [f"{value!r:.50} is no {kinds}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{value!r} is none of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{value!r} is not {schema['const']}")
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{value} is out of range")
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        found.append("too long")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append("too few or too many")
        found += [fault for item in value for fault in faults(document, schema.get("items", {}), item)]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"no {name}" for name in schema.get("required", ()) if name not in value]
        if schema.get("additionalProperties") is False:
            found += [f"{name}?" for name in value if name not in known]
        found += [fault for name in value if name in known for fault in faults(document, known[name], value[name])]
    return found


def test_the_page_for_people_names_every_route(served: Served) -> None:
    page = served.get("/docs").text
    for path, ways in api.document()["paths"].items():
        for method in ways:
            assert f"<code>{method.upper()} {path}</code>" in page
    assert "trop bien ce film" in page
    assert "<!-- routes -->" not in page
