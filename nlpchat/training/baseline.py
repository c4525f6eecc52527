"""What any classifier here must beat: TF-IDF of words (1-2) and characters (2-5), and a logistic regression (scikit-learn)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline

from nlpchat.corpus.labelled import read_labelled
from nlpchat.evaluate import Scores, scores_of
from nlpchat.records import LABELS
from nlpchat.training.batches import Example
from nlpchat.training.examples import examples_of
from nlpchat.training.stacking import ITERATIONS, STRENGTH, class_weights

MOST_COLUMNS, LEAST_COLUMNS = 2**20, 2**16
COLUMNS_PER_ROW = 32


class Baseline:
    """A TF-IDF classifier; `scores` gives (n, 3) in the order of LABELS, as a classifier bundle does."""

    def __init__(self, examples: Sequence[Example], *, class_power: float = 0.5):
        columns = min(MOST_COLUMNS, max(LEAST_COLUMNS, 2 ** (COLUMNS_PER_ROW * len(examples)).bit_length()))
        features = FeatureUnion(
            [
                ("words", _tfidf(columns, analyzer="word", ngram_range=(1, 2), token_pattern=r"\S+")),
                ("characters", _tfidf(columns, analyzer="char_wb", ngram_range=(2, 5))),
            ]
        )
        self._model = Pipeline(
            [("features", features), ("regression", LogisticRegression(C=STRENGTH, max_iter=ITERATIONS, tol=1e-4))]
        )
        labels = np.array([e.label for e in examples])
        weights = class_weights(labels, class_power)[labels]
        with warnings.catch_warnings(category=ConvergenceWarning, action="ignore"):
            self._model.fit([e.text for e in examples], labels, regression__sample_weight=weights)

    def scores(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        found = np.zeros((len(texts), len(LABELS)), dtype=np.float32)
        found[:, self._model.classes_] = self._model.predict_proba(list(texts))
        return found


def _tfidf(columns: int, **counted: Any) -> Pipeline:
    """Hashed into so many columns that few n-grams meet: a vocabulary of 150,000 texts' n-grams takes more than 20 GB."""
    hashed = HashingVectorizer(n_features=columns, alternate_sign=False, norm=None, dtype=np.float32, **counted)
    return Pipeline([("counts", hashed), ("tfidf", TfidfTransformer(sublinear_tf=True))])


def baseline_scores(train: Sequence[str | Path], sets: Sequence[str | Path], *, seed: int = 0) -> Mapping[str, Scores]:
    """The scores, by path, of a baseline that learnt from all rows of `train`, on each of `sets`. Raises CorpusError."""
    read = [read_labelled(path) for path in sets]
    baseline = Baseline(examples_of(train, 0.0).train)
    return {
        one.name: scores_of(
            np.array([LABELS.index(row.label) for row in one.rows]),
            baseline.scores([row.text for row in one.rows]),
            left_out=one.left_out,
            seed=seed,
        )
        for one in read
    }
