"""The training commands: what they say when training cannot be, and before anything costly is begun."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import nlpchat.training
from nlpchat.cli import main

LINES = {
    "train-tokenizer": ["x.txt", "-o", "tokenizer"],
    "pretrain-lm": ["x.txt", "--tokenizer", "tokenizer", "-o", "lm"],
    "finetune-lm": ["x.txt", "-o", "lm"],
    "train-classifier": ["x.jsonl", "--lm", "lm", "-o", "classifier"],
    "export": ["classifier", "-o", "bundle"],
    "evaluate": ["x.jsonl", "--baseline", "y.jsonl"],
}


@pytest.mark.parametrize("name", LINES)
def test_without_the_extra_the_line_that_installs_it_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nlpchat.training, "_NEEDED", ("torch", "a_package_that_nobody_has"))
    done = CliRunner().invoke(main, [name, *LINES[name]])
    assert done.exit_code == 1
    assert "a_package_that_nobody_has" in done.output
    assert 'pip install ".[train]"' in done.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["train-tokenizer", "absent.txt", "-o", "tokenizer"], "absent.txt: no such file. Check the path."),
        (
            ["pretrain-lm", "absent.txt", "--tokenizer", "none", "-o", "lm"],
            "none: no SentencePiece model can be read there",
        ),
        (["finetune-lm", "absent.txt", "-o", "lm"], "absent.txt: no such file"),
        (["finetune-lm", __file__, "-o", "no/such/folder"], "the folder no/such does not exist"),
        (["train-classifier", "absent.jsonl", "--lm", "none", "-o", "c"], "none"),
        (["train-classifier", "a.jsonl", "--lm", "lm", "-o", "c", "--cap-of", "a"], "is not NAME=ROWS"),
        (["pretrain-lm", "a.txt", "--tokenizer", "t", "-o", "lm", "--lr", "-1"], "lr must be above 0"),
        (["export", "none", "-o", "bundle"], "none"),
    ],
)
def test_faults_are_one_line(line: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, line)
    assert done.exit_code in (1, 2)
    assert said in done.output
    assert "Traceback" not in done.output
    assert not list(tmp_path.iterdir())  # nothing half-written stays
