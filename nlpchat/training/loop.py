"""fastai's training loop, with what long runs need: autocast, checkpoints, resuming, a table of losses, a bar.

A phase is one `fit_one_cycle` over all its epochs, so that one number, the step, says where a run is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from fastai.callback.core import Callback, TrainEvalCallback
from fastai.callback.schedule import ParamScheduler, SchedLin, combine_scheds
from fastai.callback.training import GradientClip
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import Adam

from nlpchat.errors import TrainingError
from nlpchat.training.checkpoints import load_checkpoint, seed_everything
from nlpchat.training.distributed import in_step, loaders, ours
from nlpchat.training.keeper import Keeper, moved
from nlpchat.training.run import Pause, Phase, Run, Schedule

_RATIO = 32.0  # of a slanted triangle's peak to its ends, as published


def low_precision(precision: str, device: str) -> torch.dtype | None:
    """The dtype to autocast to: "bf16", "fp32" (None), or what pays here ("auto": bf16 where the hardware has it)."""
    if precision == "bf16":
        return torch.bfloat16
    if precision == "fp32":
        return None
    if precision != "auto":
        raise TrainingError(f'precision must be "auto", "bf16" or "fp32", not {precision!r}.')
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    return torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else None


def train(run: Run, phases: list[Phase], *, resume: bool, pause: Pause | None = None) -> list[dict[str, Any]]:
    """Trains `run.model` through `phases`; returns one record for each held-out measurement, in order.

    Raises TrainingError when a run that was stopped lies in the work folder and `resume` was not given, or when `pause` or
    Ctrl-C stopped it (the checkpoint is then saved).
    """
    run.work.mkdir(parents=True, exist_ok=True)
    share = ours()
    if pause is not None and pause.before is not None:
        if share.of > 1:
            raise TrainingError("a range test is for one process. Start it without torchrun.")
        pause.before(run, phases)
    saved = run.work / "checkpoint.pt"
    if saved.exists() and not resume:
        raise TrainingError(
            f"{run.work}: a stopped run lies there. Add --resume to go on, or delete the folder to begin anew."
        )
    if share.number:  # process 0 goes on with the generators as the model left them, the others draw other dropouts
        seed_everything(torch.initial_seed() + share.number)
    state = load_checkpoint(saved, run.recipe, share.number) if saved.exists() else None
    keeper = Keeper(run, state, pause or Pause())
    with keeper.interruptible():
        for number in range(keeper.phase, len(phases)):
            keeper.begin(number, phases[number])
            _fit(run, phases[number], keeper)
            if keeper.failed:
                raise TrainingError(f"{keeper.failed}.")
            if keeper.stopped:
                raise TrainingError(
                    f"{keeper.stopped}. All is kept in {run.work}: the same command with --resume goes on."
                )
            keeper.state = None
    if run.keep_best and keeper.best is not None:
        run.model.load_state_dict(keeper.best)
    return keeper.measured


def _fit(run: Run, phase: Phase, keeper: Keeper) -> None:
    dls = DataLoaders(*loaders(phase.batches))
    learn = Learner(
        dls, run.model, loss_func=run.loss, opt_func=Adam, splitter=run.groups, wd=run.weight_decay, default_cbs=False, train_bn=False,
        cbs=[TrainEvalCallback(), GradientClip(run.clip), Autocast(run.low), *run.callbacks, keeper],
    )  # fmt: skip
    learn.create_opt()
    learn.freeze_to(phase.freeze_to)
    if keeper.state is not None:
        learn.opt.load_state_dict(moved(keeper.state["optimizer"], next(run.model.parameters()).device))
    count = len(learn.opt.param_lists)
    peaks = np.array([phase.lr / phase.factor ** (count - 1 - k) for k in range(count)])
    with in_step(learn):
        _follow(learn, peaks, run.schedule)


def _follow(learn: Learner, peaks: npt.NDArray[np.float64], schedule: Schedule) -> None:
    """Fits over the one pass that a phase is. peaks: of each group of parameters, from the bottom up."""
    first, at_peak = schedule.momentum
    ends = slice(float(peaks[0]), float(peaks[-1])) if len(peaks) > 1 else float(peaks[0])
    if schedule.kind == "slanted":
        shares = [schedule.warmup, 1 - schedule.warmup]
        rate = combine_scheds(shares, [SchedLin(peaks / _RATIO, peaks), SchedLin(peaks, peaks / _RATIO)])
        momentum = combine_scheds(shares, [SchedLin(first, at_peak), SchedLin(at_peak, first)])
        learn.fit(1, lr=ends, cbs=ParamScheduler({"lr": rate, "mom": momentum}))
    else:
        learn.fit_one_cycle(1, lr_max=ends, pct_start=schedule.warmup, moms=(first, at_peak, first))


class Autocast(Callback):  # type: ignore[misc]
    """bf16 in the forward pass, on whatever device the model is; bf16 needs no scaling of the loss."""

    order = -5

    def __init__(self, low: torch.dtype | None):
        self.low = low
        self._context: Any = None

    def before_batch(self) -> None:
        if self.low is not None:
            self._context = torch.autocast(self.learn.xb[0].device.type, dtype=self.low)
            self._context.__enter__()

    def after_loss(self) -> None:
        self._leave()

    def after_cancel_batch(self) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._context is not None:
            self._context.__exit__(None, None, None)
            self._context = None
