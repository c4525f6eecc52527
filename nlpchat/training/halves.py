"""A classifier's two halves, the encoder's and the n-grams': read apart or together, then weighed and calibrated.

What is fitted here is fitted on groups that were held out, once the encoder has learnt, and folded into the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nlpchat.evaluate import scores_of
from nlpchat.model.classifier import SentimentClassifier
from nlpchat.prior import MESSAGE_CHARACTERS
from nlpchat.records import LABELS
from nlpchat.text.ngrams import NgramSpec, hashed_ngrams, padded, tfidf
from nlpchat.text.normalise import normalise
from nlpchat.text.tokens import Tokenizer
from nlpchat.training.batches import Example, padded_ids
from nlpchat.training.calibration import Calibration, calibrate
from nlpchat.training.examples import Encoding
from nlpchat.training.recipe import ClassifierRecipe
from nlpchat.training.stacking import class_weights, neutral_shift, ngram_regression, stack

Floats = npt.NDArray[np.float32]
BATCH = 64
ENOUGH = 100  # held-out rows; of fewer, a temperature would say more of chance than of the classifier


@dataclass
class Halves:
    """A classifier in training; idf: of its n-grams, once they are fitted."""

    model: SentimentClassifier
    tokenizer: Tokenizer
    recipe: ClassifierRecipe
    idf: Floats | None = None

    @torch.no_grad()
    def logits(self, examples: Sequence[Example], *, encoder: bool = True, ngrams: bool = False) -> Floats:
        """(n, 3): of the encoder's half, of the n-grams' half, or of both together."""
        texts = [e.text for e in examples]
        out = np.zeros((len(examples), len(LABELS)), dtype=np.float32)
        order = np.argsort([len(t) for t in texts], kind="stable")
        encode = Encoding(self.tokenizer, self.recipe.window)
        device = self.model.encoder.embedding.weight.device
        self.model.eval()
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            batch = [texts[i] for i in rows]
            if encoder:
                ids, lengths = padded_ids(encode(batch), self.tokenizer.pad_id)
                out[rows] += self.model(ids.to(device), lengths.to(device)).float().cpu().numpy()
            if ngrams:
                grams, values = self._grams(batch)
                out[rows] += (self.model.ngram_weight.cpu()[grams] * values[..., None]).sum(1).numpy()
        return out

    def _grams(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        assert self.idf is not None
        found = hashed_ngrams([normalise(t) for t in texts], NgramSpec(self.recipe.ngrams))
        grams, values = padded(found, tfidf(found, self.idf))
        return torch.from_numpy(grams).long(), torch.from_numpy(values)

    def stack(self, rows: Sequence[Example], held_out: Sequence[Example]) -> dict[str, Any]:
        """Fits the n-gram half on `rows`, then how much each half counts on `held_out`; the factors are folded into the
        weights."""
        recipe = self.recipe
        spec = NgramSpec(recipe.ngrams)
        self.idf, weight = ngram_regression(
            rows, spec, noise=recipe.noise, class_power=recipe.class_power, seed=recipe.seed
        )
        self.model.ngram_weight.copy_(torch.from_numpy(weight))
        labels = labels_of(held_out)
        first, second = self.logits(held_out), self.logits(held_out, encoder=False, ngrams=True)
        a, b, bias = stack(first, second, labels, class_weights(labels, recipe.class_power)[labels])
        with torch.no_grad():
            last = self.model.head[-1]
            last.weight.mul_(a)  # type: ignore[operator]
            last.bias.mul_(a).add_(torch.from_numpy(bias))  # type: ignore[operator]
            self.model.ngram_weight.mul_(b)
        both = a * first + b * second + bias
        return {
            "encoder": round(a, 4), "ngrams": round(b, 4), "bias": [round(float(x), 4) for x in bias],
            "macro_f1": {
                "encoder": _macro_f1(labels, first), "ngrams": _macro_f1(labels, second), "both": _macro_f1(labels, both),
            },
        }  # fmt: skip

    @torch.no_grad()
    def shift(self, sets: Sequence[Sequence[Example]]) -> float:
        """Moves the threshold of neu to where these sets are read best; returns by how much."""
        read = [(self.logits(rows, ngrams=self.recipe.ngrams > 0), labels_of(rows)) for rows in sets]
        shift = neutral_shift(read)
        self.model.head[-1].bias[LABELS.index("neu")] += shift  # type: ignore[operator, index]
        return shift

    @torch.no_grad()
    def calibrate(self, held_out: Sequence[Example]) -> Calibration:
        """Fits the temperature on the held-out groups and folds it into the last layer and the n-grams: no label changes."""
        logits = self.logits(held_out, ngrams=self.recipe.ngrams > 0)
        found = calibrate(logits, labels_of(held_out), [e.group for e in held_out], seed=self.recipe.seed)
        if found.n < ENOUGH:
            return replace(found, temperature=1.0, after=found.before)
        last = self.model.head[-1]
        for weight in (last.weight, last.bias, self.model.ngram_weight):
            weight.div_(found.temperature)  # type: ignore[operator]
        return found

    def prior(self, held_out: Sequence[Example]) -> dict[str, float]:
        """The mean score of each label on held-out texts as long as a message (of all, without one): the shares for which the
        scores hold, once they are calibrated."""
        rows = [e for e in held_out if len(e.text) <= MESSAGE_CHARACTERS] or held_out
        logits = torch.from_numpy(self.logits(rows, ngrams=self.recipe.ngrams > 0))
        mean = logits.double().softmax(1).mean(0)
        return {label: round(float(share), 6) for label, share in zip(LABELS, mean, strict=True)}


def labels_of(examples: Sequence[Example]) -> npt.NDArray[np.int64]:
    """(n,) int64: the place of each label in LABELS."""
    return np.array([e.label for e in examples], dtype=np.int64)


def _macro_f1(labels: npt.NDArray[np.int64], logits: Floats) -> float:
    return round(scores_of(labels, logits).macro_f1, 4)
