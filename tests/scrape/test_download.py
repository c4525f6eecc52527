"""Big files: whole or not at all, gone on with where they stopped, and only if they are still the same."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nlpchat.errors import OutputError, RecipeError, RefusedError, ScrapeError
from nlpchat.scrape.download import download
from nlpchat.scrape.fetch import Pace
from tests.scrape.server import Answer, cloudflare, error, file, html, redirect, silent

ROOT = Path(__file__).parents[2]
CONTENT = random.Random(5).randbytes(300_000)
OTHER = random.Random(6).randbytes(250_000)
TAG, DATE = '"v1"', "Wed, 01 Jul 2026 02:00:00 GMT"
SHA1, SHA256 = hashlib.sha1(CONTENT).hexdigest(), hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "dump.xml.bz2"


@pytest.fixture
def fetcher(make_fetcher):
    return make_fetcher(chance=lambda low, high: 1.0)


def half(path, site, *, length=100_000, url="/dump", content=CONTENT, **said):
    """What a run that was stopped has left."""
    path.with_name(path.name + ".part").write_bytes(content[:length])
    known = {"url": site.url(url), "etag": TAG, "last_modified": None, "size": len(CONTENT)} | said
    path.with_name(path.name + ".part.json").write_text(json.dumps(known))


def ranges(site):
    return [asked.headers.get("range") for asked in site.asked if asked.path == "/dump"]


def test_a_file_as_it_came_and_nothing_beside(fetcher, site, path):
    site.at("/dump", file(CONTENT, ETag=TAG))
    assert download(fetcher, site.url("/dump"), path) == path
    assert path.read_bytes() == CONTENT
    assert [left for left in path.parent.iterdir() if left.is_file()] == [path]
    asked = site.asked[-1].headers
    assert asked["user-agent"].startswith("nlpchat/")
    assert asked["accept-encoding"] == "identity"
    assert "range" not in asked


def test_what_is_there_is_not_asked_for(make_fetcher, site, path):
    path.write_bytes(CONTENT)
    assert download(make_fetcher(offline=True), site.url("/dump"), path, checksum=SHA256) == path
    assert site.asked == []


def test_what_is_there_but_another_file_is_an_error_and_stays(fetcher, site, path):
    path.write_bytes(OTHER)
    with pytest.raises(ScrapeError, match=r"its sha1 is not .* Remove it"):
        download(fetcher, site.url("/dump"), path, checksum=SHA1)
    assert path.read_bytes() == OTHER
    assert site.asked == []


def test_how_far_it_is_is_said(fetcher, site, path):
    said = []
    site.at("/dump", file(CONTENT, ETag=TAG))
    download(fetcher, site.url("/dump"), path, progress=lambda done, size: said.append((done, size)))
    assert said[0] == (0, len(CONTENT))
    assert said[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in said] == sorted(done for done, _ in said)
    assert len(said) > 3


@pytest.mark.parametrize(
    ("headers", "validator"),
    [({"ETag": TAG}, TAG), ({"Last_Modified": DATE}, DATE), ({"ETag": TAG, "Last_Modified": DATE}, TAG),
     ({"ETag": 'W/"v1"', "Last_Modified": DATE}, DATE)],
)  # fmt: skip
def test_it_goes_on_where_it_stopped(fetcher, site, path, headers, validator):
    site.at("/dump", file(CONTENT, **headers))
    half(path, site, etag=headers.get("ETag"), last_modified=headers.get("Last_Modified"))
    said = []
    download(fetcher, site.url("/dump"), path, progress=lambda done, size: said.append((done, size)))
    assert path.read_bytes() == CONTENT
    assert ranges(site) == ["bytes=100000-"]
    assert site.asked[-1].headers["if-range"] == validator
    assert said[0] == (100_000, len(CONTENT))


def test_a_file_that_changed_meanwhile_begins_anew(fetcher, site, path):
    site.at("/dump", file(OTHER, ETag='"v2"'))
    half(path, site)
    download(fetcher, site.url("/dump"), path)
    assert path.read_bytes() == OTHER
    assert ranges(site) == ["bytes=100000-"]  # If-Range made the server send it whole, at once


class TestServersThatDoNotKnowIfRange:
    """They send the rest of another file; each sign of it is enough."""

    def begins_anew(self, fetcher, site, path, **headers):
        changed = file(OTHER, **headers)
        rest = Answer(
            206,
            OTHER[100_000:],
            changed.headers | {"Content-Range": f"bytes 100000-249999/{headers.pop('size', 250000)}"},
        )
        site.at("/dump", rest, changed)
        half(path, site)
        download(fetcher, site.url("/dump"), path)
        assert path.read_bytes() == OTHER
        assert ranges(site) == ["bytes=100000-", None]

    def test_another_size(self, fetcher, site, path):
        self.begins_anew(fetcher, site, path)

    def test_another_tag(self, fetcher, site, path):
        self.begins_anew(fetcher, site, path, ETag='"v2"', size=300_000)

    def test_another_date(self, fetcher, site, path):
        self.begins_anew(fetcher, site, path, Last_Modified=DATE, ETag=TAG, size=300_000)

    def test_a_date_that_is_not_repeated_says_nothing(self, fetcher, site, path):
        rest = Answer(206, CONTENT[100_000:], {"ETag": TAG, "Content-Range": "bytes 100000-299999/300000"})
        site.at("/dump", rest, error(404))
        half(path, site, last_modified=DATE)
        download(fetcher, site.url("/dump"), path)
        assert path.read_bytes() == CONTENT

    @pytest.mark.parametrize(
        "given", ["", "bytes 0-299999/300000", "bytes 99999-299999/300000", "100000-299999/300000"]
    )
    def test_another_part_than_asked_for(self, fetcher, site, path, given):
        wrong = Answer(206, CONTENT[:200_000], {"ETag": TAG, "Content-Range": given})
        site.at("/dump", wrong, file(CONTENT, ETag=TAG))
        half(path, site)
        download(fetcher, site.url("/dump"), path)
        assert path.read_bytes() == CONTENT


def test_a_file_that_became_shorter_begins_anew(fetcher, site, path):
    site.at("/dump", Answer(416, b"", {"Content-Range": "bytes */250000"}), file(OTHER, ETag='"v2"'))
    half(path, site, length=280_000)
    download(fetcher, site.url("/dump"), path)
    assert path.read_bytes() == OTHER


def test_a_server_without_ranges_sends_it_whole(fetcher, site, path):
    site.at("/dump", file(CONTENT, ETag=TAG).but(ranged=False))
    half(path, site)
    download(fetcher, site.url("/dump"), path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("said", [{"etag": None}, {"etag": 'W/"v1"'}, {"url": "https://autre.test/"}, {"more": 1}])
def test_a_part_that_cannot_be_known_again_begins_anew(fetcher, site, path, said):
    site.at("/dump", file(CONTENT, ETag=TAG))
    half(path, site, content=OTHER, **said)
    download(fetcher, site.url("/dump"), path)
    assert path.read_bytes() == CONTENT
    assert ranges(site) == [None]


def test_a_part_without_its_note_begins_anew(fetcher, site, path):
    site.at("/dump", file(CONTENT, ETag=TAG))
    half(path, site, content=OTHER)
    path.with_name(path.name + ".part.json").unlink()
    download(fetcher, site.url("/dump"), path)
    assert path.read_bytes() == CONTENT


def test_a_part_that_is_whole_only_needs_its_name(make_fetcher, site, path):
    """Killed between the last byte and the renaming."""
    half(path, site, length=len(CONTENT))
    download(make_fetcher(offline=True), site.url("/dump"), path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    assert site.asked == []


def test_a_part_that_is_whole_though_its_size_was_never_said(fetcher, site, path):
    site.at("/dump", file(CONTENT, ETag=TAG))
    half(path, site, length=len(CONTENT), size=None)
    download(fetcher, site.url("/dump"), path)
    assert path.read_bytes() == CONTENT
    assert ranges(site) == ["bytes=300000-"]


def test_a_size_that_is_not_said(fetcher, site, path):
    site.at("/dump", file(CONTENT, ETag=TAG).but(chunked=True))
    download(fetcher, site.url("/dump"), path)
    assert path.read_bytes() == CONTENT


def test_an_empty_file(fetcher, site, path):
    site.at("/dump", file(b"", ETag=TAG))
    download(fetcher, site.url("/dump"), path)
    assert path.read_bytes() == b""


@pytest.mark.parametrize("checksum", [SHA1, SHA256, SHA256.upper(), hashlib.sha512(CONTENT).hexdigest()])
def test_a_checksum_that_agrees(fetcher, site, path, checksum):
    site.at("/dump", file(CONTENT, ETag=TAG))
    assert download(fetcher, site.url("/dump"), path, checksum=f" {checksum}\n").read_bytes() == CONTENT


def test_a_checksum_that_does_not(fetcher, site, path):
    site.at("/dump", file(OTHER, ETag=TAG))
    with pytest.raises(ScrapeError, match=rf"with the sha256 [0-9a-f]+, not {SHA256}"):
        download(fetcher, site.url("/dump"), path, checksum=SHA256)
    assert [left for left in path.parent.iterdir() if left.is_file()] == []


@pytest.mark.parametrize("checksum", ["", "abc", "g" * 64, "a" * 32])
def test_what_is_no_checksum(fetcher, site, path, checksum):
    with pytest.raises(RecipeError, match="SHA-256"):
        download(fetcher, site.url("/dump"), path, checksum=checksum)
    assert site.asked == []


def test_a_connection_that_breaks_is_gone_on_with(fetcher, site, path, time):
    whole = file(CONTENT, ETag=TAG)
    site.at("/dump", whole.but(cut_at=90_000), whole.but(cut_at=80_000), whole)
    download(fetcher, site.url("/dump"), path, checksum=SHA256)
    first, second, third = ranges(site)
    assert first is None
    assert 0 < int(second[6:-1]) <= 90_000
    assert int(second[6:-1]) < int(third[6:-1]) <= 170_000
    assert time.slept == [3.0, 10.0, 10.0]  # something came each time: the tries begin anew


def test_hours_that_a_body_took_are_not_waited(fetcher, site, path, time):
    whole = file(CONTENT, ETag=TAG)
    site.at("/dump", whole.but(cut_at=90_000), whole)
    download(fetcher, site.url("/dump"), path, progress=lambda done, size: time.advance(3600))
    assert time.slept == [3.0, 10.0]


def test_a_connection_that_breaks_before_anything_new_three_times_is_the_end(fetcher, site, path, time):
    site.at("/dump", file(CONTENT, ETag=TAG).but(cut_at=0))
    half(path, site)
    with pytest.raises(ScrapeError, match="three times"):
        download(fetcher, site.url("/dump"), path)
    assert time.slept == [3.0, 10.0, 30.0]
    assert path.with_name(path.name + ".part").stat().st_size == 100_000  # kept for the next run


def test_a_server_that_breaks_at_the_same_byte_each_time_is_left(fetcher, site, path):
    """Without ranges each try begins anew, and is no progress."""
    site.at("/dump", file(CONTENT).but(cut_at=90_000, ranged=False))
    with pytest.raises(ScrapeError, match="three times"):
        download(fetcher, site.url("/dump"), path)
    assert len(ranges(site)) <= 8


def test_more_or_less_than_announced_is_not_the_file(fetcher, site, path):
    wrong = Answer(
        206, CONTENT[100_000:] + b"more", {"ETag": TAG, "Content-Range": f"bytes 100000-299999/{len(CONTENT)}"}
    )
    site.at("/dump", wrong, file(CONTENT, ETag=TAG))
    half(path, site)
    download(fetcher, site.url("/dump"), path)
    assert path.read_bytes() == CONTENT


def test_three_silences_in_a_row_are_a_refusal(make_fetcher, site, path):
    site.at("/dump", silent())
    with pytest.raises(RefusedError, match="3 times in a row"):
        download(make_fetcher(pace=Pace(timeout=(2.0, 0.15))), site.url("/dump"), path)
    assert len(ranges(site)) == 3


def test_silences_between_pieces_are_gone_on_with(make_fetcher, site, path):
    slow = file(CONTENT, ETag=TAG).but(pieces=10, pause=0.4)
    site.at("/dump", slow, slow, slow, slow, file(CONTENT, ETag=TAG))
    download(make_fetcher(pace=Pace(timeout=(2.0, 0.15))), site.url("/dump"), path)
    assert path.read_bytes() == CONTENT
    assert len(ranges(site)) == 5


def test_a_download_may_take_hours(make_fetcher, site, path):
    """The two minutes that a page has do not hold for a dump."""
    ticks = iter(range(0, 10**9, 1000))
    site.at("/dump", file(CONTENT, ETag=TAG).but(pieces=6, pause=0.01))
    fetcher = make_fetcher(clock=lambda: float(next(ticks)))
    assert download(fetcher, site.url("/dump"), path).read_bytes() == CONTENT


def test_robots_txt_holds(fetcher, site, path):
    site.robots("User-agent: *\nDisallow: /dump\n")
    site.at("/dump", file(CONTENT))
    with pytest.raises(RefusedError, match='"Disallow: /dump"'):
        download(fetcher, site.url("/dump"), path)
    assert site.paths() == []


def test_a_redirect_on_the_host_is_followed_and_asks_robots_txt(fetcher, site, path):
    site.robots("User-agent: *\nDisallow: /secret\n")
    site.at("/latest", redirect("/dump"))
    site.at("/dump", file(CONTENT, ETag=TAG))
    half(path, site, url="/latest")
    assert download(fetcher, site.url("/latest"), path).read_bytes() == CONTENT
    assert ranges(site) == ["bytes=100000-"]
    site.at("/latest2", redirect("/secret"))
    with pytest.raises(RefusedError):
        download(fetcher, site.url("/latest2"), path.with_name("b"))


@pytest.mark.parametrize(
    ("to", "says"), [("https://autre.test/d", "another site"), ("/dump", "on and on"), ("ftp://x/", "no web address")]
)
def test_other_redirects_are_not(fetcher, site, path, to, says):
    site.at("/dump", redirect(to))
    with pytest.raises(ScrapeError, match=says):
        download(fetcher, site.url("/dump"), path)


def test_the_addresses_are_checked(make_fetcher, path):
    with pytest.raises(ScrapeError, match="only https"):
        download(make_fetcher(), "http://films.test/dump", path)
    with pytest.raises(ScrapeError, match="not of the open internet"):
        download(make_fetcher(), "https://127.0.0.1/dump", path)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (error(404), "answered 404"),
        (html("<p>Page d'accueil</p>"), "sends a page, not a file"),
        (file(CONTENT, Content_Encoding="gzip"), "packed as 'gzip'"),
        (Answer(204), "answered 204"),
    ],
)
def test_what_is_no_file(fetcher, site, path, answer, says):
    site.at("/dump", answer)
    with pytest.raises(ScrapeError, match=says) as fault:
        download(fetcher, site.url("/dump"), path)
    assert not isinstance(fault.value, RefusedError)
    assert not path.exists()


@pytest.mark.parametrize("answer", [error(403), cloudflare(200), cloudflare(503)])
def test_a_refusal(fetcher, site, path, answer):
    site.at("/dump", answer)
    with pytest.raises(RefusedError, match="the site refuses"):
        download(fetcher, site.url("/dump"), path)


def test_offline(make_fetcher, site, path):
    with pytest.raises(ScrapeError, match="without --offline"):
        download(make_fetcher(offline=True), site.url("/dump"), path)


def test_no_folder(fetcher, site, tmp_path):
    with pytest.raises(OutputError, match="Make it first"):
        download(fetcher, site.url("/dump"), tmp_path / "a" / "dump")
    assert site.asked == []


def test_a_disk_that_is_too_small_is_seen_before_anything_is_written(fetcher, site, path, monkeypatch):
    site.at("/dump", file(CONTENT, ETag=TAG))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**6, 10**6, 1000))
    with pytest.raises(OutputError, match=r"GB are free\. Make some room"):
        download(fetcher, site.url("/dump"), path)
    assert not path.with_name(path.name + ".part").exists()


def test_a_second_run_for_the_same_host_is_refused_at_once(fetcher, site, path):
    with fetcher.turns.taken(site.host), pytest.raises(ScrapeError, match="another run"):
        download(fetcher, site.url("/dump"), path)


RUN = """
import sys
from nlpchat.scrape.download import download
from nlpchat.scrape.fetch import Fetcher
from nlpchat.scrape.store import PageStore
folder, host, path = sys.argv[1:]
fetcher = Fetcher(PageStore(folder), sleep=lambda seconds: None, allow=(host,))
download(fetcher, f"http://{host}/dump", path)
"""


def test_killed_in_the_middle_it_goes_on_where_it_was(fetcher, site, store, path):
    dripping = file(CONTENT, ETag=TAG).but(pieces=30, pause=0.05)
    site.at("/dump", dripping, file(CONTENT, ETag=TAG))
    part = path.with_name(path.name + ".part")
    run = subprocess.Popen([sys.executable, "-c", RUN, str(store.folder), site.host, str(path)], cwd=ROOT)
    with run:
        while run.poll() is None and not (part.exists() and part.stat().st_size > 50_000):
            site.pause(0.01)
        os.kill(run.pid, signal.SIGKILL)
        assert run.wait(30) == -signal.SIGKILL
    come = part.stat().st_size
    assert 50_000 < come < len(CONTENT)
    download(fetcher, site.url("/dump"), path, checksum=SHA256)
    assert ranges(site) == [None, f"bytes={come}-"]
    assert [left for left in path.parent.iterdir() if left.is_file()] == [path]
