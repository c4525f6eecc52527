"""Texts -> the documents that are learnt from and those that are measured on, chosen by hashes alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlpchat.corpus.splits import place
from nlpchat.errors import TrainingError
from nlpchat.training.texts import Document, documents

_CHARACTERS_PER_TOKEN = 4.0  # of normalised French with 10,000 pieces; only to know which share of a file fits a cap


@dataclass(frozen=True, slots=True)
class CorpusOptions:
    """What of the texts is used. held_out: share of documents to measure on; cap: most tokens of one file (about);
    excluded: who asked to be left out (see nlpchat/exclude.py)."""

    held_out: float = 0.01
    cap: int | None = None
    excluded: frozenset[str] = frozenset()


class Chosen:
    """The documents of several files, less those past a cap, on one side of the split."""

    def __init__(self, texts: Sequence[str | Path], options: CorpusOptions):
        self._excluded = options.excluded
        self._files = [(path, _share(path, options.cap)) for path in texts]
        lowest = sorted(place(d.group, "held out") for d in self._all())[:2]
        if len(lowest) < 2:
            raise TrainingError("one document alone cannot be both learnt from and measured on. Give more text.")
        self._below = max(options.held_out, lowest[0] + 1e-12)  # never without a document to measure on

    def _all(self) -> Iterator[Document]:
        for path, share in self._files:
            yield from (d for d in documents(path, self._excluded) if share >= 1 or place(d.name, "cap") < share)

    def documents(self, *, held_out: bool) -> Iterator[Document]:
        return (d for d in self._all() if (place(d.group, "held out") < self._below) == held_out)


def _share(path: str | Path, cap: int | None) -> float:
    if cap is None:
        return 1.0
    characters = sum(len(line) for document in documents(path) for line in document.lines)
    return min(1.0, cap * _CHARACTERS_PER_TOKEN / max(1, characters))
