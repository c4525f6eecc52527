"""Texts -> what each of their words weighs for a label: the text is scored again with the word left out.

A word is what the model's normaliser keeps together, as a person sees it: letters with their marks and apostrophes, a link, an
address, a mention, a telephone number, a smiley, an emoji with all that belongs to it (and the same one again after it), "!!!", "...".
Commas, quotes and spaces are no words.

Left out means a space in its place. On 250 positive and negative messages of `chat-invented`, the heaviest word found that way keeps
the message's label by itself in 93% of them, the two heaviest in 99.6%; with "…", "ça", "truc" or the mark of a mention or a link in its
place it is 88 to 93% and 99 to 99.6%, and words that the model never met there are one more thing to explain.

What to bear in mind: where several words say the same, each weighs little, for the others stay (of the surest messages six in ten have
no word of 0.05; `alone` is for them); the weights of a text have no sum; an int8 model's scores differ in the third decimal with the
company, so that a weight of 0.005 is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nlpchat.classifier import NEUTRAL, Classifier
from nlpchat.errors import RecipeError
from nlpchat.records import LABELS, Label
from nlpchat.text.normalise import SMILEY

MOST_VARIANTS = 64  # of one text, itself among them
MOST_CHARACTERS = 2_000_000  # of the variants of one text together: very long texts have fewer

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class WordWeight:
    """What a word, or in long texts a few neighbours, weighs for a label.

    start, end: characters of the text as sent, half-open. weight: by how much the word raises the score of the label, -1.0 to 1.0.
    """

    start: int
    end: int
    weight: float


def explain(
    texts: Sequence[str],
    classifier: Classifier,
    labels: Sequence[Label] | None = None,
    *,
    alone: bool = False,
) -> list[tuple[WordWeight, ...]]:
    """The words of each text, in order, with their weights for its label; none where there is no word.

    labels: one for each text; None: the best scored of each, whatever the classifier's threshold. A weight is score(label | text) -
    score(label | text without the word); a text of one word is compared with nothing at all, which is neutral. alone: a weight is the
    mean of that and of score(label | the word by itself) - score(label | nothing), so that words that say the same all have theirs.

    Long texts: neighbours are left out together and given as one, from the first letter of the first to the last of the last, so that
    at most MOST_VARIANTS variants of a text are scored: past 63 words (31 with `alone`). A text past 31,000 characters has
    fewer, which have MOST_CHARACTERS together. A text longer than the model's window is read as it is in classifying: the first
    quarter and the last three quarters of the window. What lies between weighs next to nothing; but a word left out lets in a piece of it.

    Raises RecipeError: not one label for each text, or one that is none.

        >>> [(word,)] = explain(["nul"], Classifier())
        >>> word.start, word.end, word.weight > 0.5
        (0, 3, True)
    """
    _check(texts, labels)
    tried = [_variants(text, alone=alone) for text in texts]
    scores = classifier.predict([variant for some in tried for variant in some.texts]).scores
    found: list[tuple[WordWeight, ...]] = []
    first = 0
    for number, some in enumerate(tried):
        own = scores[first : first + len(some.texts)]
        column = int(own[0].argmax()) if labels is None else LABELS.index(labels[number])
        found.append(_weighed(some.spans, own[:, column].tolist(), NEUTRAL[column]))
        first += len(some.texts)
    return found


def words(text: str) -> list[Span]:
    """Where the words of a text are: in order, disjoint, no grapheme cut (Unicode UAX 29, of the version that Python knows).

    >>> text = "C'est nul!!! 👍🏽👍🏽 :("
    >>> [text[start:end] for start, end in words(text)]
    ["C'est", 'nul', '!!!', '👍🏽👍🏽', ':(']
    """
    return [match.span() for match in _WORD.finditer(_shape(text))]


def _check(texts: Sequence[str], labels: Sequence[Label] | None) -> None:
    if labels is None:
        return
    if len(labels) != len(texts):
        raise RecipeError(f"{len(labels)} labels for {len(texts)} texts. Give one label for each, or none at all.")
    if unknown := sorted({str(label) for label in labels} - set(LABELS)):
        raise RecipeError(f"no label that words could weigh for: {', '.join(unknown)}. Give {', '.join(LABELS)}.")


@dataclass(frozen=True, slots=True)
class _Variants:
    """What is scored for one text: itself, it without each span, and (or not) each span by itself."""

    spans: list[Span]
    texts: list[str]


def _variants(text: str, *, alone: bool) -> _Variants:
    most = max(1, min(MOST_VARIANTS, MOST_CHARACTERS // max(len(text), 1)) - 1)
    spans = _grouped(words(text), max(1, most // 2) if alone else most)
    whole = _SURROGATE.sub("\ufffd", text)  # half a character, which no tokenizer takes
    without = [f"{whole[:start]} {whole[end:]}" for start, end in spans]
    return _Variants(spans, [whole, *without, *(whole[start:end] for start, end in spans if alone)])


def _weighed(spans: list[Span], scores: list[float], nothing: float) -> tuple[WordWeight, ...]:
    """The weights of the spans; scores: of the variants, for one label; nothing: that of an empty text."""
    whole, without, alone = scores[0], scores[1 : 1 + len(spans)], scores[1 + len(spans) :]
    weights = [whole - score for score in without]
    if alone:
        weights = [(weight + score - nothing) / 2 for weight, score in zip(weights, alone, strict=True)]
    return tuple(WordWeight(*span, weight) for span, weight in zip(spans, weights, strict=True))


def _grouped(spans: list[Span], most: int) -> list[Span]:
    """The spans; past `most` of them so many runs of neighbours, of like length."""
    if len(spans) <= most:
        return spans
    cuts = [number * len(spans) // most for number in range(most + 1)]
    return [(spans[start][0], spans[stop - 1][1]) for start, stop in pairwise(cuts)]


# The expression below runs over a text's shape: as long, with one stand-in for each kind of character that has thousands of members.
_MARK, _HIDDEN, _BEFORE = "\u0301", "\u200b", "\u0600"
_OTHER_MARKS = "\u200c\u0e33\u0eb3\uff9e\uff9f"  # Grapheme_Cluster_Break Extend or SpacingMark, but no mark by category
_IS_BEFORE = re.compile(  # Grapheme_Cluster_Break Prepend: signs that belong to what follows
    "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd\U000111c2\U000111c3\U0001193f\U00011941"
    "\U00011a3a\U00011a84-\U00011a89\U00011d46\U00011f02]"
)
_TAG = re.compile("[\U000e0020-\U000e007f]")
_AS_THEY_ARE = "\u200d\u2068\u2069"  # joiner of emoji; the fences of a mention
_APOSTROPHES, _HYPHENS = "’‘ʼ", "\u2010\u2011"
_SURROGATE = re.compile("[\ud800-\udfff]")


def _shape(text: str) -> str:
    """The text, letter for letter, with a stand-in for marks, for what is invisible, for apostrophes and hyphens."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate({ord(letter): found for letter in set(text) if (found := _stand_in(letter)) is not None})


def _stand_in(letter: str) -> str | None:
    category = unicodedata.category(letter)
    if _IS_BEFORE.match(letter):
        return _BEFORE
    if category[0] == "M" or letter in _OTHER_MARKS or _TAG.match(letter):
        return _MARK
    if category in ("Cc", "Cf") and not letter.isspace() and letter not in _AS_THEY_ARE:
        return _HIDDEN
    return "'" if letter in _APOSTROPHES else "-" if letter in _HYPHENS else None


# Every repetition is possessive or bounded: a megabyte of anything costs one pass.
_M = f"[{_MARK}\u200d\U0001f3fb-\U0001f3ff]"  # what continues a grapheme
_R = "[\U0001f1e6-\U0001f1ff]"  # two of these are a flag
_E = (
    "[©®‼⁉™ℹ\u2194-\u21aa\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f0ff\U0001f10d-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff\U0001fc00-\U0001fffd]"
)
_ONE_EMOJI = rf"(?:{_R}{_R}?+{_M}*+|{_E}{_M}*+(?:(?<=\u200d){_E}{_M}*+)*+)"
_LETTERS = rf"(?:[^\W_ℹ]++{_M}*+)++"
_INSIDE = rf"[{_HIDDEN}\u2068\u2069]*+(?:['-]|(?<=\d)[.,:/](?=\d))?+[{_HIDDEN}\u2068\u2069]*+{_BEFORE}*+"
_PUNCTUATION = rf".,;:!?()\[\]{{}}'\"{_BEFORE}"
_KINDS = (
    rf"(?i:https?://|www\.)(?:[{_PUNCTUATION}]*+[^\s<>{_PUNCTUATION}]++)++",
    r"(?<![\w.+-])\w[\w.+-]{0,63}+@[\w-]++(?:\.[\w-]++)++",
    r"@\u2068[^\u2069\n]{1,80}\u2069",
    rf"@\w[\w{_M[1:-1]}]*+(?:\.\w[\w{_M[1:-1]}]*+)*+",
    r"(?<![\w+])(?:(?:\+|00)\d{1,3}[\s.-]?(?:\(0\)[\s.-]?)?\d(?:[\s.-]?\d){7,10}|0[1-9](?:[\s.-]?\d{2}){4})(?!\d)",
    rf"</?3++|{SMILEY}[()]*+",
    rf"(?P<emoji>(?>{_ONE_EMOJI}))(?:\s*+(?P=emoji)(?!{_M}|{_R}))*+|[#*](?={_MARK})",
    r"[!?¡¿！？؟]++|[.…]{2,}+|…",
    rf"{_LETTERS}(?:{_INSIDE}{_LETTERS})*+",
    rf"(?P<sign>(?!{_M}|[{_HIDDEN}\u2068\u2069{_BEFORE}])[^\w\s])(?P=sign)++",
)
_WORD = re.compile(rf"(?![\s_{_M[1:-1]}{_HIDDEN}])(?<!{_BEFORE}){_BEFORE}*+(?:{'|'.join(_KINDS)}){_M}*+")
