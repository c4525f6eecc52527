"""The run: the same folder whatever the processes, the batches and the interruptions."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from nlpchat.errors import CorpusError, OutputError, RecipeError
from nlpchat.scrape.wikipedia import choose
from nlpchat.scrape.wikipedia.dumps import Batch, batches, look
from nlpchat.scrape.wikipedia.extract import Extracted, ExtractOptions, extract
from nlpchat.scrape.wikipedia.folder import date_of
from nlpchat.scrape.wikipedia.parts import WorkOptions, work
from nlpchat.training.texts import documents
from tests.scrape.wikipedia import made

COUNT = 90
ALL = ExtractOptions(tokens=None, held_out=0.2, batch_bytes=20_000)
RUN = """
import sys
from nlpchat.errors import NlpchatError
from nlpchat.scrape.wikipedia.extract import ExtractOptions, extract
if __name__ == "__main__":
    options = ExtractOptions(tokens=None, held_out=0.2, batch_bytes=int(sys.argv[3]))
    try:
        extract(sys.argv[1], sys.argv[2], options, processes=2)
    except NlpchatError as fault:
        sys.exit(f"{type(fault).__name__}: {fault}")
"""


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "frwiki-20260401-pages-articles-multistream.xml.bz2"
    path.write_bytes(made.in_every_form(COUNT)["multistream"])
    return path


@pytest.fixture(scope="module")
def whole(dump: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as one process makes it, undisturbed."""
    folder = tmp_path_factory.mktemp("whole") / "wiki"
    extract(dump, folder, ALL, processes=1)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def summary(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return read


def texts(folder: Path) -> dict[str, list[str]]:
    """Title -> lines, of all splits."""
    found = {}
    for path in sorted(folder.glob("*.txt.xz")):
        for document in documents(path):
            assert document.lines[0] not in found
            found[document.lines[0]] = list(document.lines[1:])
    return found


def test_documents_are_whole_with_their_titles_and_read_back_by_training(whole: Path) -> None:
    found = texts(whole)
    assert set(found) == {f"Lieu {number}" for number in range(1, COUNT + 1)}
    for number in range(1, COUNT + 1):
        assert [line for line in found[f"Lieu {number}"] if line != made.SHARED] == [
            line for line in made.text(number).split("\n\n") if line != made.SHARED
        ]
    shared = [title for title, lines in found.items() if made.SHARED in lines]
    first = min(range(3, COUNT + 1, 3), key=lambda number: choose.place(number, 0))
    assert shared == [f"Lieu {first}"]


def test_the_other_files_say_what_is_in_it(whole: Path) -> None:
    rows = gzip.decompress((whole / "pages.tsv.gz").read_bytes()).decode().splitlines()
    pages = [row.split("\t") for row in rows[1:]]
    assert rows[0] == "page_id\ttitle\tsplit\ttokens"
    assert [(int(page), title) for page, title, *_ in pages] == [(n, f"Lieu {n}") for n in range(1, COUNT + 1)]
    told = summary(whole)
    splits = Counter(split for _, _, split, _ in pages)
    assert {split: of["documents"] for split, of in told["splits"].items()} == splits
    assert all(splits[split] > 5 for split in ("train", "valid", "test"))
    for split in splits:
        lines = [document.lines for path in sorted(whole.glob(f"{split}-*.txt.xz")) for document in documents(path)]
        counted = sum(choose.count_tokens(line) for document in lines for line in document)
        assert counted == told["splits"][split]["tokens"] == sum(int(row[3]) for row in pages if row[2] == split)
        assert told["splits"][split]["lines"] == sum(map(len, lines))
    assert told["tokens"] == told["tokens_available"] == sum(of["tokens"] for of in told["splits"].values())
    assert told["duplicate_paragraphs"] == COUNT // 3 - 1
    notice = (whole / "NOTICE.txt").read_text(encoding="utf-8")
    for said in ("frwiki-20260401-pages-articles-multistream.xml.bz2, of 2026-04-01", "2026-03-28", "CC BY-SA 4.0"):
        assert said in notice
    assert "https://fr.wikipedia.org/w/index.php?curid=PAGE_ID&action=history" in notice


def test_why_pages_were_left_out_is_counted(tmp_path: Path) -> None:
    titles = "\n\n".join(f"Film numéro {number}, qui ne finit pas comme une phrase" for number in range(60))
    pages = [
        made.page(1), made.page(2, "Trop court."), made.page(3, "#REDIRECTION [[Lieu 1]]"), made.page(4, ns=10),
        made.page(5, title="Pont (homonymie)"), made.page(6, titles), made.page(1), made.page(7, made.text(1)), made.page(8),
    ]  # fmt: skip
    path = tmp_path / "dump"
    path.write_bytes(made.xml(pages))
    found = extract(path, tmp_path / "wiki", ALL, processes=1)
    assert found.left_out == {
        "too short": 1, "redirect": 1, "other namespace": 1, "homonyms": 1, "few sentences": 1, "there twice": 1,
        "too short without its duplicates": 1,
    }  # fmt: skip
    assert found.pages == 9 == sum(found.documents.values()) + sum(found.left_out.values())
    assert found.whole is True


@pytest.mark.parametrize(("processes", "batch"), [(2, 20_000), (1, 3_000), (1, 10_000_000)])
def test_neither_processes_nor_batches_change_the_text(
    dump: Path, whole: Path, tmp_path: Path, processes: int, batch: int
) -> None:
    options = ExtractOptions(tokens=None, held_out=0.2, batch_bytes=batch)
    extract(dump, tmp_path / "wiki", options, processes=processes)
    expected, now = content(whole), content(tmp_path / "wiki")
    if batch != ALL.batch_bytes:
        assert expected.pop("summary.json") != now.pop("summary.json")
    assert now == expected
    assert not (tmp_path / "wiki.parts").exists()


@pytest.mark.parametrize("form", ["single", "cut anywhere", "gzip", "plain"])
def test_nor_does_the_form_of_the_dump(whole: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / "dump"
    path.write_bytes(made.in_every_form(COUNT)[form])
    extract(path, tmp_path / "wiki", ALL, processes=1)
    assert texts(tmp_path / "wiki") == texts(whole)


def test_the_search_index_gives_the_same_articles(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(made.in_every_form(COUNT)["cirrus gz"])
    found = extract(path, tmp_path / "wiki", ALL, processes=1)
    expected, now = texts(whole), texts(tmp_path / "wiki")
    assert now.keys() == expected.keys()
    assert " ".join(now["Lieu 1"]) == " ".join(expected["Lieu 1"])
    assert found.whole is None


def test_a_budget_takes_a_part_and_a_larger_one_more(dump: Path, whole: Path, tmp_path: Path) -> None:
    before: dict[str, list[str]] = {}
    for tokens in (1_000, 5_000, 12_000):
        folder = tmp_path / str(tokens)
        found = extract(dump, folder, ExtractOptions(tokens=tokens, batch_bytes=20_000), processes=1)
        now = texts(folder)
        assert tokens <= found.tokens < tokens + 600  # an article has fewer
        assert before.items() <= now.items() <= texts(whole).items()
        before = now
    found = extract(dump, tmp_path / "more", ExtractOptions(tokens=10**9, batch_bytes=20_000), processes=1)
    assert found.tokens == found.available == summary(whole)["tokens"]
    assert summary(tmp_path / "more")["tokens_missing"] == 10**9 - found.tokens


def test_an_estimate_that_is_too_high_costs_more_turns_and_changes_nothing(
    dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ExtractOptions(tokens=12_000, batch_bytes=20_000)
    extract(dump, tmp_path / "once", options, processes=1)
    monkeypatch.setitem(choose.TOKENS_PER_BYTE, "xml", 10.0)
    extract(dump, tmp_path / "often", options, processes=1)
    assert summary(tmp_path / "often")["share"] < 0.3 < summary(tmp_path / "once")["share"]
    often, once = content(tmp_path / "often"), content(tmp_path / "once")
    assert often.pop("summary.json") != once.pop("summary.json")
    assert often == once
    told = summary(tmp_path / "often")
    assert (
        told["pages"] == COUNT == sum(told["left_out"].values()) + sum(s["documents"] for s in told["splits"].values())
    )


def parts_of(folder: Path) -> dict[Path, int]:
    """The parts of a run, and when each was written."""
    found = folder.with_name(f"{folder.name}.parts").glob("part-*")
    return {path: path.stat().st_mtime_ns for path in found}


def started(dump: Path, folder: Path, batch: int = 3_000) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(dump), str(folder), str(batch)], stderr=subprocess.PIPE, text=True
    )


def wait_for_parts(folder: Path, count: int) -> None:
    limit = time.monotonic() + 120
    while len(list(folder.with_name(f"{folder.name}.parts").glob("part-*"))) < count:
        assert time.monotonic() < limit, "no parts appeared"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def long_dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many small streams: enough of them that a run is killed before its end."""
    path = tmp_path_factory.mktemp("long") / "frwiki.xml.bz2"
    path.write_bytes(made.multistream([made.page(number) for number in range(1, 401)], each=2))
    return path


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(long_dump: Path, tmp_path: Path) -> None:
    options = ExtractOptions(tokens=None, held_out=0.2, batch_bytes=3_000)
    extract(long_dump, tmp_path / "whole", options, processes=1)
    folder = tmp_path / "killed"
    process = started(long_dump, folder)
    wait_for_parts(folder, 20)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    assert len(children) >= 2
    assert not psutil.wait_procs(children, timeout=30)[1], "workers outlived the run"
    assert not folder.exists()
    done = parts_of(folder)
    assert 20 <= len(done) < 200

    now: dict[Path, int] = {}
    extract(long_dump, folder, options, processes=2, tell=lambda progress: now.update(parts_of(folder)))
    assert {part: now[part] for part in done} == done, "a part was made twice"
    assert len(now) > len(done)
    assert content(folder) == content(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed", "whole"]


def test_a_worker_that_is_killed_ends_the_run_in_one_line_and_nothing_is_lost(long_dump: Path, tmp_path: Path) -> None:
    process = started(long_dump, tmp_path / "wiki")
    wait_for_parts(tmp_path / "wiki", 5)
    workers = [child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())]
    os.kill(workers[0].pid, signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said.strip().startswith("NlpchatError: a worker was ended from outside")
    assert len(list((tmp_path / "wiki.parts").glob("part-*"))) >= 5


def test_parts_of_other_options_or_of_another_dump_are_refused(dump: Path, tmp_path: Path) -> None:
    broken = tmp_path / "frwiki.bz2"
    broken.write_bytes(dump.read_bytes()[:-3000])
    with pytest.raises(CorpusError, match="cut off"):
        extract(broken, tmp_path / "wiki", ALL, processes=1)
    parts = len(list((tmp_path / "wiki.parts").glob("part-*")))
    assert parts == 2
    with pytest.raises(
        OutputError, match=r"belongs to another run \(options min chars: 1000 there, 500 now\)\. Give the same"
    ):
        extract(broken, tmp_path / "wiki", ExtractOptions(None, 500, held_out=0.2, batch_bytes=20_000), processes=1)
    broken.write_bytes(broken.read_bytes()[:-1])
    with pytest.raises(OutputError, match=r"\(dump bytes: \d+ there, \d+ now;"):
        extract(broken, tmp_path / "wiki", ALL, processes=1)
    broken.write_bytes(made.multistream([made.page(number) for number in range(2, 9)]))
    with pytest.raises(OutputError, match=r"dump sha256 of first mib: \w+ there, \w+ now"):
        extract(broken, tmp_path / "wiki", ALL, processes=1)
    assert len(list((tmp_path / "wiki.parts").glob("part-*"))) == parts


@pytest.mark.parametrize("form", ["multistream", "single"])
def test_a_dump_that_was_cut_off_goes_on_once_it_is_complete(tmp_path: Path, form: str) -> None:
    complete = made.in_every_form(400)[form]
    path, folder = tmp_path / "frwiki.bz2", tmp_path / "wiki"
    path.write_bytes(complete)
    extract(path, tmp_path / "whole", ALL, processes=1)
    path.write_bytes(complete[: len(complete) * 2 // 3])
    with pytest.raises(CorpusError, match="the dump is cut off"):
        extract(path, folder, ALL, processes=1)
    done, now = parts_of(folder), dict[Path, int]()
    assert len(done) > 5
    path.write_bytes(complete)
    moved = path.rename(tmp_path / "elsewhere.bz2")
    extract(moved, folder, ALL, processes=1, tell=lambda progress: now.update(parts_of(folder)))
    assert {part: now[part] for part in done} == done, "a part was made twice"
    assert content(folder) == content(tmp_path / "whole")


def test_a_part_made_of_other_bytes_is_not_used(dump: Path, tmp_path: Path) -> None:
    cut = tmp_path / "frwiki.bz2"
    cut.write_bytes(dump.read_bytes()[:-3000])
    with pytest.raises(CorpusError):
        extract(cut, tmp_path / "wiki", ALL, processes=1)
    part = tmp_path / "wiki.parts" / "part-0-00001.json.gz"
    lines = gzip.decompress(part.read_bytes()).decode().splitlines()
    head = json.loads(lines[0]) | {"source": "0" * 16}
    part.write_bytes(gzip.compress("\n".join([json.dumps(head), *lines[1:], ""]).encode()))
    with pytest.raises(OutputError, match="made from other bytes than the dump has there"):
        extract(dump, tmp_path / "wiki", ALL, processes=1)


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b damaged"])
def test_a_damaged_part_is_made_again(dump: Path, whole: Path, tmp_path: Path, damage: bytes) -> None:
    cut = tmp_path / dump.name
    cut.write_bytes(dump.read_bytes()[:-3000])
    with pytest.raises(CorpusError):
        extract(cut, tmp_path / "wiki", ALL, processes=1)
    (tmp_path / "wiki.parts" / "part-0-00001.json.gz").write_bytes(damage)
    cut.write_bytes(dump.read_bytes())
    extract(cut, tmp_path / "wiki", ALL, processes=1)
    assert content(tmp_path / "wiki") == content(whole)


def test_what_is_done_already_is_left_alone_and_what_is_damaged_made_again(
    dump: Path, whole: Path, tmp_path: Path
) -> None:
    first = extract(dump, tmp_path / "wiki", ALL, processes=1)
    before = (tmp_path / "wiki" / "summary.json").stat().st_mtime_ns
    again = extract(dump, tmp_path / "wiki", ALL, processes=1)
    assert first.fresh
    assert again == Extracted(**{name: getattr(first, name) for name in Extracted.__slots__} | {"fresh": False})
    assert (tmp_path / "wiki" / "summary.json").stat().st_mtime_ns == before
    (tmp_path / "wiki" / "train-00000.txt.xz").write_bytes(b"")
    assert extract(dump, tmp_path / "wiki", ALL, processes=1).fresh
    assert content(tmp_path / "wiki") == content(whole)
    assert extract(dump, tmp_path / "wiki", ExtractOptions(2_000, batch_bytes=20_000), processes=1).tokens < 3_000


def test_a_folder_of_something_else_is_not_touched(dump: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="holds something else than an extract of a dump"):
        extract(dump, tmp_path, ALL, processes=1)
    with pytest.raises(OutputError, match="does not exist"):
        extract(dump, tmp_path / "no" / "wiki", ALL, processes=1)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_options_that_make_no_sense_are_named_together() -> None:
    with pytest.raises(
        RecipeError, match=r"tokens must be 1 or more, not 0; held_out must be between 0 and 0\.4, not 0\.5\."
    ):
        ExtractOptions(tokens=0, held_out=0.5)


def test_work_and_what_it_gives_can_be_sent_to_another_machine(dump: Path) -> None:
    batch: Batch = list(batches(look(dump), 20_000))[1]
    options = WorkOptions(0, choose.WHOLE, 0, 1000)
    sent, with_options, there = _sent((batch, options, work))
    assert _sent(there(sent, with_options)) == work(batch, options)


def _sent(what: Any) -> Any:
    return pickle.loads(pickle.dumps(what))  # noqa: S301 - what is loaded was dumped in this line


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("frwiki-20260401-pages-articles.xml.bz2", "2026-04-01"),
        ("frwiki-2026-04-01-p3p3466457.xml.bz2", "2026-04-01"),
        ("frwiki_content-20260920-00000.json.bz2", "2026-09-20"),
        ("frwiki-latest-pages-articles1.xml-p1p306134.bz2", None),
    ],
)
def test_the_day_of_a_dump_is_in_its_name(name: str, day: str | None) -> None:
    assert date_of(name) == day


def test_a_dump_without_its_end_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(bz2.compress(made.xml([made.page(1)]).removesuffix(made.FOOTER.encode())))
    assert extract(path, tmp_path / "wiki", ALL, processes=1).whole is False
