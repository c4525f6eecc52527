"""What fastai's loop tells of a run: steps counted, losses written, checkpoints saved, held-out text measured, a bar drawn."""

from __future__ import annotations

import csv
import math
import signal
import sys
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from fastai.callback.core import Callback, CancelFitException

from nlpchat.training.checkpoints import random_state, save_checkpoint
from nlpchat.training.distributed import SIGNAL_SECONDS, alike, gathered, leads, ours, summed
from nlpchat.training.run import HeldOut, Pause, Phase, Run

CHECKPOINT_SECONDS = 180.0
_ROW_SECONDS = 10.0
_COLUMNS = ("phase", "step", "steps", "epoch", "tokens", "seconds", "lr", "loss", "held_out_loss", "held_out_score")


class Keeper(Callback):  # type: ignore[misc]
    """Counts the steps; measures, writes and saves at the right ones; stops when it is asked to."""

    order = 60  # after fastai's own

    def __init__(self, run: Run, state: dict[str, Any] | None, pause: Pause):
        self.run_, self.state, self.pause = run, state, pause
        self.phase = int(state["phase"]) if state else 0
        self.seconds_before = float(state["seconds"]) if state else 0.0
        self.tokens = int(state["tokens"]) if state else 0
        self.measured: list[dict[str, Any]] = list(state["measured"]) if state else []
        self.best_score = float(state["best_score"]) if state else float("-inf")
        self.best: dict[str, torch.Tensor] | None = state["best"] if state else None
        self.began = self.saved_at = self.row_at = time.monotonic()
        self.steps_done = 0
        self.stopped = self.failed = ""
        self._signal, self._asked_at = False, 0.0
        self.table = _LossTable(run.work / "losses.csv", int(state["rows"]) if state else 0)
        if state:
            run.model.load_state_dict(state["model"])

    # -- where a run is --
    def begin(self, number: int, phase: Phase) -> None:
        self.phase, self.what = number, phase
        self.step = int(self.state["step"]) if self.state else 0
        self.smooth = float(self.state["smooth"]) if self.state else 0.0
        phase.batches.start = self.step

    def seconds(self) -> float:
        return self.seconds_before + time.monotonic() - self.began

    def _epoch(self) -> float:
        """How many epochs of the phase are done, to four digits."""
        marks = (0, *self.what.batches.marks)
        done = bisect_right(marks, self.step) - 1
        if done == len(marks) - 1:
            return float(done)
        return round(done + (self.step - marks[done]) / (marks[done + 1] - marks[done]), 4)

    # -- fastai's events --
    def before_train(self) -> None:
        if self.state is not None:
            self.learn.pct_train = float(self.state["pct_train"])
            self.learn.train_iter = self.step
            carried = self.state["carried"]
            if carried is not None:
                device = next(self.run_.model.parameters()).device
                self.run_.model.encoder.state = moved(_rows_of(carried), device)  # type: ignore[union-attr]
        self.bar = _Bar(self.what.name, len(self.what.batches), self.step)

    def after_batch(self) -> None:
        self.step += 1
        self.steps_done += 1
        loss, tokens = summed([float(self.learn.loss.detach()) / ours().of, self.run_.tokens_of(self.learn.xb)])
        if not math.isfinite(loss):
            # fastai rewrites the message of whatever else is raised in here
            self.failed = f"the loss is not a number at step {self.step}. Give a lower --lr, or --precision fp32"
            raise CancelFitException
        self.smooth = loss if self.step == 1 else 0.98 * self.smooth + 0.02 * loss
        self.tokens += int(tokens)
        self.bar.update(self.smooth)
        now = time.monotonic()
        if self.step in self.what.batches.marks:
            self._measure()
        elif now - self.row_at >= _ROW_SECONDS or self.step == 1:
            self._row()
        if self.step == len(self.what.batches):
            self._save()  # what follows a phase, saving the model say, may fail: the phase is not lost with it
        else:
            self._stop_or_save(now)

    def after_fit(self) -> None:
        self.bar.close()

    # -- what is kept --
    def _measure(self) -> None:
        if not alike(self.run_.model):
            self.failed = f"the weights of the processes differ at step {self.step}. Begin anew, with the same nlpchat and torch in each"
            raise CancelFitException
        read = self.run_.held_out() if leads() else HeldOut(0.0, 0.0)
        result = HeldOut(*summed([read.loss, read.score]))
        if result.score > self.best_score:
            self.best_score = result.score
            if self.run_.keep_best:
                self.best = {name: value.detach().clone() for name, value in self.run_.model.state_dict().items()}
        self.measured.append(
            {"phase": self.what.name, "epoch": self._epoch(), "tokens": self.tokens,
             "loss": round(self.smooth, 4), "held_out_loss": round(result.loss, 4), "held_out_score": round(result.score, 4)}
        )  # fmt: skip
        self._row(result)
        self.learn.model.train()

    def _row(self, result: HeldOut | None = None) -> None:
        self.row_at = time.monotonic()
        rate = float(self.learn.opt.hypers[-1]["lr"])
        self.table.write(
            [self.what.name, self.step, len(self.what.batches), self._epoch(), self.tokens,
             f"{self.seconds():.1f}", f"{rate:.3e}", f"{self.smooth:.4f}",
             *((f"{result.loss:.4f}", f"{result.score:.4f}") if result else ("", ""))]
        )  # fmt: skip

    def _stop_or_save(self, now: float) -> None:
        late = self.pause.minutes is not None and now - self.began >= 60 * self.pause.minutes
        # Clocks and signals are each process's own: they stop and save together
        signals, late_ones, due = summed([self._signal, late, leads() and now - self.saved_at >= CHECKPOINT_SECONDS])
        if signals:
            self.stopped = "stopped by Ctrl-C"
        elif late_ones:
            self.stopped = f"stopped after {self.pause.minutes:g} minutes as asked"
        elif self.pause.steps is not None and self.steps_done >= self.pause.steps:
            self.stopped = f"stopped after {self.pause.steps} steps as asked"
        if self.stopped or due:
            self._save()
        if self.stopped:
            raise CancelFitException

    def _save(self) -> None:
        model = self.run_.model
        carried = getattr(getattr(model, "encoder", None), "state", None)
        rows = gathered(None if carried is None else [list(pair) for pair in carried])
        generators = gathered(random_state())
        self.saved_at = time.monotonic()
        if not leads():
            return
        optimizer = self.learn.opt.state_dict()
        save_checkpoint(
            self.run_.work / "checkpoint.pt",
            {
                "recipe": self.run_.recipe, "phase": self.phase, "step": self.step, "smooth": self.smooth,
                # TrainEvalCallback adds this step's share after us or before us: it is set from the step itself
                "pct_train": float(self.learn.pct_train), "tokens": self.tokens, "seconds": self.seconds(),
                "measured": self.measured, "best_score": self.best_score, "best": self.best, "rows": self.table.rows,
                "model": model.state_dict(),
                "optimizer": {"state": list(optimizer["state"]), "hypers": [_plain(h) for h in optimizer["hypers"]]},
                "carried": _together(rows),
            },
            generators,
        )  # fmt: skip

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """While inside, Ctrl-C and SIGTERM ask for a stop after the step under way; a second one stops at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}

        def ask(_number: int, _frame: object) -> None:
            if self._signal and (ours().of == 1 or time.monotonic() - self._asked_at > SIGNAL_SECONDS):
                raise KeyboardInterrupt
            self._signal, self._asked_at = True, time.monotonic()

        for name in before:
            signal.signal(name, ask)
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)


def moved(saved: Any, device: torch.device) -> Any:
    """A checkpoint's tensors, in whatever lists and dicts they are, on `device`: it is read on the CPU."""
    if isinstance(saved, torch.Tensor):
        return saved.to(device)
    if isinstance(saved, dict):
        return {name: moved(part, device) for name, part in saved.items()}
    return [moved(part, device) for part in saved] if isinstance(saved, list) else saved


def _together(states: list[Any]) -> Any:
    """The hidden states that the processes carry, each for its own rows, as one for all rows in order."""
    if len(states) == 1 or states[0] is None:
        return states[0]
    return [
        [torch.cat(parts, 1) for parts in zip(*layers, strict=True)] for layers in zip(*moved(states, torch.device("cpu")), strict=True)
    ]  # fmt: skip


def _rows_of(carried: Any) -> Any:
    """This process's rows of what `_together` made, whatever number of processes made it."""
    share = ours()
    if share.of == 1:
        return carried
    return [[part.tensor_split(share.of, 1)[share.number].clone() for part in layer] for layer in carried]


def _plain(hypers: Any) -> dict[str, Any]:
    """fastai's hyper-parameters as Python's own numbers, which a checkpoint can hold without pickled classes."""
    return {name: value if isinstance(value, bool) else float(value) for name, value in dict(hypers).items()}


class _LossTable:
    """losses.csv: appended to as the run goes; rows that a resumed run will write again are cut off first."""

    def __init__(self, path: Path, rows: int):
        self.path, self.rows = path, rows
        if not leads():
            return
        kept = path.read_text(encoding="utf-8").splitlines(keepends=True)[: rows + 1] if rows and path.exists() else []
        path.write_text("".join(kept) or ",".join(_COLUMNS) + "\n", encoding="utf-8")

    def write(self, row: list[Any]) -> None:
        if not leads():
            return
        with self.path.open("a", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerow(row)
        self.rows += 1


class _Bar:
    """A progress bar on stderr; nothing when stderr is no terminal."""

    def __init__(self, what: str, total: int, done: int):
        self._progress: Any = None
        if sys.stderr.isatty() and leads():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("loss {task.fields[loss]:.3f}"),
                TimeRemainingColumn(), console=Console(stderr=True),
            )  # fmt: skip
            self._progress.start()
            self._task = self._progress.add_task(what, total=total, completed=done, loss=float("nan"))

    def update(self, loss: float) -> None:
        if self._progress is not None:
            self._progress.update(self._task, advance=1, loss=loss)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
