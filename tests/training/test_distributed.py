"""Two processes under torchrun learn what one learns; they share the rows, stop together, and only the first one writes."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from nlpchat.bundle import load_bundle
from nlpchat.corpus.store import open_store, write_store
from nlpchat.errors import TrainingError
from nlpchat.training.batches import ClassifierBatches, Example, LanguageModelBatches
from nlpchat.training.chosen import CorpusOptions
from nlpchat.training.distributed import Share, leads, ours
from nlpchat.training.lm import pretrain_lm
from nlpchat.training.recipe import PretrainRecipe
from nlpchat.training.run import Pause

TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
SAME = PretrainRecipe(
    emb=16, hidden=16, layers=2, batch=8, bptt=12, lr=0.02, epochs=1, dropout=0.0, precision="fp32"
)  # without dropout, which draws otherwise in each process, one and two do the same sums
OPTIONS = [
    "--emb", "16", "--hidden", "16", "--layers", "2", "--batch", "8", "--bptt", "12", "--lr", "0.01", "--held-out", "0.1",
    "--precision", "fp32",
]  # fmt: skip

# What both processes do: a run in two parts is the same run, dropout included; the classifier's gradients agree too.
SCRIPT = """
import sys
from pathlib import Path
import torch
from nlpchat.errors import TrainingError
from nlpchat.training import distributed
from nlpchat.training.classifier import train_classifier
from nlpchat.training.chosen import CorpusOptions
from nlpchat.training.lm import finetune_lm, pretrain_lm
from nlpchat.training.recipe import ClassifierRecipe, FinetuneRecipe, PretrainRecipe
from nlpchat.training.run import Pause

text, tokenizer, chats, folder = map(Path, sys.argv[1:])
recipe = PretrainRecipe(emb=16, hidden=16, layers=2, batch=8, bptt=12, lr=0.01, epochs=1, dropout=0.3, precision="fp32")
options = CorpusOptions(0.1, 2000)
whole = pretrain_lm([text], tokenizer, folder / "whole", recipe, options)
try:
    pretrain_lm([text], tokenizer, folder / "parts", recipe, options, pause=Pause(steps=7))
except TrainingError as fault:
    assert "--resume goes on" in str(fault), fault
parts = pretrain_lm([text], tokenizer, folder / "parts", recipe, options, resume=True)
assert (folder / "whole" / "weights.safetensors").read_bytes() == (folder / "parts" / "weights.safetensors").read_bytes()
assert whole.scores["perplexity"] == parts.scores["perplexity"]

tuned = finetune_lm(whole, [chats], folder / "tuned", FinetuneRecipe(batch=8, bptt=12, precision="fp32"), CorpusOptions(0.1, 2000))
few = ClassifierRecipe(epochs=1, gradual=1.0, batch_tokens=600, window=32, hidden=8, ngrams=1024, cap=60, precision="fp32")
made = train_classifier(tuned, [chats], folder / "classifier", few)
assert made.scores["held_out"]["all held-out groups"]["n"] > 0

model = torch.nn.Linear(3, 2)
torch.nn.init.constant_(model.weight, 0.5)
torch.nn.init.zeros_(model.bias)
assert distributed.alike(model)
if not distributed.leads():
    model.weight.data[0, 0] += 1e-7
assert not distributed.alike(model)
number = distributed.ours().number
assert distributed.summed([number, 1.0]) == [1.0, 2.0]
assert distributed.gathered(f"of {number}") == ([] if number else ["of 0", "of 1"])
if number == 0:
    print("agreed")
distributed.leave(0)
"""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As torchrun gives each process: several threads of several processes on the same cores wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def torchrun(*words: object) -> subprocess.CompletedProcess[str]:
    command = [*TORCHRUN, *map(str, words)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, env=environment)


def test_two_processes_learn_what_one_learns(text: Path, tokenizer: Path, tmp_path: Path) -> None:
    one = pretrain_lm([text], tokenizer, tmp_path / "one", SAME, CorpusOptions(0.1))
    done = torchrun(
        "-m", "nlpchat", "pretrain-lm", text, "--tokenizer", tokenizer, "-o", tmp_path / "two", *OPTIONS, "--epochs", "1",
        "--lr", "0.02", "--dropout", "0",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("perplexity") == 1  # one of them speaks
    two = load_bundle(tmp_path / "two", kind="lm")
    assert two.scores["trained_tokens"] == one.scores["trained_tokens"]
    assert two.scores["perplexity"] == pytest.approx(one.scores["perplexity"], rel=0.01)
    assert one.scores["perplexity"] < 600  # of 900 pieces: it learnt
    assert not (tmp_path / "two.work").exists()
    with (tmp_path / "two" / "losses.csv").open() as stream:
        steps = [int(row["step"]) for row in csv.DictReader(stream)]
    assert steps == sorted(set(steps))  # one of them writes


def test_they_resume_together_and_agree(text: Path, tokenizer: Path, chats: Path, tmp_path: Path) -> None:
    script = tmp_path / "both.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = torchrun(script, text, tokenizer, chats, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "agreed\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_stops_both_with_a_checkpoint_that_one_goes_on_from(text: Path, tokenizer: Path, tmp_path: Path) -> None:
    words = ["-m", "nlpchat", "pretrain-lm", str(text), "--tokenizer", str(tokenizer), "-o", str(tmp_path / "lm")]
    words += [*OPTIONS, "--epochs", "5000"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen([*TORCHRUN, *words], stderr=subprocess.PIPE, text=True, env=environment) as process:
        table, waited = tmp_path / "lm.work" / "losses.csv", time.monotonic() + 120
        while not (table.exists() and table.read_text().count("\n") > 1):
            assert process.poll() is None
            assert time.monotonic() < waited
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert "stopped by Ctrl-C. All is kept in" in said
    assert "Error:" not in said.split("stopped by Ctrl-C", maxsplit=1)[0]
    state = torch.load(tmp_path / "lm.work" / "checkpoint.pt", weights_only=True)
    assert state["carried"][0][0].shape[1] == 8  # the hidden states of all rows
    assert len(state["random_of_others"]) == 1
    recipe = PretrainRecipe(emb=16, hidden=16, layers=2, batch=8, bptt=12, lr=0.01, epochs=5000, precision="fp32")
    with pytest.raises(TrainingError, match="stopped after 3 steps as asked"):
        pretrain_lm([text], tokenizer, tmp_path / "lm", recipe, CorpusOptions(0.1), resume=True, pause=Pause(steps=3))
    assert torch.load(tmp_path / "lm.work" / "checkpoint.pt", weights_only=True)["step"] == state["step"] + 3


@pytest.fixture
def store(tmp_path: Path):
    pieces = np.random.default_rng(0).integers(4, 90, (40, 25)).tolist()
    write_store(pieces, tmp_path / "store", vocab_size=100, tokenizer="0" * 64)
    return open_store(tmp_path / "store")


def test_rows_are_shared_and_none_is_read_twice(store) -> None:
    whole = list(LanguageModelBatches(store, batch=6, bptt=10, epochs=2))
    parts = [list(LanguageModelBatches(store, batch=6, bptt=10, epochs=2, share=Share(n, 3))) for n in range(3)]
    assert len(whole) == len(parts[0]) > 4
    for step, (ids, following) in enumerate(whole):
        assert torch.equal(ids, torch.cat([part[step][0] for part in parts]))
        assert torch.equal(following, torch.cat([part[step][1] for part in parts]))


def test_rows_that_cannot_be_shared_equally_are_refused(store) -> None:
    with pytest.raises(
        TrainingError, match=r"the 6 rows of a batch cannot be shared equally among 4 processes\. Give a --batch"
    ):
        LanguageModelBatches(store, batch=6, bptt=10, share=Share(0, 4))
    # A store of 1,000 tokens has room for one row of 800.
    with pytest.raises(TrainingError, match="the 1 rows of a batch"):
        LanguageModelBatches(store, batch=64, bptt=800, share=Share(0, 2))


def _batches(examples: list[Example], share: Share) -> ClassifierBatches:
    def encode(texts: list[str], _random: object) -> list[list[int]]:
        return [[1, int(text.split()[0])] for text in texts]

    return ClassifierBatches(
        examples,
        encode,
        epochs=1,
        batch_tokens=120,
        caps={},
        default_cap=1000,
        power=1.0,
        seed=3,
        pad_id=0,
        share=share,
    )


def test_labelled_texts_are_shared_and_none_is_read_twice() -> None:
    examples = [Example(f"{n} " + "mot " * (n % 30), n % 3, "a") for n in range(200)]
    parts = [list(_batches(examples, Share(n, 2))) for n in range(2)]
    assert len(parts[0]) == len(parts[1]) > 5
    read = [int(row[1]) for part in parts for ids, _, _ in part for row in ids]
    assert len(read) == len(set(read)) > 190
    with pytest.raises(TrainingError, match=r"batch\(es\) cannot be shared among 50 processes"):
        _batches(examples[:20], Share(0, 50))


def test_without_torchrun_there_is_one_process() -> None:
    assert "RANK" not in os.environ
    assert ours() == Share(0, 1)
    assert leads()
