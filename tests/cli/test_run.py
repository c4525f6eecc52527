"""`nlpchat run`: --check says every fault at once and runs nothing; --set, --size and --step as a person types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nlpchat.cli import main

CHAT = "13/05/2026, 08:00 - Alice: trop bien !\n"
PIPELINE = """
title = "t"

[ask.tz]
what = "the zone of the chat's times"

[sizes.full]
pieces = 10000

[sizes.small]
pieces = 1000

[[step]]
name = "chat"
command = ["parse", "{here}/chat.txt", "--tz", "{tz}", "-o", "{runs}/chat.jsonl"]

[[step]]
name = "tokenizer"
command = ["train-tokenizer", "{runs}/chat.jsonl", "{here}/more.txt", "--pieces", "{pieces}", "-o", "{runs}/tokenizer"]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat.txt").write_text(CHAT, encoding="utf-8")
    (tmp_path / "more.txt").write_text("Il fait beau.\n", encoding="utf-8")
    (tmp_path / "p.toml").write_text(PIPELINE, encoding="utf-8")
    return tmp_path / "p.toml"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["run", *map(str, words)])


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_check_without_a_fault(file: Path) -> None:
    before = listing(file.parent)
    done = run("p.toml", "--check", "--set", "tz=Europe/Paris")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "p.toml: no fault; everything it reads is there, or is made by one of its steps.\n"
    assert listing(file.parent) == before


def test_check_says_all_faults_at_once_and_runs_nothing(file: Path) -> None:
    """Of the file, of each command's words, of what is asked for and of what is missing; of all sizes, named where it is one's."""
    (file.parent / "more.txt").unlink()
    broken = PIPELINE.replace("pieces = 1000\n", 'pieces = "many"\n').replace('"--tz"', '"--timezone"')
    broken += """
[[step]]
name = "lm"
command = ["pretrain-lm", "{runs}/chat.jsonl", "--tokenizer", "{runs}/tokeniser", "--hidden", 0, "--lr", "fast"]
resume = "yes"

[[step]]
name = "bundle"
command = ["export", "{data}/lm", "-o", "{runs}/chat.jsonl", "--quick"]

[[step]]
name = "last"
command = ["publish", "{runs}/bundle", "@texts"]
"""
    file.write_text(broken, encoding="utf-8")
    before = listing(file.parent)
    done = run("p.toml", "--check", "--set", "zone=UTC")
    assert done.exit_code == 2
    assert done.stdout == ""
    faults = [line for line in done.stderr.splitlines() if line.startswith("  - ")]
    for said in (
        "--set zone=...: the file does not ask for it; it asks for tz",
        "step 'chat': parse: No such option '--timezone'",
        "step 'tokenizer': train-tokenizer: Invalid value for '--pieces': 'many' is not a valid integer. (size small)",
        "step 'lm': resume must be true or false",
        "step 'lm': pretrain-lm: Missing option '-o' / '--output'.",
        "step 'lm': pretrain-lm: Invalid value for '--lr': 'fast' is not a valid float.",
        "step 'bundle': export: No such option '--quick'",
        "step 'bundle': makes {runs}/chat.jsonl, as step 'chat' does",
        "step 'last': no command 'publish'; there are ",
        "step 'last': command: no set '@texts' under [sets]",
        "it asks for tz, the zone of the chat's times: say it with --set tz=...",
        "it reads {data}, and says no folder for it: give one with --data FOLDER",
        "step 'tokenizer' reads ",
        "step 'lm' reads runs/p/tokeniser: no such file, and no step makes it",
        "step 'lm' reads runs/p.small/tokeniser: no such file, and no step makes it (size small)",
    ):
        assert any(line.startswith(f"  - {said}") or said in line for line in faults), (said, faults)
    assert f"{len(faults)} fault(s):" in done.stderr
    assert listing(file.parent) == before


def test_what_check_finds_keeps_a_run_from_beginning(file: Path) -> None:
    file.write_text(PIPELINE.replace('"--pieces"', '"--peices"'), encoding="utf-8")
    done = run("p.toml", "--set", "tz=UTC")
    assert done.exit_code == 2
    assert "step 'tokenizer': train-tokenizer: No such option '--peices'" in done.stderr
    assert not (file.parent / "runs").exists()


def test_check_of_what_is_no_pipeline(file: Path) -> None:
    assert run("absent.toml", "--check").exit_code == 1
    file.write_text("title = ", encoding="utf-8")
    done = run("p.toml", "--check")
    assert done.exit_code == 2
    assert "not a pipeline file" in done.stderr
    file.write_text(PIPELINE, encoding="utf-8")
    assert "no size 'big'; there are full, small" in run("p.toml", "--check", "--size", "big").stderr


@pytest.mark.parametrize("said", ["tz", "=UTC", "tz="])
def test_what_is_said_is_a_name_and_a_value(file: Path, said: str) -> None:
    done = run("p.toml", "--check", "--set", said)
    assert done.exit_code == 2
    assert "is not NAME=VALUE" in done.stderr


def test_a_step_alone_in_a_size(file: Path) -> None:
    done = run("p.toml", "--size", "small", "--step", "chat", "--set", "tz=UTC")
    assert done.exit_code == 0, done.stderr
    assert "1 steps run, 0 unchanged" in done.stdout
    assert (file.parent / "runs" / "p.small" / "chat.jsonl").exists()
    assert (file.parent / "p.small.lock.json").exists()
    dry = run("p.toml", "--size", "small", "--dry-run", "--set", "tz=UTC")
    assert "[1/2] chat: unchanged, skipped" in dry.stderr
    assert "[2/2] tokenizer: would run (not done yet)" in dry.stderr
