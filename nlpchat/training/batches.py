"""Batches that can be begun anywhere: what comes at step k depends on the seed and on k alone.

So a stopped run goes on where it stopped, and gets the batches that it would have had.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nlpchat.corpus.store import TokenStore
from nlpchat.errors import TrainingError
from nlpchat.training.distributed import Share

_WINDOW_CHARACTERS = 1000  # of a text; past it the window cuts


class ShuffledStream:
    """A store's pieces in the order of a seed, as one long row of tokens of which any part can be read."""

    def __init__(self, store: TokenStore, seed: int | None):
        order = np.arange(store.pieces)
        if seed is not None:
            np.random.default_rng(seed).shuffle(order)
        self._store = store
        self._from = store.starts[order].astype(np.int64)
        lengths = (store.starts[order + 1] - store.starts[order]).astype(np.int64)
        self._at = np.concatenate([[0], np.cumsum(lengths)])

    def read(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        parts = []
        piece = int(np.searchsorted(self._at, start, side="right")) - 1
        while start < stop:
            inside = start - int(self._at[piece])
            length = min(stop, int(self._at[piece + 1])) - start
            first = int(self._from[piece]) + inside
            parts.append(self._store.read(first, first + length))
            start += length
            piece += 1
        return np.concatenate(parts)


class LanguageModelBatches:
    """(ids, next ids), both (batch, bptt) int64, over `epochs` epochs in a row; each epoch in another order.

    The rows of a batch go on in the next one, so that the hidden state can be carried along. `len` counts the batches
    of all epochs; set `start` to begin later. Of several processes each yields its own rows of the batch. Raises TrainingError
    when the store is smaller than one batch, or the rows cannot be shared equally.
    """

    n_inp = 1

    def __init__(
        self, store: TokenStore, *, batch: int, bptt: int, epochs: int = 1, seed: int | None = 0, share: Share | None = None
    ):  # fmt: skip
        # A small corpus gets narrower batches rather than none.
        while batch > 1 and (store.tokens - 1) // batch < bptt:
            batch //= 2
        self.store, self.batch, self.bptt, self.epochs, self.seed = store, batch, bptt, epochs, seed
        self.per_epoch = ((store.tokens - 1) // batch) // bptt
        self.marks = tuple(self.per_epoch * epoch for epoch in range(1, epochs + 1))
        self.start = 0
        if self.per_epoch < 1:
            raise TrainingError(
                f"{store.tokens} tokens are too few to train on: bptt {bptt} needs at least {bptt + 1}. Give more text."
            )
        share = share or Share()
        if batch % share.of:
            raise TrainingError(
                f"the {batch} rows of a batch cannot be shared equally among {share.of} processes. "
                f"Give a --batch that is a multiple of {share.of}, more text, or fewer processes."
            )
        self.rows = range(share.number * batch // share.of, (share.number + 1) * batch // share.of)

    def __len__(self) -> int:
        return self.per_epoch * self.epochs

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        stream, of_epoch = None, -1
        row = self.per_epoch * self.bptt
        for step in range(self.start, len(self)):
            epoch, place = divmod(step, self.per_epoch)
            if epoch != of_epoch:
                stream, of_epoch = self._stream(epoch), epoch
            assert stream is not None
            begin = place * self.bptt
            rows = [stream.read(r * row + begin, r * row + begin + self.bptt + 1) for r in self.rows]
            both = torch.from_numpy(np.stack(rows))
            yield both[:, :-1], both[:, 1:]

    def _stream(self, epoch: int) -> ShuffledStream:
        return ShuffledStream(self.store, None if self.seed is None else self.seed * 1_000_003 + epoch)


@dataclass(frozen=True)
class Example:
    """One text to learn from: raw, with its label's index, the source whose cap it counts towards and the group it is of."""

    text: str
    label: int
    source: str
    group: str = ""


class ClassifierBatches:
    """(ids, lengths, labels) over `epochs` epochs: capped and balanced draws, batches of texts of like length.

    ids: (B, T) int64, padded on the right; lengths, labels: (B,) int64. Each epoch draws from each source at most its cap
    of rows without replacement, a row's weight being (its label's share) ** (power - 1): power 1 keeps the source's own
    shares, 0 makes its labels equal. encode: text and generator -> ids of at most the window, bos included. Several processes
    read several batches at each step, of `batch_tokens` together. Raises TrainingError: they are more than the batches.
    """

    n_inp = 2

    def __init__(
        self, examples: Sequence[Example], encode: Callable[[list[str], Random], list[list[int]]], *, epochs: float,
        batch_tokens: int, caps: Mapping[str, int], default_cap: int, power: float, seed: int, pad_id: int,
        share: Share | None = None,
    ):  # fmt: skip
        self.examples, self.encode, self.seed, self.pad_id = examples, encode, seed, pad_id
        self.start = 0
        self.share = share or Share()
        sizes = np.array([len(example.text) for example in examples])
        self._plan: list[npt.NDArray[np.int64]] = []
        marks = []
        for epoch in range(math.ceil(epochs)):
            drawn = _draw(examples, caps, default_cap, power, np.random.default_rng([seed, epoch]))
            part = min(1.0, epochs - epoch)
            drawn = drawn[: max(1, round(part * len(drawn)))]
            some = _by_length(drawn, sizes, batch_tokens // self.share.of, np.random.default_rng([seed, epoch, 1]))
            self._plan += some[: len(some) // self.share.of * self.share.of]
            if len(some) < self.share.of:
                raise TrainingError(
                    f"{len(some)} batch(es) cannot be shared among {self.share.of} processes. Give more data, or fewer processes."
                )
            marks.append(len(self._plan) // self.share.of)
        self.marks = tuple(marks)

    def __len__(self) -> int:
        return len(self._plan) // self.share.of

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for step in range(self.start, len(self)):
            place = step * self.share.of + self.share.number
            rows = [self.examples[i] for i in self._plan[place]]
            ids = self.encode([row.text for row in rows], Random(f"{self.seed} {place}"))
            yield *padded_ids(ids, self.pad_id), torch.tensor([row.label for row in rows])


def padded_ids(ids: Sequence[Sequence[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Ids as one (B, T) int64 rectangle filled up with pad on the right, and their lengths (B,)."""
    lengths = torch.tensor([len(some) for some in ids])
    filled = torch.full((len(ids), int(lengths.max())), pad_id)
    for row, some in zip(filled, ids, strict=True):
        row[: len(some)] = torch.tensor(some)
    return filled, lengths


def _draw(
    examples: Sequence[Example], caps: Mapping[str, int], default_cap: int, power: float, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    by_source: dict[str, list[int]] = {}
    for place, example in enumerate(examples):
        by_source.setdefault(example.source, []).append(place)
    drawn = []
    for source, places in by_source.items():
        labels = np.array([examples[i].label for i in places])
        shares = np.bincount(labels) / len(labels)
        weights = shares[labels] ** (power - 1)
        count = min(len(places), caps.get(source, default_cap))
        drawn.append(random.choice(places, count, replace=False, p=weights / weights.sum()))
    everything = np.concatenate(drawn)
    random.shuffle(everything)
    return everything


def _by_length(
    drawn: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], batch_tokens: int, random: np.random.Generator
) -> list[npt.NDArray[np.int64]]:
    """Batches of about `batch_tokens` (three characters to a token), in random order."""
    blurred = sizes[drawn] * random.uniform(0.8, 1.25, len(drawn))  # not the same neighbours every epoch
    order = drawn[np.argsort(blurred, kind="stable")]
    batches, begin, longest = [], 0, 1
    for place, row in enumerate(order):
        longest = max(longest, int(min(sizes[row], _WINDOW_CHARACTERS)) // 3 + 2)
        if place > begin and longest * (place - begin + 1) > batch_tokens:
            batches.append(order[begin:place])
            begin, longest = place, int(min(sizes[row], _WINDOW_CHARACTERS)) // 3 + 2
    batches.append(order[begin:])
    random.shuffle(batches)
    return batches
