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
from nlpchat.training.calibration import calibrate
from nlpchat.training.examples import Encoding
from nlpchat.training.recipe import ClassifierRecipe
from nlpchat.training.stacking import class_weights, neutral_shift, ngram_regression, stack

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
BATCH = 64
LENGTHS = ("messages", "long texts")
POSTS = "posts"
ENOUGH = 100  # held-out rows; of fewer, a temperature would say more of chance than of the classifier
SOME = 50  # rows of one length, from which its factors are fitted on them alone, and its threshold at all


@dataclass
class Halves:
    """A classifier in training; idf: of its n-grams, once they are fitted.

    Where the classifier tells long texts from messages (see model/classifier.py), all that is fitted here is fitted for each of
    the two; told of them are the names in `LENGTHS`.
    """

    model: SentimentClassifier
    tokenizer: Tokenizer
    recipe: ClassifierRecipe
    idf: Floats | None = None
    _read: dict[int, tuple[Sequence[Example], Tensor, Tensor, Tensor]] | None = None

    def trained(self) -> None:
        """From now on the encoder and the head stay as they are, so that a set is read by them once."""
        self._read = {}

    @torch.no_grad()
    def logits(self, examples: Sequence[Example], *, encoder: bool = True, ngrams: bool = False) -> Floats:
        """(n, 3): of the encoder's half, of the n-grams' half, or of both together."""
        head, lengths, post = self._head(examples)
        out = self.model.weighed(head, lengths, post) if encoder else torch.zeros_like(head)
        if ngrams:
            texts = [e.text for e in examples]
            for start in range(0, len(texts), BATCH):
                part = slice(start, start + BATCH)
                out[part] += self.model.ngram_logits(lengths[part], *self._grams(texts[part]))
        read: Floats = out.float().cpu().numpy()
        return read

    @torch.no_grad()
    def _head(self, examples: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
        """The head's logits (n, 3), the texts' lengths (n,) and which are posts (n,), on the model's device."""
        if self._read is not None and id(examples) in self._read:
            return self._read[id(examples)][1:]
        texts = [e.text for e in examples]
        device = self.model.encoder.embedding.weight.device
        head = torch.zeros(len(texts), len(LABELS), device=device)
        every = torch.zeros(len(texts), dtype=torch.long, device=device)
        post = torch.zeros(len(texts), dtype=torch.bool, device=device)
        encode = Encoding(self.tokenizer, self.recipe.window)
        order = np.argsort([len(t) for t in texts], kind="stable")
        self.model.eval()
        for start in range(0, len(order), BATCH):
            rows = torch.from_numpy(order[start : start + BATCH]).to(device)
            ids, lengths = padded_ids(encode([texts[i] for i in rows]), self.tokenizer.pad_id)
            ids, lengths = ids.to(device), lengths.to(device)
            head[rows] = self.model.head_logits(ids, lengths).float()
            every[rows], post[rows] = lengths, self.model.is_post(ids, lengths)
        if self._read is not None:
            self._read[id(examples)] = examples, head, every, post
        return head, every, post

    def _grams(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        assert self.idf is not None
        found = hashed_ngrams([normalise(t) for t in texts], NgramSpec(self.recipe.ngrams))
        grams, values = padded(found, tfidf(found, self.idf))
        device = self.model.ngram_weight.device
        return torch.from_numpy(grams).long().to(device), torch.from_numpy(values).to(device)

    def _parts(self, examples: Sequence[Example], *, posts: bool = False) -> dict[str, Bools]:
        """Which of the examples are read as messages and which as long texts; all as messages where the model knows no other.

        posts: those among the messages are apart.
        """
        _, lengths, post = self._head(examples)
        long = self.model.is_long(lengths).bool().cpu().numpy()
        parts = {LENGTHS[0]: ~long}
        if self.model.long_from:
            parts[LENGTHS[1]] = long
        if posts and self.model.posts:
            parts[POSTS] = post.cpu().numpy()
            parts[LENGTHS[0]] = parts[LENGTHS[0]] & ~parts[POSTS]
        return parts

    def stack(self, rows: Sequence[Example], held_out: Sequence[Example]) -> dict[str, Any]:
        """Fits the n-gram half on `rows`, then how much each half counts on `held_out`; the factors are folded into the
        weights."""
        recipe = self.recipe
        parts = self._parts(held_out)
        tables = []
        self.idf = None
        for _ in parts:
            self.idf, table = ngram_regression(
                rows, NgramSpec(recipe.ngrams), noise=recipe.noise, class_power=recipe.class_power, seed=recipe.seed,
                long_with=self.idf,
            )  # fmt: skip
            tables.append(torch.from_numpy(table))
        with torch.no_grad():
            self.model.ngram_weight.copy_(torch.cat(tables))
        labels = labels_of(held_out)
        first, second = self.logits(held_out), self.logits(held_out, encoder=False, ngrams=True)
        both, told = np.empty_like(first), {}
        for number, (name, part) in enumerate(parts.items()):
            fitted = part if part.sum() >= SOME else np.ones_like(part)
            weights = class_weights(labels[fitted], recipe.class_power)[labels[fitted]]
            a, b, bias = stack(first[fitted], second[fitted], labels[fitted], weights)
            self._weigh(number, a, b, bias)
            both[part] = a * first[part] + b * second[part] + bias
            told[name] = {
                "n": int(part.sum()), "encoder": round(a, 4), "ngrams": round(b, 4), "bias": [round(float(x), 4) for x in bias],
            }  # fmt: skip
        halves = {"encoder": first, "ngrams": second, "both": both}
        return {"weights": told, "macro_f1": {name: _macro_f1(labels, read) for name, read in halves.items()}}

    @torch.no_grad()
    def _weigh(self, number: int, a: float, b: float, bias: Floats | float) -> None:
        """The encoder's half times a, plus bias; the n-grams' times b. number: 0 for messages or all, 1 for long texts."""
        model, buckets = self.model, self.model.buckets
        model.ngram_weight[number * buckets : (number + 1) * buckets] *= b
        model.length_scale[number] *= a
        if number == 0:
            model.post_bias *= a
        model.length_bias[number] = model.length_bias[number] * a + torch.as_tensor(bias)

    def shift(self, held_out: Sequence[Example], dev: Sequence[Sequence[Example]]) -> dict[str, float]:
        """Moves the threshold of neu to where the dev sets are read best, or the held-out groups where no dev set has such texts;
        returns by how much.

        Dev sets before held-out groups, because these have the training set's shares of labels, not those of what is read.
        Posts have a threshold of their own where there are enough of them, or else that of messages.
        """
        told: dict[str, float] = {}
        read = [
            (self.logits(rows, ngrams=self.recipe.ngrams > 0), labels_of(rows), self._parts(rows, posts=True))
            for rows in (held_out, *dev)
        ]
        for number, name in enumerate(read[0][2]):
            own, *sets = [(logits[parts[name]], labels[parts[name]]) for logits, labels, parts in read]
            chosen = [some for some in sets if len(some[1]) >= SOME] or ([own] if len(own[1]) >= SOME else [])
            told[name] = neutral_shift(chosen) if chosen else 0.0
            if name == POSTS:  # beside the threshold of messages, which moved theirs too
                told[name] = told[name] if chosen else told[LENGTHS[0]]
                self.model.post_bias[LABELS.index("neu")] += told[name] - told[LENGTHS[0]]
            else:
                bias = np.array([told[name] if label == "neu" else 0.0 for label in LABELS], dtype=np.float32)
                self._weigh(number, 1.0, 1.0, bias)
        return told

    def calibrate(self, held_out: Sequence[Example]) -> dict[str, Any]:
        """Fits the temperatures on the held-out groups and folds them into the weights: no label changes."""
        logits, labels = self.logits(held_out, ngrams=self.recipe.ngrams > 0), labels_of(held_out)
        groups = np.array([e.group for e in held_out], dtype=object)
        told = {}
        for number, (name, part) in enumerate(self._parts(held_out).items()):
            if not part.any():
                continue
            found = calibrate(logits[part], labels[part], groups[part].tolist(), seed=self.recipe.seed)
            if found.n < ENOUGH:
                found = replace(found, temperature=1.0, after=found.before)
            self._weigh(number, 1 / found.temperature, 1 / found.temperature, 0.0)
            told[name] = found.as_json()
        return told

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
