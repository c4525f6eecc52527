"""What a classifier in training is measured on, and its scores there: groups held out, dev sets, test sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpchat.evaluate import scores_of
from nlpchat.records import LABELS
from nlpchat.training.batches import Example
from nlpchat.training.calibration import expected_calibration_error, scaled
from nlpchat.training.halves import Floats, labels_of

Reader = Callable[[Sequence[Example]], Floats]  # (n, 3) of examples
ALL = "all held-out groups"


@dataclass(frozen=True)
class Measures:
    """held_out: rows of groups held out, and dev, sets by name: both help to choose. test: sets that choose nothing.
    baseline: TF-IDF is trained on the same rows and measured beside."""

    held_out: tuple[Example, ...]
    dev: Mapping[str, tuple[Example, ...]] = field(default_factory=dict)
    test: Mapping[str, tuple[Example, ...]] = field(default_factory=dict)
    baseline: bool = False

    def scores(self, logits: Reader, learnt: Callable[[], Sequence[Example]], class_power: float) -> dict[str, Any]:
        """{"held_out": by source, then the dev sets, then all held-out groups; "test": by set, where there is one}.

        logits: what the classifier says; learnt: the rows that a baseline learns from.
        """
        found = self._told(logits, calibrated=True)
        if self.baseline:
            from nlpchat.training.baseline import Baseline

            beside = Baseline(learnt(), class_power=class_power)
            other = self._told(lambda rows: beside.scores([e.text for e in rows]), calibrated=False)
            for part, sets in other.items():
                for name, scores in sets.items():
                    found[part][name]["baseline"] = scores
        return found

    def _told(self, read: Reader, *, calibrated: bool) -> dict[str, dict[str, Any]]:
        labels, sources = labels_of(self.held_out), np.array([e.source for e in self.held_out])
        scores = read(self.held_out)
        found = {
            s: told(labels[sources == s], scores[sources == s], calibrated) for s in dict.fromkeys(sources.tolist())
        }
        found |= {name: told(labels_of(rows), read(rows), calibrated) for name, rows in self.dev.items()}
        parts = {"held_out": {**found, ALL: told(labels, scores, calibrated)}}
        if self.test:
            parts["test"] = {name: told(labels_of(rows), read(rows), calibrated) for name, rows in self.test.items()}
        return parts


def told(labels: npt.NDArray[np.int64], scores: Floats, calibrated: bool = True) -> dict[str, Any]:
    """The scores of a set in brief; the two-pole score too, of its rows that are not neutral.

    calibrated: scores are logits of which softmax makes probabilities; their expected calibration error is told.
    """
    poles = labels != LABELS.index("neu")
    found = dict(scores_of(labels, scores).brief())
    if calibrated:
        found["ece"] = round(expected_calibration_error(scaled(scores), labels), 4)
    if poles.any():
        found["two_pole_n"] = int(poles.sum())
        found["two_pole_accuracy"] = scores_of(labels[poles], scores[poles]).brief()["two_pole_accuracy"]
    return found
