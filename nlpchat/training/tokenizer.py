"""Files in, a tokenizer folder out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from nlpchat.bundle import TOKENIZER
from nlpchat.corpus.splits import place
from nlpchat.files import folder_written_beside
from nlpchat.text.tokens import Tokenizer, train_tokenizer
from nlpchat.training.texts import documents


def tokenizer_from_files(
    texts: Sequence[str | Path],
    output: str | Path,
    *,
    pieces: int,
    lines: int = 1_000_000,
    seed: int = 0,
    excluded: frozenset[str] = frozenset(),
) -> Tokenizer:
    """A tokenizer of `pieces` pieces learnt from at most about `lines` lines, saved as output/tokenizer.model.

    excluded: who asked to be left out (see nlpchat/exclude.py). Which documents are left out past `lines` is decided by a hash,
    evenly over all files. Raises CorpusError, RecipeError.
    """
    total = sum(len(d.lines) for path in texts for d in documents(path, excluded))
    share = lines / max(1, total)

    def chosen() -> Iterator[str]:
        for path in texts:
            for document in documents(path, excluded):
                if share >= 1 or place(document.group, f"tokenizer {seed}") < share:
                    yield from document.lines

    with folder_written_beside(output) as beside:
        made = train_tokenizer(chosen(), vocab_size=pieces, seed=seed)
        (beside / TOKENIZER).write_bytes(made.model)
    return made
