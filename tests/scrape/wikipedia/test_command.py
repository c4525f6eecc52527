"""`nlpchat scrape wikipedia` as a person types it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from nlpchat.cli.scrape_wikipedia import command, line_of, tokens_of
from nlpchat.errors import NlpchatError, OutputError, ScrapeError
from nlpchat.scrape.wikipedia.extract import Progress
from tests.scrape.wikipedia import made


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "frwiki-20260401.xml.bz2"
    path.write_bytes(made.in_every_form(43)["multistream"])
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, list(map(str, arguments)))


def test_a_dump_becomes_a_folder_and_a_sentence(dump: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "wiki"
    result = run("--dump", dump, "--tokens", "all", "--workers", "1", "-o", folder)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{folder}: ")
    assert "tokens in 43 documents (4" in result.stdout
    assert result.stderr == ""
    assert sorted(path.name for path in folder.parent.iterdir()) == ["wiki"]
    again = run("--dump", dump, "--tokens", "all", "--workers", "1", "-o", folder)
    assert again.stdout == result.stdout.replace(").", ") (there already; nothing to do).")


def test_it_says_what_is_left_out_and_when_a_dump_has_no_more(dump: Path, tmp_path: Path) -> None:
    result = run("--dump", dump, "--tokens", "1M", "--min-chars", "1550", "--workers", "1", "-o", tmp_path / "wiki")
    assert "Of 43 pages, left out: too short " in result.stderr
    assert "The dump has no more: 1,000,000 tokens were asked for." in result.stderr


def test_a_dump_without_its_end_is_said(tmp_path: Path) -> None:
    path = tmp_path / "dump.xml"
    path.write_bytes(made.xml([made.page(1)])[: -len(made.FOOTER)])
    result = run("--dump", path, "--tokens", "all", "--workers", "1", "-o", tmp_path / "wiki")
    assert "does not end with </mediawiki>: it may have been cut off" in result.stderr


def test_faults_are_lines(dump: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    for arguments, kind in [
        (["--dump", str(tmp_path / "missing.bz2"), "-o", str(tmp_path / "wiki")], NlpchatError),
        (["--dump", str(dump), "-o", str(tmp_path)], OutputError),
        (["--dump", "http://127.0.0.1:9/frwiki.xml.bz2", "-o", str(tmp_path / "wiki")], ScrapeError),
    ]:
        fault = run(*arguments).exception
        assert isinstance(fault, kind)
        assert "\n" not in str(fault)
    assert not (tmp_path / "wiki").exists()


@pytest.mark.parametrize(
    ("value", "tokens"),
    [("100M", 10**8), ("20m", 2 * 10**7), ("1.5G", 1_500_000_000), ("200k", 200_000), ("77", 77), ("all", None)],
)
def test_numbers_of_tokens(value: str, tokens: int | None) -> None:
    assert tokens_of(click.Context(command), command.params[1], value) == tokens


@pytest.mark.parametrize("value", ["0", "many", "-3", "0.2", "M", "1e6", ""])
def test_what_is_no_number_of_tokens(value: str) -> None:
    assert run("--tokens", value).exit_code == 2


def test_the_line_of_progress() -> None:
    half = Progress("reading", 3_000_000_000, 6_000_000_000, 1_234_567)
    assert line_of(half, 1_000_000_000, 100) == "reading  50%  1,234,567 pages  10.0 MB/s  0:05:00 left"
    assert line_of(half, 0, 0) == "reading  50%  1,234,567 pages  0.0 MB/s  "
    assert line_of(Progress("writing", 500, 2000, 9), 500, 1) == "writing  25%  500 documents  0:00:03 left"
    assert line_of(Progress("downloading", 5_000_000, 0, 0), 5_000_000, 1).split() == [
        "downloading",
        "5.0",
        "MB/s",
    ]  # of a size not said


def test_ctrl_c_keeps_what_is_done_and_says_so(tmp_path: Path) -> None:
    path, folder = tmp_path / "frwiki.xml", tmp_path / "wiki"
    long = made.text(1, paragraphs=300)
    path.write_bytes(made.xml([made.page(number, long) for number in range(1, 400)]))
    arguments = ["--dump", str(path), "--tokens", "all", "--workers", "2", "-o", str(folder)]
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"from nlpchat.cli.scrape_wikipedia import command; command({arguments!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    limit = time.monotonic() + 60
    while not list(tmp_path.glob("wiki.parts/part-*")):
        assert time.monotonic() < limit
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode != 0
    assert "What is done is kept; the same line goes on." in said
    assert "Traceback" not in said, "of a worker, too"
    assert list(tmp_path.glob("wiki.parts/part-*"))
    assert not folder.exists()
