"""Answers that are no pages: what is waited for, what is tried again, and what ends a run."""

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.errors import RefusedError, ScrapeError
from nlpchat.scrape.asking import retry_after
from nlpchat.scrape.challenges import challenger
from nlpchat.scrape.fetch import Pace
from tests.scrape.conftest import START
from tests.scrape.server import (
    HTML,
    Answer,
    broken,
    cloudflare,
    datadome,
    drip,
    error,
    html,
    hung_up,
    silent,
    wait_first,
)

GOOD = html("<p>une page</p>")
IMPATIENT = Pace(timeout=(2.0, 0.15))


@pytest.fixture(autouse=True)
def other_page(site):
    site.robots("")
    site.at("/autre", GOOD)


@pytest.fixture
def fetcher(make_fetcher):
    """Each wait is exactly as long as it has to be; robots.txt is there already, so that `slept` begins with the page."""
    return make_fetcher(chance=lambda low, high: 1.0)


@pytest.fixture
def slept(fetcher, site, time):
    """The waits after the first request for /a, in seconds."""
    fetcher.get(site.url("/autre"))
    time.advance(1000)
    time.slept.clear()
    return time.slept


def good(fetcher, site):
    return fetcher.get(site.url("/a")).body == b"<p>une page</p>"


def refused(fetcher, site, says="the site refuses"):
    with pytest.raises(RefusedError, match=says) as refusal:
        fetcher.get(site.url("/a"))
    assert refusal.value.exit_code == 3
    assert fetcher.store.get(site.url("/a")) is None
    return str(refusal.value)


def failed(fetcher, site, says):
    with pytest.raises(ScrapeError, match=says) as fault:
        fetcher.get(site.url("/a"))
    assert not isinstance(fault.value, RefusedError)
    assert fetcher.store.get(site.url("/a")) is None
    return str(fault.value)


def is_over(fetcher, site):
    """Whether this run asks the host nothing more."""
    site.at("/encore", GOOD)
    before = len(site.asked)
    try:
        fetcher.get(site.url("/encore"))
    except ScrapeError:
        return len(site.asked) == before
    return False


# 429 and 503


@pytest.mark.parametrize("status", [429, 503])
def test_a_rest_in_seconds_is_waited(fetcher, site, slept, status):
    site.at("/a", wait_first(60, status), GOOD)
    assert good(fetcher, site)
    assert slept == [60]


def test_a_rest_until_a_date_is_waited(fetcher, site, slept, time):
    site.at("/a", wait_first(time.now() + timedelta(seconds=90)), GOOD)
    assert good(fetcher, site)
    assert slept == pytest.approx([90], abs=1.01)  # HTTP dates have no fractions


@pytest.mark.parametrize("after", [0, 1, START - timedelta(days=1)])
def test_a_short_rest_is_no_shorter_than_the_pace(fetcher, site, slept, after):
    site.at("/a", wait_first(after), GOOD)
    assert good(fetcher, site)
    assert slept == [3.0]


def test_two_rests_are_waited(fetcher, site, slept):
    site.at("/a", wait_first(5), wait_first(120), GOOD)
    assert good(fetcher, site)
    assert slept == [5, 120]


def test_a_third_rest_is_not(fetcher, site, slept):
    site.at("/a", wait_first(5))
    failed(fetcher, site, "busy .429., after every rest")
    assert slept == [5, 5]
    assert is_over(fetcher, site)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("after", [121, 3600, 10**30, START + timedelta(hours=2)])
def test_a_rest_that_is_too_long_ends_the_run(fetcher, site, slept, status, after):
    site.at("/a", wait_first(after, status))
    failed(fetcher, site, "a rest until 2026-07-1")
    assert slept == []
    assert site.paths().count("/a") == 1
    assert is_over(fetcher, site)


@pytest.mark.parametrize("after", [None, "bientôt", "-5", "1.5", "٣"])
def test_429_without_a_rest_that_can_be_read_ends_the_run(fetcher, site, slept, after):
    answer = error(429) if after is None else error(429, Retry_After=after.encode().decode("latin-1"))
    site.at("/a", answer)
    failed(fetcher, site, "fewer requests")
    assert slept == []
    assert is_over(fetcher, site)


# 5xx and broken connections


def test_503_twice_is_forgiven(fetcher, site, slept):
    site.at("/a", error(503), error(503), GOOD)
    assert good(fetcher, site)
    assert slept == [10, 30]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 522, 524])
def test_the_third_time_is_the_last(fetcher, site, slept, status):
    site.at("/a", error(status))
    failed(fetcher, site, "three times")
    assert slept == [10, 30]
    assert site.paths().count("/a") == 3
    assert not is_over(fetcher, site)  # one page may be broken for good


@pytest.mark.parametrize("failure", [error(500), hung_up()])
def test_the_time_that_a_failure_took_is_part_of_no_wait(fetcher, site, slept, time, failure):
    site.at("/a", failure.but(before=lambda: time.advance(20)), GOOD)
    assert good(fetcher, site)
    assert slept == [20]  # a site that takes 20 s to fail is left 20 s, not 10


def test_what_it_took_to_fail_counts_once_not_the_body(fetcher, site, slept, time):
    site.at("/a", broken(after=0).but(before=lambda: time.advance(9000)), GOOD)
    assert good(fetcher, site)
    assert slept == [30]  # as long as the time-out, at most


@pytest.mark.parametrize("status", [501, 505, 400, 405, 418])
def test_what_a_second_try_would_not_better_is_not_tried(fetcher, site, slept, status):
    site.at("/a", error(status))
    failed(fetcher, site, f"answered {status}")
    assert site.paths().count("/a") == 1
    assert not is_over(fetcher, site)


@pytest.mark.parametrize(
    "answer",
    [
        hung_up(),
        broken(),
        broken(reset=False),
        broken(reset=False).but(chunked=True),
        broken(after=0),
        Answer(200, b"\x1f\x8b\x08garbage", {"Content-Type": HTML, "Content-Encoding": "gzip"}),
    ],
    ids=["before an answer", "in the body", "as if that were all", "in a chunk", "after the headers", "damaged gzip"],
)
def test_a_broken_connection_is_tried_again(fetcher, site, slept, answer):
    site.at("/a", answer, answer, GOOD)
    assert good(fetcher, site)
    assert slept == [10, 30]


def test_a_body_that_ends_too_early_is_not_taken_for_a_page(fetcher, site, slept):
    packed = html("<p>une page</p>" * 99)
    half = Answer(200, gzip.compress(packed.body)[:-20], {"Content-Type": HTML, "Content-Encoding": "gzip"})
    for answer in (half, broken("<p>une page</p>" * 9000, after=90_000)):
        site.at("/a", answer)
        failed(fetcher, site, "three times")


# Time-outs


def test_a_time_out_is_tried_again(make_fetcher, site, time):
    site.at("/a", silent(), silent(), GOOD)
    fetcher = make_fetcher(pace=IMPATIENT, chance=lambda low, high: 1.0)
    assert good(fetcher, site)
    assert time.slept == [3.0, 10, 30]


def test_three_time_outs_in_a_row_are_a_refusal(make_fetcher, site):
    site.at("/a", silent())
    fetcher = make_fetcher(pace=IMPATIENT)
    refused(fetcher, site, "3 times in a row.*taken for a refusal")
    assert site.paths().count("/a") == 3
    assert is_over(fetcher, site)


def test_an_answer_between_two_time_outs_starts_the_count_anew(make_fetcher, site):
    site.at("/a", silent(), silent(), GOOD)
    site.at("/b", silent(), silent(), GOOD)
    fetcher = make_fetcher(pace=IMPATIENT)
    assert good(fetcher, site)
    assert fetcher.get(site.url("/b")).status == 200


def test_time_outs_of_two_pages_are_counted_together(make_fetcher, site):
    site.at("/a", silent(), error(404).but(silence=5.0), error(500), silent(), error(400))
    fetcher = make_fetcher(pace=IMPATIENT)
    failed(fetcher, site, "three times")  # 2 time-outs and a 500: not three in a row
    assert not is_over(fetcher, site)


def test_a_silence_in_the_middle_of_a_page_is_a_time_out(make_fetcher, site):
    site.at("/a", drip("<p>une page</p>", pieces=2, pause=0.6))
    refused(make_fetcher(pace=IMPATIENT), site, "stopped half way, 3 times in a row")


def test_a_page_that_drips_is_a_time_out(make_fetcher, site, time):
    """Each piece comes in time, the whole would never: the clock decides."""
    site.at("/a", drip("<p>une page</p>", pieces=15, pause=0.02))
    ticks = iter(range(0, 10_000, 50))
    refused(make_fetcher(clock=lambda: float(next(ticks))), site, "comes too slowly")


def test_a_slow_page_that_comes_in_time_is_a_page(fetcher, site):
    site.at("/a", drip("<p>une page</p>", pieces=5, pause=0.05))
    assert good(fetcher, site)


# Refusals


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_refusal_ends_the_run(fetcher, site, slept, status):
    site.at("/a", error(status), GOOD)
    said = refused(fetcher, site, f"the site refuses .{status}.")
    assert site.url("/a") in said
    assert site.paths().count("/a") == 1
    assert is_over(fetcher, site)
    assert slept == []


def test_what_is_in_the_store_is_there_after_a_refusal_too(fetcher, site, slept):
    site.at("/a", error(403))
    refused(fetcher, site)
    assert fetcher.get(site.url("/autre")).from_store


@pytest.mark.parametrize("status", [200, 202, 403, 404, 405, 429, 503])
@pytest.mark.parametrize(("captcha", "who"), [(cloudflare, "Cloudflare"), (datadome, "DataDome")])
def test_a_captcha_ends_the_run_whatever_its_status(fetcher, site, slept, captcha, who, status):
    site.at("/a", captcha(status), GOOD)
    refused(fetcher, site, f"a captcha of {who}")
    assert site.paths().count("/a") == 1
    assert is_over(fetcher, site)


def test_a_refusal_is_one_though_its_page_cannot_be_read(fetcher, site, slept):
    site.at("/a", Answer(403, b"?", {"Content-Type": HTML, "Content-Encoding": "br"}))
    refused(fetcher, site, "403")


def test_the_next_run_may_ask_again(make_fetcher, site):
    site.at("/a", error(403), GOOD)
    refused(make_fetcher(), site)
    assert good(make_fetcher(), site)


CHALLENGES = [
    ({}, b"<title>Just a moment...</title>", "Cloudflare"),
    ({}, b"<title>Attention Required! | Cloudflare</title>", "Cloudflare"),
    ({}, b'<form id="challenge-form" action="/">', "Cloudflare"),
    ({"cf-mitigated": "challenge"}, b"", "Cloudflare"),
    ({}, b'<iframe src="https://geo.captcha-delivery.com/captcha/?x"></iframe>', "DataDome"),
    ({"x-amzn-waf-action": "captcha"}, b"", "AWS WAF"),
    ({}, b'<div id="px-captcha"></div>', "HUMAN"),
    # what stands in good pages
    ({"server": "cloudflare"}, b"<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>", None),
    ({}, b"<script>window.__CF$cv$params={r:'1'}</script>", None),
    ({"x-datadome": "protected"}, b"<script src='https://js.datadome.co/tags.js'></script>", None),
    ({}, b"<div class='g-recaptcha'></div>", None),
    ({}, "<p>Un captcha, « Just a moment... » puis captcha-delivery.com : un film sur les robots</p>".encode(), None),
    ({}, b"<title>Just a moment in Paris</title>", None),
]


@pytest.mark.parametrize(("headers", "body", "who"), CHALLENGES)
def test_who_demands_a_proof(headers, body, who):
    assert challenger(headers, body) == who


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(-(10**6), 10**6))
def test_a_rest_is_read_as_it_was_meant(seconds, ahead):
    now = datetime(2026, 7, 14, tzinfo=UTC)
    assert retry_after(str(seconds), now) == min(seconds, 86_400)
    date = format_datetime(now + timedelta(seconds=ahead), usegmt=True)
    assert retry_after(date, now) == min(max(ahead, 0), 86_400)


@settings(deadline=None, max_examples=40)
@given(st.text())
def test_any_other_text_is_none_or_a_sane_rest(said):
    found = retry_after(said, START)
    assert found is None or 0 <= found <= 86_400
