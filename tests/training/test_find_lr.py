"""The range test: it sees the loss fall and explode, suggests a rate between, and leaves no trace."""

from __future__ import annotations

import csv
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from nlpchat.bundle import Bundle
from nlpchat.errors import TrainingError
from nlpchat.training.chosen import CorpusOptions
from nlpchat.training.classifier import train_classifier
from nlpchat.training.find_lr import Found, Range, _found, _Notes, find_lr, range_test, write_found
from nlpchat.training.lm import finetune_lm, pretrain_lm
from nlpchat.training.recipe import ClassifierRecipe, FinetuneRecipe
from nlpchat.training.run import Pause, Phase, Run

from .conftest import SMALL

SHORT = Range(start=1e-5, end=10, steps=60)


@pytest.fixture(scope="module")
def found(text: Path, tokenizer: Path) -> Found:
    return find_lr(
        lambda output, pause: pretrain_lm([text], tokenizer, output, SMALL, CorpusOptions(0.1), pause=pause), SHORT
    )


def test_the_rate_rises_evenly_and_the_loss_falls_before_it_explodes(found: Found) -> None:
    steps = [later / earlier for earlier, later in pairwise(found.rates)]
    assert found.rates[0] == pytest.approx(1e-5)
    assert steps == pytest.approx([steps[0]] * len(steps), rel=1e-6)
    assert steps[0] == pytest.approx((10 / 1e-5) ** (1 / 60), rel=1e-6)
    assert min(found.smooth) < found.smooth[0] - 0.3
    assert found.losses[-1] > min(found.losses) + 0.5


def test_the_suggestions_lie_where_the_loss_falls(found: Found) -> None:
    lowest = found.rates[found.smooth.index(min(found.smooth))]
    assert found.valley is not None
    assert found.steep is not None
    assert 1e-5 < found.valley < lowest
    assert 1e-5 < found.steep < lowest
    assert found.phase == "pretrain"


def test_the_same_seed_finds_the_same(found: Found, text: Path, tokenizer: Path) -> None:
    torch.manual_seed(123)
    again = find_lr(
        lambda output, pause: pretrain_lm([text], tokenizer, output, SMALL, CorpusOptions(0.1), pause=pause), SHORT
    )
    assert again == found


def test_weights_and_state_are_as_before(lm: Bundle, text: Path, tmp_path: Path) -> None:
    seen: list[tuple[dict[str, torch.Tensor], Run]] = []

    def look(run: Run, phases: list[Phase]) -> None:
        before = {name: value.clone() for name, value in run.model.state_dict().items()}
        seen.append((before, run))
        found = range_test(run, phases[-1], SHORT)
        assert max(found.losses) > min(found.losses) + 1
        raise KeyError("enough")

    recipe = FinetuneRecipe(batch=8, bptt=12)
    with pytest.raises(KeyError, match="enough"):
        finetune_lm(lm, [text], tmp_path / "lm", recipe, CorpusOptions(0.1), pause=Pause(before=look))
    (before, run) = seen[0]
    after = run.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.grad is None or not p.grad.any() for p in run.model.parameters())
    assert run.model.encoder.state is None  # type: ignore[union-attr]


def test_lower_layers_have_lower_rates(lm: Bundle, text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[float]] = []
    note = _Notes.after_batch

    def noted(self: Any) -> None:
        seen.append([float(group["lr"]) for group in self.learn.opt.hypers])
        note(self)

    monkeypatch.setattr(_Notes, "after_batch", noted)
    recipe = FinetuneRecipe(batch=8, bptt=12, factor=2.0)
    find_lr(lambda out, pause: finetune_lm(lm, [text], out, recipe, CorpusOptions(0.1), pause=pause), Range(steps=30))
    assert len(seen) == 30
    for rates in seen:
        assert [later / earlier for earlier, later in pairwise(rates)] == pytest.approx([2.0, 2.0])


def test_a_classifier(lm: Bundle, chats: Path, tmp_path: Path) -> None:
    recipe = ClassifierRecipe(batch_tokens=800, hidden=12, window=48, ngrams=0, held_out=0.15)
    found = find_lr(lambda out, pause: train_classifier(lm, [chats], out, recipe, pause=pause), SHORT)
    assert found.phase == "all layers"
    assert found.valley is not None
    assert 1e-5 < found.valley < 1
    table = write_found(found, tmp_path / "lr.png")
    assert (tmp_path / "lr.png").read_bytes().startswith(b"\x89PNG")
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["lr"]) for row in rows] == pytest.approx(list(found.rates), rel=1e-5)
    assert [float(row["loss"]) for row in rows] == pytest.approx(list(found.losses), abs=1e-5)


def curve(loss: Callable[[float], float]) -> Found:
    notes = _Notes()
    notes.rows = [(10 ** (-6 + 6 * n / 99), *[loss(-6 + 6 * n / 99)] * 2) for n in range(100)]
    return _found("drawn", notes, Range(steps=100))


def test_suggestions_on_a_drawn_curve() -> None:
    """Flat up to 1e-4, down until 1e-2, up again; the fall is steepest at its end."""
    found = curve(lambda place: 5.0 if place < -4 else 5 - (place + 4) ** 2 / 2 if place < -2 else 3 + 3 * (place + 2))
    assert found.valley is not None
    assert found.steep is not None
    assert 1e-4 < found.valley < 1e-3
    assert found.valley < found.steep <= 1.2e-2


def test_a_loss_that_never_falls_gives_no_suggestion() -> None:
    found = curve(lambda place: 10 + place)
    assert (found.valley, found.steep) == (None, None)


def test_faults(lm: Bundle, text: Path) -> None:
    with pytest.raises(TrainingError, match="must rise from above 0"):
        Range(start=1, end=0.1)
    with pytest.raises(TrainingError, match="at least 20 steps, not 3"):
        Range(steps=3)
    with pytest.raises(TrainingError, match="Give a lower --start"):
        find_lr(
            lambda out, pause: finetune_lm(
                lm, [text], out, FinetuneRecipe(batch=8, bptt=12), CorpusOptions(0.1), pause=pause
            ),
            Range(start=1e20, end=1e30, stop=False),
        )
    with pytest.raises(TrainingError, match="nothing to train"):
        find_lr(lambda out, pause: None)
