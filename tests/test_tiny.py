"""The whole way, as a person would go it: `nlpchat run pipelines/tiny.toml`, then the model it made, on a chat."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = sorted((ROOT / "corpora" / "chats" / "sample").glob("*.txt"))


def nlpchat(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nlpchat", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=240)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    done = nlpchat("run", "pipelines/tiny.toml", "--runs", folder / "tiny", "--lock", folder / "lock.json")
    assert done.returncode == 0, done.stderr
    assert "5 steps run, 0 unchanged" in done.stdout
    return folder


def test_a_second_run_has_nothing_to_do(runs: Path) -> None:
    before = (runs / "lock.json").read_text(encoding="utf-8")
    done = nlpchat("run", "pipelines/tiny.toml", "--runs", runs / "tiny", "--lock", runs / "lock.json")
    assert "0 steps run, 5 unchanged" in done.stdout
    assert (runs / "lock.json").read_text(encoding="utf-8") == before


def test_the_lock_says_what_was_made_from_what(runs: Path) -> None:
    steps = json.loads((runs / "lock.json").read_text(encoding="utf-8"))["steps"]
    assert list(steps) == ["tokenizer", "lm", "lm-chats", "classifier", "bundle"]
    assert "{data}/chat-invented/chat_invented.jsonl.xz" in steps["classifier"]["inputs"]
    assert all(len(digest) == 64 for step in steps.values() for digest in step["outputs"].values())


def test_the_model_reads_a_chat(runs: Path) -> None:
    assert SAMPLE, "the sample chat is gone"
    table = runs / "rows.csv"
    done = nlpchat("classify", SAMPLE[0], "--model", runs / "tiny" / "bundle", "-o", table)
    assert done.returncode == 0, done.stderr
    assert "pos" in done.stdout
    rows = table.read_text(encoding="utf-8").splitlines()
    assert rows[0] == "index,sent_at,author,kind,text,label,neg,neu,pos"
    assert len(rows) > 50


def test_it_learnt_something(runs: Path) -> None:
    """Held-out batches of the invented chats, digest in corpora/: macro-F1 0.76 measured; chance is 0.33; margin 0.08."""
    told = json.loads((runs / "tiny" / "bundle" / "bundle.json").read_text(encoding="utf-8"))["scores"]
    held_out = told["held_out"]["all held-out groups"]
    assert held_out["n"] > 1000
    assert held_out["macro_f1"] > 0.68
    assert abs(held_out["macro_f1"] - held_out["baseline"]["macro_f1"]) < 0.1


def test_evaluate_says_what_scripts_expect(runs: Path, tmp_path: Path) -> None:
    data = tmp_path / "some.jsonl"
    rows = [("trop bien !!", "pos"), ("je suis dégoûté, c'est nul", "neg"), ("tu viens à 18h ?", "neu")] * 4
    data.write_text("".join(json.dumps({"text": t, "label": label}) + "\n" for t, label in rows), encoding="utf-8")
    done = nlpchat("evaluate", "--model", runs / "tiny" / "bundle", data, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)[str(data)]
    assert {"n", "accuracy", "macro_f1", "interval", "confusion", "labels"} <= told.keys()
    assert told["n"] == 12
    assert told["labels"] == ["neg", "neu", "pos"]
