"""The learning-rate range test (Smith 2015, section 3.3): the rate rises step by step, and where the loss falls is noted.

It runs in a training's own set-up, made by the same call that would train: model, batches, loss, dropouts, rates by layer. The
schedule, the stop when the loss is four times its best, and the weights put back afterwards are fastai's LRFinder.
"""

from __future__ import annotations

import csv
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback, CancelFitException, TrainEvalCallback
from fastai.callback.schedule import LRFinder, steep, valley
from fastai.callback.training import GradientClip
from fastai.data.core import DataLoaders
from fastai.learner import Learner, Recorder
from fastai.optimizer import Adam

from nlpchat.errors import TrainingError
from nlpchat.files import written_beside
from nlpchat.training.checkpoints import seed_everything
from nlpchat.training.loop import Autocast
from nlpchat.training.run import Pause, Phase, Run

FEWEST_STEPS = 20  # of which a suggestion is made
_SKIPPED_FIRST, _SKIPPED_LAST = 10, 5  # as fastai's lr_find: one step in ten at the start, five at the end


@dataclass(frozen=True, slots=True)
class Range:
    """From which rate to which (of the top group), in how many steps; stop: when the loss is four times its best."""

    start: float = 1e-7
    end: float = 10.0
    steps: int = 100
    stop: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.start < self.end:
            raise TrainingError(f"the rates must rise from above 0, not from {self.start:g} to {self.end:g}.")
        if self.steps < FEWEST_STEPS:
            raise TrainingError(f"a range test needs at least {FEWEST_STEPS} steps, not {self.steps}.")


@dataclass(frozen=True, slots=True)
class Found:
    """What the test saw: the top group's rate, loss and smoothed loss (nats) of each step; two suggestions.

    valley: half way along the longest fall of the smoothed loss, fastai's own choice; steep: where it falls fastest.
    None where the loss never fell. phase: whose set-up it was.
    """

    phase: str
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smooth: tuple[float, ...]
    valley: float | None
    steep: float | None


class _LookedAt(Exception):  # noqa: N818 - no fault: it carries the result out of a training that is not to go on
    def __init__(self, found: Found):
        self.found = found


def find_lr(training: Callable[[Path, Pause], Any], wanted: Range | None = None) -> Found:
    """The range test of the training that `training(output folder, pause)` would be; nothing of it is kept.

        find_lr(lambda output, pause: finetune_lm(lm, ["chat.txt"], output, recipe, pause=pause))

    Raises whatever the training raises before its first step, and TrainingError.
    """

    def look(run: Run, phases: Sequence[Phase]) -> None:
        raise _LookedAt(range_test(run, phases[-1], wanted or Range()))

    with tempfile.TemporaryDirectory(prefix="nlpchat-find-lr-") as folder:
        try:
            training(Path(folder) / "model", Pause(before=look))
        except _LookedAt as looked:
            return looked.found
    raise TrainingError("there was nothing to train, so no rate to look for. Give --epochs above 0.")


def range_test(run: Run, phase: Phase, wanted: Range) -> Found:
    """The losses of `phase`, its lower groups at their own lower rates, while the rate rises; the weights are put back."""
    seed_everything(wanted.seed)
    notes = _Notes()
    with tempfile.TemporaryDirectory(dir=run.work) as folder:
        finder = _finder(run, phase, wanted, notes, Path(folder))
        finder()
    run.model.zero_grad()
    if (reset := getattr(run.model, "reset", None)) is not None:
        reset()  # the hidden state that an encoder carries from batch to batch
    return _found(phase.name, notes, wanted)


def _finder(run: Run, phase: Phase, wanted: Range, notes: _Notes, folder: Path) -> Callable[[], None]:
    learn = Learner(
        DataLoaders(phase.batches, []), run.model, loss_func=run.loss, opt_func=Adam, splitter=run.groups, wd=run.weight_decay,
        default_cbs=False, train_bn=False, path=folder, model_dir="kept",
        cbs=[TrainEvalCallback(), Recorder(train_metrics=False), GradientClip(run.clip), Autocast(run.low), *run.callbacks, notes],
    )  # fmt: skip
    learn.create_opt()
    learn.freeze_to(phase.freeze_to)
    below = np.array([phase.factor**-k for k in reversed(range(len(learn.opt.param_lists)))])
    schedule = LRFinder(wanted.start * below, wanted.end * below, wanted.steps, wanted.stop)
    epochs = wanted.steps // len(phase.batches) + 1

    def run_it() -> None:
        with learn.no_logging():
            learn.fit(epochs, cbs=schedule)

    return run_it


class _Notes(Callback):  # type: ignore[misc]
    """The rate and the losses of each step; a loss that is no number ends the test."""

    order = 55  # after Recorder, which smooths the loss, and before LRFinder, which may end the test there

    def __init__(self) -> None:
        self.rows: list[tuple[float, float, float]] = []

    def after_batch(self) -> None:
        loss = float(self.learn.loss.detach())
        if not math.isfinite(loss):
            raise CancelFitException
        self.rows.append((float(self.learn.opt.hypers[-1]["lr"]), loss, float(self.learn.smooth_loss)))


def _found(name: str, notes: _Notes, wanted: Range) -> Found:
    if len(notes.rows) < FEWEST_STEPS:
        raise TrainingError(
            f"the loss left all bounds after {len(notes.rows)} steps, from a rate of {wanted.start:g}. Give a lower --start."
        )
    rates, losses, smooth = zip(*notes.rows, strict=True)
    first, last = min(wanted.steps // _SKIPPED_FIRST, len(rates) // 4), len(rates) - _SKIPPED_LAST
    some = torch.tensor(rates[first:last]), torch.tensor(smooth[first:last])
    if not (some[1][1:] < some[1][:-1]).any():
        return Found(name, rates, losses, smooth, None, None)
    return Found(name, rates, losses, smooth, *(float(say(*some, wanted.steps)[0]) for say in (valley, steep)))


def write_found(found: Found, picture: Path) -> Path:
    """The losses over the rates drawn to `picture`, and as a table beside it, whose path is returned. Raises OutputError."""
    table = picture.with_suffix(".csv")
    with written_beside(table) as beside, beside.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("step", "lr", "loss", "smooth"))
        rows = zip(found.rates, found.losses, found.smooth, strict=True)
        writer.writerows((n, f"{a:.6e}", f"{b:.6f}", f"{c:.6f}") for n, (a, b, c) in enumerate(rows, 1))
    _draw(found, picture)
    return table


def _draw(found: Found, picture: Path) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.use("agg")
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(found.rates, found.losses, color="0.8", label="loss of the step")
    axes.plot(found.rates, found.smooth, label="smoothed")
    for name, rate, style in (("valley", found.valley, "-"), ("steepest", found.steep, ":")):
        if rate is not None:
            axes.axvline(rate, color="tab:red", linestyle=style, label=f"{name}: {rate:.1e}")
    low, high = min(found.smooth), max(found.smooth[: max(5, len(found.smooth) // 2)])
    axes.set_ylim(low - 0.1 * (high - low), high + 0.5 * (high - low))  # the explosion at the end is cut off
    axes.set_xscale("log")
    axes.set_xlabel("learning rate of the top layers")
    axes.set_ylabel("cross-entropy (nats)")
    axes.set_title(found.phase)
    axes.grid(alpha=0.3)
    axes.legend()
    with written_beside(picture) as beside:
        figure.savefig(beside, dpi=110, format="png")
