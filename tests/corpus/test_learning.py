"""What pipelines learn from: files of the data by use, less what is measured on and what an earlier step made."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlpchat.cli import COMMANDS
from nlpchat.corpus.learning import LEARNS, used_by
from nlpchat.errors import RecipeError

PIPELINES = Path(__file__).parents[2] / "pipelines"
FILE = """
title = "t"
[sets]
texts = ["{data}/text/a.txt.xz", "{data}/b.txt"]
[[step]]
name = "tok"
command = ["train-tokenizer", "@texts", "-o", "{runs}/tok", "--pieces", 10]
[[step]]
name = "gather"
command = ["scrape", "allocine", "-o", "{data}/allocine"]
[[step]]
name = "lm"
command = ["finetune-lm", "{data}/allocine/reviews.jsonl", "{data}/c.jsonl", "-o", "{runs}/lm"]
inputs = ["{data}/d.txt", "{data}/c.jsonl"]
[[step]]
name = "classifier"
command = ["train-classifier", "{data}/c.jsonl", "--lm", "{runs}/lm", "--dev", "{data}/sms.jsonl", "-o", "{runs}/c"]
[[step]]
name = "build"
command = ["corpus", "build", "allocine", "{data}/mine.jsonl", "-o", "{runs}/built"]
[[step]]
name = "score"
command = ["evaluate", "{data}/sms.jsonl", "--model", "{runs}/c"]
"""


def test_what_each_step_learns_from_and_measures_on(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(FILE, encoding="utf-8")
    assert [(one.file, one.use, one.step.split()[-1]) for one in used_by(tmp_path / "p.toml")] == [
        ("a.txt.xz", "tokenizer", "tok"),
        ("b.txt", "tokenizer", "tok"),
        ("c.jsonl", "finetune-lm", "lm"),
        ("d.txt", "finetune-lm", "lm"),
        ("c.jsonl", "classifier", "classifier"),
        ("sms.jsonl", "evaluate", "classifier"),
        ("sms.jsonl", "evaluate", "score"),
    ]


def test_the_pipelines_of_the_project_are_read() -> None:
    found = {path.name: len(used_by(path)) for path in sorted(PIPELINES.glob("*.toml"))}
    assert found["tiny.toml"] >= 4
    assert found["fr-small.toml"] > 30


def test_the_commands_that_learn_exist() -> None:
    assert set(LEARNS) <= set(COMMANDS)
    assert {name for name in COMMANDS if name.startswith(("train-", "pretrain-", "finetune-"))} <= set(LEARNS)


def test_what_is_no_pipeline_is_said(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("title =", encoding="utf-8")
    with pytest.raises(RecipeError, match="not a pipeline file"):
        used_by(tmp_path / "p.toml")
