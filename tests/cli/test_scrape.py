"""`nlpchat scrape`: its three ways of being called, its exit codes, and what a killed run leaves to the next one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nlpchat import cli
from nlpchat.cli.scrape import COMMANDS, command_first
from nlpchat.scrape import fetch, works
from tests.scrape.made_site import AUTHOR, FILMS, IDS, card, film, listed, make, page
from tests.scrape.server import Site, error, html

PROJECT = Path(__file__).parents[2]
PAGES = PROJECT / "tests" / "scrape" / "pages"
NOW = datetime(2026, 7, 14, 9, 0, tzinfo=UTC)
# As `nlpchat scrape`, but on the test's site, and without waiting.
DRIVER = """
import sys
from datetime import UTC, datetime
from functools import partial
from nlpchat import cli
from nlpchat.scrape import fetch, works

host, *words = sys.argv[1:]
works.ROOT = "http://" + host
fetch.Fetcher = partial(fetch.Fetcher, allow=(host,), sleep=lambda s: None, now=lambda: datetime(2026, 7, 14, 9, 0, tzinfo=UTC))
cli.COMMANDS.setdefault("scrape", "")
cli.main(["scrape", *words])
"""

Run = Callable[..., Result]


@pytest.fixture
def made() -> Iterator[Site]:
    with Site() as site:
        make(site)
        yield site


@pytest.fixture
def run(made: Site, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`nlpchat scrape` on the test's site."""
    monkeypatch.setitem(cli.COMMANDS, "scrape", "")
    monkeypatch.setattr(works, "ROOT", made.url(""))
    quick = partial(fetch.Fetcher, allow=(made.host,), sleep=lambda seconds: None, now=lambda: NOW)
    monkeypatch.setattr(fetch, "Fetcher", quick)
    return lambda *words: CliRunner().invoke(cli.main, ["scrape", *map(str, words)])


def ids(folder: Path) -> list[str]:
    return [
        json.loads(line)["review_id"] for line in (folder / "reviews.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def test_films_from_the_lists(run: Run, made: Site, tmp_path: Path) -> None:
    out = tmp_path / "data" / "allocine"  # neither is there yet
    done = run("allocine", "--films", 100, "--max-reviews", 30, "-o", out)
    assert (done.exit_code, done.stdout) == (
        0,
        f"{out}/reviews.jsonl: 10 reviews of 4 works (6 films and series, 15 pages).\n",
    )
    assert ids(out) == IDS
    assert {path.name for path in out.iterdir()} == {"reviews.jsonl", "NOTICE.txt", "pages"}
    notice = (out / "NOTICE.txt").read_text(encoding="utf-8")
    assert done.stderr.count(notice) == 1
    assert "films or series without a page of reviews: 2." in done.stderr
    for path in (out / "reviews.jsonl", out / "NOTICE.txt"):
        assert AUTHOR not in path.read_text(encoding="utf-8")
    assert AUTHOR not in done.output
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    asked = len(made.asked)
    assert run("allocine", "--films", 100, "--max-reviews", 30, "-o", out).exit_code == 0
    assert run("allocine", "--films", 100, "--max-reviews", 30, "-o", out, "--offline").exit_code == 0
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before
    assert len(made.asked) == asked


def test_so_many_films_if_nothing_is_said(run: Run, tmp_path: Path) -> None:
    assert run("allocine", "-o", tmp_path / "a").exit_code == 0
    assert ids(tmp_path / "a") == IDS
    assert run("allocine", "--series", 5, "-o", tmp_path / "b").exit_code == 0
    assert ids(tmp_path / "b") == ["9001"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (film(4), ["4001", "4002"]),
        (f"{film(4)}?page=2", ["4001", "4002"]),
        ("/film/fichefilm_gen_cfilm=2.html", ["2001"]),
        ("/series/ficheserie_gen_cserie=1.html", ["9001"]),
        ("/series/ficheserie-1/saison-9/", ["9001"]),
        (FILMS, [*IDS[:5], "2001", "9001", *IDS[6:]]),
    ],
)
def test_one_address(run: Run, made: Site, tmp_path: Path, path: str, expected: list[str]) -> None:
    done = run(made.url(path), "-o", tmp_path / "out")
    assert (done.exit_code, ids(tmp_path / "out")) == (0, expected)


def test_an_address_without_its_scheme_is_the_site_s_own(run: Run, made: Site, tmp_path: Path) -> None:
    assert run("-o", tmp_path / "out", "allocine.fr/film/fichefilm-2/critiques/spectateurs/").exit_code == 0
    assert ids(tmp_path / "out") == ["2001"]


def test_an_address_with_a_rating(run: Run, made: Site, tmp_path: Path) -> None:
    made.at(f"{film(2)}star-1/", html(page(card(2901, note="1,0"))))
    assert run(made.url(f"{film(2)}star-1/"), "-o", tmp_path / "a").exit_code == 0
    assert run(made.url(film(2)), "--rating", 1, "-o", tmp_path / "b").exit_code == 0
    assert ids(tmp_path / "a") == ids(tmp_path / "b") == ["2901"]


def test_who_asked_is_left_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("# asked\nallocine:1001\n4002\n", encoding="utf-8")
    done = run("allocine", "--exclude", tmp_path / "ids.txt", "-o", tmp_path / "out")
    assert ids(tmp_path / "out") == [i for i in IDS if i not in ("1001", "4002")]
    assert "excluded as asked: 2." in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("https://fr.trustpilot.com/review/example.org",), "--from-html trustpilot"),
        (("https://www.babelio.com/livres/x/1",), "--from-html babelio"),
        (("https://play.google.com/store/apps/details?id=x",), "--from-html googleplay"),
        (("https://www.allocine.fr/membre-Z1/critiques/films/",), "a member's page"),
    ],
)
def test_what_is_refused_is_exit_code_3(
    run: Run, made: Site, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = run(*words, "-o", tmp_path / "out")
    assert (done.exit_code, done.stdout) == (3, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert made.asked == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("refusal", ["robots", "403"])
def test_a_site_that_refuses_is_exit_code_3(run: Run, made: Site, tmp_path: Path, refusal: str) -> None:
    if refusal == "robots":
        made.robots("User-agent: nlpchat\nDisallow: /\n")
    else:
        made.at(film(2), error(403))
    done = run("allocine", "-o", tmp_path / "out")
    assert done.exit_code == 3
    assert "the same line goes on from there" in done.stderr
    assert not (tmp_path / "out" / "reviews.jsonl").exists()
    assert run("allocine", "-o", tmp_path / "out", "--offline").exit_code == 0
    assert ids(tmp_path / "out") == ([] if refusal == "robots" else IDS[:5])


def test_a_page_that_has_changed_is_exit_code_4(run: Run, made: Site, tmp_path: Path) -> None:
    made.at(film(2), html(page('<div class="review-card-content">Un avis.</div>')))
    done = run("allocine", "-o", tmp_path / "out")
    assert done.exit_code == 4
    assert 'div.review-card[id^="review_"]' in done.stderr
    kept = Path(done.stderr.strip().splitlines()[-1].rpartition("The page is kept: ")[2])
    assert kept.is_file()
    assert tmp_path / "out" / "pages" in kept.parents


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("allocine", "--delay", "2"), 2),
        (("allocine", "--rating", "6"), 2),
        (("allocine", "--series", "1", "--rating", "1"), 2),
        (("allocine", "--list", "https://example.org/films/"), 2),
        (("allocine", "--list", "https://www.allocine.fr/membre-Z1/"), 2),
        (("allocine", "--contact", "a b"), 2),
        (("https://www.example.org/film/",), 1),
        (("https://www.allocine.fr/article/x.html",), 1),
        (("nothing",), 2),
    ],
)
def test_what_makes_no_sense(run: Run, made: Site, tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    done = run(*words, "-o", tmp_path / "out")
    assert (done.exit_code, done.stdout) == (code, "")
    assert made.asked == []


def test_a_folder_of_another_site_is_left_alone(run: Run, tmp_path: Path) -> None:
    assert run("--from-html", "babelio", PAGES / "babelio" / "series.html", "-o", tmp_path).exit_code == 0
    done = run("allocine", "-o", tmp_path)
    assert done.exit_code == 1
    assert "reviews of babelio. Give another folder" in done.stderr
    (tmp_path / "reviews.jsonl").write_text("autre chose", encoding="utf-8")
    assert "Give another folder" in run("allocine", "-o", tmp_path).stderr
    assert "this is a file" in run("allocine", "-o", tmp_path / "reviews.jsonl").stderr


def test_saved_pages(run: Run, made: Site, tmp_path: Path) -> None:
    pages = [PAGES / "babelio" / name for name in ("series.html", "book_2022.html", "no_review.html")]
    done = run("--from-html", "babelio", *pages, "-o", tmp_path / "out")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path}/out/reviews.jsonl: 3 reviews of 3 works (3 files).\n")
    assert ids(tmp_path / "out") == ["3100021", "3100022", "3100011"]
    assert "files without a review" in done.stderr
    assert made.asked == []
    again = run("from-html", "babelio", *pages, "-o", tmp_path / "again")
    assert again.exit_code == 0
    assert (tmp_path / "again" / "reviews.jsonl").read_bytes() == (tmp_path / "out" / "reviews.jsonl").read_bytes()


def test_a_saved_page_that_has_changed_holds_nothing_up(run: Run, tmp_path: Path) -> None:
    changed, fine = PAGES / "babelio" / "changed.html", PAGES / "babelio" / "series.html"
    done = run("--from-html", "babelio", changed, fine, tmp_path / "none.html", "-o", tmp_path / "out")
    assert done.exit_code == 4
    assert (
        f'{changed}: no review on it, and not a page of Babelio as it is known: looked for `div.post[itemtype$="/Review"]`'
        in done.stderr
    )
    assert "none.html: no such file" in done.stderr
    assert ids(tmp_path / "out") == ["3100021", "3100022"]
    assert run("--from-html", "babelio", changed, "-o", tmp_path / "b").exit_code == 4


def test_what_a_page_yields(run: Run) -> None:
    done = run("--check", "allocine", PAGES / "allocine" / "reviews.html")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[:8] == [
        "reviews    9 on the page, 5 read",
        "ratings    0.10 (1), 0.40 (1), 0.70 (1), 0.90 (1), none (1), out of 1",
        "days       2016-02-08 to 2024-08-01; without: 1",
        "lengths    44 to 104 characters, median 63",
        "spoilers   1",
        "votes      2 reviews with some count",
        "works      reviews",
        "left out   whose rating is in doubt (the note and the stars disagree): 1",
    ]
    assert "Zébulon" not in done.output
    changed = run("--check", "allocine", PAGES / "allocine" / "changed_notes.html")
    assert (changed.exit_code, changed.stdout) == (4, "")
    assert ".stareval-note" in changed.stderr
    assert run("check", "googleplay", PAGES / "googleplay" / "table.csv").exit_code == 0


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--from-html", "babelio", "p.html", "-o", "x"], ["from-html", "babelio", "p.html", "-o", "x"]),
        (["-o", "x", "--from-html", "babelio", "p.html"], ["from-html", "-o", "x", "babelio", "p.html"]),
        (["--from-html=babelio", "p.html"], ["from-html", "babelio", "p.html"]),
        (["--check", "babelio", "p.html"], ["check", "babelio", "p.html"]),
        (["https://a.fr/x", "-o", "x"], ["url", "https://a.fr/x", "-o", "x"]),
        (["-o", "x", "www.a.fr/x"], ["url", "-o", "x", "www.a.fr/x"]),
        (["allocine", "--list", "https://a.fr/x"], ["allocine", "--list", "https://a.fr/x"]),
        (["--help"], ["--help"]),
        (["alocine"], ["alocine"]),
        ([], []),
    ],
)
def test_the_three_ways_of_being_called(words: list[str], meant: list[str]) -> None:
    assert command_first(words) == meant
    assert command_first(meant) == meant


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_help_ends_with_a_line_to_paste(run: Run, name: str) -> None:
    done = run(name, "--help")
    assert done.exit_code == 0
    assert "Example:" in done.stdout
    assert "nlpchat scrape" in done.stdout.partition("Example:")[2]
    assert COMMANDS[name].rstrip(".").split(":")[0] in " ".join(done.stdout.split())


def test_every_file_of_a_command_is_in_the_table() -> None:
    files = {path.stem for path in (PROJECT / "nlpchat" / "cli").glob("scrape_*.py")}
    commands = {stem for stem in files if hasattr(import_module(f"nlpchat.cli.{stem}"), "command")}
    assert commands == {f"scrape_{name.replace('-', '_')}" for name in COMMANDS}


def test_helps_load_nothing_that_fetches() -> None:
    code = (
        "import sys; from nlpchat import cli; cli.COMMANDS.setdefault('scrape', '')\n"
        "for words in (['--help'], ['allocine', '--help'], ['url', '--help'], ['from-html', '--help'], ['check', '--help']):\n"
        "    cli.main(['scrape', *words], standalone_mode=False)\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert not {"bs4", "requests", "protego", "rich", "numpy"} & set(loaded.stderr.split())


def driven(made: Site, out: Path, **given: object) -> subprocess.Popen[str]:
    words = ["allocine", "--films", "100", "-o", str(out)]
    command = [sys.executable, "-c", DRIVER, made.host, *words]
    return subprocess.Popen(command, cwd=PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_goes_on_from_its_last_page(made: Site, tmp_path: Path, sent: signal.Signals) -> None:
    whole = driven(made, tmp_path / "whole")
    assert whole.communicate()[0].startswith(f"{tmp_path}/whole/reviews.jsonl: 10 reviews")
    asked = made.paths()
    made.asked.clear()

    running: list[subprocess.Popen[str]] = []
    at = f"{film(1)}?page=3"
    last = html(page(card(1005), following=False))
    made.at(at, last.but(before=lambda: os.kill(running[0].pid, sent), silence=0.5), last)
    running.append(driven(made, tmp_path / "killed"))
    said = running[0].communicate()[1]
    assert running[0].returncode == (130 if sent == signal.SIGINT else -signal.SIGKILL)
    assert ("the same line goes on from there" in said) is (sent == signal.SIGINT)
    assert not (tmp_path / "killed" / "reviews.jsonl").exists()
    before = made.paths()
    assert before == asked[: asked.index(at) + 1]

    again = driven(made, tmp_path / "killed")
    assert again.communicate()[0].startswith(f"{tmp_path}/killed/reviews.jsonl: 10 reviews")
    assert made.paths()[len(before) :] == asked[asked.index(at) :]  # the page that it was killed at, and what follows
    assert (tmp_path / "killed" / "reviews.jsonl").read_bytes() == (tmp_path / "whole" / "reviews.jsonl").read_bytes()
    assert [path for path in (tmp_path / "killed").rglob(".*") if path.is_file()] == []


def test_an_empty_list_is_said(run: Run, made: Site, tmp_path: Path) -> None:
    made.at(FILMS, html(listed()))
    assert run("allocine", "-o", tmp_path).exit_code == 4
