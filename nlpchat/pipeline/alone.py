"""One run at a time in a runs folder, and nothing left at work by a run that was killed.

Two files that the system unlocks when the last process that holds them is gone, however it went: `.run.lock`, held by the run;
`.step.lock`, held by the process of the step under way and by those that it starts. A run that was killed (kill -9) may leave its
step at work: the next run finds `.run.lock` free and `.step.lock` held, ends that step (SIGTERM, at which a training writes a
checkpoint) and goes on there, so that two never write to one place. On Windows there is neither.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from nlpchat.errors import NlpchatError, OutputError

PATIENCE = 60.0  # seconds that a step may take to write its checkpoint, before it is ended at once
_LOOK = 0.1  # seconds between looks


class Alone:
    """The right to run steps in `folder`, from `with` to its end. Raises NlpchatError: another run has it."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._run, self._step, self._say = folder / ".run.lock", folder / ".step.lock", say
        self._held: IO[str] | None = None

    def __enter__(self) -> Alone:
        self._held = _opened(self._run)
        if not _locked(self._held):
            other = _told(self._held).get("process", "unknown")
            self._held.close()
            raise NlpchatError(
                f"{self._run.parent}: another run is at work there (process {other}). Wait until it is done, or give this one "
                "another folder with --runs."
            )
        _tell(self._held, process=os.getpid(), host=platform.node())
        self._end_leftover()
        return self

    def __exit__(self, *_: object) -> None:
        if self._held is not None:
            self._held.close()

    @contextmanager
    def step(self, name: str) -> Iterator[tuple[int, Callable[[int], None]]]:
        """What the process of a step is to keep open, and whom to tell its number once it is there."""
        self._end_leftover()
        with _opened(self._step) as held:
            if not _locked(held):
                raise NlpchatError(f"{self._step}: held by another process. Wait until it is done.")
            try:
                yield (
                    held.fileno(),
                    lambda process: _tell(held, step=name, process=process, host=platform.node()),
                )
            finally:
                _tell(held)

    def _end_leftover(self) -> None:
        with _opened(self._step) as held:
            if _locked(held):
                return
            told = _told(held)
            group, name, host = told.get("process"), told.get("step", "unknown"), told.get("host")
            if (
                isinstance(group, int) and group > 1 and host == platform.node()
            ):  # on a disk of several machines, its own
                self._say(f"an earlier run has left step {name!r} at work (process {group}): ending it first")
                for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
                    _end(group, number)
                    if _locked_in_time(held):
                        return
            raise NlpchatError(
                f"{self._step.parent}: step {name!r} of an earlier run is still at work there (process {group} of {host}) and cannot "
                "be ended from here. End it, and run the same line again."
            )


def _opened(path: Path) -> IO[str]:
    try:
        return path.open("a+", encoding="utf-8")
    except OSError as fault:
        raise OutputError(f"{path}: cannot be written ({fault.strerror}). Give another folder with --runs.") from fault


def _locked(held: IO[str]) -> bool:
    """Whether the file is now ours; True too where the file system knows no locks."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(held.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _locked_in_time(held: IO[str]) -> bool:
    until = time.monotonic() + PATIENCE
    while not (ours := _locked(held)) and time.monotonic() < until:
        time.sleep(_LOOK)
    return ours


def _tell(held: IO[str], **told: object) -> None:
    held.truncate(0)
    held.write(json.dumps(told))
    held.flush()


def _told(held: IO[str]) -> dict[str, object]:
    held.seek(0)
    try:
        told = json.loads(held.read())
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _end(group: int, number: int) -> None:
    if sys.platform != "win32":
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            return
