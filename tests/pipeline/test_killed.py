"""Runs that are killed, steps that are killed, two runs at once: the same line goes on at the same step, with the same bytes.

A step is held where it is by what it reads: a named pipe that nobody writes to. What stands in its place for the next run is a file.
"""

from __future__ import annotations

import json
import lzma
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from nlpchat.errors import NlpchatError
from nlpchat.files import digest
from nlpchat.pipeline import alone

INVENTED = Path(__file__).parents[2] / "corpora" / "chat-invented" / "chat_invented.jsonl.xz"
PATIENCE = 240.0  # seconds: two slow cores, busy with something else

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no named pipes and process groups there")

PIPELINE = """
title = "a chat, and a tokenizer"

[[step]]
name = "chat"
command = ["parse", "{here}/chat.txt", "-o", "{runs}/chat.jsonl"]

[[step]]
name = "tokenizer"
command = ["train-tokenizer", "{here}/texts.jsonl", "--pieces", 900, "-o", "{runs}/tokenizer"]
inputs = ["{runs}/chat.jsonl"]
"""
TRAINING = """
title = "a language model"

[[step]]
name = "tokenizer"
command = ["train-tokenizer", "{here}/texts.jsonl", "--pieces", 900, "-o", "{runs}/tokenizer"]

[[step]]
name = "lm"
command = [
  "pretrain-lm", "{here}/texts.jsonl", "--tokenizer", "{runs}/tokenizer", "-o", "{runs}/lm", "--held-out", 0.2,
  "--emb", 8, "--hidden", 8, "--layers", 1, "--batch", 2, "--bptt", 8, "--epochs", 1,
]
resume = true
"""


@dataclass
class Run:
    """`nlpchat run` in a process of its own, and the file of what it says."""

    process: subprocess.Popen[bytes]
    file: Path

    def end(self) -> tuple[int, str]:
        """Its exit code and what it said, once it has ended."""
        code = self.process.wait(timeout=PATIENCE)
        return code, self.file.read_text(encoding="utf-8")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=PATIENCE)


class Place:
    """A pipeline in a folder of its own, its runs in other processes."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder, self.runs = folder, folder / "runs"
        self.line = [sys.executable, "-m", "nlpchat", "run", folder / "p.toml", "--runs", self.runs]
        self.started: list[Run] = []
        folder.mkdir()
        (folder / "p.toml").write_text(text, encoding="utf-8")
        (folder / "chat.txt").write_text("13/05/2026, 08:00 - Alice: trop bien !\n", encoding="utf-8")
        self.let_go()

    def hold(self) -> None:
        """The tokenizer's texts are now a pipe."""
        (self.folder / "texts.jsonl").unlink()
        os.mkfifo(self.folder / "texts.jsonl")

    def let_go(self) -> None:
        """They are a file again, for whoever opens them from now on."""
        with lzma.open(INVENTED, "rt", encoding="utf-8") as stream:
            rows = stream.readlines()[::80]
        (self.folder / "new.jsonl").write_text("".join(rows), encoding="utf-8")
        (self.folder / "new.jsonl").replace(self.folder / "texts.jsonl")

    def start(self) -> Run:
        """A run; what it says goes to a file, for the step that a killed run leaves behind still holds its stderr."""
        said = self.folder / f"said-{len(self.started)}.txt"
        with said.open("w", encoding="utf-8") as stderr:
            process = subprocess.Popen(
                self.line, stderr=stderr, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"}
            )
        self.started.append(Run(process, said))
        return self.started[-1]

    def run(self) -> str:
        """What a whole run said."""
        run = self.start()
        code, said = run.end()
        assert code == 0, said
        return said

    def step(self, name: str) -> int:
        """The process of the step `name`, once it is at work."""
        told: dict[str, object] = {}

        def at_work() -> bool:
            file = self.runs / ".step.lock"
            text = file.read_text(encoding="utf-8") if file.exists() else ""
            told.update(json.loads(text) if text.endswith("}") else {})
            return told.get("step") == name

        until(at_work)
        process = told["process"]
        assert isinstance(process, int)
        return process

    def locked(self) -> list[str]:
        return list(json.loads((self.folder / "p.lock.json").read_text(encoding="utf-8"))["steps"])

    def made(self) -> dict[str, str]:
        return {name: digest(self.runs / name) for name in ("chat.jsonl", "tokenizer")}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Makes places; whatever still runs in them ends with the test."""
    places: list[Place] = []

    def make(name: str, text: str = PIPELINE) -> Place:
        places.append(Place(tmp_path / name, text))
        return places[-1]

    yield make
    for one in places:
        told = one.runs / ".step.lock"
        group = json.loads(told.read_text(encoding="utf-8") or "{}").get("process") if told.exists() else None
        for run in one.started:
            run.kill()
        if group:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "nothing happens"
        time.sleep(0.02)


def is_at_work(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_killed_run_goes_on_at_its_step_with_the_same_bytes(place):
    """kill -9 of the run, then kill -9 of the step: each time the same line; what a killed run left at work is ended first."""
    whole, killed = place("whole"), place("killed")
    whole.run()
    killed.hold()

    run = killed.start()
    left = killed.step("tokenizer")
    run.kill()
    assert is_at_work(left)
    assert killed.locked() == ["chat"]

    run = killed.start()
    until(lambda: killed.step("tokenizer") != left)
    assert not is_at_work(left)
    os.kill(killed.step("tokenizer"), signal.SIGKILL)
    code, said = run.end()
    assert code == 1
    assert "[1/2] chat: unchanged, skipped" in said
    assert f"an earlier run has left step 'tokenizer' at work (process {left}): ending it first" in said
    assert "step 'tokenizer' failed (ended by SIGKILL: was there enough memory?)" in said
    assert "it goes on at this step" in said
    assert killed.locked() == ["chat"]

    killed.let_go()
    said = killed.run()
    assert "[1/2] chat: unchanged, skipped" in said
    assert "[2/2] tokenizer: runs (not done yet)" in said
    assert killed.made() == whole.made()
    assert "unchanged, skipped" in killed.run().splitlines()[-1]


def test_two_runs_at_once_are_refused_and_a_stopped_one_takes_its_step_along(place):
    one = place("one")
    one.hold()
    first = one.start()
    step = one.step("tokenizer")

    code, said = one.start().end()
    assert code == 1
    assert said.startswith(
        f"nlpchat: {one.runs}: another run is at work there (process {first.process.pid}). Wait until it is done"
    )
    assert is_at_work(step)

    first.process.terminate()
    assert first.end()[0] == -signal.SIGTERM
    assert not is_at_work(step)
    assert one.locked() == ["chat"]

    third = one.start()
    step = one.step("tokenizer")
    third.process.send_signal(signal.SIGINT)
    code, said = third.end()
    assert code == 130
    assert said.endswith("nlpchat: stopped by the keyboard.\n")
    assert not is_at_work(step)


def test_a_training_that_was_killed_goes_on_from_its_checkpoint(place):
    """The next run has it write its checkpoint, and goes on there. That the weights are the same, tests/training/test_lm.py says."""
    killed = place("killed", TRAINING)
    run = killed.start()
    losses = killed.runs / "lm.work" / "losses.csv"
    until(lambda: losses.exists() and losses.read_text(encoding="utf-8").count("\n") > 1)
    run.kill()
    assert killed.locked() == ["tokenizer"]
    assert "[1/2] tokenizer: unchanged, skipped" in killed.run()
    assert killed.locked() == ["tokenizer", "lm"]
    rows = [row.split(",") for row in (killed.runs / "lm" / "losses.csv").read_text(encoding="utf-8").splitlines()[1:]]
    steps = [int(row[1]) for row in rows]
    assert steps == sorted(set(steps))
    assert steps[-1] == int(rows[-1][2])
    assert not (killed.runs / "lm.work").exists()


def test_what_a_command_leaves_behind_is_ended_with_it(place, monkeypatch):
    """A process of its own that it forgot would hold its stdout, and the lock, for as long as it lives."""
    one = place("one", PIPELINE[: PIPELINE.index('\n[[step]]\nname = "tokenizer"')])
    mark = one.folder / "left.txt"
    (one.folder / "sitecustomize.py").write_text(FORKS.format(mark=str(mark)), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(one.folder))
    one.run()
    until(lambda: not is_at_work(int(mark.read_text(encoding="utf-8"))))
    with alone.Alone(one.runs, print):
        pass  # nobody holds it


FORKS = """
import os, sys, time
if "parse" in sys.orig_argv:
    left = os.fork()
    if left:
        open({mark!r}, "w").write(str(left))
    else:
        time.sleep(600)
        os._exit(0)
"""


def test_a_lock_that_says_nothing_of_use_is_no_obstacle(tmp_path):
    (tmp_path / ".run.lock").write_text("half of", encoding="utf-8")
    (tmp_path / ".step.lock").write_text('{"process": "x"}', encoding="utf-8")
    said: list[str] = []
    with alone.Alone(tmp_path, said.append) as held, held.step("one") as (number, started):
        started(os.getpid())
        assert os.fstat(number)
    assert said == []


def test_what_is_at_work_on_another_machine_is_not_ended_from_here(tmp_path, monkeypatch):
    """On a disk that several machines see, a process's number is its own machine's."""
    ended: list[int] = []
    monkeypatch.setattr(alone.os, "killpg", lambda group, number: ended.append(group))
    said: list[str] = []
    with alone.Alone(tmp_path, said.append) as first, first.step("one") as (_, started):
        started(os.getpid())
        (tmp_path / ".run.lock").unlink()  # as if the run that holds it had been killed
        monkeypatch.setattr(alone.platform, "node", lambda: "another")
        with (
            pytest.raises(NlpchatError, match="step 'one' of an earlier run is still at work there"),
            alone.Alone(tmp_path, said.append),
        ):
            pass
    assert (ended, said) == ([], [])
