"""Backward models, QRNN and LSTM: the losses of a forward model on the texts turned round, and a classifier that follows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from nlpchat.bundle import ONNX_FP32, ONNX_INT8, TOKENIZER, WEIGHTS, Bundle
from nlpchat.classifier import Classifier
from nlpchat.corpus.labelled import read_labelled
from nlpchat.text.normalise import normalise
from nlpchat.text.tokens import BOS_ID, Tokenizer, windowed
from nlpchat.training.batches import padded_ids
from nlpchat.training.chosen import CorpusOptions
from nlpchat.training.classifier import load_classifier, train_classifier
from nlpchat.training.lm import finetune_lm, pretrain_lm
from nlpchat.training.recipe import ClassifierRecipe, FinetuneRecipe

from .conftest import SMALL

HALF = CorpusOptions(0.2)
SHORT = replace(SMALL, epochs=1, batch=4, bptt=10)
ENCODERS = pytest.mark.parametrize("encoder", ["qrnn", "awd-lstm"])


@pytest.fixture(scope="module")
def words(tokenizer: Path) -> list[str]:
    """Words that are one piece each, so that a line turned round word by word is turned round piece by piece."""
    pieces = Tokenizer.load(tokenizer)
    found = [pieces.pieces([i])[0].removeprefix("\u2581") for i in range(4, pieces.vocab_size)]
    plain = [word for word in found if word.isascii() and word.isalpha() and word.islower()]
    plain = [word for word in plain if len(pieces.encode([normalise(word)])[0]) == 1]
    assert len(plain) > 60
    return plain


def corpus(folder: Path, words: list[str], *, turned: bool) -> Path:
    """60 documents of three lines; turned: each read from its end."""
    random = np.random.default_rng(0)
    folder.mkdir()
    rows = []
    for number in range(60):
        lines = [[words[i] for i in random.integers(0, len(words), random.integers(3, 9))] for _ in range(3)]
        if turned:
            lines = [line[::-1] for line in lines[::-1]]
        rows.append({"text": "\n".join(" ".join(line) for line in lines), "film": f"f{number}"})
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@ENCODERS
def test_it_learns_what_a_forward_model_learns_from_the_texts_turned_round(
    encoder: str, words: list[str], tokenizer: Path, tmp_path: Path
) -> None:
    plain, turned = (corpus(tmp_path / name, words, turned=name == "turned") for name in ("plain", "turned"))
    recipe = replace(SHORT, encoder=encoder)
    backward = pretrain_lm([plain], tokenizer, tmp_path / "backward", replace(recipe, backward=True), HALF)
    forward = pretrain_lm([turned], tokenizer, tmp_path / "forward", recipe, HALF)
    other = pretrain_lm([plain], tokenizer, tmp_path / "other", recipe, HALF)
    mine, theirs = load_file(backward.path(WEIGHTS)), load_file(forward.path(WEIGHTS))
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    assert backward.scores == forward.scores
    assert backward.scores != other.scores
    assert backward.architecture == {**forward.architecture, "backward": True}
    assert "reading backward" in (backward.folder / "card.md").read_text(encoding="utf-8")
    recipe_of_tuning = FinetuneRecipe(batch=4, bptt=10)
    tuned = [
        finetune_lm(base, [path], tmp_path / f"{base.folder.name}-tuned", recipe_of_tuning, HALF)
        for base, path in ((backward, plain), (forward, turned))
    ]
    assert tuned[0].scores == tuned[1].scores
    assert tuned[0].architecture["backward"] is True


@ENCODERS
def test_its_classifier_reads_from_the_end_in_torch_and_in_onnx(
    encoder: str, text: Path, chats: Path, tokenizer: Path, tmp_path: Path
) -> None:
    lm = pretrain_lm([text], tokenizer, tmp_path / "lm", replace(SHORT, encoder=encoder, backward=True), HALF)
    recipe = ClassifierRecipe(epochs=1, gradual=0.0, batch_tokens=800, lr=0.02, hidden=8, window=24, ngrams=0)
    made = train_classifier(lm, [chats], tmp_path / "classifier", recipe)
    assert made.architecture["backward"] is True
    texts = [row.text for row in read_labelled(chats).rows[:50]] + ["!", "un deux trois " * 40]
    expected = _by_hand(made, texts)
    assert expected.std() > 0.01
    assert np.abs(Classifier(made, graph=ONNX_FP32).predict(texts).scores - expected).max() < 1e-4
    assert np.abs(Classifier(made, graph=ONNX_INT8).predict(texts).scores - expected).max() < 0.05


@torch.no_grad()
def _by_hand(made: Bundle, texts: list[str]) -> np.ndarray:
    """The scores of each text alone, its pieces turned round here and given to the encoder as they are to be read."""
    model, _ = load_classifier(made)
    pieces = Tokenizer.load(made.path(TOKENIZER))
    model.encoder.shape = replace(model.encoder.shape, backward=False)
    scores = []
    for ids in pieces.encode([normalise(text) for text in texts]):
        seen = [BOS_ID, *windowed(ids, made.window)[:0:-1]]
        scores.append(torch.softmax(model(*padded_ids([seen], pieces.pad_id)), 1))
    return torch.cat(scores).numpy()
