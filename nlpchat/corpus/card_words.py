"""The words that a card may use, and the two rules of it that a machine follows: labels, and how to build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nlpchat.records import LABELS

TIERS = {
    "open": "a stated licence allows reuse",
    "unstated": "public text, no licence stated",
    "own": "made for this project",
    "private": "people's own chats: they stay on their machine",
    "research": "for research, with citation: never redistributed, never trained on",
}
KINDS = ("text", "labelled", "chats")
USES = ("tokenizer", "pretrain", "finetune-lm", "classifier", "evaluate")
TRAINING_USES = frozenset(USES) - {"evaluate"}
UNTRAINED_TIERS = ("private", "research")
SPLITS = ("train", "valid", "test")

WORDS = ("title", "about", "licence", "how", "group", "personal_data", "limits")
_ROUNDING = 1e-9  # 0.8 stated in a card is 4 / 5 computed


@dataclass(frozen=True, slots=True)
class LabelRule:
    """Which label a row gets. keep: labels that stay; neg, pos: a rating up to the one, from the other; None: no rule."""

    keep: tuple[str, ...] = LABELS
    neg: float | None = None
    pos: float | None = None

    @classmethod
    def stated(cls, stated: Mapping[str, Any]) -> LabelRule:
        """The rule that a card's [rule] states."""
        rating = stated.get("rating", {})
        return cls(tuple(stated.get("keep", LABELS)), rating.get("neg"), rating.get("pos"))

    def of_rating(self, rating: float) -> str | None:
        """The label of a rating (0.0 to 1.0); None where the rule says nothing of ratings.

        >>> LabelRule(neg=0.4, pos=0.8).of_rating(4 / 5)
        'pos'
        """
        if self.neg is None or self.pos is None:
            return None
        if rating <= self.neg + _ROUNDING:
            return "neg"
        return "pos" if rating >= self.pos - _ROUNDING else "neu"


@dataclass(frozen=True, slots=True)
class BuildRules:
    """How a corpus is built.

    language: what its texts must be in, "" for no check. language_from: letters from which a text is checked; below, the
    guess throws good chat lines out (nlpchat/corpus/language.py). near: Jaccard similarity from which the later of two
    texts is dropped; 0: only equal texts are. valid, test: shares of groups (0.0 to 1.0). salt: of the hash that places
    a group; the same for all corpora, so that a film is on one side of each.
    """

    language: str = "fr"
    language_from: int = 30
    near: float = 0.7
    valid: float = 0.05
    test: float = 0.05
    salt: str = "corpus"
