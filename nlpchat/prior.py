"""How often each label occurs in what is read, and scores that take it into account.

A classifier's scores hold for the shares of labels that it was trained and calibrated for, its prior. People write more or less
neutrally than that. Expectation maximisation finds the shares of a conversation from its scores alone (Saerens, Latinne and
Decaestecker 2002, equations 2.4 and 2.9); a Dirichlet prior of `STRENGTH` messages around the classifier's own shares keeps short
conversations, of which it could say little, near them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from nlpchat.bundle import Bundle
from nlpchat.errors import BundleError, RecipeError
from nlpchat.predictions import Predictions
from nlpchat.records import LABELS

Floats = npt.NDArray[np.floating]
Wanted = Literal["auto"] | Sequence[float]

STRENGTH = 200.0  # messages that the classifier's own prior counts as
MESSAGE_CHARACTERS = 120  # of a text as long as a message: the prior is that of such texts
_ROUNDS, _STILL = 1_000, 1e-7
_LEAST = 1e-6


def assumed_prior(bundle: Bundle) -> npt.NDArray[np.float64]:
    """(3,): the shares of neg, neu and pos for which the scores of `bundle` hold. Raises BundleError: it does not say."""
    told = bundle.scores.get("prior")
    shares = [told.get(label) for label in LABELS] if isinstance(told, dict) else []
    if len(shares) != len(LABELS) or not all(isinstance(share, float) and 0 < share < 1 for share in shares):
        raise BundleError(
            f"{bundle.folder}: this classifier does not say which prior its scores hold for, so that they cannot be moved to another. "
            "Train it again with this nlpchat, or leave --prior out."
        )
    return shares_of([float(share) for share in shares if share is not None])


def estimated_prior(scores: Floats, assumed: Floats, strength: float = STRENGTH) -> npt.NDArray[np.float64]:
    """(3,): the likeliest shares of the labels in the texts that were scored.

    scores: (n, 3), rows of sum 1, holding for the shares `assumed` (3,). strength: texts that `assumed` counts as.
    """
    assumed = np.asarray(assumed, np.float64)
    given = scores.astype(np.float64)
    found: npt.NDArray[np.float64] = np.asarray(assumed, np.float64)
    for _ in range(_ROUNDS):
        before = found
        counted = _moved(given, assumed, before).sum(0)
        found = (counted + strength * assumed) / (len(given) + strength)
        if np.abs(found - before).max() < _STILL:
            break
    return found


def with_prior(predictions: Predictions, bundle: Bundle, wanted: Wanted) -> tuple[Predictions, tuple[float, ...]]:
    """The predictions of `bundle` as they would be if labels were as frequent as `wanted`, and those shares.

    wanted: shares of neg, neu and pos, in any measure, or "auto" to estimate them from the predictions.
    Raises BundleError (no prior is known of the bundle), RecipeError (wanted is neither).
    """
    assumed = assumed_prior(bundle)
    target = estimated_prior(predictions.scores, assumed) if isinstance(wanted, str) else shares_of(wanted)
    scores = _moved(predictions.scores.astype(np.float64), assumed, target).astype(np.float32)
    told = Predictions(predictions.messages, scores, predictions.tokens, predictions.cut, predictions.abstain)
    return told, tuple(round(float(share), 4) for share in target)


def shares_of(wanted: Sequence[float]) -> npt.NDArray[np.float64]:
    """(3,) of sum 1. Raises RecipeError: not three numbers above 0."""
    if len(wanted) != len(LABELS) or not all(math.isfinite(one) and one > 0 for one in wanted):
        raise RecipeError(
            f"a prior is three numbers above 0, the shares of {', '.join(LABELS)}, or auto; not {wanted!r}."
        )
    found: npt.NDArray[np.float64] = np.array(wanted, np.float64) / sum(wanted)
    return found


def _moved(scores: npt.NDArray[np.float64], assumed: Floats, target: Floats) -> npt.NDArray[np.float64]:
    """Bayes' rule with another prior: (n, 3), rows of sum 1 (Saerens et al. 2002, equation 2.4)."""
    moved = np.maximum(scores, _LEAST) * (np.asarray(target) / np.asarray(assumed))
    found: npt.NDArray[np.float64] = moved / moved.sum(1, keepdims=True)
    return found
