"""Labelled texts x classifier -> those it gets most wrong: errors of the model, and more often than not of the labels.

The loss of a text is -log of the score that its own label was given (nats): 0.0 for a label that was never in doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlpchat.classifier import Classifier
from nlpchat.corpus.labelled import read_labelled
from nlpchat.files import digest
from nlpchat.records import LABELS, Label, Verdict
from nlpchat.training.corrections import row_id
from nlpchat.training.examples import source_of

COLUMNS = ("corrected", "loss", "label", "predicted", *LABELS, "text", "source", "line", "id")
_LEAST_SCORE = 1e-7  # a score of 0.0 counts as this: a loss of 16.1


@dataclass(frozen=True, slots=True)
class Missed:
    """A labelled text, what the classifier says of it, and how far that is off. scores: (neg, neu, pos). line: 1-based."""

    loss: float
    label: Label
    predicted: Verdict
    scores: tuple[float, float, float]
    text: str
    source: str
    line: int

    @property
    def id(self) -> str:
        return row_id(self.text, self.label)


def top_losses(classifier: Classifier, data: Sequence[str | Path], most: int | None = 200) -> list[Missed]:
    """The `most` texts of the labelled files `data` with the highest losses, the highest first; each once.

    Raises CorpusError, InputError.
    """
    rows = [(source_of(path), row) for path in data for row in read_labelled(path).rows]
    predictions = classifier.predict([row.text for _, row in rows])
    places = np.array([LABELS.index(row.label) for _, row in rows])
    losses = -np.log(np.maximum(predictions.scores[np.arange(len(rows)), places], _LEAST_SCORE).astype(np.float64))
    found: dict[str, Missed] = {}
    for place in np.argsort(-losses, kind="stable").tolist():
        source, row = rows[place]
        said = predictions[place]
        one = Missed(float(losses[place]), row.label, said.label, said.scores, row.text, source, row.line)
        found.setdefault(one.id, one)
        if len(found) == most:
            break
    return list(found.values())


def table_rows(missed: Iterable[Missed]) -> Iterator[dict[str, object]]:
    """A row of COLUMNS for each; `corrected` is empty, to be filled in."""
    for one in missed:
        scores: dict[str, object] = {label: round(score, 4) for label, score in zip(LABELS, one.scores, strict=True)}
        yield {
            "corrected": "", "loss": round(one.loss, 4), "label": one.label, "predicted": one.predicted, **scores,
            "text": one.text, "source": one.source, "line": one.line, "id": one.id,
        }  # fmt: skip


def learnt_from(classifier: Classifier, data: Sequence[str | Path]) -> list[str]:
    """Those of `data` that the classifier was trained on: what it learnt by heart has a low loss however wrong it is."""
    known = {entry.get("digest") for entry in classifier.bundle.training}
    return [str(path) for path in data if digest(path) in known]
