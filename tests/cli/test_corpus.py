"""`nlpchat corpus`: what a person types, and what they read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nlpchat import cli

ROOT = Path(__file__).parents[2]
CORPORA = ROOT / "corpora"


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def run(*words: object, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(cli.main, ["corpus", *map(str, words)])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.mark.parametrize("name", ["list", "show", "build", "check"])
def test_each_help_ends_with_a_line_to_paste(name: str) -> None:
    last = run(name, "--help").stdout.strip().splitlines()[-1]
    assert last.strip().startswith(("Example:  nlpchat corpus", "-o "))
    assert name in run("--help").stdout


def test_list_has_a_line_for_each() -> None:
    lines = run("list").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == sorted(p.parent.name for p in CORPORA.glob("*/card.toml"))
    of = {line.split()[0]: line for line in lines}
    assert "17,968 rows" in of["chat-invented"]
    assert of["sms-dev"].endswith("never")
    assert of["babelio"].endswith("no file yet")
    assert max(map(len, lines)) <= 100


def test_show_says_first_whether_it_may_be_used() -> None:
    shown = run("show", "trustpilot").stdout
    order = ("licence", "tier", "people in it", "to be left out", "robots.txt", "kind", "how", "limits", "sha256")
    places = [shown.index(f"\n{word}") for word in order]
    assert places == sorted(places)
    assert "no robot fetches it" in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert "a robot may fetch it" in run("show", "allocine").stdout
    assert run("show", "allo", exit_code=1).stderr.startswith("nlpchat: corpora: no corpus 'allo'. There are allocine")


def test_build_of_a_sample_and_again(tmp_path: Path) -> None:
    result = run("build", "allocine", CORPORA / "allocine" / "sample.jsonl", "-o", tmp_path / "out", "--workers", 1)
    assert result.stdout.startswith(f"{tmp_path / 'out'}: 7 rows: train ")
    rows = [json.loads(line) for path in (tmp_path / "out").glob("*.jsonl") for line in path.read_text().splitlines()]
    assert sorted(row["label"] for row in rows) == ["neg", "neg", "neu", "neu", "pos", "pos", "pos"]
    assert not any({"helpful", "written_on", "rating"} & set(row) for row in rows)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    run("build", "allocine", CORPORA / "allocine" / "sample.jsonl", "-o", tmp_path / "out", "--workers", 1)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_build_leaves_out_who_asked(tmp_path: Path) -> None:
    shutil.copytree(CORPORA / "allocine", tmp_path / "corpora" / "allocine")
    (tmp_path / "corpora" / "exclude.txt").write_text("9000001\n", encoding="utf-8")
    (tmp_path / "ids.txt").write_text("allocine:9000002  # by letter\n", encoding="utf-8")
    sample = tmp_path / "corpora" / "allocine" / "sample.jsonl"
    words = ("build", "allocine", sample, "-o", tmp_path / "out", "--workers", 1, "--corpora", tmp_path / "corpora")
    assert "Rows left out: 2 asked to be left out." in run(*words, "--exclude", tmp_path / "ids.txt").stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("allocine",), 1, "none of its 4 files lies there. Give the files to build allocine from"),
        (("babelio",), 1, "its card names no file"),
        (("chats", "a.txt"), 1, "Give them to nlpchat finetune-lm as they are"),
        (("allocine", "none.jsonl"), 1, "none.jsonl: no such file"),
        (("allocine", "a.jsonl", "--data", "d"), 2, "give FILES or --data, not both"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_line(tmp_path: Path, words: tuple[str, ...], code: int, says: str) -> None:
    assert says in run("build", *words, "-o", tmp_path / "out", "--workers", 1, exit_code=code).stderr


def test_check_is_green_or_says_every_fault(tmp_path: Path) -> None:
    assert "nothing is wrong" in run("check", "tweets", "chats").stdout
    shutil.copytree(CORPORA / "tweets", tmp_path / "corpora" / "tweets")
    sample = tmp_path / "corpora" / "tweets" / "sample.jsonl"
    sample.write_text(sample.read_text(encoding="utf-8") + '{"text": "a", "author": "b"}\n', encoding="utf-8")
    said = run("check", "--corpora", tmp_path / "corpora", exit_code=1).stderr
    assert said.startswith(f"nlpchat: {tmp_path / 'corpora'}: 2 fault(s):\n  - ")
    assert "tells who wrote it (author)" in said
    assert "label None" in said
