"""Bundle x labelled texts -> Scores: accuracy, macro-F1 with its interval, confusion; no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlpchat.bundle import Bundle
from nlpchat.classifier import Classifier, Progress
from nlpchat.corpus.labelled import LabelledSet, read_labelled
from nlpchat.records import LABELS

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
RESAMPLES = 1_000  # of the bootstrap
Z = 1.959964  # standard deviations of a 95% interval


@dataclass(frozen=True, slots=True)
class TwoPole:
    """How well pos is told from neg when only their two scores are compared, on a set without neutrals."""

    n: int
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Scores:
    """How a classifier does on one set; shares are 0.0 to 1.0.

    macro_f1: mean of the F1 of the labels that the set has (two for a set without neutrals; what is then
    taken for neutral counts as missed). interval: 95% of 1,000 bootstrap resamples of macro_f1.
    confusion: rows are the truth, columns what the model said, both in the order of labels.
    f1: of each label that the set has.
    two_pole: None for a set with neutrals. left_out: rows with another label -> how many.
    """

    n: int
    accuracy: float
    macro_f1: float
    interval: tuple[float, float]
    confusion: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    f1: Mapping[str, float]
    two_pole: TwoPole | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)

    def brief(self) -> dict[str, object]:
        """What a bundle keeps of them, rounded to four digits."""
        poles = {"two_pole_accuracy": round(self.two_pole.accuracy, 4)} if self.two_pole else {}
        return {
            "n": self.n,
            "accuracy": round(self.accuracy, 4),
            "macro_f1": round(self.macro_f1, 4),
            "interval": [round(x, 4) for x in self.interval],
            **poles,
        }

    def as_json(self) -> dict[str, object]:
        """As plain lists and dicts, for json.dumps."""
        return asdict(self)


def evaluate(
    bundle: Classifier | Bundle | str | Path | None,
    sets: Iterable[LabelledSet | str | Path],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Scores]:
    """The scores on each set, by its name (a file's path as given). seed: of the bootstrap.

    Every set is read before any is scored. Raises BundleError, CorpusError, InputError.
    """
    classifier = bundle if isinstance(bundle, Classifier) else Classifier(bundle)
    read = [one if isinstance(one, LabelledSet) else read_labelled(one) for one in sets]
    total, done, found = sum(map(len, read)), 0, {}
    for one in read:
        say = None if progress is None else _shifted(progress, done, total)
        predictions = classifier.predict([row.text for row in one.rows], say)
        truth = np.array([LABELS.index(row.label) for row in one.rows])
        found[one.name] = scores_of(truth, predictions.scores, left_out=one.left_out, seed=seed)
        done += len(one)
    return found


def scores_of(
    truth: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32],
    *,
    left_out: Mapping[str, int] | None = None,
    seed: int = 0,
) -> Scores:
    """The Scores of n > 0 predictions. truth: (n,) places in LABELS; scores: (n, 3), the largest decides."""
    confusion = confusion_of(truth, scores.argmax(axis=1))
    present = confusion.sum(axis=1) > 0
    each = f1_of(confusion)
    return Scores(
        n=len(truth),
        accuracy=float(np.trace(confusion) / len(truth)),
        macro_f1=float(macro_f1(confusion, present)),
        interval=_interval(confusion, present, seed),
        confusion=tuple(map(tuple, confusion.tolist())),
        labels=LABELS,
        f1={label: float(each[i]) for i, label in enumerate(LABELS) if present[i]},
        two_pole=None if present[LABELS.index("neu")] else _two_pole(truth, scores),
        left_out=dict(left_out or {}),
    )


def confusion_of(truth: npt.NDArray[np.int64], said: npt.NDArray[np.int64]) -> Counts:
    """(3, 3): how often a text of the row's label was given the column's."""
    size = len(LABELS)
    return np.bincount(truth * size + said, minlength=size * size).reshape(size, size)


def f1_of(confusion: Counts) -> npt.NDArray[np.float64]:
    """F1 of each label, 2 * hits / (truth + said); 0.0 for one never met nor said. confusion: (..., 3, 3)."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    both = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    found: npt.NDArray[np.float64] = 2 * hits / np.maximum(both, 1)
    return found


def macro_f1(confusion: Counts, present: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The mean F1 of the labels `present`. confusion: (..., 3, 3) -> (...)."""
    mean: npt.NDArray[np.float64] = f1_of(confusion)[..., present].mean(axis=-1)
    return mean


def _interval(confusion: Counts, present: npt.NDArray[np.bool_], seed: int) -> tuple[float, float]:
    # To draw n rows with replacement is to draw the confusion's nine cells from a multinomial.
    n = int(confusion.sum())
    drawn = np.random.default_rng(seed).multinomial(n, confusion.ravel() / n, size=RESAMPLES)
    low, high = np.percentile(macro_f1(drawn.reshape(-1, *confusion.shape), present), [2.5, 97.5])
    return float(low), float(high)


def _two_pole(truth: npt.NDArray[np.int64], scores: npt.NDArray[np.float32]) -> TwoPole:
    neg, pos = LABELS.index("neg"), LABELS.index("pos")
    confusion = confusion_of(truth, np.where(scores[:, pos] > scores[:, neg], pos, neg))
    present = confusion.sum(axis=1) > 0
    return TwoPole(len(truth), float(np.trace(confusion) / len(truth)), float(macro_f1(confusion, present)))


def _shifted(progress: Progress, done: int, total: int) -> Progress:
    return lambda more, _: progress(done + more, total)


def wilson(count: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Shares with their 95% intervals (Wilson 1927), which hold for few trials too. n: above 0.

    >>> [round(float(x), 3) for x in wilson(90, 100)]
    [0.9, 0.826, 0.945]
    """
    trials = np.asarray(n)
    share: Floats = np.asarray(count) / trials
    middle = (share + Z**2 / (2 * trials)) / (1 + Z**2 / trials)
    half = Z * np.sqrt(share * (1 - share) / trials + Z**2 / (4 * trials**2)) / (1 + Z**2 / trials)
    return share, np.minimum(np.maximum(middle - half, 0), share), np.maximum(np.minimum(middle + half, 1), share)
