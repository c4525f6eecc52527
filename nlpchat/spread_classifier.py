"""A classifier whose texts are scored by the workers of a cluster: `classify(chat, SpreadClassifier(None, executor))`.

What it says is what a Classifier says on this machine, but for the rounding of an int8 model (see classifier.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from nlpchat.bundle import load_bundle
from nlpchat.classifier import Classifier, Progress, chunks
from nlpchat.errors import BundleError
from nlpchat.predictions import Predictions, threshold
from nlpchat.workers import in_order


@dataclass(frozen=True, slots=True)
class Model:
    """A bundle as every worker finds it: at its folder (None: the one that comes with nlpchat), with these digests."""

    folder: str | None
    digests: tuple[tuple[str, str], ...]


class SpreadClassifier(Classifier):
    """As Classifier; each some thousand texts go to a worker of `executor`, which must find the same bundle at the same place.

    Raises BundleError, also where a worker finds another; NlpchatError: the workers are gone.
    """

    def __init__(self, bundle: str | Path | None, executor: Executor, *, abstain: float = 0.0):
        self.abstain = threshold(abstain)
        self.bundle = load_bundle(bundle, kind="classifier")
        folder = str(Path(bundle).resolve()) if bundle is not None else None
        self._model = Model(folder, tuple(sorted(self.bundle.files.items())))
        self._executor = executor

    def predict(self, texts: Sequence[str], progress: Progress | None = None) -> Predictions:
        """What is felt in each text, in order."""
        parts: list[Predictions] = []
        batches = ((start, list(texts[start:stop])) for start, stop in chunks(texts))
        for part in in_order(partial(_predict, self._model), batches, self._executor):
            parts.append(part)
            if progress is not None:
                progress(sum(map(len, parts)), len(texts))
        return Predictions.joined(parts).abstaining(self.abstain)


def _predict(model: Model, batch: tuple[int, list[str]]) -> Predictions:
    """Runs on a worker: the predictions of texts whose first one is number `start`."""
    start, texts = batch
    said = _classifier(model).predict(texts)
    return said.moved(said.messages + start)


@lru_cache(maxsize=2)
def _classifier(model: Model) -> Classifier:
    found = Classifier(model.folder)
    if tuple(sorted(found.bundle.files.items())) != model.digests:
        raise BundleError(
            f"{found.bundle.folder}: a worker has another model there. Copy the same one to every machine, at the same place."
        )
    return found
