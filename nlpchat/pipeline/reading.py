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

A step is a command that a person could type; `{data}`, `{runs}` and `{here}` (the file's own folder) stand
for folders, and a word such as "{runs}/texts/*.txt.xz" for the files that match it when the step begins. Unless the step lists
them, its `outputs` are what follows -o, and its `inputs` the other arguments that begin with a place.

A file may state sizes: names for values, of which `--size` chooses one, the first if it is not given. A later size says only in
what it differs from the first. `{hidden}` in a command is the value of that name; a step with `sizes = ["small"]` belongs to
those sizes alone.

    [sizes.published]
    hidden = 1150
    epochs = 10

    [sizes.small]
    hidden = 128

A file may ask for what it cannot know; `--set dump=FILE` says it, and `{dump}` is the place of that name. `file = true`: it names
a file or a folder, an input of the steps that read it (an address is let be). `private = true`: no lock holds it.

    [ask.dump]
    what = "the dump of Wikipedia: a file, or its address"
    default = "https://dumps.wikimedia.org/..."        # without one, the run is refused until it is said
    file = true
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from nlpchat.errors import RecipeError
from nlpchat.files import read_error
from nlpchat.pipeline.places import NAMES, PLACE
from nlpchat.pipeline.steps import Ask, Pipeline, Step, inputs_said, order_faults, outputs_said
from nlpchat.pipeline.words import Understand, Words

_PIPELINE_KEYS = {"title", "data", "ask", "sets", "sizes", "step"}
_STEP_KEYS = {"name", "command", "inputs", "outputs", "resume", "sizes"}
_ASK_KEYS = {"what", "default", "file", "private"}


def read_pipeline(
    path: str | Path,
    *,
    commands: Collection[str],
    size: str | None = None,
    asked: Mapping[str, str] | None = None,
    understand: Understand | None = None,
) -> Pipeline:
    """The pipeline that a file describes, of `size`. `commands`: the names that a step may begin with.

    asked: what was said with --set. understand: what a command makes of a step's words, from which its options, and what is wrong
    with them, are known. Raises RecipeError with every fault of the file, one a line; or when it states no such size.
    """
    stated = read_toml(path)
    pipeline, faults = pipeline_of(stated, Path(path), commands, size, asked or {}, understand)
    if faults:
        raise RecipeError(f"{path}: {len(faults)} fault(s). Mend them and run it again:{listed(faults)}")
    return pipeline


def read_toml(path: str | Path) -> Mapping[str, Any]:
    """What a pipeline file states. Raises InputError, RecipeError: it cannot be read, or is no TOML."""
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as fault:
        raise read_error(path, fault) from fault
    except ValueError as fault:  # not TOML, or not UTF-8
        raise RecipeError(
            f"{path}: not a pipeline file: {fault}. It is written in TOML; compare pipelines/tiny.toml."
        ) from fault


def pipeline_of(
    stated: Mapping[str, Any],
    path: Path,
    commands: Collection[str],
    size: str | None,
    asked: Mapping[str, str],
    understand: Understand | None,
) -> tuple[Pipeline, list[str]]:
    """The pipeline as far as it can be understood, and what is wrong with it. Raises RecipeError: no such size."""
    reader = _Reader(stated, commands, size, asked, understand)
    names = tuple(reader.sizes)
    if size is not None and size not in names:
        there = f"there are {', '.join(names)}" if names else "it states none"
        raise RecipeError(f"{path}: no size {size!r}; {there}.")
    title = reader.word(stated, "title", "the file")
    pipeline = Pipeline(
        path, title, reader.data(), reader.steps(), names, size or "".join(names[:1]), tuple(reader.asks.values())
    )
    return pipeline, list(dict.fromkeys([*reader.faults, *order_faults(pipeline)]))


def listed(faults: Collection[str]) -> str:
    """Faults as the lines below a message."""
    return "".join(f"\n  - {fault}" for fault in faults)


class _Reader:
    """The parts of a pipeline file; what is wrong with them gathers in `faults`."""

    def __init__(
        self,
        stated: Mapping[str, Any],
        commands: Collection[str],
        size: str | None,
        asked: Mapping[str, str],
        understand: Understand | None,
    ) -> None:
        self.faults: list[str] = []
        self._stated = stated
        self._commands = [name for name in commands if name != "run"]
        self._understand = understand
        self._unknown_keys(stated, _PIPELINE_KEYS, "the file")
        self.sizes = self._stated_sizes()
        self._size = size or next(iter(self.sizes), "")
        self._values = next(iter(self.sizes.values()), {}) | self.sizes.get(self._size, {})
        self.asks: dict[str, Ask] = {}
        self.asks = self._stated_asks(asked)
        sets = self._table(stated, "sets", "the file")
        self._sets = {name: self._words(some, f"set {name!r}", sets_allowed=False) for name, some in sets.items()}

    # -- values: of sizes, and asked for --
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
                if name in NAMES:
                    self.faults.append(f"size {size!r}: {name} is the name of a place; choose another")
                if name not in known:
                    self.faults.append(f"size {size!r}: {name} is not stated by the first size")
        return {size: {name: str(value) for name, value in values.items()} for size, values in stated.items()}

    def _stated_asks(self, asked: Mapping[str, str]) -> dict[str, Ask]:
        """What the file asks for, with what was said to it."""
        asks = {}
        for name, stated in self._table(self._stated, "ask", "the file").items():
            where = f"ask {name!r}"
            if not isinstance(stated, dict):
                self.faults.append(f"{where}: must be a table, as in [ask.{name}]")
                continue
            self._unknown_keys(stated, _ASK_KEYS, where)
            if name in NAMES or name in self._values:
                self.faults.append(f"{where}: there is a place or a value of that name; choose another")
            default = self.word(stated, "default", where) if "default" in stated else None
            what, file, private = (
                self.word(stated, "what", where),
                self._yes(stated, "file", where),
                self._yes(stated, "private", where),
            )
            value = asked.get(name, None if default is None else self._filled([default], where)[0])
            asks[name] = Ask(name, what, value, name in asked, file, private)
        for name in sorted(set(asked) - set(asks)):
            there = f"it asks for {', '.join(asks)}" if asks else "it asks for nothing"
            self.faults.append(f"--set {name}=...: the file does not ask for it; {there}")
        return asks

    def data(self) -> str | None:
        return self.word(self._stated, "data", "the file") if "data" in self._stated else None

    # -- steps --
    def steps(self) -> tuple[Step, ...]:
        stated = self._stated.get("step", [])
        if not isinstance(stated, list) or not stated or not all(isinstance(one, dict) for one in stated):
            self.faults.append("no steps: write each as a [[step]] with a name and a command")
            return ()
        ours = [(one, number) for number, one in enumerate(stated, 1) if self._is_ours(one, number)]
        steps = tuple(self._step(one, number) for one, number in ours)
        names = [step.name for step in steps if step.name]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.faults.append(f"step {name!r}: {names.count(name)} steps have this name")
        return steps

    def _is_ours(self, stated: Mapping[str, Any], number: int) -> bool:
        """Whether a step belongs to the size that is read."""
        if "sizes" not in stated:
            return True
        where = _where(stated, number)
        sizes = self._words(stated["sizes"], f"{where}: sizes", sets_allowed=False)
        for unknown in sorted(set(sizes) - set(self.sizes)):
            self.faults.append(f"{where}: no size {unknown!r} is stated under [sizes]")
        return self._size in sizes

    def _step(self, stated: Mapping[str, Any], number: int) -> Step:
        where = _where(stated, number)
        self._unknown_keys(stated, _STEP_KEYS, where)
        name = self.word(stated, "name", where)
        command = self._words(stated.get("command"), f"{where}: command")
        outputs = self._listed(stated, "outputs", where, outputs_said(command))
        inputs = self._listed(stated, "inputs", where, inputs_said(command, self.asks))
        resume = self._yes(stated, "resume", where)
        words = self._understood(command, where, resume)
        return Step(name, command, inputs, outputs, resume, words.options, words.seed)

    def _understood(self, command: tuple[str, ...], where: str, resume: bool) -> Words:
        """What the command makes of the words, with what is asked for among them where that is a plain value."""
        if command and command[0] not in self._commands:
            self.faults.append(f"{where}: no command {command[0]!r}; there are {', '.join(sorted(self._commands))}")
        elif command and self._understand:
            plain = {
                one.name: one.value for one in self.asks.values() if not one.file and not one.private and one.value
            }
            unsaid = [f"{{{one.name}}}" for one in self.asks.values() if one.value is None]
            words = self._understand([PLACE.sub(lambda found: plain.get(found[1], found[0]), one) for one in command])
            told = [fault for fault in words.faults if not any(place in fault for place in unsaid)]
            self.faults += [f"{where}: {command[0]}: {fault}" for fault in told]
            if resume and not words.faults and "--resume" not in words.flags:
                self.faults.append(f"{where}: {command[0]} takes no --resume, so the step cannot say resume = true")
            return words
        return Words()

    # -- words, tables, yes and no --
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
        return self._filled(words, where)

    def _filled(self, words: list[str], where: str) -> tuple[str, ...]:
        """The words with the size's values in them; what then stands for nothing is a fault."""
        words = [PLACE.sub(lambda found: self._values.get(found[1], found[0]), word) for word in words]
        known = (*self._values, *self.asks)
        for unknown in sorted({place for word in words for place in PLACE.findall(word)} - {*NAMES, *known}):
            more = "".join(f", {{{name}}}" for name in known)
            self.faults.append(
                f"{where}: {{{unknown}}} is no place{' and no value' if more else ''}; there are {{data}}, {{runs}}, {{here}}{more}"
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

    def _yes(self, stated: Mapping[str, Any], key: str, where: str) -> bool:
        if not isinstance(stated.get(key, False), bool):
            self.faults.append(f"{where}: {key} must be true or false")
        return stated.get(key, False) is True

    def _table(self, stated: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
        found = stated.get(key, {})
        if isinstance(found, dict):
            return found
        self.faults.append(f"{where}: {key} must be a table")
        return {}

    def _unknown_keys(self, stated: Mapping[str, Any], known: set[str], where: str) -> None:
        for key in sorted(set(stated) - known):
            self.faults.append(f"{where}: unknown key {key!r}; there are {', '.join(sorted(known))}")


def _where(stated: Mapping[str, Any], number: int) -> str:
    return f"step {stated['name']!r}" if isinstance(stated.get("name"), str) else f"step number {number}"
