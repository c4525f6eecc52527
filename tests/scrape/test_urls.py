"""Addresses: one form each, and exactly the one that is sent."""

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter

from nlpchat.errors import ScrapeError
from nlpchat.scrape.urls import canonical, host_of, joined

SAME = [
    ("https://www.example.org", "https://www.example.org/"),
    ("HTTPS://WWW.Example.ORG:443/Film/", "https://www.example.org/Film/"),
    ("http://example.org:80/", "http://example.org/"),
    ("http://example.org:443/", "http://example.org:443/"),
    ("https://example.org./a", "https://example.org/a"),
    ("https://example.org/a#avis", "https://example.org/a"),
    ("https://example.org/a?", "https://example.org/a"),
    ("https://example.org/a?page=2&b=1", "https://example.org/a?page=2&b=1"),  # the order may matter to the site
    ("https://example.org/a/./b/../c", "https://example.org/a/c"),
    ("https://example.org/../../a", "https://example.org/a"),
    ("https://example.org/a/..", "https://example.org/"),
    ("https://example.org/a/b/.", "https://example.org/a/b/"),
    ("https://example.org/%7eme/%2e%2e/%66ilm", "https://example.org/film"),
    ("https://example.org//rechercher/", "https://example.org/rechercher/"),
    ("https://example.org/.//rechercher/", "https://example.org/rechercher/"),
    ("https://example.org/a//b", "https://example.org/a//b"),
    ("https://example.org/été?q=déçu", "https://example.org/%C3%A9t%C3%A9?q=d%C3%A9%C3%A7u"),
    ("https://example.org/%c3%a9", "https://example.org/%C3%A9"),
    ("https://example.org/a%2fb%20c d", "https://example.org/a%2Fb%20c%20d"),
    ("https://example.org/100%", "https://example.org/100%25"),
    ("https://example.org/a[1]|2", "https://example.org/a%5B1%5D%7C2"),
    ("https://Élysée.fr/", "https://xn--lyse-9oad.fr/"),
    ("https://[2001:DB8:0::1]:8443/", "https://[2001:db8::1]:8443/"),
    ("  https://example.org/a \n", "https://example.org/a"),
]
REFUSED = [
    "ftp://example.org/", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "//example.org/", "example.org", "",
    "https://", "https:///a", "https://example.org:0/", "https://example.org:99999/", "https://example.org:x/", "https://a b/",
    "https://exa\tmple.org/", "https://example.org/a\r\nX: 1", "https://a..b/", "https://-a.org/", "https://%65xample.org/",
    "https://good.org\\evil.org/", "https://[::1/", "https://[fe80::1%25eth0]/", "https://[1.2.3.4]/", f"https://{'a' * 64}.org/",
    "https://example.org/\ud800", "https://example.org℀.evil/",
]  # fmt: skip


@pytest.mark.parametrize(("written", "one_form"), SAME)
def test_one_form(written, one_form):
    assert canonical(written) == one_form


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_web_address(url):
    with pytest.raises(ScrapeError, match="no web address"):
        canonical(url)


@pytest.mark.parametrize(
    "url", ["https://moi:secret@example.org/", "https://secret@example.org/", "http://:secret@[::1]/"]
)
def test_a_name_or_password_is_refused_and_not_repeated(url):
    with pytest.raises(ScrapeError, match="name or a password") as fault:
        canonical(url)
    assert "secret" not in str(fault.value)


paths = st.text(st.characters(codec="utf-8"), max_size=30)
ascii_paths = st.text("aZ9/.%25eE?&=+~[]{}|^`\\:;@!$'()*, ", max_size=30)
hosts = st.sampled_from(["example.org", "EXAMPLE.org:443", "été.fr", "[::1]:8080", "127.0.0.1:1"])
urls = st.builds("{}://{}/{}".format, st.sampled_from(["http", "HTTPS"]), hosts, paths | ascii_paths)


@settings(deadline=None, max_examples=80)
@given(urls)
def test_twice_changes_nothing_and_requests_sends_it_as_it_is(url):
    try:
        once = canonical(url)
    except ScrapeError:
        return
    assert canonical(once) == once
    prepared = requests.Request("GET", once).prepare()
    assert prepared.url == once
    assert HTTPAdapter().request_url(prepared, {}) == once.split("/", 3)[3].join(["/", ""])


def test_most_generated_addresses_are_good():
    """The property above would say nothing if they were not."""
    assert canonical("https://example.org/ a%é?[b]=%zz") == "https://example.org/%20a%25%C3%A9?%5Bb%5D=%25zz"


def test_the_host_with_its_port_where_that_is_unusual():
    assert [host_of(url) for url in ("https://A.org/x", "https://a.org:8443/", "http://a.org:443")] == [
        "a.org", "a.org:8443", "a.org:443",
    ]  # fmt: skip


def test_where_a_link_leads():
    here = "https://a.org/film/1/?page=2"
    assert joined(here, "?page=3") == "https://a.org/film/1/?page=3"
    assert joined(here, "../2/#x") == "https://a.org/film/2/"
    assert joined(here, "//b.org/") == "https://b.org/"
    for link in ("javascript:1", "http://[", "https://moi:secret@a.org/"):
        with pytest.raises(ScrapeError):
            joined(here, link)
