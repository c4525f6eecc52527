"""A forward LSTM, a backward QRNN and n-grams of two seeds, trained here, in one bundle; and the calibration they come with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import load_file

from nlpchat.bundle import IDF, ONNX_FP32, ONNX_INT8, WEIGHTS, Bundle
from nlpchat.classifier import Classifier
from nlpchat.cli import main
from nlpchat.corpus.labelled import read_labelled
from nlpchat.errors import BundleError
from nlpchat.training.calibration import expected_calibration_error, fit_temperature
from nlpchat.training.chosen import CorpusOptions
from nlpchat.training.classifier import load_classifier, train_classifier
from nlpchat.training.ensemble import ensemble
from nlpchat.training.examples import examples_of
from nlpchat.training.export import ship
from nlpchat.training.lm import pretrain_lm
from nlpchat.training.recipe import ClassifierRecipe

from .conftest import SMALL

RECIPE = ClassifierRecipe(
    epochs=1, gradual=0.0, batch_tokens=800, lr=0.02, dropout=0.1, hidden=12, window=48, ngrams=2048, held_out=0.15
)


@pytest.fixture(scope="module")
def forward(lm: Bundle, chats: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return train_classifier(lm, [chats], tmp_path_factory.mktemp("forward") / "classifier", RECIPE)


@pytest.fixture(scope="module")
def backward(text: Path, tokenizer: Path, chats: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("backward")
    shape = replace(SMALL, encoder="qrnn", backward=True, epochs=1)
    lm = pretrain_lm([text], tokenizer, folder / "lm", shape, CorpusOptions(0.2))
    return train_classifier(lm, [chats], folder / "classifier", replace(RECIPE, ngrams=0, held_out=0.2))


@pytest.fixture(scope="module")
def respelt(lm: Bundle, chats: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    recipe = replace(RECIPE, noise=0.9, seed=1)
    return train_classifier(lm, [chats], tmp_path_factory.mktemp("respelt") / "respelt", recipe)


@pytest.fixture(scope="module")
def typed(
    forward: Bundle, backward: Bundle, respelt: Bundle, chats: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Result, Path]:
    output = tmp_path_factory.mktemp("ensemble") / "all"
    members = [str(one.folder) for one in (forward, ship(backward.folder, output.with_name("shipped")), respelt)]
    line = ["ensemble", *members, "-o", str(output), "--held-out", str(chats), "--check", str(chats)]
    return CliRunner().invoke(main, line, catch_exceptions=False), output


def test_the_command(
    typed: tuple[Result, Path], forward: Bundle, backward: Bundle, chats: Path, tmp_path: Path
) -> None:
    done, output = typed
    assert done.exit_code == 0, done.output
    *members, mean = done.stdout.splitlines()[:4]
    assert [line.split()[0] for line in members] == ["classifier", "shipped", "respelt"]
    assert sum(float(line.split("weight")[1].split()[0]) for line in members) == pytest.approx(1, abs=0.002)
    held_out = examples_of([chats], 0.15).held_out
    assert len(held_out) > 80
    assert f"n {len(held_out):6}" in mean
    assert done.stdout.splitlines()[-1].startswith(f"{output}: macro-F1 0.")
    assert f"on {len(held_out)} texts of held-out groups." in done.stdout
    assert sum(line.startswith("chats.jsonl (learnt from): ") for line in done.stdout.splitlines()) == 4
    alone = CliRunner().invoke(main, ["ensemble", str(forward.folder), "-o", "x", "--held-out", str(chats)])
    assert alone.exit_code == 2
    assert "give two classifiers or more" in alone.output


def test_it_says_what_its_members_say_averaged(
    forward: Bundle, backward: Bundle, respelt: Bundle, chats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LSTM and QRNN, forward and backward, without n-grams and with those of two idfs; each counts, whoever is best."""
    weights = np.array([0.5, 0.3, 0.2])
    monkeypatch.setattr("nlpchat.training.ensemble.weights_of", lambda read, labels: weights)
    made = Classifier(ensemble([forward, backward, respelt], tmp_path / "all", [chats]))
    assert forward.files[IDF] != respelt.files[IDF]
    texts = [row.text for row in read_labelled(chats).rows] + ["un " * 200, "!"]
    read = [Classifier(one).predict(texts).scores for one in (forward, backward, respelt)]
    expected = sum(weight * scores for weight, scores in zip(weights, read, strict=True))
    assert np.abs(made.predict(texts).scores - expected).max() < 1e-4
    assert min(np.abs(one - expected).max() for one in read) > 0.05
    with pytest.raises(BundleError, match=r"has no weights\.safetensors"):
        load_classifier(made.bundle)


def test_in_fp32_too_where_all_members_are(
    forward: Bundle, backward: Bundle, chats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlpchat.training.ensemble.weights_of", lambda read, labels: np.array([0.6, 0.4]))
    made = ensemble([backward, forward], tmp_path / "both", [chats])
    weights = [one["weight"] for one in made.architecture["ensemble"]]  # type: ignore[attr-defined]
    texts = [row.text for row in read_labelled(chats).rows[:200]]
    read = [Classifier(one, graph=ONNX_FP32).predict(texts).scores for one in (backward, forward)]
    expected = weights[0] * read[0] + weights[1] * read[1]
    assert np.abs(Classifier(made, graph=ONNX_FP32).predict(texts).scores - expected).max() < 1e-5
    shipped = ship(made.folder, tmp_path / "shipped")
    assert set(shipped.files) == {"tokenizer.model", ONNX_INT8, IDF}
    assert np.abs(Classifier(shipped).predict(texts).scores - Classifier(made).predict(texts).scores).max() == 0


def test_the_temperature_changes_no_label_and_every_score(
    forward: Bundle, lm: Bundle, chats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlpchat.training.halves.ENOUGH", 10**9)
    plain = train_classifier(lm, [chats], tmp_path / "plain", RECIPE)
    told, untold = (one.scores["calibration"]["messages"] for one in (forward, plain))  # type: ignore[index]
    assert untold["temperature"] == 1.0
    assert untold["ece_after"] == untold["ece_before"] == told["ece_before"]
    temperature = told["temperature"]
    assert abs(temperature - 1) > 0.005
    mine, theirs = load_file(forward.path(WEIGHTS)), load_file(plain.path(WEIGHTS))
    changed = {name for name in mine if not torch.equal(mine[name], theirs[name])}
    assert "ngram_weight" in changed
    assert changed <= {"length_scale", "length_bias", "ngram_weight"}  # the encoder's half may count for nothing
    for name in changed:  # the rows of messages, which come first: of long texts there are none here
        half = len(mine[name]) // 2
        assert torch.allclose(mine[name][:half] * temperature, theirs[name][:half], rtol=1e-3, atol=1e-5)
    texts = [row.text for row in read_labelled(chats).rows]
    before, after = (Classifier(one, graph=ONNX_FP32).predict(texts) for one in (plain, forward))
    assert (before.labels == after.labels).all()
    assert np.abs(before.scores - after.scores).max() > 1e-3


def test_held_out_no_other_temperature_is_better(forward: Bundle, backward: Bundle, chats: Path) -> None:
    for bundle, share in ((forward, 0.15), (backward, 0.2)):
        rows = examples_of([chats], share).held_out
        labels = np.array([row.label for row in rows])
        scores = Classifier(bundle, graph=ONNX_FP32).predict([row.text for row in rows]).scores
        assert fit_temperature(np.log(scores), labels) == pytest.approx(1, abs=0.01)
        told = bundle.scores["calibration"]["messages"]  # type: ignore[index]
        assert told["n"] == len(rows)
        # Measured on folds, so near what the one temperature of all rows gives, and not the same.
        assert told["ece_after"] == pytest.approx(expected_calibration_error(scores, labels), abs=0.05)
        card = (bundle.folder / "card.md").read_text(encoding="utf-8")
        assert f"{told['ece_before']:.3f} before, and {told['ece_after']:.3f} after temperature scaling" in card


def test_train_classifier_says_its_calibration(lm: Bundle, chats: Path, tmp_path: Path) -> None:
    some = tmp_path / "some.jsonl"
    some.write_text("".join(chats.read_text(encoding="utf-8").splitlines(keepends=True)[:300]), encoding="utf-8")
    line = ["train-classifier", "--lm", str(lm.folder), str(some), "-o", str(tmp_path / "c"), "--epochs", "1"]
    done = CliRunner().invoke(main, [*line, "--gradual", "0", "--ngrams", "0", "--hidden", "4", "--window", "24"])
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "c" / "bundle.json").read_text(encoding="utf-8"))["scores"]["calibration"]["messages"]
    assert told["n"] < 100  # too few to fit a temperature on
    assert told["temperature"] == 1.0
    assert f"expected calibration error {told['ece_before']:.3f} before, {told['ece_after']:.3f} after" in done.stdout
