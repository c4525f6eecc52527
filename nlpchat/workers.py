"""Work spread over processes: of this machine, or of a Dask cluster; results in the order of what was given.

    >>> with workers(1) as executor:
    ...     list(in_order(len, ["a", "bb", "ccc"], executor))
    [1, 2, 3]

Whoever hands the work out is the only one who writes, and takes each result once: a worker that dies in the middle loses what it
was at, which another then does again, and nothing is there twice.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from nlpchat import __version__
from nlpchat.errors import MissingExtraError, NlpchatError

AHEAD = 32  # batches that wait or are worked on, and so are in memory
RETRIES = 3  # of a batch whose worker is lost, on a cluster
PATIENCE = 10  # seconds until a scheduler must have answered

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Batch = TypeVar("_Batch")
_Result = TypeVar("_Result")


class Here(Executor):
    """Work done at once, in this very process."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as fault:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(fault)
        return future


@contextmanager
def workers(count: int, scheduler: str | None = None) -> Iterator[Executor]:
    """An executor of `count` processes of this machine, of none beside this one for 1; or of the cluster at `scheduler`.

    scheduler: a Dask scheduler's address, as tcp://10.0.0.5:8786. Raises MissingExtraError; NlpchatError: nobody answers there, no
    worker is connected, or one has another nlpchat.
    """
    if scheduler is not None:
        with _cluster(scheduler) as executor:
            yield executor
        return
    if count <= 1:
        yield Here()
        return
    # Not forked: a fork of a process with threads may hang, and macOS and Windows know spawn alone.
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_start)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_order(
    task: Callable[[_Batch], _Result], batches: Iterable[_Batch], executor: Executor, ahead: int = AHEAD
) -> Iterator[_Result]:
    """task(batch) of each batch, at most `ahead` of them under way. Raises NlpchatError when a worker dies for good."""
    waiting: deque[Future[_Result]] = deque()
    try:
        for batch in batches:
            waiting.append(executor.submit(task, batch))
            while len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except (BrokenExecutor, CancelledError) as fault:
        raise worker_lost() from fault
    finally:
        for future in waiting:
            future.cancel()


def batched(
    items: Iterable[_Batch], size: Callable[[_Batch], int], full: int, most: int = sys.maxsize
) -> Iterator[list[_Batch]]:
    """The items in lists, each ended by the item with which their sizes reach `full`, or its length `most`.

    >>> list(batched(["aa", "b", "c", "ddd"], len, full=3))
    [['aa', 'b'], ['c', 'ddd']]
    """
    batch: list[_Batch] = []
    total = 0
    for item in items:
        batch.append(item)
        total += size(item)
        if total >= full or len(batch) == most:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch


def worker_lost() -> NlpchatError:
    """What to say when a worker died and could not be replaced."""
    return NlpchatError(
        "a worker was ended from outside, perhaps for want of memory. Nothing is lost: run the same line again, and it goes on. "
        "Fewer --workers need less memory."
    )


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _cluster(scheduler: str) -> Iterator[Executor]:
    try:
        import distributed
    except ImportError as fault:
        raise MissingExtraError(
            '--scheduler needs Dask, which a light install leaves out. In nlpchat\'s folder:  pip install ".[scale]"'
        ) from fault
    try:
        client = distributed.Client(scheduler, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as fault:
        raise NlpchatError(
            f"{scheduler}: no Dask scheduler answers there within {PATIENCE} s. Start one (dask scheduler) and give its address, "
            "as in tcp://10.0.0.5:8786."
        ) from fault
    with client:
        found = client.run(_version)
        if not found:
            raise NlpchatError(f"{scheduler}: no worker is connected. Start some:  dask worker {scheduler}")
        if other := sorted({str(theirs) for theirs in found.values() if theirs != __version__}):
            raise NlpchatError(
                f"{scheduler}: its workers have nlpchat {', '.join(other)}, and this is {__version__}. Install the same everywhere."
            )
        yield _Retried(client.get_executor(retries=RETRIES))  # type: ignore[no-untyped-call]


class _Retried(Executor):
    """Dask's executor; its own word for a worker that was lost once too often is made concurrent.futures'."""

    def __init__(self, executor: Executor):
        self._executor = executor

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        from distributed import KilledWorker

        theirs: Future[_T] = self._executor.submit(fn, *args, **kwargs)
        ours: Future[_T] = Future()

        def done(future: Future[_T]) -> None:
            if not ours.set_running_or_notify_cancel():
                return  # nobody waits for it any more
            if future.cancelled():
                ours.set_exception(CancelledError())
                return
            fault = future.exception()
            if isinstance(fault, KilledWorker):
                fault = BrokenExecutor(str(fault))
            if fault is not None:
                ours.set_exception(fault)
            else:
                ours.set_result(future.result())

        theirs.add_done_callback(done)
        return ours


def _version() -> str:
    return __version__


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one decides
    Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> Any:
    """Without this, workers whose parent was killed would wait for ever for a next batch."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
