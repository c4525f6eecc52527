"""Labelled files in, examples to train on and examples held out by group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from nlpchat.corpus.labelled import LabelledSet, read_labelled
from nlpchat.corpus.splits import place
from nlpchat.errors import CorpusError
from nlpchat.records import LABELS
from nlpchat.text.normalise import normalise
from nlpchat.text.tokens import Tokenizer, windowed
from nlpchat.training.batches import Example
from nlpchat.training.noise import respell

SPLITS = ("train", "valid", "test")  # names that every built corpus has
_LARGEST_HELD_OUT_GROUP = 0.3  # of a set; of two films neither is held out, or half the set would be lost


@dataclass(frozen=True)
class Examples:
    """What a classifier learns from and is chosen by. left_out: label -> rows that none of the three labels fits."""

    train: tuple[Example, ...]
    held_out: tuple[Example, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


def source_of(path: str | Path) -> str:
    """The name that caps and tables know a file by: "a/chat.jsonl.xz" is "chat", and "films/train.jsonl", of a built corpus, "films"."""
    name = Path(path).name.split(".")[0]
    return Path(path).resolve().parent.name if name in SPLITS else name


def examples_of(
    paths: Sequence[str | Path], held_out: float, excluded: frozenset[str] = frozenset(), own_split: Collection[str] = ()
) -> Examples:  # fmt: skip
    """The rows of all files, parted by group: those whose names hash lowest are held out, about `held_out` of each set.

    excluded: who asked to be left out (see nlpchat/exclude.py). own_split: sources whose makers' split is kept instead: what
    is not their "train" is held out, whatever `held_out` is.
    A row without a group is its own. A text that stands on both sides, or twice, is kept once, in training.
    Raises CorpusError, InputError.
    """
    train: dict[str, Example] = {}
    apart: list[Example] = []
    left_out: Counter[str] = Counter()
    for path in paths:
        labelled = read_labelled(path, excluded=excluded)
        source = source_of(path)
        left_out.update(labelled.left_out)
        own = source in own_split
        away = set() if own else _held_out_groups(labelled, source, held_out)
        if own and not {"train"} < {row.split for row in labelled.rows}:
            raise CorpusError(
                f'{path}: no "split" in its rows that parts "train" from others. Leave --own-split {source} out.'
            )
        for row in labelled.rows:
            example = Example(row.text, LABELS.index(row.label), source, row.group or row.text)
            if row.split != "train" if own else example.group in away:
                apart.append(example)
            else:
                train.setdefault(normalise(row.text), example)
    kept = tuple(example for example in apart if normalise(example.text) not in train)
    return Examples(tuple(train.values()), kept, dict(left_out))


def _held_out_groups(labelled: LabelledSet, source: str, share: float) -> set[str]:
    sizes = Counter(row.group or row.text for row in labelled.rows)
    chosen: set[str] = set()
    rows = 0
    for group in sorted(sizes, key=lambda name: place(f"{source}:{name}", "classifier")):
        if rows >= share * len(labelled):
            break
        if sizes[group] <= _LARGEST_HELD_OUT_GROUP * len(labelled):
            chosen.add(group)
            rows += sizes[group]
    return chosen


@dataclass(frozen=True)
class Encoding:
    """Raw text -> ids, as training sees it: respelt with probability `noise`, normalised, a share `split` of the pieces cut in two, cut to
    `window`, bos first."""

    tokenizer: Tokenizer
    window: int
    noise: float = 0.0
    split: float = 0.0

    def __call__(self, texts: Sequence[str], random: Random | None = None) -> list[list[int]]:
        if random is not None and self.noise:
            texts = [respell(text, random) if random.random() < self.noise else text for text in texts]
        ids = self.tokenizer.encode([normalise(text) for text in texts])
        if random is not None and self.split:
            ids = [self.tokenizer.split(some, self.split, random) for some in ids]
        return [windowed(some, self.window) for some in ids]
