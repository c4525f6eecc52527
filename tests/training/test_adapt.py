"""A chat's own language and the shipped labels, made one classifier; stopped, gone on with, refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from nlpchat.bundle import Bundle
from nlpchat.classifier import Classifier
from nlpchat.cli import main
from nlpchat.corpus.labelled import read_labelled
from nlpchat.errors import TrainingError
from nlpchat.training.adapt import LEAST_MESSAGES, Adapted, adapt, shipped_samples
from nlpchat.training.classifier import train_classifier
from nlpchat.training.recipe import ClassifierRecipe, FinetuneRecipe
from nlpchat.training.run import Pause

LM = FinetuneRecipe(epochs=2, frozen_epochs=1, batch=4, bptt=12, lr=0.01, dropout=0.1, factor=1.0)
RECIPE = ClassifierRecipe(
    epochs=1, gradual=0.0, batch_tokens=800, lr=0.02, dropout=0.1, hidden=12, window=48, ngrams=2048, held_out=0.15
)
PLACES = ("au stade", "chez mamie", "à la gare", "au lac", "en bas", "à la fac", "au marché")


def export(path: Path, messages: int) -> Path:
    lines = [
        f"{1 + n // 1440:02d}/05/2024, {n // 60 % 24:02d}:{n % 60:02d} - {'Ana' if n % 3 else 'Bo'}: "
        f"on se retrouve {PLACES[n * n % 7]} à {n % 11 + 8}h {'stp' if n % 2 else 'alors'}"
        for n in range(messages)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shipped(lm: Bundle, chats: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return train_classifier(lm, [chats], tmp_path_factory.mktemp("shipped") / "classifier", RECIPE)


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("export") / "chat.txt", 500)


@pytest.fixture(scope="module")
def adapted(lm: Bundle, shipped: Bundle, chats: Path, chat: Path, tmp_path_factory: pytest.TempPathFactory) -> Adapted:
    """Stopped twice on its way, in the language model and in the classifier, and gone on with."""
    output = tmp_path_factory.mktemp("adapted") / "mine"

    def go(resume: bool, steps: int | None = None, **more: object) -> Adapted:
        given: dict[str, object] = {"samples": [chats], "check": [chats], "lm": LM, "classifier": RECIPE, **more}
        return adapt(
            [chat], output, base=lm.folder, model=shipped.folder, resume=resume, pause=Pause(steps=steps), **given
        )  # type: ignore[arg-type]

    with pytest.raises(TrainingError, match="stopped after 5 steps"):
        go(False, 5)
    with pytest.raises(TrainingError, match="Add --resume"):
        go(False)
    with pytest.raises(TrainingError, match="Delete the folder"):
        go(True, lm=replace(LM, seed=7))
    with pytest.raises(TrainingError, match="stopped after 100 steps"):
        go(True, 100)  # the language model has fewer left: in the classifier
    return go(True)


def test_it_learns_how_they_write(adapted: Adapted) -> None:
    assert adapted.messages == 500
    assert adapted.after < 0.7 * adapted.before


def test_what_is_left_is_one_classifier(adapted: Adapted, shipped: Bundle, chats: Path) -> None:
    assert [path.name for path in adapted.bundle.folder.parent.iterdir()] == ["mine"]
    rows = read_labelled(chats).rows[:100]
    said = Classifier(adapted.bundle).predict([row.text for row in rows])
    assert len(said) == 100
    both = adapted.scores["held_out"]["all held-out groups"]
    alone = adapted.scores["members"].values()
    assert both["macro_f1"] >= max(one["macro_f1"] for one in alone) - 0.03
    assert len(adapted.scores["check"]) == 1
    assert [one["weight"] for one in alone] == [0.75, 0.25]


def test_few_messages_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    small = export(tmp_path / "small.txt", LEAST_MESSAGES - 1)
    with pytest.raises(TrainingError, match=f"{LEAST_MESSAGES - 1} text messages"):
        adapt([small], tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["small.txt"]


def test_the_samples_that_ship_have_every_label_and_are_the_projects_own() -> None:
    found = shipped_samples()
    assert any(path.name == "chat_invented.jsonl.xz" for path in found)
    assert {row.label for path in found for row in read_labelled(path).rows} == {"neg", "neu", "pos"}


def test_the_command_reports(
    lm: Bundle, shipped: Bundle, chats: Path, chat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlpchat.training.adapt.LM", LM)
    monkeypatch.setattr("nlpchat.training.adapt.CLASSIFIER", RECIPE)
    line = ["adapt", str(chat), "-o", str(tmp_path / "mine"), "--samples", str(chats), "--base", str(lm.folder)]
    done = CliRunner().invoke(main, [*line, "--model", str(shipped.folder)])
    assert done.exit_code == 0, done.output
    assert "500 messages read. Perplexity of those held out: " in done.stdout
    assert "both together  macro-F1" in done.stdout
    json.loads((tmp_path / "mine" / "bundle.json").read_text(encoding="utf-8"))
    again = CliRunner().invoke(main, ["classify", str(chat), "--model", str(tmp_path / "mine"), "--json"])
    assert again.exit_code == 0, again.output
