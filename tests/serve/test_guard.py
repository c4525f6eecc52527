"""Who may ask: names of this machine, its own pages, those who have the token; and what every answer carries."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nlpchat.serve.app import Settings
from nlpchat.serve.guard import Door, own_names
from tests.serve.served import Served

TOKEN = "un-jeton-de-test-0123"


@pytest.fixture(scope="module")
def locked(serve: Callable[..., Served]) -> Served:
    return serve(Settings(Door(frozenset({"maison.local"}), TOKEN)))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8765", 200), ("localhost", 200), ("LOCALHOST:9000", 200), ("[::1]:8765", 200), ("192.168.1.4", 200),
        ("evil.example", 421), ("evil.example:8765", 421), ("127.0.0.1.evil.example", 421), ("localhost.evil.example", 421),
        ("", 421), ("localhost@evil.example", 421), ("[::1", 200), ("maison.local", 421),
    ],
)  # fmt: skip
def test_only_names_of_this_machine_are_answered(served: Served, host: str, status: int) -> None:
    assert served.get("/healthz", headers={"Host": host}).status_code == status


def test_the_name_that_it_listens_on_is_one(locked: Served) -> None:
    assert locked.get("/healthz", headers={"Host": "maison.local:8765"}).status_code == 200
    assert "maison.local" in own_names("Maison.local")


@pytest.mark.parametrize(
    ("method", "headers", "passes"),
    [
        ("POST", {}, True),
        ("POST", {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}, True),
        ("POST", {"Origin": "http://127.0.0.1:{port}"}, True),
        ("POST", {"Sec-Fetch-Site": "none"}, True),
        ("POST", {"Origin": "http://evil.example"}, False),
        ("POST", {"Origin": "http://127.0.0.1:1"}, False),
        ("POST", {"Origin": "http://localhost:{port}"}, False),
        ("POST", {"Origin": "null"}, False),
        ("POST", {"Sec-Fetch-Site": "cross-site"}, False),
        ("POST", {"Sec-Fetch-Site": "same-site"}, False),
        ("POST", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, False),
        ("GET", {}, True),
        ("GET", {"Sec-Fetch-Site": "same-origin"}, True),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, True),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, False),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}, False),
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, False),
    ],
)
def test_no_other_site_may_ask(served: Served, method: str, headers: dict[str, str], passes: bool) -> None:
    port = served.url.rpartition(":")[2]
    sent = {name: value.replace("{port}", port) for name, value in headers.items()}
    path = "/pages/none/beat" if method == "POST" else "/openapi.json"
    told = served.session.request(method, served.url + path, headers=sent, timeout=10)
    assert told.status_code == (403 if not passes else 404 if method == "POST" else 200)
    assert passes or told.json()["error"]["code"] == "other_site"


def test_no_answer_lets_another_site_read_it(served: Served) -> None:
    told = served.session.options(
        f"{served.url}/v1/classify",
        headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"},
        timeout=10,
    )
    assert told.status_code == 403
    assert not [name for name in told.headers if name.lower().startswith("access-control")]


def test_a_token_is_asked_for_everywhere_but_at_healthz(locked: Served) -> None:
    seen = 0
    for route in locked.app.routes:
        path = route.path.replace("{page}", "x").replace("{job}", "x").replace("{name}", "app.js")
        method = "POST" if "POST" in (route.methods or ()) else "GET"
        told = locked.session.request(method, locked.url + path, timeout=10)
        assert told.status_code == (200 if path == "/healthz" else 401), path
        seen += 1
    assert seen > 12
    assert locked.get("/nowhere").status_code == 401


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (f"Bearer {TOKEN}", 200), (f"bearer {TOKEN}", 200), (f"Bearer {TOKEN}x", 401), (f"Bearer {TOKEN[:-1]}", 401),
        ("Bearer ", 401), (f"Basic {TOKEN}", 401), (TOKEN, 401), ("Bearer é".encode("latin-1"), 401),
    ],
)  # fmt: skip
def test_a_program_shows_the_token_in_a_header(locked: Served, sent: str | bytes, status: int) -> None:
    told = locked.get("/openapi.json", headers={"Authorization": sent})
    assert told.status_code == status
    assert status == 200 or told.headers["WWW-Authenticate"] == "Bearer"


def test_a_browser_shows_it_once_and_has_a_cookie_then(locked: Served) -> None:
    wrong = locked.get("/", params={"token": "faux" * 5})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    assert "token=" in wrong.text
    let_in = locked.get("/", params={"token": TOKEN}, allow_redirects=False)
    assert (let_in.status_code, let_in.headers["Location"]) == (303, "/")
    cookie = let_in.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert TOKEN not in cookie
    assert locked.get("/").status_code == 200
    assert locked.post("/pages").status_code == 201
    locked.session.cookies.clear()
    assert locked.get("/", headers={"Cookie": "nlpchat=faux"}).status_code == 401
    assert locked.get("/", headers={"Cookie": f"nlpchat={TOKEN}"}).status_code == 401


def test_every_answer_has_its_headers(served: Served) -> None:
    paths = [
        "/",
        "/assets/app.js",
        "/assets/../app.py",
        "/docs",
        "/openapi.json",
        "/healthz",
        "/metrics",
        "/nowhere",
        "/pages",
    ]
    for path in paths:
        headers = served.get(path).headers
        assert headers["Cache-Control"] == "no-store", path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "server" not in headers
    assert "script-src 'self'" in served.get("/").headers["Content-Security-Policy"]


def test_only_the_assets_are_files(served: Served) -> None:
    for name in ("page.html", "openapi.json", "..%2fapp.py", "..%2f", "app.py"):
        assert served.get(f"/assets/{name}").status_code == 404
    assert served.get("/assets/app.css").headers["Content-Type"] == "text/css; charset=utf-8"
    for path in ("/", "/docs"):
        assert "<script>" not in served.get(path).text
        assert "style=" not in served.get(path).text
