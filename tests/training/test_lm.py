"""Training a language model: it learns, goes on where it stopped, and says what is wrong."""

from __future__ import annotations

import csv
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from nlpchat.bundle import TOKENIZER, WEIGHTS, Bundle, load_bundle
from nlpchat.errors import BundleError, TrainingError
from nlpchat.text.tokens import Tokenizer
from nlpchat.training.chosen import CorpusOptions
from nlpchat.training.lm import finetune_lm, load_lm, pretrain_lm
from nlpchat.training.recipe import FinetuneRecipe
from nlpchat.training.run import Pause

from .conftest import SMALL


def weights(bundle: Bundle) -> dict[str, torch.Tensor]:
    return load_file(bundle.path(WEIGHTS))


def same(one: Bundle, other: Bundle) -> bool:
    mine, theirs = weights(one), weights(other)
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def unigram_loss(bundle: Bundle, text: Path) -> float:
    """Entropy in nats of the pieces alone: what a model that learnt nothing of their order comes to at best."""
    from nlpchat.text.normalise import normalise

    lines = [normalise(line) for line in text.read_text(encoding="utf-8").splitlines() if line]
    ids = [i for some in Tokenizer.load(bundle.path(TOKENIZER)).encode(lines) for i in (1, *some)]
    shares = np.bincount(ids) / len(ids)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def test_it_learns_more_than_frequencies(lm: Bundle, text: Path) -> None:
    assert math.log(float(lm.scores["perplexity"])) < unigram_loss(lm, text) - 0.2  # type: ignore[arg-type]
    with (lm.folder / "losses.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"]) - 1
    assert [row["epoch"] for row in rows if row["held_out_loss"]] == ["1.0", "2.0"]
    assert (lm.folder / "losses.png").read_bytes().startswith(b"\x89PNG")
    assert not lm.folder.with_name("lm.work").exists()


@pytest.mark.parametrize("steps", [1, 70])
def test_a_stopped_run_goes_on_with_the_same_result(
    lm: Bundle, text: Path, tokenizer: Path, tmp_path: Path, steps: int
) -> None:
    def again(*, resume: bool, pause: Pause | None = None) -> Bundle:
        return pretrain_lm([text], tokenizer, tmp_path / "lm", SMALL, CorpusOptions(0.1), resume=resume, pause=pause)

    with pytest.raises(TrainingError, match=f"stopped after {steps} steps as asked.*--resume goes on"):
        again(resume=False, pause=Pause(steps=steps))
    with pytest.raises(TrainingError, match=r"a stopped run lies there\. Add --resume"):
        again(resume=False)
    torch.manual_seed(99)  # whatever happened in between is not to matter
    resumed = again(resume=True)
    assert same(resumed, lm)
    assert resumed.scores["measured"] == lm.scores["measured"]
    steps_written = [row.split(",")[1] for row in (resumed.folder / "losses.csv").read_text().splitlines()[1:]]
    assert len(steps_written) == len(set(steps_written))


def test_a_checkpoint_of_another_recipe_is_refused(text: Path, tokenizer: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError):
        pretrain_lm([text], tokenizer, tmp_path / "lm", SMALL, CorpusOptions(0.1), pause=Pause(steps=2))
    with pytest.raises(TrainingError, match="made with other options or other data"):
        pretrain_lm([text], tokenizer, tmp_path / "lm", replace(SMALL, lr=0.01), CorpusOptions(0.1), resume=True)
    (tmp_path / "lm.work" / "checkpoint.pt").write_bytes(b"half a file")
    with pytest.raises(TrainingError, match="not a checkpoint that can be gone on from"):
        pretrain_lm([text], tokenizer, tmp_path / "lm", SMALL, CorpusOptions(0.1), resume=True)


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a child there")
def test_ctrl_c_keeps_everything(lm: Bundle, text: Path, tokenizer: Path, tmp_path: Path) -> None:
    options = [
        "--emb",
        "16",
        "--hidden",
        "16",
        "--layers",
        "2",
        "--batch",
        "8",
        "--bptt",
        "12",
        "--lr",
        "0.02",
        "--epochs",
        "2",
        "--dropout",
        "0.1",
        "--held-out",
        "0.1",
    ]
    command = [
        sys.executable,
        "-m",
        "nlpchat",
        "pretrain-lm",
        str(text),
        "--tokenizer",
        str(tokenizer),
        "-o",
        str(tmp_path / "lm"),
    ]
    child = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
    losses = tmp_path / "lm.work" / "losses.csv"
    deadline = time.monotonic() + 60
    while not (losses.exists() and losses.read_text().count("\n") > 1) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=60)[1]
    if child.returncode == 0:
        pytest.skip("it was done before the signal came")
    assert child.returncode == 1
    assert "stopped by Ctrl-C" in said
    assert "Traceback" not in said
    assert same(pretrain_lm([text], tokenizer, tmp_path / "lm", SMALL, CorpusOptions(0.1), resume=True), lm)


def test_fine_tuning_begins_where_the_base_is_and_gets_better(lm: Bundle, text: Path, tmp_path: Path) -> None:
    recipe = FinetuneRecipe(batch=8, bptt=12, lr=0.01, dropout=0.1)
    tuned = finetune_lm(lm, [text], tmp_path / "tuned", recipe, CorpusOptions(0.1))
    assert float(tuned.scores["perplexity"]) < float(lm.scores["perplexity"])  # type: ignore[arg-type]
    assert [m["phase"] for m in tuned.scores["measured"]] == ["softmax and embedding", "all layers"]  # type: ignore[attr-defined]
    assert tuned.architecture == lm.architecture
    assert [entry["name"] for entry in tuned.training] == ["text.txt", "text.txt"]


def test_the_frozen_epoch_leaves_the_layers_alone(lm: Bundle, text: Path, tmp_path: Path) -> None:
    tuned = finetune_lm(lm, [text], tmp_path / "tuned", FinetuneRecipe(batch=8, bptt=12, epochs=0), CorpusOptions(0.1))
    before, after = weights(lm), weights(tuned)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"encoder.embedding_dropout.emb.weight", "bias"}


def test_a_chat_can_be_learnt_from(lm: Bundle, tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    lines = [
        f"13/05/2024, {8 + i // 60:02}:{i % 60:02} - {'Alice' if i % 2 else 'Bob'}: tu viens demain ? {i}"
        for i in range(300)
    ]
    chat.write_text("\n".join(lines) + "\n", encoding="utf-8")
    tuned = finetune_lm(lm, [chat], tmp_path / "mine", FinetuneRecipe(batch=4, bptt=10, lr=0.01))
    assert float(tuned.scores["perplexity"]) < 60  # type: ignore[arg-type]
    assert tuned.training[-1]["name"] == "chat.txt"


def test_the_model_is_loaded_as_it_was_saved(lm: Bundle) -> None:
    model = load_lm(load_bundle(lm.folder, kind="lm")).eval()
    ids = torch.randint(4, 900, (2, 9))
    first = model(ids)[0]
    other = load_lm(lm).eval()
    assert torch.equal(first, other(ids)[0])


def test_faults(lm: Bundle, tmp_path: Path) -> None:
    one = tmp_path / "one.txt"
    one.write_text("une seule phrase\n", encoding="utf-8")
    with pytest.raises(TrainingError, match="one document alone cannot be both learnt from and measured on"):
        finetune_lm(lm, [one], tmp_path / "x", FinetuneRecipe())
    with pytest.raises(BundleError, match="no nlpchat model"):
        finetune_lm(tmp_path, [one], tmp_path / "x", FinetuneRecipe())
