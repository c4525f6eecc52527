"""One training by several processes, on one machine or on several: what `torchrun` starts, kept in step.

    torchrun --nproc-per-node 2 -m nlpchat pretrain-lm wiki.txt.xz --tokenizer tokenizer -o lm
    torchrun --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HOST:29500 -m nlpchat pretrain-lm ...

Each process reads its own rows of every batch; gradients are averaged before they are clipped, by torch's DDP, which fastai's own
`Learner.distrib_ctx` puts around the model. Process 0 alone writes. Several machines need one folder that they all see.
Without torchrun there is one process, and everything here is what it would be without this file.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from typing import Any, NoReturn, TypeVar

import torch
from torch import distributed, nn

from nlpchat.errors import MissingExtraError, TrainingError

_Made = TypeVar("_Made")
PATIENCE = timedelta(hours=24)  # others wait while process 0 encodes its texts; torchrun itself ends them when one dies
SIGNAL_SECONDS = 5.0  # Ctrl-C reaches a process from the terminal and again from torchrun: within this they are one


@dataclass(frozen=True)
class Share:
    """Which part of each batch is this process's: the part `number` (from 0) of `of` equal ones."""

    number: int = 0
    of: int = 1


def ours() -> Share:
    """This process's share, as torchrun's environment says it; all when there is no torchrun."""
    return Share(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])) if "RANK" in os.environ else Share()


def leads() -> bool:
    """Whether this process writes: process 0, or the only one."""
    return ours().number == 0


def join() -> None:
    """Joins the processes that torchrun started, if it did: NCCL between GPUs, gloo between CPUs and for what is agreed on.

    Raises MissingExtraError: accelerate is not installed; TrainingError: fewer GPUs than processes.
    """
    if ours().of == 1 or distributed.is_initialized():
        return
    if find_spec("accelerate") is None:
        raise MissingExtraError("training in several processes needs accelerate:  pip install accelerate")
    backend = "gloo"
    if torch.cuda.is_available():
        here = int(os.environ.get("LOCAL_RANK", "0"))
        if here >= torch.cuda.device_count():
            raise TrainingError(
                f"process {here + 1} of this machine finds {torch.cuda.device_count()} GPU(s). "
                "Give torchrun --nproc-per-node as many as there are."
            )
        torch.cuda.set_device(here)
        backend = "cpu:gloo,cuda:nccl"
    distributed.init_process_group(backend, timeout=PATIENCE)
    atexit.register(distributed.destroy_process_group)


def leave(code: int) -> NoReturn:
    """Ends one of several processes with this exit code, when all is done and its exit handlers have run.

    It spares the interpreter's own end, in which threads that torch 2.13 keeps after DDP on gloo abort about one
    process in ten ("terminate called without an active exception"), so that torchrun would call a good run failed.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def only_first(make: Callable[[], _Made]) -> _Made | None:
    """What `make` gives, called by process 0 alone; None in the others, which wait until it is done."""
    made = make() if leads() else None
    summed([0.0])
    return made


def summed(values: Sequence[float]) -> list[float]:
    """The sum over all processes of each of `values`, the same in each process."""
    if ours().of == 1:
        return list(values)
    together = torch.tensor(values, dtype=torch.float64)
    distributed.all_reduce(together)
    return [float(one) for one in together]


def gathered(value: _Made) -> list[_Made]:
    """The `value` of every process in order; for process 0, and empty in the others."""
    share = ours()
    if share.of == 1:
        return [value]
    found: list[Any] | None = [None] * share.of if leads() else None
    distributed.gather_object(value, found)
    return found or []


def alike(model: nn.Module) -> bool:
    """Whether every process has the same weights, bit for bit."""
    if ours().of == 1:
        return True
    whole = hashlib.sha256()
    for value in model.parameters():
        whole.update(value.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    found: list[Any] = [None] * ours().of
    distributed.all_gather_object(found, whole.hexdigest())
    return len(set(found)) == 1


def loaders(batches: Any) -> list[Any]:
    """What fastai's DataLoaders hold, training and validation, already shared out as far as fastai is concerned."""
    if ours().of == 1:
        return [batches, []]
    from fastai.distributed import DistributedDL

    class Shared(DistributedDL):  # type: ignore[misc]
        """Batches of which each process reads its own rows; fastai would divide any other kind by its own rule."""

        n_inp = batches.n_inp

        def __init__(self, own: Any):
            self.own = own

        def __len__(self) -> int:
            return len(self.own)

        def __iter__(self) -> Iterator[Any]:
            return iter(self.own)

    return [Shared(batches), Shared([])]


def in_step(learn: Any) -> AbstractContextManager[Any]:
    """While inside, what `learn` fits is averaged over the processes: fastai's own distributed context."""
    if ours().of == 1:
        return nullcontext(learn)
    import fastai.distributed  # noqa: F401 - importing it gives Learner its distrib_ctx
    from accelerate.utils import DistributedDataParallelKwargs

    warnings.filterwarnings(
        "ignore", "`broadcast_buffers` is deprecated", FutureWarning
    )  # what replaces it is newer than torch 2.11
    # Every parameter that is not frozen gets a gradient, some of them (the softmax's bias) outside of DDP's own forward;
    # the buffers are not trained.
    options = DistributedDataParallelKwargs(broadcast_buffers=False, find_unused_parameters=False)
    context: AbstractContextManager[Any] = learn.distrib_ctx(
        sync_bn=False, cpu=not torch.cuda.is_available(), kwargs_handlers=[options]
    )
    return context
