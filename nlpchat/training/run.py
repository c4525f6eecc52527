"""What a training is, whatever it trains: its run, the phases it goes through, what is measured, when to pause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from fastai.callback.core import Callback
from torch import nn


class Batches(Protocol):
    """What a phase trains on: sized over all its epochs, and able to begin at `start`. marks: steps that end an epoch."""

    start: int
    marks: tuple[int, ...]

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...


@dataclass(frozen=True)
class HeldOut:
    """What the held-out part says: loss in nats, and the score that is to rise (accuracy, macro-F1)."""

    loss: float
    score: float


@dataclass(frozen=True)
class Phase:
    """One fit_one_cycle. freeze_to: as fastai's (0 trains all; -1 the last group); lr: peak rate of the top group;
    factor: each lower group's rate is its upper neighbour's divided by it."""

    name: str
    batches: Batches
    lr: float
    freeze_to: int = 0
    factor: float = 1.0


@dataclass(frozen=True)
class Schedule:
    """How rate and momentum go over a phase, up to a peak after `warmup` (a share of its steps) and down again.

    "one-cycle" (Smith 2018): the rate on cosines, from peak/25 and to peak/100,000; the momentum from its first value to the
    second and back. "slanted" (Howard and Ruder 2018, equation 3): the rate on straight lines, from peak/32 and to peak/32.
    """

    kind: str = "one-cycle"
    warmup: float = 0.1
    momentum: tuple[float, float] = (0.95, 0.85)


@dataclass(frozen=True)
class Pause:
    """When to stop with a checkpoint although there is more to do. minutes, steps: counted from this call.

    before: called with all that is ready, before the first step; what it raises is the end of the run (see find_lr.py).
    """

    minutes: float | None = None
    steps: int | None = None
    before: Callable[[Run, list[Phase]], None] | None = None


@dataclass
class Run:
    """What a training is, whatever it trains: model and its groups, work folder, recipe digest, held-out measure."""

    model: nn.Module
    groups: Callable[[nn.Module], list[list[nn.Parameter]]]
    loss: Callable[..., torch.Tensor]
    work: Path
    recipe: str
    weight_decay: float
    clip: float
    schedule: Schedule
    low: torch.dtype | None
    held_out: Callable[[], HeldOut]
    callbacks: tuple[Callback, ...] = ()
    keep_best: bool = False
    tokens_of: Callable[[Any], int] = lambda batch: int(batch[0].numel())
