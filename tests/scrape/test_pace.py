"""How long a host is left in peace: the seconds that were slept, not how long the test took."""

import json
import subprocess
import sys
import threading
import time as real_time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nlpchat.errors import RecipeError, ScrapeError
from nlpchat.scrape.fetch import Pace
from nlpchat.scrape.pace import Clocks, Turns
from tests.scrape.conftest import START
from tests.scrape.server import html, wait_first

ROOT = Path(__file__).parents[2]
LOW, MIDDLE, HIGH = (lambda low, high: low), (lambda low, high: 1.0), (lambda low, high: high)


@pytest.fixture(autouse=True)
def pages(site):
    site.robots("")
    for number in range(9):
        site.at(f"/{number}", html(f"<p>{number}</p>"))


def get(fetcher, site, *numbers):
    for number in numbers:
        fetcher.get(site.url(f"/{number}"))


def test_the_first_request_waits_for_nobody_the_others_three_seconds(make_fetcher, site, time):
    get(make_fetcher(chance=MIDDLE), site, 1, 2)
    assert time.slept == [3.0, 3.0]  # robots.txt, wait, 1, wait, 2


def test_the_wait_is_drawn_between_its_bounds_and_never_under_three_seconds(make_fetcher, site, time):
    drawn = []

    def chance(low, high):
        drawn.append((low, high))
        return [0.8, 1.1, 1.4][len(drawn) % 3]

    get(make_fetcher(chance=chance), site, 1, 2, 3)
    assert set(drawn) == {(0.8, 1.4)}
    assert time.slept == pytest.approx([3.3, 4.2, 3.0])


def test_chance_is_chance_unless_a_test_gives_its_own(make_fetcher, site, time):
    get(make_fetcher(), site, *range(9))
    assert all(3.0 <= seconds <= 4.2 for seconds in time.slept)
    assert len(set(time.slept)) > 3


@pytest.mark.parametrize(
    ("robots", "slept"),
    [
        ("User-agent: *\nCrawl-delay: 10\n", [10.0]),
        ("User-agent: *\nCrawl-delay: 1\n", [3.0]),  # a site cannot make us faster
        ("User-agent: *\nRequest-rate: 1/20\n", [20.0]),
    ],
)
def test_what_robots_txt_asks_for_is_waited_already_before_the_first_page(make_fetcher, site, time, robots, slept):
    site.robots(robots)
    get(make_fetcher(chance=MIDDLE), site, 1)
    assert time.slept == slept


def test_chance_makes_a_crawl_delay_longer_never_shorter(make_fetcher, site, time):
    site.robots("User-agent: *\nCrawl-delay: 10\n")
    get(make_fetcher(chance=LOW), site, 1)
    get(make_fetcher(chance=HIGH), site, 2)
    assert time.slept == pytest.approx([10.0, 14.0])


def test_a_slow_site_is_left_as_long_as_it_took(make_fetcher, site, time):
    site.at("/1", html("<p>lente</p>", before=lambda: time.advance(8)))
    get(make_fetcher(chance=HIGH), site, 1, 2, 3)
    assert time.slept == pytest.approx([4.2, 8 * 1.4, 4.2])


def test_time_that_has_passed_already_is_not_waited_again(make_fetcher, site, time):
    fetcher = make_fetcher(chance=MIDDLE)
    get(fetcher, site, 1)
    time.advance(2)
    get(fetcher, site, 2)
    time.advance(60)
    get(fetcher, site, 3)
    assert time.slept == [3.0, 1.0]


def test_a_longer_delay_can_be_asked_for_and_a_shorter_one_cannot(make_fetcher, site, time):
    get(make_fetcher(pace=Pace(delay=5.0), chance=MIDDLE), site, 1)
    assert time.slept == [5.0]
    for delay in (2.9, 0, -1, float("nan"), float("inf")):
        with pytest.raises(RecipeError, match=r"every 3 s at most"):
            Pace(delay=delay)
    for given in ({"jitter": (0, 1)}, {"jitter": (2, 1)}, {"timeout": (0, 1)}, {"max_body": 0}):
        with pytest.raises(RecipeError):
            Pace(**given)


def test_the_next_run_waits_for_the_last_one(make_fetcher, site, time):
    get(make_fetcher(chance=MIDDLE), site, 1)
    time.slept.clear()
    time.advance(0.5)
    get(make_fetcher(chance=MIDDLE), site, 2)
    assert time.slept == [2.5]


def test_a_rest_that_the_site_asked_for_holds_for_the_next_run(make_fetcher, site, time, store):
    site.at("/1", wait_first(100))
    turn_file = store.of_host(site.host) / "pace.json"
    time_of_kill = []

    def killed(seconds):
        if seconds > 50:
            time_of_kill.append(turn_file.read_bytes())
            raise KeyboardInterrupt
        time.sleep(seconds)

    with pytest.raises(KeyboardInterrupt):
        get(make_fetcher(sleep=killed), site, 1)
    assert time_of_kill  # it stood on the disk before the wait began
    time.slept.clear()
    time.advance(10)
    get(make_fetcher(), site, 2)
    assert time.slept == pytest.approx([90])


def test_a_rest_that_is_too_long_stops_the_next_run_before_it_asks(make_fetcher, site, time):
    site.at("/1", wait_first(3600))
    with pytest.raises(ScrapeError, match="a rest until 2026-07-14 10:00 UTC"):
        get(make_fetcher(), site, 1)
    asked = len(site.asked)
    with pytest.raises(ScrapeError, match="a rest until 2026-07-14 10:00 UTC"):
        get(make_fetcher(), site, 2)
    assert len(site.asked) == asked
    time.advance(3600)
    get(make_fetcher(), site, 2)


@pytest.mark.parametrize("back", [timedelta(seconds=2), timedelta(days=400)])
def test_a_clock_that_was_set_back_hurries_nobody_and_stops_nobody(make_fetcher, site, time, back):
    get(make_fetcher(chance=MIDDLE), site, 1)
    time.slept.clear()
    get(make_fetcher(chance=MIDDLE, now=lambda: time.now() - back), site, 2)
    assert time.slept[-1] == 3.0


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"asked_at": 1}', '{"asked_at": "x", "took": 0, "not_before": null}', "\udcff"]
)
def test_a_damaged_note_means_the_full_wait(make_fetcher, site, time, store, damage):
    get(make_fetcher(chance=MIDDLE), site, 1)
    time.slept.clear()
    time.advance(600)
    (store.of_host(site.host) / "pace.json").write_bytes(damage.encode(errors="surrogateescape"))
    get(make_fetcher(chance=MIDDLE), site, 2)
    assert time.slept == [3.0]


def test_a_note_without_a_zone_is_read_as_utc(make_fetcher, site, time, store):
    said = {"asked_at": f"{START:%Y-%m-%dT%H:%M:%S}", "took": 1e9, "not_before": None}
    store.make_host(site.host)
    (store.of_host(site.host) / "pace.json").write_text(json.dumps(said))
    get(make_fetcher(chance=MIDDLE), site, 1)
    assert time.slept[0] == 30.0  # nothing takes longer than the longest time-out


def test_one_request_at_a_time_among_threads(make_fetcher, site):
    for number in range(4):
        site.at(f"/{number}", html("<p>x</p>", silence=0.05))
    fetchers = [make_fetcher(sleep=lambda seconds: None) for _ in range(2)] * 2
    threads = [threading.Thread(target=get, args=(fetcher, site, number)) for number, fetcher in enumerate(fetchers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(site.paths()) == ["/0", "/1", "/2", "/3"]
    assert site.most_at_once == 1


RUN = """
import sys, threading
from nlpchat.scrape.fetch import Fetcher
from nlpchat.scrape.store import PageStore
folder, host, *paths = sys.argv[1:]
fetcher = Fetcher(PageStore(folder), sleep=lambda seconds: None, allow=(host,))
print("ready", flush=True)
sys.stdin.readline()
for path in paths:
    fetcher.get(f"http://{host}{path}")
"""


def test_one_request_at_a_time_among_processes_and_no_page_twice(site, store):
    for number in range(6):
        site.at(f"/{number}", html("<p>x</p>", silence=0.03))
    paths = [f"/{number}" for number in range(6)]
    command = [sys.executable, "-c", RUN, str(store.folder), site.host]
    runs = [
        subprocess.Popen([*command, *order], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for order in (paths, paths[::-1])
    ]
    for run in runs:
        run.stdout.readline()
    for run in runs:
        run.stdin.write("go\n")
        run.stdin.flush()
    for run in runs:
        with run:
            run.communicate(timeout=60)
        assert run.returncode == 0
    assert sorted(site.paths(robots=True)) == [*paths, "/robots.txt"]
    assert site.most_at_once == 1


def test_whoever_is_not_patient_is_told_that_somebody_is_there(store, time):
    turns = Turns(store, Pace(), Clocks(time.clock, time.sleep, time.now, MIDDLE))
    with turns.taken("a.org"):
        with (
            pytest.raises(ScrapeError, match=r"a\.org: another run is asking this site"),
            turns.taken("a.org", patient=False),
        ):
            pass
        with turns.taken("b.org", patient=False):
            pass
    with turns.taken("a.org", patient=False):
        pass


def test_real_clocks_keep_the_pace_too(make_fetcher, site):
    """Nothing injected: the server's own clock says how far apart two requests came."""
    came = []
    for path in ("/1", "/2"):
        site.at(path, html("<p>x</p>", before=lambda: came.append(real_time.monotonic())))
    fetcher = make_fetcher(clock=real_time.monotonic, sleep=real_time.sleep, now=lambda: datetime.now(UTC))
    fetcher.store.put_robots(site.host, "", url=site.url("/robots.txt"), status=404, fetched_at=datetime.now(UTC))
    get(fetcher, site, 1, 2)
    assert 3.0 <= came[1] - came[0] <= 8.0
