"""The n-gram half of a classifier, and how much each half counts.

The encoder reads for meaning, hashed n-grams for spelling; they err differently. The n-grams' weights are fitted as a
logistic regression of their own (convex: no schedule, no seed), then one factor for each half and a bias for each label
are fitted on held-out groups, which neither has seen (stacked generalisation, Wolpert 1992).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from random import Random

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from nlpchat.evaluate import scores_of
from nlpchat.records import LABELS
from nlpchat.text.ngrams import Ngrams, NgramSpec, hashed_ngrams, tfidf
from nlpchat.text.normalise import normalise
from nlpchat.training.batches import Example
from nlpchat.training.noise import respell

Floats = npt.NDArray[np.float32]
SHIFTS = np.round(np.arange(-2.0, 2.01, 0.1), 1)  # of the neutral logit, in nats
MESSAGE_LENGTH = 80  # characters; a longer row weighs less
LONGEST = 400  # characters of a row that teaches how messages are read
ENOUGH = 10_000  # rows of at most that
RESPELT_LENGTH = 200  # characters; a longer row is not respelt
ITERATIONS = 300  # of L-BFGS, a bound on the time; 60 are too few on 50,000 rows: macro-F1 0.62 for 0.67 on sms_dev
STRENGTH = 8.0  # scikit-learn's C: inverse of the L2 penalty


def ngram_regression(
    examples: Sequence[Example],
    spec: NgramSpec,
    *,
    noise: float,
    class_power: float,
    seed: int,
    long_with: Floats | None = None,
) -> tuple[Floats, Floats]:
    """(idf (buckets,), weights (buckets, 3)) fitted on the examples and, if `noise`, on a respelt copy of each short one.

    A row counts by its class and by its length: one of 400 characters, with five times a message's n-grams, as a fifth of a
    message; longer ones are not learnt from where there are enough others, or reviews would drown what messages teach.
    long_with: the idf of messages, to fit what reads long texts beside them: there every row counts by its class alone, as it is
    spelt. The intercept is left to `stack`, which fits one for both halves.
    """
    random = Random(f"ngrams {seed}")
    long = long_with is not None
    brief = [e for e in examples if len(e.text) <= LONGEST]
    if not long and len(brief) >= ENOUGH and {e.label for e in brief} == {e.label for e in examples}:
        examples = brief
    short = [e for e in examples if noise and not long and len(e.text) <= RESPELT_LENGTH]
    respelt = [Example(respell(e.text, random), e.label, e.source) for e in short]
    everything = [*examples, *respelt]
    grams = hashed_ngrams([normalise(e.text) for e in everything], spec)
    idf = _idf(grams, spec.buckets) if long_with is None else long_with
    labels = np.array([e.label for e in everything])
    lengths = np.array([len(e.text) for e in everything])
    weights = class_weights(labels, class_power)[labels]
    if not long:
        weights = weights * np.minimum(1, MESSAGE_LENGTH / np.maximum(lengths, 1))
    model = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS, tol=1e-4)
    with warnings.catch_warnings(category=ConvergenceWarning, action="ignore"):
        model.fit(matrix(grams, tfidf(grams, idf), spec.buckets), labels, sample_weight=weights)
    coefficients = np.zeros((spec.buckets, 3), dtype=np.float32)
    coefficients[:, model.classes_] = model.coef_.T
    return idf, coefficients


def class_weights(labels: npt.NDArray[np.int64], power: float) -> Floats:
    """One weight for each label: its share ** (power - 1), 1.0 on average over the rows."""
    shares = np.maximum(np.bincount(labels, minlength=3), 1) / len(labels)
    weights = shares ** (power - 1)
    scaled: Floats = (weights / weights[labels].mean()).astype(np.float32)
    return scaled


def matrix(grams: Ngrams, values: Floats, buckets: int) -> csr_matrix:
    return csr_matrix((values, grams.indices, grams.indptr), shape=(len(grams), buckets))


def stack(first: Floats, second: Floats, labels: npt.NDArray[np.int64], weights: Floats) -> tuple[float, float, Floats]:
    """(a, b, bias (3,)) for which softmax(a * first + b * second + bias) loses least on the labels. first, second: (n, 3)."""
    from scipy.optimize import minimize

    rows = np.arange(len(labels))

    def loss(at: npt.NDArray[np.float64]) -> float:
        logits = at[0] * first + at[1] * second + at[2:5]
        logits = logits - logits.max(1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        penalty = 1e-3 * float((at[2:5] ** 2).sum())
        return float(-(weights * log_p[rows, labels]).mean()) + penalty

    found = minimize(
        loss, np.array([0.7, 0.7, 0.0, 0.0, 0.0]), method="L-BFGS-B", bounds=[(0, 5), (0, 5), *[(-3, 3)] * 3]
    ).x
    return float(found[0]), float(found[1]), found[2:5].astype(np.float32)


def neutral_shift(sets: Sequence[tuple[Floats, npt.NDArray[np.int64]]]) -> float:
    """What to add to the logit of neu so that the mean macro-F1 over the sets of (logits (n, 3), labels) is highest.

    How often people write without feeling differs between what is learnt from and what is read: one threshold, chosen
    where the curve is high on both sides (each point is averaged with its neighbours), corrects for it.
    """
    found = []
    for shift in SHIFTS:
        moved = np.array([shift if label == "neu" else 0.0 for label in LABELS], dtype=np.float32)
        found.append(np.mean([scores_of(labels, logits + moved).macro_f1 for logits, labels in sets]))
    smooth = np.convolve(np.pad(found, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return float(SHIFTS[int(smooth.argmax())])


def _idf(grams: Ngrams, buckets: int) -> Floats:
    """Smoothed inverse document frequency, as scikit-learn's TfidfTransformer."""
    seen = np.bincount(grams.indices, minlength=buckets)
    return (np.log((1 + len(grams)) / (1 + seen)) + 1).astype(np.float32)
