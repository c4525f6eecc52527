"""A pipeline file -> which files of {data} its steps learn from, and what for.

Read here with no more than that in mind; nlpchat/pipeline reads a pipeline whole, and says what is wrong with it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from nlpchat.errors import RecipeError
from nlpchat.files import read_error

# command -> the use that a card must allow; every other command that is given files of {data} measures on them, or
# makes other files of them.
LEARNS = {
    "train-tokenizer": "tokenizer",
    "pretrain-lm": "pretrain",
    "finetune-lm": "finetune-lm",
    "train-classifier": "classifier",
}
_MEASURES = ("evaluate", "export", "ensemble", "top-losses")
_MEASURED = ("--dev", "--check")  # what follows is measured on, not learnt from
_DATA = "{data}/"


@dataclass(frozen=True, slots=True)
class Used:
    """A file of the data that a step uses. use: one of USES; step: "fr-small.toml, step lm"."""

    file: str
    use: str
    step: str


def used_by(path: str | Path) -> list[Used]:
    """The files under {data} that a pipeline reads, in order; those that its own steps make are not among them.

    Raises InputError, RecipeError: it cannot be read.
    """
    path = Path(path)
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise read_error(path, fault) from fault
    except ValueError as fault:
        raise RecipeError(f"{path}: not a pipeline file: {fault}. It is written in TOML.") from fault
    steps = [step for step in stated.get("step", []) if isinstance(step, dict)]
    commands = [(step, list(_words(step.get("command", []), stated.get("sets", {})))) for step in steps]
    made = {word for _, words in commands for option, word in pairwise(words) if option in ("-o", "--output")}
    found = [
        Used(Path(place).name, use, f"{path.name}, step {step.get('name')}")
        for step, words in commands
        for place, use in _used(step, words, stated.get("sets", {}))
        if not any(place == one or place.startswith(f"{one.rstrip('/')}/") for one in made)
    ]
    return list(dict.fromkeys(found))


def _used(step: Mapping[str, Any], words: Sequence[str], sets: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(place, use) of each word of a command, and of its listed inputs, that is a file of {data}."""
    command = words[0] if words else ""
    use = LEARNS.get(command) or ("evaluate" if command in _MEASURES else None)
    if use is None:
        return
    for before, word in pairwise(words):
        if word.startswith(_DATA):
            yield word, "evaluate" if before in _MEASURED else use
    for place in _words(step.get("inputs", []), sets):
        if place.startswith(_DATA) and place not in words:
            yield place, use


def _words(stated: object, sets: Mapping[str, Any]) -> Iterator[str]:
    for word in stated if isinstance(stated, list) else []:
        if isinstance(word, str) and word.startswith("@"):
            yield from map(str, sets.get(word[1:], []))
        else:
            yield str(word)
