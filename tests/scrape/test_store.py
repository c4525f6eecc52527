"""Kept pages: read back as they were put, whole or not there, whatever moment a run was killed at."""

import gzip
import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.errors import OutputError
from nlpchat.scrape.store import PageStore

URL = "https://www.example.org/film/1/?page=2"
AT = datetime(2026, 7, 14, 9, 30, 0, 250_000, tzinfo=UTC)
SENT = {"content-type": "text/html; charset=utf-8", "etag": '"1"', "set-cookie": "id=personne", "server": "x"}


def put(store, body=b"<p>une page</p>", **given):
    said = {"final_url": URL, "status": 200, "headers": SENT, "fetched_at": AT} | given
    return store.put(URL, body=body, **said)


def files(store):
    return sorted(path for path in store.folder.rglob("*") if path.is_file())


def test_what_was_put_is_there_for_the_next_run(store):
    page = put(store)
    assert not page.from_store
    again = PageStore(store.folder).get(URL)
    assert again.from_store
    assert again.body == b"<p>une page</p>"
    assert (again.url, again.final_url, again.status, again.fetched_at) == (URL, URL, 200, AT)
    assert again.content_type == "text/html; charset=utf-8"
    assert again.path == page.path
    assert not again.moved


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=300), st.dictionaries(st.sampled_from(["content-type", "etag", "x"]), st.text(max_size=20)))
def test_any_body_and_header_comes_back(tmp_path_factory, body, headers):
    store = PageStore(tmp_path_factory.mktemp("store"))
    try:
        put(store, body, headers=headers)
    except UnicodeEncodeError:  # a lone surrogate, which no server can send
        return
    again = store.get(URL)
    assert (again.body, again.content_type) == (body, headers.get("content-type", ""))


def test_its_files_are_named_by_host_and_address_and_say_what_was_sent(store):
    path = put(store).path
    assert path.parent == store.folder / "www.example.org"
    assert len(path.name) == 64 + len(".html.gz")
    assert path.read_bytes()[4:8] == bytes(4)  # gzip's own date: none
    assert gzip.decompress(path.read_bytes()) == b"<p>une page</p>"
    said = json.loads(path.with_name(path.name.replace(".html.gz", ".json")).read_text(encoding="utf-8"))
    assert said["url"] == URL
    assert said["fetched_at"] == "2026-07-14T09:30:00.250000Z"
    assert said["headers"] == {
        "content-type": "text/html; charset=utf-8",
        "etag": '"1"',
    }  # no cookie, nothing of the server


def test_the_same_page_gives_the_same_bytes(store, tmp_path):
    other = PageStore(tmp_path / "other")
    assert [path.read_bytes() for path in files(store)] == []
    put(store)
    put(other, fetched_at=AT.astimezone(timezone(timedelta(hours=2))))
    assert [path.read_bytes() for path in files(store)] == [path.read_bytes() for path in files(other)]


def test_an_address_is_known_in_whatever_way_it_is_written(store):
    put(store)
    assert store.get("HTTPS://WWW.example.org:443/film/./1/?page=2#avis") is not None
    assert store.get("https://www.example.org/film/1/?page=3") is None


def test_moved(store):
    assert put(store, final_url="https://www.example.org/film/1/?page=1").moved
    assert not put(store, final_url="https://WWW.example.org/film/1/?page=2#haut").moved


def test_a_port_makes_a_folder_that_every_system_takes(store):
    store.put(
        "http://127.0.0.1:8080/", final_url="http://127.0.0.1:8080/", status=200, body=b"", headers={}, fetched_at=AT
    )
    assert (store.folder / "127.0.0.1_8080").is_dir()


def spoil_json(key, value):
    def spoil(path):
        said_path = path.with_name(path.name.replace(".html.gz", ".json"))
        said = json.loads(said_path.read_bytes())
        said_path.write_text(json.dumps(said | {key: value}))

    return spoil


DAMAGE = {
    "no body": lambda path: path.unlink(),
    "no json": lambda path: path.with_name(path.name.replace(".html.gz", ".json")).unlink(),
    "half a body": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "another body": lambda path: path.write_bytes(gzip.compress(b"autre")),
    "no gzip": lambda path: path.write_bytes(b"<p>une page</p>"),
    "half a json": lambda path: path.with_name(path.name.replace(".html.gz", ".json")).write_text('{"url": "htt'),
    "a list": lambda path: path.with_name(path.name.replace(".html.gz", ".json")).write_text("[1]"),
    "zeros": lambda path: path.with_name(path.name.replace(".html.gz", ".json")).write_bytes(bytes(200)),
    "of another address": spoil_json("url", "https://www.example.org/"),
    "no address": spoil_json("final_url", "javascript:1"),
    "no status": spoil_json("status", None),
    "no zone": spoil_json("fetched_at", "2026-07-14T09:30:00"),
    "headers of no kind": spoil_json("headers", None),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_pair_counts_as_not_there_and_can_be_put_again(store, damage):
    damage(put(store).path)
    assert store.get(URL) is None
    put(store)
    assert store.get(URL) is not None


def killed_at(call, work):
    """Runs `work` in a child that dies, as from kill -9, at its `call`-th change on the disk; whether it got that far."""
    child = os.fork()
    if child == 0:
        calls = 0

        def dying(function):
            def change(*args, **options):
                nonlocal calls
                calls += 1
                if calls == call:
                    os._exit(9)
                return function(*args, **options)

            return change

        for name in ("write_bytes", "write_text", "replace", "chmod", "mkdir"):
            setattr(Path, name, dying(getattr(Path, name)))
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_kill_at_any_moment_leaves_a_whole_page_or_none(tmp_path):
    first, moments = b"<p>l'ancienne</p>", 0
    while True:
        store = PageStore(tmp_path / str(moments))
        if moments % 2:  # in turn: the page is there already, or it is the first of its store
            put(store, first)
        if not killed_at(moments + 1, lambda store=store: put(store)):
            break
        moments += 1
        page = store.get(URL)
        assert page is None or page.body in (first, b"<p>une page</p>")
        put(store)
        assert store.get(URL).body == b"<p>une page</p>"
        store.sweep("www.example.org")
        assert len(files(store)) == 2
    assert moments >= 8  # two files, each made, filled, renamed


def test_sweeping_leaves_what_is_whole(store):
    page = put(store)
    store.put_robots("www.example.org", "x", url=URL, status=200, fetched_at=AT)
    before = files(store)
    (page.path.parent / f".{page.path.name}.abcd.gz").write_bytes(b"half")
    (page.path.parent / ".robots.txt.abcd.txt").write_bytes(b"half")
    store.sweep("www.example.org")
    assert files(store) == before


def test_robots_txt_can_be_read_by_a_person_and_comes_back(store):
    text = "# règles\nUser-agent: *\r\nDisallow: /\n"
    kept = store.put_robots(
        "www.example.org", text, url="https://www.example.org/robots.txt", status=200, fetched_at=AT
    )
    assert kept.path.read_bytes() == text.encode()
    assert store.robots("www.example.org") == kept
    assert store.robots("example.org") is None
    kept.path.parent.rename(store.folder / "example.org")
    assert store.robots("example.org") is None  # another site's
    (store.folder / "example.org").rename(kept.path.parent)
    kept.path.write_text("User-agent: *\nAllow: /\n")  # changed by hand: not what the site said
    assert store.robots("www.example.org") is None


def test_a_store_without_a_parent_says_what_to_do(tmp_path):
    with pytest.raises(OutputError, match="Make it first"):
        put(PageStore(tmp_path / "a" / "b"))
