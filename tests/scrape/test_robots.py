"""robots.txt, by RFC 9309: read first, kept a day, obeyed."""

import gzip
import socket
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protego import Protego

from nlpchat.errors import RefusedError, ScrapeError
from nlpchat.scrape.fetch import PRODUCT, Pace
from nlpchat.scrape.robots import refusing_rule, site_delay
from tests.scrape.conftest import START
from tests.scrape.server import Answer, cloudflare, error, html, hung_up, redirect, silent, wait_first

LONGEST = 500 * 1024  # bytes, RFC 9309
NOTHING = "User-agent: *\nDisallow: /\n"


@pytest.fixture(autouse=True)
def pages(site):
    for path in ("/", "/film/1/", "/film/2/", "/rechercher/", "/rechercher/?q=x", "/a.pdf", "/a.pdf?x"):
        site.at(path, html("<p>une page</p>"))


def allowed(fetcher, site, path):
    try:
        return fetcher.get(site.url(path)).status == 200
    except RefusedError:
        assert path not in site.paths()
        return False


def test_it_is_read_before_anything_else_and_once(fetcher, site):
    site.robots("")
    fetcher.get(site.url("/film/1/"))
    fetcher.get(site.url("/film/2/"))
    assert site.paths(robots=True) == ["/robots.txt", "/film/1/", "/film/2/"]


RULES = [  # (robots.txt, path, whether it may be fetched)
    ("", "/film/1/", True),
    ("User-agent: *\nDisallow:\n", "/film/1/", True),
    (NOTHING, "/film/1/", False),
    ("User-agent: *\nDisallow: /rechercher/\n", "/rechercher/?q=x", False),
    ("User-agent: *\nDisallow: /rechercher/\n", "/film/1/", True),
    ("User-agent: *\nDisallow: /*?\n", "/rechercher/?q=x", False),
    ("User-agent: *\nDisallow: /*?\n", "/rechercher/", True),
    ("User-agent: *\nDisallow: /*.pdf$\n", "/a.pdf", False),
    ("User-agent: *\nDisallow: /*.pdf$\n", "/a.pdf?x", True),
    ("User-agent: *\nDisallow: /\nAllow: /film/\n", "/film/1/", True),  # the longest rule, not the first
    ("User-agent: *\nAllow: /\nDisallow: /film/\n", "/film/1/", False),
    ("User-agent: *\nDisallow: /film/1/\nAllow: /film/1/\n", "/film/1/", True),  # of two as long, the one that allows
    ("User-agent: nlpchat\nDisallow: /film/\n\nUser-agent: *\nDisallow:\n", "/film/1/", False),
    ("User-agent: NLPchat\nAllow: /\n\nUser-agent: *\nDisallow: /\n", "/film/1/", True),
    (
        "User-agent: nlpchat\nDisallow: /film/1/\n\nUser-agent: nlpchat\nDisallow: /film/2/\n",
        "/film/2/",
        False,
    ),  # one group
    ("User-agent: otherbot\nUser-agent: nlpchat\nDisallow: /film/\n", "/film/1/", False),
    ("User-agent: GPTBot\nDisallow: /\n", "/film/1/", True),
    ("\ufeffUser-agent: *\nDisallow: /\n", "/film/1/", False),
    ("User-agent: *\r\nDisallow: /film/ # pas les films\r\n", "/film/1/", False),
    ("User-agent: *\nDisallow: /%66ilm/\n", "/film/1/", False),
    ("<html><body>Disallow: /</body></html>", "/film/1/", True),
]


@pytest.mark.parametrize(("text", "path", "may"), RULES)
def test_rules(fetcher, site, text, path, may):
    site.robots(text)
    assert allowed(fetcher, site, path) is may


@pytest.mark.parametrize("written", ["//rechercher/", "/%72echercher/", "/film/../rechercher/", "/./rechercher/#x"])
def test_a_rule_holds_in_whatever_way_an_address_is_written(fetcher, site, written):
    site.robots("User-agent: *\nDisallow: /rechercher/\n")
    with pytest.raises(RefusedError):
        fetcher.get(site.url(written))
    assert site.paths() == []


def test_the_refusal_names_the_rule_its_line_and_the_date_of_the_file(fetcher, site, store):
    site.robots(
        "# bienvenue\nUser-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /re\nDisallow: /rechercher/ # non\n"
    )
    with pytest.raises(RefusedError) as refusal:
        fetcher.get(site.url("/rechercher/"))
    said = str(refusal.value)
    assert said.startswith(site.url("/rechercher/"))
    assert 'line 7, "Disallow: /rechercher/"' in said
    assert "2026-07-14 09:00 UTC" in said
    assert str(store.of_host(site.host) / "robots.txt") in said
    assert refusal.value.exit_code == 3


def test_one_refused_address_does_not_stop_the_others(fetcher, site):
    site.robots("User-agent: *\nDisallow: /rechercher/\n")
    assert not allowed(fetcher, site, "/rechercher/")
    assert allowed(fetcher, site, "/film/1/")


def test_it_is_kept_on_disk_for_a_day(make_fetcher, site, time):
    site.robots("User-agent: *\nDisallow: /rechercher/\n")
    assert allowed(make_fetcher(), site, "/film/1/")
    site.robots(NOTHING)
    time.advance(timedelta(hours=23, minutes=59).total_seconds())
    assert allowed(make_fetcher(), site, "/film/2/")  # the next run knows it from the disk
    time.advance(120)
    assert not allowed(make_fetcher(), site, "/")
    assert site.paths(robots=True).count("/robots.txt") == 2


def test_a_long_run_asks_again_after_a_day(fetcher, site, time):
    site.robots("")
    assert allowed(fetcher, site, "/film/1/")
    site.robots(NOTHING)
    time.advance(86_401)
    assert not allowed(fetcher, site, "/film/2/")


def test_one_that_claims_to_come_from_tomorrow_is_asked_again(make_fetcher, site, store):
    store.put_robots(site.host, NOTHING, url=site.url("/robots.txt"), status=200, fetched_at=START + timedelta(days=1))
    assert allowed(make_fetcher(), site, "/film/1/")


def test_a_damaged_one_on_disk_is_asked_again(make_fetcher, site, store):
    site.robots("")
    assert allowed(make_fetcher(), site, "/film/1/")
    site.robots(NOTHING)
    (store.of_host(site.host) / "robots.txt").write_text("User-agent: *\nAllow: /\n")
    assert not allowed(make_fetcher(), site, "/film/2/")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 451])
def test_4xx_means_no_rules(fetcher, site, status):
    site.robots(NOTHING, status=status)
    assert allowed(fetcher, site, "/film/1/")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_5xx_means_no_entry_after_three_tries(fetcher, site, time, status):
    site.robots("", status=status)
    with pytest.raises(RefusedError, match=r"Without its robots.txt nothing"):
        fetcher.get(site.url("/film/1/"))
    assert site.paths(robots=True) == ["/robots.txt"] * 3
    assert time.slept == [10, 30]
    with pytest.raises(RefusedError):
        fetcher.get(site.url("/film/2/"))
    assert len(site.asked) == 3  # nor is this run a burden any longer


@pytest.mark.parametrize("status", [501, 505, 206, 204, 304])
def test_other_answers_mean_no_entry_too(fetcher, site, status):
    site.robots("User-agent: *\nAllow: /\n", status=status)
    assert not allowed(fetcher, site, "/film/1/")


def test_5xx_once_is_forgiven(fetcher, site):
    site.at("/robots.txt", error(503), Answer(200, b"", {"Content-Type": "text/plain"}))
    assert allowed(fetcher, site, "/film/1/")


@pytest.mark.parametrize("answer", [silent(), hung_up()])
def test_no_answer_means_no_entry(make_fetcher, site, answer):
    site.at("/robots.txt", answer)
    assert not allowed(make_fetcher(pace=Pace(timeout=(2.0, 0.2))), site, "/film/1/")
    assert len(site.asked) == 3


def test_nothing_is_kept_of_a_failure(make_fetcher, site):
    site.robots("", status=500)
    assert not allowed(make_fetcher(), site, "/film/1/")
    site.robots("")
    assert allowed(make_fetcher(), site, "/film/1/")


def test_429_of_robots_txt_is_a_rest_not_an_entry(fetcher, site, time):
    site.at("/robots.txt", wait_first(60), Answer(200, NOTHING.encode(), {"Content-Type": "text/plain"}))
    assert not allowed(fetcher, site, "/film/1/")
    assert time.slept[0] == 60


def test_a_captcha_in_place_of_robots_txt_is_no_entry(fetcher, site):
    site.at("/robots.txt", cloudflare(403))
    with pytest.raises(RefusedError, match="captcha of Cloudflare"):
        fetcher.get(site.url("/film/1/"))
    assert site.paths() == []


def test_a_redirect_on_the_host_is_followed(fetcher, site):
    site.at("/robots.txt", redirect("/fichiers/robots.txt", 301))
    site.at("/fichiers/robots.txt", Answer(200, NOTHING.encode(), {"Content-Type": "text/plain"}))
    assert not allowed(fetcher, site, "/film/1/")
    assert site.paths() == ["/fichiers/robots.txt"]


@pytest.mark.parametrize("to", ["https://autre.test/robots.txt", "http://127.0.0.1:1/robots.txt", "/robots.txt"])
def test_a_redirect_elsewhere_or_for_ever_means_no_entry(fetcher, site, to):
    site.at("/robots.txt", redirect(to))
    assert not allowed(fetcher, site, "/film/1/")
    assert len(site.asked) <= 6


@pytest.mark.parametrize("packed", [False, True])
def test_no_more_than_500_kib_are_read(fetcher, site, packed):
    filler = b"#" + b"x" * 99 + b"\n"
    text = b"User-agent: *\nDisallow: /film/1/\n" + filler * (LONGEST // len(filler) + 1) + b"Disallow: /film/2/\n"
    assert len(text) > LONGEST
    headers = {"Content-Type": "text/plain"} | ({"Content-Encoding": "gzip"} if packed else {})
    site.at("/robots.txt", Answer(200, gzip.compress(text) if packed else text, headers))
    assert not allowed(fetcher, site, "/film/1/")
    assert allowed(fetcher, site, "/film/2/")


def test_a_rule_that_is_cut_in_two_does_not_count(fetcher, site, store):
    start = b"User-agent: *\nDisallow: /film/\n"
    last = b"Allow: /film/"  # the last that fits of "Allow: /film/gratuits/"
    text = start + b"#" * (LONGEST - len(start) - len(last) - 1) + b"\n" + last + b"gratuits/\n"
    site.at("/robots.txt", Answer(200, text, {"Content-Type": "text/plain"}))
    assert not allowed(fetcher, site, "/film/1/")
    assert len(store.robots(site.host).text) < LONGEST


def test_an_endless_one_is_left_at_500_kib(make_fetcher, site, store):
    site.at("/robots.txt", Answer(200, NOTHING.encode() * 30_000, {"Content-Type": "text/plain"}))
    assert not allowed(make_fetcher(), site, "/film/1/")
    assert (store.of_host(site.host) / "robots.txt").stat().st_size <= LONGEST


def test_every_hop_of_a_redirect_asks_it(fetcher, site):
    site.robots("User-agent: *\nDisallow: /rechercher/\n")
    site.at("/film/1/", redirect("/rechercher/"))
    with pytest.raises(RefusedError, match="rechercher"):
        fetcher.get(site.url("/film/1/"))
    assert site.paths() == ["/film/1/"]


DELAYS = [
    ("User-agent: *\nCrawl-delay: 7\n", 7),
    ("User-agent: *\nCrawl-delay: 0.5\n", 0.5),
    ("User-agent: *\nCrawl-delay: soon\n", 0),
    ("User-agent: *\nCrawl-delay: -1\n", 0),
    ("User-agent: *\nCrawl-delay: inf\n", 0),
    ("User-agent: *\nRequest-rate: 1/20\n", 20),
    ("User-agent: *\nRequest-rate: 2/1m\nCrawl-delay: 4\n", 30),
    ("User-agent: *\nCrawl-delay: 90\n\nUser-agent: nlpchat\nCrawl-delay: 5\n", 5),
    ("User-agent: autre\nCrawl-delay: 5\n", 0),
]


@pytest.mark.parametrize(("text", "seconds"), DELAYS)
def test_the_delay_that_it_asks_for(text, seconds):
    assert site_delay(Protego.parse(text)) == seconds


WHICH = [
    (NOTHING, 'line 2, "Disallow: /"'),
    ("User-agent: *\nDisallow: /f\nDisallow: /film/*/\nDisallow: /film\n", 'line 3, "Disallow: /film/*/"'),
    ("User-agent: a\nDisallow: /film/1/\n\nUser-agent: *\nDisallow: /film\n", 'line 5, "Disallow: /film"'),
    ("User-agent: nlpchat\nDisallow: /film\n\nUser-agent: *\nDisallow: /film/1/\n", 'line 2, "Disallow: /film"'),
    ("User-agent: *\nDisallow: /\nAllow: /film/\nDisallow: /film/1\n", 'line 4, "Disallow: /film/1"'),
    ("User-agent: *\nDisallow: /film/1/\nDisallow: /film/1/\n", 'line 2, "Disallow: /film/1/"'),
]


@pytest.mark.parametrize(("text", "rule"), WHICH)
def test_which_rule_refuses(text, rule):
    assert refusing_rule(text, "https://a.org/film/1/") == rule


lines = st.sampled_from(
    [
        "User-agent: *",
        "User-agent: nlpchat",
        "User-agent: x",
        "",
        "Disallow:",
        "Crawl-delay: 1",
        "# x",
        "Allow: /a",
        "Allow: /",
    ]
) | st.sampled_from(
    ["Disallow: /", "Disallow: /a", "disallow : /a/", "Disallow: /*b", "Disallow: /a/b$", "Disallow: /c"]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(lines, max_size=14).map("\n".join))
def test_a_refusal_always_names_a_rule_that_refuses(text):
    url = "https://a.org/a/b"
    if not Protego.parse(text).can_fetch(url, PRODUCT):
        said = refusing_rule(text, url)
        line = int(said.split()[1].rstrip(","))
        assert not Protego.parse(f"User-agent: *\n{text.splitlines()[line - 1]}").can_fetch(url, PRODUCT)


def test_without_a_network_it_is_not_the_site_that_refuses(make_fetcher, monkeypatch):
    def nobody(*args, **options):
        raise socket.gaierror(socket.EAI_AGAIN, "no network")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(ScrapeError) as fault:
        make_fetcher().get("https://films.test/")
    assert not isinstance(fault.value, RefusedError)
