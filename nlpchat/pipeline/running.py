"""The steps of a pipeline, run in order as the commands that a person would type, if anything changed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nlpchat.errors import InputError, NlpchatError, OutputError, RecipeError
from nlpchat.pipeline.lock import Digests, Lock, machine, versions
from nlpchat.pipeline.steps import Pipeline, Places, Step


@dataclass(frozen=True)
class Done:
    """What a run did: the names of the steps that ran (dry: would run) and of those that were skipped."""

    ran: tuple[str, ...]
    skipped: tuple[str, ...]
    lock: Path


def run_pipeline(
    pipeline: Pipeline,
    *,
    data: str | Path | None = None,
    runs: str | Path | None = None,
    lock: str | Path | None = None,
    only: Sequence[str] = (),
    dry_run: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Done:
    """What was run and what was skipped; the lock is written after every step.

    only: names of steps that run alone, and even when nothing has changed. runs: runs/<name of the pipeline
    file, and of its size if that is not the default> if None. lock: beside the pipeline if None. say: takes each
    line of progress. Raises InputError: an input is missing; NlpchatError: a step failed; the same call then
    goes on at that step.
    """
    here = pipeline.path.resolve().parent
    stated = data if data is not None else (here / pipeline.data if pipeline.data else None)
    places = Places(
        data=Path(stated).resolve() if stated is not None else None,
        runs=Path(runs) if runs is not None else Path("runs") / pipeline.name,
        here=here,
    )
    lock = Path(lock) if lock is not None else pipeline.path.with_name(f"{pipeline.name}.lock.json")
    return _Run(pipeline, places, Lock.read(lock), say, dry_run).all(only)


class _Run:
    def __init__(
        self, pipeline: Pipeline, places: Places, lock: Lock, say: Callable[[str], None], dry_run: bool
    ) -> None:
        self._pipeline, self._places, self._lock = pipeline, places, lock
        self._say, self._dry_run = say, dry_run
        if not dry_run:
            _make_folder(places.runs)
        self._digests = Digests(places.runs / ".digests.json", remember=not dry_run)
        self._ran: list[str] = []

    def all(self, only: Sequence[str]) -> Done:
        steps = self._chosen(only)
        self._check_inputs(steps)
        if self._pipeline.size:
            others = ", ".join(f"--size {size}" for size in self._pipeline.sizes if size != self._pipeline.size)
            self._say(f"size {self._pipeline.size}" + (f" (others: {others})" if others else ""))
        skipped = []
        for step in steps:
            number = f"[{self._pipeline.steps.index(step) + 1}/{len(self._pipeline.steps)}] {step.name}"
            reason = "asked for" if only else self._reason(step)
            if reason is None:
                self._say(f"{number}: unchanged, skipped")
                skipped.append(step.name)
                continue
            self._say(f"{number}: {'would run' if self._dry_run else 'runs'} ({reason})")
            self._run(step)
            self._ran.append(step.name)
        return Done(tuple(self._ran), tuple(skipped), self._lock.path)

    def _chosen(self, only: Sequence[str]) -> list[Step]:
        names = [step.name for step in self._pipeline.steps]
        if unknown := [name for name in only if name not in names]:
            raise RecipeError(f"{self._pipeline.path}: no step {', '.join(unknown)}; there are {', '.join(names)}.")
        return [step for step in self._pipeline.steps if not only or step.name in only]

    def _check_inputs(self, steps: list[Step]) -> None:
        """Raises InputError, before anything runs: every input that is not there and that no step makes."""
        missing: dict[str, str] = {}
        for step in steps:
            for place in step.inputs:
                maker = self._pipeline.maker(place)
                if place in missing or maker in steps or self._path(place).exists():
                    continue
                if maker:
                    advice = f"{place}: step {maker.name!r} makes it; run that one first"
                elif place.startswith("{data}"):
                    advice = f"{self._path(place)}: it is not among the data; say where they lie with --data"
                else:
                    advice = f"{self._path(place)}: no such file, and no step makes it"
                missing[place] = f"\n  - step {step.name!r} reads {advice}"
        if missing:
            listed = "".join(missing.values())
            raise InputError(f"{self._pipeline.path}: {len(missing)} missing input(s):{listed}")

    def _reason(self, step: Step) -> str | None:
        """Why the step has to run; None when nothing has changed since the lock was written."""
        known = self._lock.steps.get(step.name)
        if known is None:
            return "not done yet"
        if self._dry_run and (before := [name for name in self._ran if self._feeds(name, step)]):
            return f"after {before[0]}"
        if known.get("command") != list(step.command):
            return "its command has changed"
        for kind, places in (("input", step.inputs), ("output", step.outputs)):
            now, then = self._digests_of(places), known.get(f"{kind}s", {})
            if changed := [place for place in {**now, **then} if now.get(place) != then.get(place)]:
                gone = changed[0] in now and now[changed[0]] is None
                return f"its {kind} {changed[0]} {'is not there' if gone else 'has changed'}"
        return None

    def _feeds(self, name: str, step: Step) -> bool:
        return any((maker := self._pipeline.maker(place)) and maker.name == name for place in step.inputs)

    def _run(self, step: Step) -> None:
        inputs = {} if self._dry_run else self._digests_of(step.inputs)
        words = [self._places.fill(word) for word in step.command]
        if step.resume:
            words.append("--resume")  # the command itself refuses checkpoints of other options or data
        self._say(f"$ nlpchat {shlex.join(words)}")
        if self._dry_run:
            return
        for place in step.outputs:
            _make_folder(self._path(place).parent)
        started, clock = datetime.now(UTC), time.monotonic()
        code, printed = _call(words, self._say)
        if code != 0:
            raise NlpchatError(
                f"{self._pipeline.path}: step {step.name!r} failed (exit code {code}); what it said is "
                "above. Mend that and run the same line again: it goes on at this step."
            )
        outputs = self._digests_of(step.outputs)
        if unmade := [place for place, found in outputs.items() if found is None]:
            raise NlpchatError(
                f"{self._pipeline.path}: step {step.name!r} ended well without making {', '.join(unmade)}. "
                "Do its outputs name what its command writes?"
            )
        done = {
            "command": list(step.command),
            "inputs": inputs,
            "outputs": outputs,
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - clock, 1),
            "versions": versions(),
            "machine": machine(),
            "result": _result(printed),
        }
        order = [one.name for one in self._pipeline.steps]
        self._lock.keep(step.name, done, order=order, pipeline=self._pipeline.path.name, title=self._pipeline.title)

    def _digests_of(self, places: Sequence[str]) -> dict[str, str | None]:
        return {place: self._digests.of(self._path(place)) for place in places}

    def _path(self, place: str) -> Path:
        return Path(self._places.fill(place))


def _call(words: list[str], say: Callable[[str], None]) -> tuple[int, list[str]]:
    """The exit code of `nlpchat WORDS...` and the lines it printed; its stderr is this process's own."""
    with subprocess.Popen(
        [sys.executable, "-m", "nlpchat", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    ) as process:
        printed: list[str] = []
        try:
            for line in process.stdout or ():
                printed.append(line.rstrip("\n"))
                say(printed[-1])
        except KeyboardInterrupt:
            process.wait()  # the step heard it too: let it write its checkpoint
            raise
    return process.returncode, printed


def _result(printed: list[str]) -> object:
    """What a step says it gave: the last JSON object among what it printed; else its last line."""
    for text in ("\n".join(printed), *reversed(printed)):
        try:
            found = json.loads(text)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return next((line for line in reversed(printed) if line.strip()), None)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise OutputError(
            f"{path}: this folder cannot be made ({fault.strerror}). Give another with --runs."
        ) from fault
