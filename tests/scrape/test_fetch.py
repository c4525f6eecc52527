"""Pages: what is kept of them, where redirects lead, what is no page, and runs that are killed."""

import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import tracemalloc
import zlib
from datetime import timedelta
from pathlib import Path

import pytest

import nlpchat
from nlpchat.errors import RecipeError, RefusedError, ScrapeError
from nlpchat.scrape.fetch import Pace
from nlpchat.scrape.store import PageStore
from tests.scrape.conftest import START
from tests.scrape.server import HTML, Answer, bomb, error, gzipped, html, huge, latin1, redirect

ROOT = Path(__file__).parents[2]
SMALL = Pace(max_body=20_000)


def test_a_page_as_it_came(fetcher, site, store):
    site.at("/film/1/?page=2", html("<p>déçu</p>"))
    page = fetcher.get(site.url("/film/1/?page=2#avis"))
    assert (page.url, page.final_url) == (site.url("/film/1/?page=2"),) * 2
    assert (page.status, page.body, page.content_type) == (200, "<p>déçu</p>".encode(), HTML)
    assert START <= page.fetched_at <= START + timedelta(seconds=5)
    assert page.path == store.path(page.url)
    assert not page.from_store
    assert not page.moved


def test_a_page_in_the_store_is_not_asked_again(make_fetcher, site):
    site.at("/a", html("<p>une page</p>"))
    first = make_fetcher().get(site.url("/a"))
    asked = len(site.asked)
    again = make_fetcher().get(site.url("/a#autre"))
    assert again.from_store
    assert (again.body, again.fetched_at, again.final_url) == (first.body, first.fetched_at, first.final_url)
    assert len(site.asked) == asked


def test_a_damaged_page_is_asked_again(make_fetcher, site):
    site.at("/a", html("<p>une page</p>"))
    path = make_fetcher().get(site.url("/a")).path
    path.write_bytes(path.read_bytes()[:-3])
    assert not make_fetcher().get(site.url("/a")).from_store
    assert site.paths() == ["/a", "/a"]


def test_who_asks_is_said_with_every_request(make_fetcher, site):
    site.at("/a", html("<p>une page</p>"))
    make_fetcher(contact="https://example.org/nous").get(site.url("/a"))
    assert [asked.headers["user-agent"] for asked in site.asked] == [
        f"nlpchat/{nlpchat.__version__} (+https://example.org/nous)"
    ] * 2
    assert site.asked[-1].headers["accept-language"].startswith("fr")
    assert site.asked[-1].headers["accept-encoding"] == "gzip"
    assert {asked.method for asked in site.asked} == {"GET"}


def test_without_a_contact_the_name_alone(make_fetcher, site):
    site.at("/a", html("<p>une page</p>"))
    make_fetcher().get(site.url("/a"))
    assert site.asked[-1].headers["user-agent"] == f"nlpchat/{nlpchat.__version__}"


@pytest.mark.parametrize("contact", ["", "a b", "me@example.org)", "moi\r\nX: 1", "é@example.org", "x" * 201])
def test_a_contact_that_cannot_be_sent(make_fetcher, contact):
    with pytest.raises(RecipeError, match="contact"):
        make_fetcher(contact=contact)


def test_cookies_are_not_kept(fetcher, site):
    site.at("/a", html("<p>a</p>", headers={"Content-Type": HTML, "Set-Cookie": "id=1; Path=/"}))
    site.at("/b", redirect("/c", Set_Cookie="id=2; Path=/"))
    site.at("/c", html("<p>c</p>"))
    for path in ("/a", "/b"):
        fetcher.get(site.url(path))
    assert site.paths() == ["/a", "/b", "/c"]
    assert [asked for asked in site.asked if "cookie" in asked.headers] == []


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_not_there_is_kept_as_that(make_fetcher, site, status):
    site.at("/rien", error(status, "<p>introuvable</p>"))
    assert make_fetcher().get(site.url("/rien")).status == status
    again = make_fetcher().get(site.url("/rien"))
    assert (again.status, again.body, again.from_store) == (status, b"<p>introuvable</p>", True)
    assert site.paths() == ["/rien"]


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_said(fetcher, site, status):
    site.at("/film/1/?page=9", redirect("?page=7", status))
    site.at("/film/1/?page=7", html("<p>la dernière</p>"))
    page = fetcher.get(site.url("/film/1/?page=9"))
    assert page.moved
    assert (page.url, page.final_url) == (site.url("/film/1/?page=9"), site.url("/film/1/?page=7"))
    assert page.body == "<p>la dernière</p>".encode()


def test_both_ends_of_a_redirect_are_kept(make_fetcher, site):
    site.at("/a", redirect("/b"))
    site.at("/b", html("<p>b</p>"))
    make_fetcher().get(site.url("/a"))
    again = make_fetcher()
    assert again.get(site.url("/a")).moved
    assert not again.get(site.url("/b")).moved
    assert site.paths() == ["/a", "/b"]


def test_a_redirect_to_a_page_that_is_there_is_not_asked_again(fetcher, site, time):
    site.at("/p?page=1", html("<p>seule</p>"))
    site.at("/p?page=2", redirect("/p?page=1"))
    first = fetcher.get(site.url("/p?page=1"))
    time.advance(1000)
    second = fetcher.get(site.url("/p?page=2"))
    assert (second.moved, second.body, second.fetched_at) == (True, first.body, first.fetched_at)
    assert second.content_type == HTML
    assert site.paths() == ["/p?page=1", "/p?page=2"]


def test_every_hop_keeps_the_pace(make_fetcher, site, time):
    site.at("/a", redirect("/b"))
    site.at("/b", redirect("/c"))
    site.at("/c", html("<p>c</p>"))
    make_fetcher(chance=lambda low, high: 1.0).get(site.url("/a"))
    assert time.slept == [3.0, 3.0, 3.0]


def test_five_redirects_are_followed_six_are_not(fetcher, site):
    for number in range(6):
        site.at(f"/{number}", redirect(f"/{number + 1}"))
    site.at("/6", html("<p>6</p>"))
    with pytest.raises(ScrapeError, match="leads on and on"):
        fetcher.get(site.url("/0"))
    assert site.paths() == [f"/{number}" for number in range(6)]
    assert fetcher.get(site.url("/1")).final_url == site.url("/6")


def test_a_circle_ends(fetcher, site):
    site.at("/a", redirect("/a"))
    with pytest.raises(ScrapeError, match="leads on and on"):
        fetcher.get(site.url("/a"))


ELSEWHERE = [
    ("https://autre.test/", "another site"),
    ("//autre.test/", "another site"),
    ("http://127.0.0.1:1/", "another site"),  # another port is another site
    ("http://169.254.169.254/latest/meta-data/", "another site"),
    ("http://localhost/", "another site"),
    ("file:///etc/passwd", "no web address"),
    ("javascript:alert(1)", "no web address"),
    ("http://[", "no web address"),
]


@pytest.mark.parametrize(("to", "says"), ELSEWHERE)
def test_a_redirect_elsewhere_is_not_followed(fetcher, site, to, says, monkeypatch):
    site.at("/a", redirect(to))
    site.at("/b", html("<p>b</p>"))
    asked = []
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: asked.append(host) or real(host, *rest, **more)
    )
    with pytest.raises(ScrapeError, match=says) as fault:
        fetcher.get(site.url("/a"))
    assert not isinstance(fault.value, RefusedError)
    assert set(asked) == {"127.0.0.1"}  # nothing else was even looked up
    assert fetcher.get(site.url("/b")).body == b"<p>b</p>"


def test_a_redirect_to_plain_http_or_with_a_password_is_not_followed(fetcher, site):
    site.at("/a", redirect(f"http://moi:secret@{site.host}/b"))
    with pytest.raises(ScrapeError, match="name or a password"):
        fetcher.get(site.url("/a"))
    site.at("/a", redirect(f"https://{site.host}/b"))
    with pytest.raises(
        ScrapeError, match="certificate or encryption"
    ):  # followed as it is written: no scheme is made up
        fetcher.get(site.url("/a"))


def test_a_redirect_to_nowhere(fetcher, site):
    site.at("/a", Answer(302, b"", {}))
    with pytest.raises(ScrapeError, match="answered 302"):
        fetcher.get(site.url("/a"))


def test_a_location_in_utf8_is_read(fetcher, site):
    site.at("/a", redirect("/été".encode().decode("latin-1")))
    site.at("/%C3%A9t%C3%A9", html("<p>été</p>"))
    assert fetcher.get(site.url("/a")).final_url == site.url("/%C3%A9t%C3%A9")


def test_the_body_of_a_redirect_is_not_read(fetcher, site):
    site.at("/a", Answer(302, b"x" * 50_000_000, {"Location": "/b"}))
    site.at("/b", html("<p>b</p>"))
    assert fetcher.get(site.url("/a")).body == b"<p>b</p>"


# Bodies


def test_gzip_is_unpacked(fetcher, site):
    text = "<p>déçu</p>" * 1000
    site.at("/a", gzipped(text))
    assert fetcher.get(site.url("/a")).body == text.encode()


def test_gzip_in_chunks_and_pieces(fetcher, site):
    text = "<p>déçu</p>" * 100
    site.at("/a", gzipped(text).but(chunked=True, pieces=5, pause=0.01))
    assert fetcher.get(site.url("/a")).body == text.encode()


def test_latin1_is_kept_letter_for_letter_with_its_header(fetcher, site, store):
    site.at("/a", latin1("<p>déçu</p>"))
    page = fetcher.get(site.url("/a"))
    assert page.body == "<p>déçu</p>".encode("iso-8859-1")
    assert store.get(page.url).content_type == "text/html; charset=ISO-8859-1"


@pytest.mark.parametrize(
    "answer",
    [
        huge(20_001),
        huge(20_001, said=False),
        bomb(20_001),
        bomb(20_000_000),
        bomb(20_000_000).but(chunked=True),
        Answer(
            200,
            gzip.compress(b"")[:-8] + b"\x00\x00\x00\xff\xff" * 9000,
            {"Content-Type": HTML, "Content-Encoding": "gzip"},
        ),
    ],
    ids=["said", "unsaid", "packed", "bomb", "bomb in chunks", "packs nothing for ever"],
)
def test_too_long_is_an_error_and_nothing_of_it_is_kept(make_fetcher, site, store, answer):
    site.at("/a", answer)
    with pytest.raises(ScrapeError, match=r"longer than 0.02 MB|ends too early|damaged") as fault:
        make_fetcher(pace=SMALL).get(site.url("/a"))
    assert not isinstance(fault.value, RefusedError)
    assert store.get(site.url("/a")) is None


def test_empty_deflate_blocks_are_counted_as_they_are_sent(make_fetcher, site):
    """A gzip stream that never unpacks to anything: its bytes count too."""
    pack = zlib.compressobj(wbits=31)
    body = pack.compress(b"<p>") + b"".join(pack.flush(zlib.Z_FULL_FLUSH) + pack.compress(b"") for _ in range(9))
    body = body + b"\x00\x00\x00\xff\xff" * 10_000
    site.at("/a", Answer(200, body, {"Content-Type": HTML, "Content-Encoding": "gzip"}, chunked=True))
    with pytest.raises(ScrapeError, match=r"longer than 0\.02 MB"):
        make_fetcher(pace=SMALL).get(site.url("/a"))
    assert site.paths() == ["/a"]


def test_a_bomb_is_left_before_it_is_unpacked(make_fetcher, site):
    site.at("/a", bomb(60_000_000))
    fetcher = make_fetcher()
    tracemalloc.start()
    try:
        with pytest.raises(ScrapeError, match="longer than 5 MB"):
            fetcher.get(site.url("/a"))
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_length_that_is_announced_is_believed_before_anything_is_read(fetcher, site):
    site.at("/a", Answer(200, b"<p>", {"Content-Type": HTML, "Content-Length": "5000001"}, cut_at=3))
    with pytest.raises(ScrapeError, match="longer than 5 MB"):
        fetcher.get(site.url("/a"))
    assert site.paths() == ["/a"]


def test_as_long_as_allowed_is_not_too_long(make_fetcher, site):
    site.at("/a", huge(20_000))
    site.at("/b", huge(20_000, said=False))
    site.at("/c", bomb(20_000))
    fetcher = make_fetcher(pace=SMALL)
    assert [len(fetcher.get(site.url(path)).body) for path in ("/a", "/b", "/c")] == [20_000] * 3


@pytest.mark.parametrize("kind", ["application/pdf", "image/png", "application/json", "text/plain", "text/htmlx", ""])
def test_what_is_no_html_is_no_page(fetcher, site, store, kind):
    site.at("/a", Answer(200, b"%PDF", {"Content-Type": kind} if kind else {}))
    with pytest.raises(ScrapeError, match="a page is needed"):
        fetcher.get(site.url("/a"))
    assert store.get(site.url("/a")) is None


@pytest.mark.parametrize("kind", ["text/html", "TEXT/HTML;charset=utf-8", "application/xhtml+xml"])
def test_what_is_html(fetcher, site, kind):
    site.at("/a", Answer(200, b"<p>", {"Content-Type": kind}))
    assert fetcher.get(site.url("/a")).body == b"<p>"


@pytest.mark.parametrize("packing", ["br", "zstd", "deflate", "gzip, gzip"])
def test_a_packing_that_was_not_asked_for(fetcher, site, packing):
    site.at("/a", Answer(200, b"<p>", {"Content-Type": HTML, "Content-Encoding": packing}))
    with pytest.raises(ScrapeError, match="packed as"):
        fetcher.get(site.url("/a"))


@pytest.mark.parametrize("status", [201, 202, 204, 206, 304])
def test_other_answers_are_no_pages(fetcher, site, store, status):
    site.at("/a", Answer(status, b"", {"Content-Type": HTML}))
    with pytest.raises(ScrapeError, match=f"answered {status}"):
        fetcher.get(site.url("/a"))
    assert store.get(site.url("/a")) is None


# Offline


def test_offline_opens_no_socket(make_fetcher, site, monkeypatch):
    site.at("/a", html("<p>une page</p>"))
    make_fetcher().get(site.url("/a"))

    def no_socket(*args, **options):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", no_socket)
    monkeypatch.setattr(socket, "getaddrinfo", no_socket)
    offline = make_fetcher(offline=True)
    assert offline.get(site.url("/a")).body == b"<p>une page</p>"
    with pytest.raises(ScrapeError, match="without --offline"):
        offline.get(site.url("/b"))


def test_offline_makes_no_folder(make_fetcher, tmp_path):
    with pytest.raises(ScrapeError, match="without --offline"):
        make_fetcher(store=PageStore(tmp_path / "none"), offline=True).get("https://films.test/")
    assert not (tmp_path / "none").exists()


# Runs that are killed

RUN = """
import sys
from nlpchat.scrape.fetch import Fetcher
from nlpchat.scrape.store import PageStore
folder, host, pages = sys.argv[1:]
fetcher = Fetcher(PageStore(folder), sleep=lambda seconds: None, allow=(host,))
for number in range(int(pages)):
    fetcher.get(f"http://{host}/film/?page={number}")
    print(number, flush=True)
"""


def start(store, site, pages):
    command = [sys.executable, "-c", RUN, str(store.folder), site.host, str(pages)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_a_run_that_is_killed_goes_on_from_its_last_page(site, store):
    pages = 20
    runs: list[subprocess.Popen[str]] = []
    for number in range(pages):
        site.at(f"/film/?page={number}", html(f"<p>page {number}</p>" * 2000))
    deadly = html("<p>page 7</p>" * 2000, before=lambda: os.kill(runs[-1].pid, signal.SIGKILL))
    site.at("/film/?page=7", deadly, html("<p>page 7</p>" * 2000))  # killed while it waits for its eighth page

    runs.append(start(store, site, pages))
    with runs[-1]:
        assert runs[-1].wait(60) == -signal.SIGKILL
    assert site.paths() == [f"/film/?page={number}" for number in range(8)]

    runs.append(start(store, site, pages))
    with runs[-1] as second:
        for line in second.stdout:
            if line.strip() == "12":  # killed at no moment in particular
                second.kill()
        assert second.wait(60) == -signal.SIGKILL
    cut = len(site.paths())

    runs.append(start(store, site, pages))
    with runs[-1] as third:
        assert third.wait(60) == 0
    asked = [int(re.sub(r"\D", "", path)) for path in site.paths()]
    assert asked[8 : 8 + 6] == list(range(7, 13))  # the second run began with the page that was missing
    assert asked[cut] >= 13  # and the third went on where the second was
    assert sorted(set(asked)) == list(range(pages))
    assert len(asked) <= pages + 2  # at most one page a kill was asked twice
    assert site.paths(robots=True).count("/robots.txt") == 1

    for number in range(pages):
        assert store.get(site.url(f"/film/?page={number}")).body == f"<p>page {number}</p>".encode() * 2000
    folder = store.of_host(site.host)
    assert len(list(folder.iterdir())) == 2 * pages + 2 + 2  # pairs; robots.txt's; lock, pace: nothing half-written


def test_the_next_run_removes_what_a_killed_one_left_half_written(fetcher, site, store):
    site.at("/a", html("<p>une page</p>"))
    folder = store.make_host(site.host)
    for name in (".robots.txt.x1.txt", ".pace.json.x2.json", f".{store.path(site.url('/a')).name}.x3.gz"):
        (folder / name).write_bytes(b"half")
    fetcher.get(site.url("/a"))
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_stopped_by_hand_while_it_waits(make_fetcher, site, store):
    for path in ("/a", "/b"):
        site.at(path, html(path))
    waits = []

    def stopped(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    fetcher = make_fetcher(sleep=stopped)
    fetcher.get(site.url("/a"))
    with pytest.raises(KeyboardInterrupt):
        fetcher.get(site.url("/b"))
    again = make_fetcher()
    assert again.get(site.url("/a")).from_store
    assert again.get(site.url("/b")).body == b"/b"
    assert site.paths() == ["/a", "/b"]
