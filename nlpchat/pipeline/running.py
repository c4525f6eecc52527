"""The steps of a pipeline, run in order as the commands that a person would type, if anything changed.

Why no library does it (looked at: doit 0.37, DVC). doit digests single files (md5, trusted while size or time is as it was), not
folders, and of what a step makes it asks only whether it is there; its memory is a database of this machine, without seeds,
versions or scores, so that every rule here would be a callback of ours beside its own. DVC digests folders and keeps a lock that is
a text, but takes the outputs into a cache and a workspace of its own, and brings about seventy packages.
"""

from __future__ import annotations

import re
import shlex
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nlpchat.errors import InputError, NlpchatError, OutputError, RecipeError
from nlpchat.pipeline.alone import Alone
from nlpchat.pipeline.calling import Called, call
from nlpchat.pipeline.checking import missing_inputs, places_of, unsaid
from nlpchat.pipeline.lock import Digests, Lock, machine, scores_in, versions
from nlpchat.pipeline.places import PLACE, Places, is_pattern
from nlpchat.pipeline.reading import listed
from nlpchat.pipeline.steps import Pipeline, Step

_TYPED = re.compile(r"[\w@%+=:,./*?\[\]-]+")  # what a shell leaves as it is, but for what it matches files by


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
    line of progress. Raises RecipeError, InputError: something that it asks for, or an input, is missing; NlpchatError: a step
    failed (the same call then goes on at that step), or another run is at work in `runs`.
    """
    places = places_of(pipeline, data=data, runs=runs)
    lock = Path(lock) if lock is not None else pipeline.path.with_name(f"{pipeline.name}.lock.json")
    return _Run(pipeline, places, Lock.read(lock), say, dry_run).all(only)


class _Run:
    def __init__(
        self, pipeline: Pipeline, places: Places, lock: Lock, say: Callable[[str], None], dry_run: bool
    ) -> None:
        self._pipeline, self._places, self._lock = pipeline, places, lock
        self._say, self._dry_run = say, dry_run
        self._ran: list[str] = []

    def all(self, only: Sequence[str]) -> Done:
        steps = self._chosen(only)
        self._check(steps)
        if self._pipeline.size:
            others = ", ".join(f"--size {size}" for size in self._pipeline.sizes if size != self._pipeline.size)
            self._say(f"size {self._pipeline.size}" + (f" (others: {others})" if others else ""))
        if not self._dry_run:
            _make_folder(self._places.runs)
        self._digests = Digests(self._places.runs / ".digests.json", remember=not self._dry_run)
        skipped = []
        with self._alone() as alone:
            for step in steps:
                number = f"[{self._pipeline.steps.index(step) + 1}/{len(self._pipeline.steps)}] {step.name}"
                reason = "asked for" if only else self._reason(step)
                if reason is None:
                    self._say(f"{number}: unchanged, skipped")
                    skipped.append(step.name)
                    continue
                self._say(f"{number}: {'would run' if alone is None else 'runs'} ({reason})")
                self._run(step, alone)
                self._ran.append(step.name)
        return Done(tuple(self._ran), tuple(skipped), self._lock.path)

    def _alone(self) -> AbstractContextManager[Alone | None]:
        return nullcontext() if self._dry_run else Alone(self._places.runs, self._say)

    def _chosen(self, only: Sequence[str]) -> list[Step]:
        names = [step.name for step in self._pipeline.steps]
        if unknown := [name for name in only if name not in names]:
            raise RecipeError(f"{self._pipeline.path}: no step {', '.join(unknown)}; there are {', '.join(names)}.")
        return [step for step in self._pipeline.steps if not only or step.name in only]

    def _check(self, steps: list[Step]) -> None:
        """Raises RecipeError, InputError, before anything runs: all that is not said; all inputs that no step makes."""
        if needed := unsaid(self._pipeline, steps, self._places):
            raise RecipeError(f"{self._pipeline.path}: {len(needed)} thing(s) to say first:{listed(needed)}")
        if missing := missing_inputs(self._pipeline, steps, self._places):
            raise InputError(f"{self._pipeline.path}: {len(missing)} missing input(s):{listed(missing)}")

    # -- whether a step has to run --
    def _reason(self, step: Step) -> str | None:
        """Why the step has to run; None when nothing has changed since the lock was written."""
        known = self._lock.steps.get(step.name)
        if known is None:
            return "not done yet"
        if self._dry_run and (before := [name for name in self._ran if self._feeds(name, step)]):
            return f"after {before[0]}"
        if known.get("command") != list(step.command):
            return "its command has changed"
        if changed := _differs(self._asked(step), known.get("asked", {})):
            return f"what was asked for has changed: {changed}"
        # A default that another version of nlpchat has made another; an option that it did not have yet is no reason.
        told, then = {**step.options, "seed": step.seed}, {**known.get("options", {}), "seed": known.get("seed")}
        if changed := _differs({n: v for n, v in told.items() if then.get(n) is not None}, then, both=True):
            return f"its option {changed}"
        for kind, places in (("input", step.inputs), ("output", step.outputs)):
            now, then = self._digests_of(places), known.get(f"{kind}s", {})
            if different := [place for place in {**now, **then} if now.get(place) != then.get(place)]:
                gone = different[0] in now and now[different[0]] is None
                return f"its {kind} {different[0]} {'is not there' if gone else 'has changed'}"
        return None

    def _feeds(self, name: str, step: Step) -> bool:
        return any(maker.name == name for place in step.inputs for maker in self._pipeline.makers(place))

    def _asked(self, step: Step) -> dict[str, str]:
        """What was said to the pipeline's questions, of what the step uses: of a file its name, its content is an input."""
        used = {name for word in step.command for name in PLACE.findall(word)}
        asks = [ask for ask in self._pipeline.asks if ask.name in used and not ask.private]
        said = {ask.name: self._places.asked[ask.name] for ask in asks}
        files = {ask.name for ask in asks if ask.file and not self._places.is_address(f"{{{ask.name}}}")}
        return {name: Path(value).name if name in files else value for name, value in said.items()}

    # -- running it --
    def _run(self, step: Step, alone: Alone | None) -> None:
        resume = ["--resume"] if step.resume else []  # the command itself refuses checkpoints of other options or data
        self._say(f"$ nlpchat {' '.join([*(self._typed(word) for word in step.command), *resume])}")
        if alone is None:
            return
        inputs = self._digests_of(step.inputs)
        words = [filled for word in step.command for filled in self._places.words(word)]
        for place in step.outputs:
            _make_folder(Path(self._places.fill(place)).parent)
        started, clock = datetime.now(UTC), time.monotonic()
        called = call(step.name, [*words, *resume], self._say, alone)
        seconds = round(time.monotonic() - clock, 1)
        if called.code == 0:
            timed = {"started": started.isoformat(timespec="seconds"), "seconds": seconds}
            self._keep(step, self._done(step, called, inputs) | timed)
        if called.signalled is not None:
            signal.raise_signal(called.signalled)  # to whoever would have heard it, now that the step has ended
        if called.code != 0:
            raise NlpchatError(
                f"{self._pipeline.path}: step {step.name!r} failed ({called.how}); what it said is "
                "above. Mend that and run the same line again: it goes on at this step."
            )

    def _done(self, step: Step, called: Called, inputs: Mapping[str, str | None]) -> dict[str, object]:
        outputs = self._digests_of(step.outputs)
        if unmade := [place for place, found in outputs.items() if found is None]:
            raise NlpchatError(
                f"{self._pipeline.path}: step {step.name!r} ended well without making {', '.join(unmade)}. "
                "Do its outputs name what its command writes?"
            )
        made = [path for place in step.outputs for path in self._places.found(place)]
        return {
            "command": list(step.command),
            "asked": self._asked(step),
            "options": dict(step.options),
            "seed": step.seed,
            "inputs": dict(inputs),
            "outputs": outputs,
            "versions": versions(),
            "machine": machine(),
            "scores": scores_in(made),
            "result": self._places.unfill(called.result(), (*step.inputs, *step.outputs)),
        }

    def _keep(self, step: Step, done: dict[str, object]) -> None:
        order = [one.name for one in self._pipeline.steps]
        kept = {name: done[name] for name in _ORDER if done[name] not in (None, {}) or name in _ALWAYS}
        self._lock.keep(step.name, kept, order=order, pipeline=self._pipeline.path.name, title=self._pipeline.title)

    def _digests_of(self, places: Sequence[str]) -> dict[str, str | None]:
        """The digests of files and folders, of this moment; an address in the network has none."""
        near = [place for place in places if not self._places.is_address(place)]
        return {place: self._digest(place) for place in near}

    def _digest(self, place: str) -> str | None:
        if is_pattern(place):
            return self._digests.of_all(self._places.found(place))
        return self._digests.of(Path(self._places.fill(place)))

    def _typed(self, word: str) -> str:
        """A word as a person would type it in a shell."""
        filled = self._places.fill(word)
        return filled if is_pattern(word) and _TYPED.fullmatch(filled) else shlex.quote(filled)


_ORDER = (
    "command", "asked", "options", "seed", "inputs", "outputs", "started", "seconds", "versions", "machine", "scores", "result",
)  # fmt: skip
_ALWAYS = ("inputs", "outputs", "result")


def _differs(now: Mapping[str, object], then: Mapping[str, object], *, both: bool = False) -> str:
    """The first name whose value is another than it was, with both values; "" when there is none. both: of names in both."""
    names = [name for name in now if name in then] if both else list({**now, **then})
    return next((f"{n} is {now.get(n)!r}, and was {then.get(n)!r}" for n in names if now.get(n) != then.get(n)), "")


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise OutputError(
            f"{path}: this folder cannot be made ({fault.strerror}). Give another with --runs."
        ) from fault
