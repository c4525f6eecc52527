"""A step's words -> the command run in a process of its own, what it printed, and how it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from nlpchat.pipeline.alone import Alone

# What ends a run, and what its step is told then: a training writes a checkpoint at INT and at TERM.
_ENDINGS = {signal.SIGINT: signal.SIGINT, signal.SIGTERM: signal.SIGTERM}
if sys.platform != "win32":
    _ENDINGS[signal.SIGHUP] = signal.SIGTERM


@dataclass(frozen=True)
class Called:
    """How a command ended: its exit code (below 0: the signal that ended it), its lines on stdout, the signal that this process
    was sent meanwhile, if any."""

    code: int
    printed: tuple[str, ...]
    signalled: int | None = None

    @property
    def how(self) -> str:
        """How it ended, in words."""
        if self.code >= 0:
            return f"exit code {self.code}"
        try:
            name = signal.Signals(-self.code).name
        except ValueError:
            name = f"signal {-self.code}"
        return f"ended by {name}" + (": was there enough memory?" if name == "SIGKILL" else "")

    def result(self) -> object:
        """What it says it gave: the last JSON object among what it printed; else its last line; None if it said nothing."""
        for text in ("\n".join(self.printed), *reversed(self.printed)):
            try:
                found = json.loads(text)
            except ValueError:
                continue
            if isinstance(found, dict):
                return found
        return next((line for line in reversed(self.printed) if line.strip()), None)


def call(name: str, words: Sequence[str], say: Callable[[str], None], alone: Alone) -> Called:
    """`nlpchat WORDS...` run to its end as the step `name`; each line that it prints is said. Its stderr is this process's own.

    It runs in a process group of its own, so that all of it can be ended; what ends this process is passed on to it.
    """
    with alone.step(name) as (held, started), _passed_on() as told:
        options = {"pass_fds": (held,), "process_group": 0} if os.name == "posix" else {}
        with subprocess.Popen(
            [sys.executable, "-m", "nlpchat", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
            **options,  # type: ignore[call-overload]
        ) as process:
            started(process.pid)
            told.begin(process)
            printed: list[str] = []
            listener = threading.Thread(target=_listen, args=(process.stdout, printed, say))
            listener.start()
            process.wait()
            _end_strays(process.pid)
            listener.join()
        return Called(process.returncode, tuple(printed), told.number)


def _listen(stdout: Iterable[str], printed: list[str], say: Callable[[str], None]) -> None:
    for line in stdout:
        printed.append(line.rstrip("\n"))
        say(printed[-1])


def _end_strays(group: int) -> None:
    """Ends what a command that was killed has left of its own processes: they would hold its stdout, and its lock, for ever."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


@dataclass
class _Signals:
    """What this process was sent while a step ran, passed on to the step."""

    process: subprocess.Popen[str] | None = None
    number: int | None = None

    def begin(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        if self.number is not None:
            self.pass_on(self.number)

    def pass_on(self, number: int, _frame: object = None) -> None:
        self.number = number
        if self.process is None or self.process.returncode is not None:
            return
        if sys.platform == "win32":
            self.process.terminate()
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, _ENDINGS[signal.Signals(number)])


@contextmanager
def _passed_on() -> Iterator[_Signals]:
    """While inside, what would end this process is passed on to the step, and this process waits for it."""
    told = _Signals()
    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    # What is ignored stays so: nohup
    before = {n: handler for n in _ENDINGS if (handler := signal.getsignal(n)) not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, told.pass_on)
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
