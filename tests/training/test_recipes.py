"""What the published recipes ask for: the slanted triangle, momenta, dropouts, AR and TAR, rates of the frozen epochs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastai.callback.core import Callback, TrainEvalCallback
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import Adam
from torch import nn

from nlpchat.bundle import Bundle
from nlpchat.errors import RecipeError
from nlpchat.model.build import build_encoder, build_lm
from nlpchat.model.classifier import SentimentClassifier
from nlpchat.model.encoder import Dropouts, EncoderShape
from nlpchat.training.chosen import CorpusOptions
from nlpchat.training.classifier import train_classifier
from nlpchat.training.lm import finetune_lm
from nlpchat.training.loop import _follow
from nlpchat.training.recipe import ClassifierRecipe, FinetuneRecipe, PretrainRecipe
from nlpchat.training.regularise import EncoderStates, RNNOutputs, regularised
from nlpchat.training.run import Pause, Phase, Run, Schedule

STEPS = 100


class Seen(Callback):
    """The rates of all groups and the momentum of each step, and what the penalties add to the loss."""

    order = 50

    def __init__(self) -> None:
        self.rates: list[list[float]] = []
        self.momenta: list[float] = []
        self.added: list[float] = []

    def before_step(self) -> None:
        self.rates.append([float(h["lr"]) for h in self.learn.opt.hypers])
        self.momenta.append(float(self.learn.opt.hypers[-1]["mom"]))
        self.added.append(float(self.learn.loss_grad.detach() - self.learn.loss.detach()))


def learner(model: nn.Module, batches: list[Any], loss: Any, groups: Any, *callbacks: Callback) -> tuple[Learner, Seen]:
    seen = Seen()
    dls = DataLoaders(batches, [])
    dls.n_inp = len(batches[0]) - 1
    made = Learner(
        dls, model, loss_func=loss, opt_func=Adam, splitter=groups, default_cbs=False, cbs=[TrainEvalCallback(), seen, *callbacks]
    )  # fmt: skip
    made.create_opt()
    return made, seen


def test_slanted_triangles_are_those_of_equation_3() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    batches = [(torch.ones(3, 2), torch.zeros(3, 1))] * STEPS
    learn, seen = learner(model, batches, nn.MSELoss(), lambda m: [list(m[0].parameters()), list(m[1].parameters())])
    _follow(learn, np.array([0.01 / 2.6, 0.01]), Schedule("slanted", 0.1, (0.7, 0.7)))
    cut, ratio = STEPS * 0.1, 32
    for t, (lower, upper) in enumerate(seen.rates):
        p = t / cut if t < cut else 1 - (t - cut) / (cut * (1 / 0.1 - 1))
        assert upper == pytest.approx(0.01 * (1 + p * (ratio - 1)) / ratio)
        assert lower == pytest.approx(upper / 2.6)
    assert set(seen.momenta) == {0.7}


def test_one_cycle_takes_its_momenta() -> None:
    model = nn.Linear(2, 1)
    batches = [(torch.ones(3, 2), torch.zeros(3, 1))] * STEPS
    learn, seen = learner(model, batches, nn.MSELoss(), lambda m: [list(m.parameters())])
    _follow(learn, np.array([0.01]), Schedule("one-cycle", 0.3, (0.8, 0.7)))
    assert seen.momenta[0] == pytest.approx(0.8)
    assert seen.momenta[30] == pytest.approx(0.7)
    assert seen.momenta[-1] == pytest.approx(0.8, abs=1e-3)
    assert max(range(STEPS), key=lambda t: seen.rates[t][0]) == 30


def penalty(states: torch.Tensor, alpha: float, beta: float) -> float:
    return float(alpha * states.pow(2).mean() + beta * (states[:, 1:] - states[:, :-1]).pow(2).mean())


def test_ar_and_tar_are_added_to_the_loss() -> None:
    torch.manual_seed(0)
    shape = EncoderShape(vocab_size=30, emb=6, hidden=6, layers=1)
    ids = torch.randint(4, 30, (3, 7))
    lm = build_lm(shape, Dropouts().times(0))
    with torch.no_grad():
        states = lm(ids)[0]
    lm.reset()
    learn, seen = learner(lm, [(ids, ids)], lm.loss, lambda m: m.groups(), *regularised(RNNOutputs(), 2.0, 1.0))
    learn.fit(1)
    assert seen.added[0] == pytest.approx(penalty(states, 2.0, 1.0), rel=1e-4)

    lengths, labels = torch.tensor([7, 7, 7]), torch.tensor([0, 1, 2])
    model = SentimentClassifier(build_encoder(shape, Dropouts().times(0)), classes=3, hidden=4, dropout=0.0)
    with torch.no_grad():
        states = model.encoder(ids)
    learn, seen = learner(
        model, [(ids, lengths, labels)], nn.CrossEntropyLoss(), lambda m: m.groups(), *regularised(EncoderStates(), 2.0, 1.0)
    )  # fmt: skip
    learn.fit(1)
    assert seen.added[0] == pytest.approx(penalty(states, 2.0, 1.0), rel=1e-4)
    assert not model.encoder._forward_hooks


class Looked(Exception):  # noqa: N818 - no fault: it carries out what was seen
    pass


def looked_at(training: Any) -> tuple[Run, list[Phase]]:
    """What a training is about to do: its run and its phases."""

    def look(run: Run, phases: list[Phase]) -> None:
        raise Looked(run, phases)

    with pytest.raises(Looked) as caught:
        training(Pause(before=look))
    return caught.value.args


def test_multifit_fine_tuning_is_what_its_code_does(lm: Bundle, chats: Path, tmp_path: Path) -> None:
    recipe = FinetuneRecipe(
        lr=1e-3, frozen_lr=10, factor=1, batch=8, bptt=12, dropout=0.3, dropouts="0.2,0.1,0.15,0.02,0.25", alpha=2, beta=1,
        momentum="0.8,0.7", warmup=0.3,
    )  # fmt: skip
    run, phases = looked_at(
        lambda pause: finetune_lm(lm, [chats], tmp_path / "x", recipe, CorpusOptions(0.1), pause=pause)
    )
    assert [(p.freeze_to, p.lr, p.factor) for p in phases] == [(-1, 1e-2, 1.0), (0, 1e-3, 1)]
    assert run.schedule == Schedule("one-cycle", 0.3, (0.8, 0.7))
    assert run.model.output_dropout.p == pytest.approx(0.3 * 0.25)
    assert run.model.encoder.input_dropout.p == pytest.approx(0.3 * 0.2)
    assert run.model.encoder.hidden_dropouts[0].p == pytest.approx(0.3 * 0.1)
    assert run.model.encoder.embedding_dropout.embed_p == pytest.approx(0.3 * 0.02)
    assert [type(c).__name__ for c in run.callbacks] == ["RNNOutputs", "RNNRegularizer"]


def test_gradual_unfreezing_opens_a_layer_an_epoch(lm: Bundle, chats: Path, tmp_path: Path) -> None:
    recipe = ClassifierRecipe(gradual=1, epochs=2, lr=0.01, schedule="slanted", momentum="0.7", alpha=2)
    run, phases = looked_at(lambda pause: train_classifier(lm, [chats], tmp_path / "x", recipe, pause=pause))
    assert [p.freeze_to for p in phases] == [-1, -2, 0]
    assert {p.factor for p in phases} == {2.6}
    assert run.schedule == Schedule("slanted", 0.1, (0.7, 0.7))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"dropouts": "0.1,0.2"}, r'dropouts must be five rates from 0 to 1, as in "0\.25'),
        ({"dropouts": "0.1,0.2,0.3,0.4,2"}, "dropouts must be"),
        ({"momentum": "high"}, "momentum must be one or two numbers"),
        ({"momentum": "0.9,0.8,0.9"}, "momentum must be"),
    ],
)
def test_lists_that_make_no_sense_are_refused(wrong: dict[str, Any], says: str) -> None:
    for recipe in (PretrainRecipe, FinetuneRecipe, ClassifierRecipe):
        with pytest.raises(RecipeError, match=says):
            recipe(**wrong)
