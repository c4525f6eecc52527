"""Bundle x texts -> predictions, on ONNX Runtime alone.

Each text is normalised, cut into pieces, and scored in batches of like length; equal texts are scored once.
Long input goes through in chunks, the next being read while the last is scored, so that a million messages
need little more memory than their predictions.

An int8 model rounds its activations by batch: the score of a text may differ in the third decimal with the
company it is scored in. Its label then differs only where two scores were all but equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlpchat.bundle import Bundle, load_bundle
from nlpchat.errors import BundleError
from nlpchat.predictions import Predictions, threshold
from nlpchat.prior import Wanted, with_prior
from nlpchat.records import LABELS, Chat
from nlpchat.scorer import Scorer
from nlpchat.text.normalise import normalise
from nlpchat.workers import usable_cores

Progress = Callable[[int, int], None]  # texts done, texts in all
Ints = npt.NDArray[np.int32]

CHUNK_TEXTS, CHUNK_CHARACTERS = 16_384, 2_000_000  # normalised and sorted together
BATCH_TEXTS = 64
BATCH_PIECES = 1_024  # of a batch, padding included: bounds the memory that long reviews take
KNOWN_TEXTS = 50_000  # texts met twice whose scores are kept from one chunk to the next
KNOWN_LENGTH = 64  # characters; longer texts hardly ever come back
NEUTRAL = (0.0, 1.0, 0.0)  # of a text that normalisation leaves nothing of


class Classifier:
    """A classifier bundle, ready to score texts.

    graph: the ONNX file to run, as for Scorer. threads: cores to use (all of this process's if None). workers:
    batches scored at the same time, each with threads // workers cores; as many as cores if None, which is the
    fastest for short messages. abstain: the best score (0.0 to 1.0) below which a label is "unsure".
    Raises BundleError, RecipeError.
    """

    def __init__(
        self,
        bundle: Bundle | str | Path | None = None,
        *,
        graph: str | None = None,
        threads: int | None = None,
        workers: int | None = None,
        abstain: float = 0.0,
    ):
        self.abstain = threshold(abstain)
        self.bundle = bundle if isinstance(bundle, Bundle) else load_bundle(bundle, kind="classifier")
        if self.bundle.kind != "classifier":
            raise BundleError(f"{self.bundle.folder}: a language model has no labels. Give a classifier.")
        threads = threads or usable_cores()
        self.workers = min(workers or threads, threads)
        self._scorer = Scorer(self.bundle, graph=graph, threads=threads // self.workers)

    def predict(self, texts: Sequence[str], progress: Progress | None = None) -> Predictions:
        """What is felt in each text, in order; a text of which normalisation leaves nothing is neutral."""
        parts: list[Predictions] = []
        known: _Known = {}
        pool = ThreadPoolExecutor(self.workers)
        try:
            waiting: _Chunk | None = None
            for start, stop in chunks(texts):
                chunk = _Chunk(start, texts[start:stop])
                chunk.begin(self._scorer, pool, known)
                if waiting is not None:
                    parts.append(waiting.end(known, self.bundle.window, progress, len(texts)))
                waiting = chunk
            if waiting is not None:
                parts.append(waiting.end(known, self.bundle.window, progress, len(texts)))
        finally:
            pool.shutdown(cancel_futures=True)
        return Predictions.joined(parts).abstaining(self.abstain)


def classify(
    chat_or_texts: Chat | Iterable[str] | str,
    bundle: Classifier | Bundle | str | Path | None = None,
    *,
    progress: Progress | None = None,
    abstain: float | None = None,
    prior: Wanted | None = None,
) -> Predictions:
    """What is felt in each text message of a chat, in each text of a list, or in one text.

    The predictions of a chat name the messages by their place in `chat.messages`; media, calls, deleted
    messages and notices have none. bundle: the model that comes with nlpchat if None. abstain: the best score
    below which a label is "unsure"; the classifier's own threshold if None. Raises BundleError, RecipeError.

        >>> classify("trop bien ce film")[0].label
        'pos'
    """
    least = None if abstain is None else threshold(abstain)
    classifier = bundle if isinstance(bundle, Classifier) else Classifier(bundle)
    if isinstance(chat_or_texts, Chat):
        is_text = np.fromiter((message.kind == "text" for message in chat_or_texts.messages), np.bool_)
        index = np.flatnonzero(is_text).astype(np.int32)
        texts = [message.text for message in chat_or_texts.messages if message.kind == "text"]
        said = classifier.predict(texts, progress).moved(index)
    else:
        said = classifier.predict([chat_or_texts] if isinstance(chat_or_texts, str) else list(chat_or_texts), progress)
    if prior is not None:
        said, _ = with_prior(said, classifier.bundle, prior)
    return said if least is None else said.abstaining(least)


_Known = dict[str, tuple[npt.NDArray[np.float32], int]]  # normalised text -> its scores and its pieces


class _Chunk:
    """Some thousands of texts on their way through the model, each different one once."""

    def __init__(self, start: int, texts: Sequence[str]):
        self.start = start
        self.unique, self.inverse = _unique(texts)
        self.repeats = np.bincount(self.inverse, minlength=len(self.unique))
        self.scores = np.zeros((len(self.unique), len(LABELS)), np.float32)
        self.tokens = np.zeros(len(self.unique), np.int32)
        self.jobs: list[tuple[list[int], Future[npt.NDArray[np.float32]]]] = []

    def begin(self, scorer: Scorer, pool: ThreadPoolExecutor, known: _Known) -> None:
        """Its batches wait in the pool; what is known needs none."""
        new: list[int] = []
        for place, text in enumerate(self.unique):
            if not text:
                self.scores[place] = NEUTRAL
            elif text in known:
                self.scores[place], self.tokens[place] = known[text]
            else:
                new.append(place)
        ids = dict(zip(new, scorer.tokenizer.encode([self.unique[place] for place in new]), strict=True))
        new.sort(key=lambda place: len(ids[place]))
        self.tokens[new] = [len(ids[place]) for place in new]
        for some in _batches(new, np.minimum(self.tokens[new] + 1, scorer.bundle.window)):
            job = pool.submit(scorer.scores, [self.unique[place] for place in some], [ids[place] for place in some])
            self.jobs.append((some, job))

    def end(self, known: _Known, window: int, progress: Progress | None, total: int) -> Predictions:
        """Its predictions, once its batches are done; texts that come back join `known`."""
        left = sum(int(self.repeats[some].sum()) for some, _ in self.jobs)
        for some, job in self.jobs:
            self.scores[some] = job.result()
            left -= int(self.repeats[some].sum())
            if progress is not None:
                progress(self.start + len(self.inverse) - left, total)
        if progress is not None and not self.jobs:
            progress(self.start + len(self.inverse), total)
        for place in np.flatnonzero(self.repeats > 1).tolist():
            if len(self.unique[place]) <= KNOWN_LENGTH and len(known) < KNOWN_TEXTS:
                known[self.unique[place]] = (self.scores[place].copy(), int(self.tokens[place]))
        index = np.arange(self.start, self.start + len(self.inverse), dtype=np.int32)
        tokens = self.tokens[self.inverse]
        return Predictions(index, self.scores[self.inverse], tokens, tokens > window - 1)


def _unique(texts: Sequence[str]) -> tuple[list[str], Ints]:
    """The different normalised texts, in order of appearance, and the place of each text among them."""
    places: dict[str, int] = {}
    raw_places: dict[str, int] = {}  # normalising costs more than looking up
    inverse = np.empty(len(texts), np.int32)
    for i, text in enumerate(texts):
        place = raw_places.get(text)
        if place is None:
            place = raw_places[text] = places.setdefault(normalise(text), len(places))
        inverse[i] = place
    return list(places), inverse


def chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Ranges of texts, each bounded in number and in characters."""
    start = characters = 0
    for stop, text in enumerate(texts):
        if stop > start and (stop - start == CHUNK_TEXTS or characters + len(text) > CHUNK_CHARACTERS):
            yield start, stop
            start, characters = stop, 0
        characters += len(text)
    if start < len(texts):
        yield start, len(texts)


def _batches(places: Sequence[int], lengths: Ints) -> Iterator[list[int]]:
    """`places` in batches, bounded in texts and in pieces. lengths: increasing."""
    start = 0
    for stop in range(1, len(places) + 1):
        full = stop == len(places) or stop - start == BATCH_TEXTS
        if full or (stop - start + 1) * int(lengths[stop]) > BATCH_PIECES:
            yield list(places[start:stop])
            start = stop
