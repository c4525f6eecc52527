"""What an export adds to a card: the spread over seeds, sources that were not trained on, what is got wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from nlpchat.bundle import Bundle, load_bundle
from nlpchat.classifier import Classifier
from nlpchat.cli import main
from nlpchat.errors import BundleError, TrainingError
from nlpchat.evaluate import wilson
from nlpchat.training.classifier import train_classifier
from nlpchat.training.export import ship
from nlpchat.training.recipe import ClassifierRecipe
from nlpchat.training.seeds import SHOWN, hard_cases, over_seeds, unseen_sources

RECIPE = ClassifierRecipe(
    epochs=1, gradual=0.0, batch_tokens=800, lr=0.02, dropout=0.1, hidden=12, window=48, ngrams=2048, held_out=0.15
)


@pytest.fixture(scope="module")
def other(chats: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source of another name, of messages that the trainings do not see."""
    rows = [
        {"text": f"{text} numéro {n}", "label": label}
        for n in range(20)
        for text, label in (("trop bien", "pos"), ("trop nul", "neg"), ("le train arrive", "neu"))
    ]
    path = tmp_path_factory.mktemp("other") / "other.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(lm: Bundle, chats: Path, other: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    folder = tmp_path_factory.mktemp("seeds")
    return [
        train_classifier(lm, [chats], folder / str(seed), replace(RECIPE, seed=seed), test=[other] if seed == 2 else [])
        for seed in range(3)
    ]


def test_mean_and_spread_are_those_of_the_seeds(trained: list[Bundle]) -> None:
    told = over_seeds(trained, {})
    assert told["seeds"] == [0, 1, 2]
    one = told["sets"]["all held-out groups"]["macro_f1"]
    scores = [bundle.scores["held_out"]["all held-out groups"]["macro_f1"] for bundle in trained]  # type: ignore[index]
    assert one["mean"] == pytest.approx(np.mean(scores), abs=1e-4)
    assert one["sd"] == pytest.approx(np.std(scores, ddof=1), abs=1e-4)
    assert (one["least"], one["most"]) == (min(scores), max(scores))
    assert one["interval"] == trained[0].scores["held_out"]["all held-out groups"]["interval"]  # type: ignore[index]


def test_a_pool_counts_its_sets_together(trained: list[Bundle]) -> None:
    told = over_seeds(trained, {"pool": ["chats", "chats"]})
    both, alone = told["sets"]["pool"]["two_pole_accuracy"], told["sets"]["chats"]["two_pole_accuracy"]
    assert both["n"] == 2 * alone["n"]
    assert both["mean"] == pytest.approx(alone["mean"], abs=1e-4)
    with pytest.raises(TrainingError, match="--pool films: allocine was not measured"):
        over_seeds(trained, {"films": ["allocine"]})


def test_only_the_seed_may_differ(lm: Bundle, chats: Path, trained: list[Bundle], tmp_path: Path) -> None:
    wider = train_classifier(lm, [chats], tmp_path / "wider", replace(RECIPE, seed=5, hidden=13))
    with pytest.raises(TrainingError, match="they differ in hidden"):
        over_seeds([trained[0], wider], {})
    with pytest.raises(TrainingError, match="same seed"):
        over_seeds([trained[0], trained[1], trained[1]], {})


def test_unseen_sources_are_those_it_was_tested_on(trained: list[Bundle]) -> None:
    told = unseen_sources([trained[2]])
    assert list(told) == ["other"]
    assert told["other"]["n"] == 60
    with pytest.raises(TrainingError, match="tested on nothing"):
        unseen_sources([trained[0]])


def test_hard_cases_show_every_kind_in_turn(trained: list[Bundle], tmp_path: Path) -> None:
    classifier = Classifier(trained[0])
    texts = [f"message {n}" for n in range(60)]
    said = [one.label for one in classifier.predict(texts)]
    wrong = {"neg": "pos", "neu": "neg", "pos": "neu"}
    rows = [
        {"text": t, "label": wrong[s], "kind": "abc"[n % 3]} for n, (t, s) in enumerate(zip(texts, said, strict=True))
    ]
    rows.append({"text": "message 0", "label": said[0], "kind": "d"})
    path = tmp_path / "hard.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    told = hard_cases(classifier, path)
    assert told["kinds"] == {**{kind: {"n": 20, "right": 0} for kind in "abc"}, "d": {"n": 1, "right": 1}}
    assert len(told["wrong"]) == SHOWN
    assert {sum(one["kind"] == kind for one in told["wrong"]) for kind in "abc"} == {6, 7}


def test_the_interval_of_a_share() -> None:
    _, low, high = wilson(50, 100)
    assert (low, high) == pytest.approx((0.4038, 0.5962), abs=1e-4)  # Brown, Cai and DasGupta 2001
    assert wilson(10, 10)[2] == pytest.approx(1.0)
    assert wilson(0, 10)[1] == pytest.approx(0.0)


def test_the_card_says_it_all(trained: list[Bundle], tmp_path: Path, lm: Bundle) -> None:
    hard = tmp_path / "hard.jsonl"
    hard.write_text(json.dumps({"text": "bravo | vraiment", "label": "neg", "kind": "irony"}) + "\n", encoding="utf-8")
    line = ["export", str(trained[0].folder), "-o", str(tmp_path / "out"), "--hard", str(hard)]
    line += ["--seed-of", str(trained[1].folder), "--seed-of", str(trained[2].folder), "--pool", "all=chats"]
    done = CliRunner().invoke(main, [*line, "--unseen", str(trained[2].folder)])
    assert done.exit_code == 0, done.output
    card = (tmp_path / "out" / "card.md").read_text(encoding="utf-8")
    assert "3 trainings that differ in their seed alone (0, 1, 2; the first ships)" in card
    assert "| all | two poles, accuracy |" in card
    assert "## Of a kind not trained on" in card
    assert "| other | 60 |" in card
    assert "| irony | " in card
    scores = load_bundle(tmp_path / "out").scores
    assert {"seeds", "unseen", "hard"} <= set(scores)
    with pytest.raises(BundleError, match="no labels to be measured by"):
        ship(lm.folder, tmp_path / "lm", hard=hard)
    wrong = CliRunner().invoke(main, [*line[:4], "--pool", "films"])
    assert wrong.exit_code == 2
    assert "is not NAME=SET,SET" in wrong.stderr
