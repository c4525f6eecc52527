"""How far a classifier's scores may be taken at their word, and one number that makes them truer: its temperature.

Temperature scaling (Guo et al. 2017, section 4.2): scores = softmax(logits / T), with T > 0 the one that makes held-out labels
likeliest. No label changes. Scores serve as well as logits: log(scores) are logits.

    >>> import numpy as np
    >>> sure = np.log(np.array([[0.9, 0.05, 0.05]] * 10))       # 90% sure, and right 6 times in 10
    >>> round(float(scaled(sure, fit_temperature(sure, np.array([0] * 6 + [1] * 2 + [2] * 2)))[0, 0]), 3)
    0.6
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 15  # Guo et al. 2017, section 5
FOLDS = 5
_COLDEST, _HOTTEST = 0.02, 50.0  # bounds of T, for labels that are all hit or all missed
_HALVINGS = 60

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The temperature of all n rows; the expected calibration error (0.0 to 1.0) before, and after it.

    after: each row scaled by a temperature fitted without its group, so that no row vouches for itself.
    """

    temperature: float
    before: float
    after: float
    n: int

    def as_json(self) -> dict[str, float | int]:
        return {
            "temperature": round(self.temperature, 4), "ece_before": round(self.before, 4), "ece_after": round(self.after, 4),
            "n": self.n,
        }  # fmt: skip


def calibrate(logits: Floats, labels: Ints, groups: Sequence[object] | None = None, *, seed: int = 0) -> Calibration:
    """The Calibration of held-out rows. logits: (n, C); labels: (n,) places in C; groups: (n,), parted into folds whole."""
    _check(logits, labels)
    fold = folds(len(labels), groups, seed)
    after = np.empty(logits.shape)
    for number in np.unique(fold):
        away = fold == number
        temperature = fit_temperature(logits[~away], labels[~away]) if (~away).any() else 1.0
        after[away] = scaled(logits[away], temperature)
    return Calibration(
        fit_temperature(logits, labels), expected_calibration_error(scaled(logits), labels),
        expected_calibration_error(after, labels), len(labels),
    )  # fmt: skip


def fit_temperature(logits: Floats, labels: Ints) -> float:
    """The T that minimises the mean of -log softmax(logits / T)[label]. logits: (n, C), n > 0.

    In 1 / T that loss is convex, and its slope is E[z] - z_label: the expected logit less the label's, in the mean.
    """
    _check(logits, labels)
    z = logits.astype(np.float64)
    hit = z[np.arange(len(z)), labels].mean()
    low, high = 1 / _HOTTEST, 1 / _COLDEST
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5
        slope = (scaled(z, 1 / middle) * z).sum(1).mean() - hit
        low, high = (low, middle) if slope > 0 else (middle, high)
    return float(1 / (low * high) ** 0.5)


def scaled(logits: Floats, temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """softmax(logits / temperature), (n, C) in float64."""
    z = logits.astype(np.float64) / temperature
    powers = np.exp(z - z.max(1, keepdims=True))
    found: npt.NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
    return found


def expected_calibration_error(scores: Floats, labels: Ints, bins: int = BINS) -> float:
    """The sum over bins of (share of rows in it) * |its accuracy - its mean confidence| (Guo et al. 2017, equation 3).

    A row's confidence is its best score; bin m of M holds those in ((m - 1) / M, m / M]. scores: (n, C), rows of sum 1.
    """
    _check(scores, labels)
    confidence = scores.max(1).astype(np.float64)
    right = scores.argmax(1) == labels
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(place, right - confidence, minlength=bins)  # of each bin: its rows * (accuracy - confidence)
    return float(np.abs(gaps).sum() / len(labels))


def unsure(scores: Floats, least: float) -> npt.NDArray[np.bool_]:
    """(n,): whose best score is below `least`."""
    found: npt.NDArray[np.bool_] = scores.max(1) < least
    return found


def folds(n: int, groups: Sequence[object] | None, seed: int) -> npt.NDArray[np.int64]:
    """(n,): each row's fold, rows of one group in the same."""
    names = np.arange(n) if groups is None else np.unique([str(g) for g in groups], return_inverse=True)[1]
    of_group = np.random.default_rng(seed).permutation(int(names.max()) + 1) % FOLDS
    found: npt.NDArray[np.int64] = of_group[names]
    return found


def _check(rows: Floats, labels: Ints) -> None:
    if rows.ndim != 2 or len(rows) != len(labels) or not len(labels):
        raise ValueError(f"(n, C) rows and (n,) labels are needed, n > 0, not {rows.shape} and {labels.shape}")
