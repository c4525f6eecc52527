"""What a pipeline is: steps, each a command with its inputs and outputs; sizes; what it asks of who runs it.

`nlpchat/pipeline/reading.py` says how one is written down.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from nlpchat.pipeline.places import NAMES, place_of

_OUTPUT_OPTIONS = ("-o", "--output")


@dataclass(frozen=True)
class Step:
    """One command of a pipeline, its sets spelt out and its places (`{data}`...) not yet filled in.

    options: the values that the command's options have, said or not; seed: that of --seed. Both as the command itself
    reads them, where whoever read the pipeline could ask it.
    """

    name: str
    command: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    resume: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
    seed: int | None = None


@dataclass(frozen=True)
class Ask:
    """Something that only who runs the pipeline can say. what: it in words; value: None when nobody has said it.

    given: whether it was said with --set, or is the file's default. file: it names a file or a folder, an input of the steps
    that read it, unless it is an address in the network. private: it is written in no lock, and a change of it runs nothing again.
    """

    name: str
    what: str
    value: str | None = None
    given: bool = False
    file: bool = False
    private: bool = False


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
    asks: tuple[Ask, ...] = ()

    @property
    def name(self) -> str:
        """The file's, and the size's when it is not the default: what its runs and its lock are named after."""
        return self.path.stem if self.size in ("", *self.sizes[:1]) else f"{self.path.stem}.{self.size}"

    def makers(self, place: str) -> list[Step]:
        """The steps that make `place`, the folder it lies in, or something that lies in it."""
        return [step for step in self.steps if any(_same_or_within(place, made) for made in step.outputs)]


def outputs_said(command: Sequence[str]) -> tuple[str, ...]:
    """What a command says that it writes: what follows -o, --output, or --output=."""
    return _said(command, written=True)


def inputs_said(command: Sequence[str], asks: Mapping[str, Ask]) -> tuple[str, ...]:
    """What a command says that it reads: its other words (or what follows their "=") that begin with a place."""
    files = {*NAMES, *(name for name, ask in asks.items() if ask.file)}
    return tuple(word for word in _said(command, written=False) if place_of(word) in files)


def _said(command: Sequence[str], *, written: bool) -> tuple[str, ...]:
    """The words of a command after its name, or the values of its options, that it writes to, or all others."""
    found = []
    for before, word in pairwise(command):
        option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        if (option in _OUTPUT_OPTIONS or before in _OUTPUT_OPTIONS) == written and (equals or not option):
            found.append(value)
    return tuple(dict.fromkeys(found))


def order_faults(pipeline: Pipeline) -> list[str]:
    """What is wrong between steps: two that make one thing, one that reads what comes later."""
    faults = []
    for number, step in enumerate(pipeline.steps):
        for place in step.inputs:
            if any(_same_or_within(place, made) for made in step.outputs):
                faults.append(f"step {step.name!r}: reads {place}, which it makes itself")
                continue
            later = [one for one in pipeline.makers(place) if one in pipeline.steps[number:]]
            if later and later[0].name:
                faults.append(f"step {step.name!r}: reads {place}, which step {later[0].name!r} makes, not before it")
        for place in step.outputs:
            for one in [one for one in pipeline.makers(place) if one in pipeline.steps[:number]]:
                same = _tidy(place) in map(_tidy, one.outputs)
                how = f"as step {one.name!r} does" if same else f"in or around what step {one.name!r} makes"
                faults.append(f"step {step.name!r}: makes {place}, {how}")
    return faults


def _same_or_within(place: str, other: str) -> bool:
    """Whether one of the two is the other, or lies in it."""
    one, two = _tidy(place), _tidy(other)
    return one.startswith(two) or two.startswith(one)


def _tidy(place: str) -> str:
    """`place` written in the one way: "{runs}/./a//b" is "{runs}/a/b/"; its ".." never takes the place itself away."""
    head, _, rest = place.partition("}")
    return (
        f"{head}}}/{posixpath.normpath('./' + rest)}/".replace("/./", "/")
        if rest or "}" in place
        else posixpath.normpath(place) + "/"
    )
