"""A pipeline file (TOML) -> its steps, and everything that is wrong with it at once.

    title = "A small French model"
    data = "../../data"                       # the default of --data, as seen from this file

    [sets]
    texts = ["{data}/text/a.txt.xz", "{data}/text/b.txt.xz"]

    [[step]]
    name = "tokenizer"
    command = ["train-tokenizer", "@texts", "-o", "{runs}/tokenizer", "--pieces", 12000]

    [[step]]
    name = "lm"
    command = ["pretrain-lm", "--tokenizer", "{runs}/tokenizer", "@texts", "-o", "{runs}/lm"]
    resume = true                             # it takes --resume: an interrupted run goes on where it stopped

A file may state sizes: names for values, of which `--size` chooses one, the first if it is not given. A later size says only in
what it differs from the first. `{hidden}` in a command is the value of that name.

    [sizes.published]
    hidden = 1150
    epochs = 10

    [sizes.small]
    hidden = 128

A step is a command that a person could type; `{data}`, `{runs}` and `{here}` (the file's own folder) stand
for folders. Unless the step lists them, its `outputs` are what follows -o, and its `inputs` the other
arguments that begin with a place.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from nlpchat.errors import RecipeError
from nlpchat.files import read_error

PLACES = ("data", "runs", "here")
_PLACE = re.compile(r"\{(\w*)\}")
_PIPELINE_KEYS = {"title", "data", "sets", "sizes", "step"}
_STEP_KEYS = {"name", "command", "inputs", "outputs", "resume"}
_OUTPUT_OPTIONS = ("-o", "--output")


@dataclass(frozen=True)
class Step:
    """One command of a pipeline, its sets spelt out and its places (`{data}`...) not yet filled in."""

    name: str
    command: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    resume: bool = False


@dataclass(frozen=True)
class Pipeline:
    """What a pipeline file says. `data`: where the data lie by default, as seen from the file.

    sizes: the names of those it states, the first being the default; size: the one that the steps are of, "" when it
    states none.
    """

    path: Path
    title: str
    data: str | None
    steps: tuple[Step, ...]
    sizes: tuple[str, ...] = ()
    size: str = ""

    @property
    def name(self) -> str:
        """The file's, and the size's when it is not the default: what its runs and its lock are named after."""
        return self.path.stem if self.size in ("", *self.sizes[:1]) else f"{self.path.stem}.{self.size}"

    def maker(self, place: str) -> Step | None:
        """The step that makes `place` (or the folder it lies in); None when no step does."""
        for step in self.steps:
            if any(place == made or place.startswith(made.rstrip("/") + "/") for made in step.outputs):
                return step
        return None


@dataclass(frozen=True)
class Places:
    """The folders that `{data}`, `{runs}` and `{here}` stand for in this run."""

    data: Path | None
    runs: Path
    here: Path

    def fill(self, text: str) -> str:
        """`text` with its places filled in, `/` between folders on every system."""
        return _PLACE.sub(lambda found: self._folder(found[1]).as_posix(), text)

    def _folder(self, name: str) -> Path:
        folder = {"data": self.data, "runs": self.runs, "here": self.here}[name]
        if folder is None:
            raise RecipeError("the pipeline reads {data}, and says no folder for it. Give one with --data FOLDER.")
        return folder


def read_pipeline(path: str | Path, *, commands: Collection[str], size: str | None = None) -> Pipeline:
    """The pipeline that a file describes, of `size`. `commands`: the names that a step may begin with.

    Raises RecipeError with every fault of the file, one a line; or when it states no such size.
    """
    path = Path(path)
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise read_error(path, fault) from fault
    except ValueError as fault:  # not TOML, or not UTF-8
        raise RecipeError(
            f"{path}: not a pipeline file: {fault}. It is written in TOML; compare pipelines/tiny.toml."
        ) from fault
    reader = _Reader(stated, commands, size)
    names = tuple(reader.sizes)
    if size is not None and size not in names:
        there = f"there are {', '.join(names)}" if names else "it states none"
        raise RecipeError(f"{path}: no size {size!r}; {there}.")
    pipeline = Pipeline(
        path, reader.word(stated, "title", "the file"), reader.data(), reader.steps(), names, size or "".join(names[:1])
    )
    reader.check_order(pipeline)
    if reader.faults:
        listed = "".join(f"\n  - {fault}" for fault in reader.faults)
        raise RecipeError(f"{path}: {len(reader.faults)} fault(s). Mend them and run it again:{listed}")
    return pipeline


class _Reader:
    """The parts of a pipeline file; what is wrong with them gathers in `faults`."""

    def __init__(self, stated: Mapping[str, Any], commands: Collection[str], size: str | None) -> None:
        self.faults: list[str] = []
        self._stated = stated
        self._commands = [name for name in commands if name != "run"]
        self._unknown_keys(stated, _PIPELINE_KEYS, "the file")
        self.sizes = self._stated_sizes()
        first = next(iter(self.sizes.values()), {})
        self._values = first | self.sizes.get(size or "", {})
        sets = stated.get("sets", {})
        if not isinstance(sets, dict):
            self.faults.append("sets: must be a table of lists")
            sets = {}
        self._sets = {name: self._words(listed, f"set {name!r}", sets_allowed=False) for name, listed in sets.items()}

    def _stated_sizes(self) -> dict[str, dict[str, str]]:
        """The values of each size, as words."""
        stated = self._stated.get("sizes", {})
        if not isinstance(stated, dict) or not all(isinstance(one, dict) for one in stated.values()):
            self.faults.append("sizes: must be tables, as in [sizes.small]")
            return {}
        known = set(next(iter(stated.values()), {}))
        for size, values in stated.items():
            for name, value in values.items():
                if isinstance(value, bool) or not isinstance(value, str | int | float):
                    self.faults.append(f"size {size!r}: {name} is {value!r}, neither a word nor a number")
                if name in PLACES:
                    self.faults.append(f"size {size!r}: {name} is the name of a place; choose another")
                if name not in known:
                    self.faults.append(f"size {size!r}: {name} is not stated by the first size")
        return {size: {name: str(value) for name, value in values.items()} for size, values in stated.items()}

    def data(self) -> str | None:
        return self.word(self._stated, "data", "the file") if "data" in self._stated else None

    def steps(self) -> tuple[Step, ...]:
        stated = self._stated.get("step", [])
        if not isinstance(stated, list) or not stated or not all(isinstance(one, dict) for one in stated):
            self.faults.append("no steps: write each as a [[step]] with a name and a command")
            return ()
        steps = tuple(self._step(one, number) for number, one in enumerate(stated, 1))
        names = [step.name for step in steps if step.name]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.faults.append(f"step {name!r}: {names.count(name)} steps have this name")
        return steps

    def _step(self, stated: Mapping[str, Any], number: int) -> Step:
        where = f"step {stated['name']!r}" if isinstance(stated.get("name"), str) else f"step number {number}"
        self._unknown_keys(stated, _STEP_KEYS, where)
        name = self.word(stated, "name", where)
        command = self._words(stated.get("command"), f"{where}: command")
        if command and command[0] not in self._commands:
            self.faults.append(f"{where}: no command {command[0]!r}; there are {', '.join(sorted(self._commands))}")
        if not isinstance(stated.get("resume", False), bool):
            self.faults.append(f"{where}: resume must be true or false")
        outputs = self._listed(stated, "outputs", where, _said_outputs(command))
        said = tuple(word for word in command[1:] if _PLACE.match(word) and word not in outputs)
        inputs = self._listed(stated, "inputs", where, said)
        return Step(name, command, inputs, outputs, stated.get("resume", False) is True)

    def _listed(self, stated: Mapping[str, Any], key: str, where: str, default: tuple[str, ...]) -> tuple[str, ...]:
        found = self._words(stated[key], f"{where}: {key}", empty_allowed=True) if key in stated else default
        return tuple(dict.fromkeys(found))

    def _words(
        self, stated: object, where: str, *, sets_allowed: bool = True, empty_allowed: bool = False
    ) -> tuple[str, ...]:
        if not isinstance(stated, list) or not (stated or empty_allowed):
            self.faults.append(f"{where}: must be a list of words")
            return ()
        words: list[str] = []
        for one in stated:
            if isinstance(one, bool) or not isinstance(one, str | int | float):
                self.faults.append(f"{where}: {one!r} is neither a word nor a number")
            elif isinstance(one, str) and one.startswith("@") and sets_allowed:
                if one[1:] not in self._sets:
                    self.faults.append(f"{where}: no set {one!r} under [sets]")
                words.extend(self._sets.get(one[1:], ()))
            else:
                words.append(str(one))
        words = [_PLACE.sub(lambda found: self._values.get(found[1], found[0]), word) for word in words]
        for unknown in sorted({place for word in words for place in _PLACE.findall(word)} - set(PLACES)):
            values = "".join(f", {{{name}}}" for name in self._values)
            self.faults.append(
                f"{where}: {{{unknown}}} is no place{' and no value' if values else ''}; there are {{data}}, {{runs}}, {{here}}{values}"
            )
        return tuple(words)

    def word(self, stated: Mapping[str, Any], key: str, where: str) -> str:
        found = stated.get(key)
        if isinstance(found, str) and found.strip():
            return found
        self.faults.append(
            f"{where}: {key} must be a word or a sentence" + ("" if key in stated else ", and is missing")
        )
        return ""

    def _unknown_keys(self, stated: Mapping[str, Any], known: set[str], where: str) -> None:
        for key in sorted(set(stated) - known):
            self.faults.append(f"{where}: unknown key {key!r}; there are {', '.join(sorted(known))}")

    def check_order(self, pipeline: Pipeline) -> None:
        """Adds what is wrong between steps: two that make one thing, one that reads what comes later."""
        made: dict[str, str] = {}
        for number, step in enumerate(pipeline.steps):
            for place in step.inputs:
                maker = pipeline.maker(place)
                if maker and maker.name and maker in pipeline.steps[number:]:
                    self.faults.append(
                        f"step {step.name!r}: reads {place}, which step {maker.name!r} makes, not before it"
                    )
            for place in step.outputs:
                if place in made:
                    self.faults.append(f"step {step.name!r}: makes {place}, as step {made[place]!r} does")
                made.setdefault(place, step.name)


def _said_outputs(command: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for option, word in pairwise(command) if option in _OUTPUT_OPTIONS)
