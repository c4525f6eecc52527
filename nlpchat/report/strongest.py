"""The messages that a report shows: the strongest with their words and what came before, and as many others as fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nlpchat.predictions import Predictions
from nlpchat.records import LABELS, VERDICTS, Chat, Label, Prediction
from nlpchat.report.scored import Scored, moment

if TYPE_CHECKING:
    from nlpchat.explain import WordWeight

    Explained = Callable[[Sequence[str], Sequence[Label]], list[tuple[WordWeight, ...]]]

MOST_STRONGEST = 10  # of either label
MOST_SEARCHED = 1_000  # of which so many are looked through, where the same text comes again and again
BEFORE = 3
# Characters shown.
STRONGEST_TEXT, BEFORE_TEXT, MESSAGE_TEXT = 600, 200, 300
# Bytes that a message of the list takes beside its text: its time, person, label, score and brackets.
ROW = 36
STRONG_PART = 4  # a quarter of the room is the strongest messages', the rest the newest's


def strongest(
    scored: Scored, predictions: Predictions, explained: Explained | None = None
) -> dict[str, list[dict[str, object]]]:
    """The surest positive and negative messages, no text twice, with the three messages before each.

    explained: gives the words' weights of texts for labels; it is asked once, for the texts as they are shown.
    """
    sides: tuple[Label, ...] = ("pos", "neg")
    found = {label: _different(scored.chat, predictions.strongest(label, MOST_SEARCHED)) for label in sides}
    texts = [scored.chat.messages[one.message].text[:STRONGEST_TEXT] for label in sides for one in found[label]]
    labels = [label for label in sides for _ in found[label]]
    weights = explained(texts, labels) if explained is not None and texts else [()] * len(texts)
    words = iter(weights)
    verdicts = dict(zip(scored.message.tolist(), scored.label.tolist(), strict=True)) if texts else {}
    return {label: [_shown(scored, verdicts, one, next(words)) for one in found[label]] for label in sides}


def messages(scored: Scored, most_text: int) -> list[list[object]]:
    """[time, person or null, label, score of that label, text] of as many scored messages as fit, in order of time.

    All of them where they take at most `most_text` bytes as JSON, their texts cut to 300 characters; else the strongest, up
    to a quarter of that, and then the newest.
    """
    best = scored.scores.max(axis=1)
    labelled = np.take_along_axis(scored.scores, np.minimum(scored.label, len(LABELS) - 1)[:, None], 1)[:, 0]
    score = np.where(scored.label < len(LABELS), labelled, best)  # of an unsure one, the best that it has
    places = _kept(scored, score, most_text)
    chosen = [scored.chat.messages[message] for message in scored.message[places].tolist()]
    labels, scores = scored.label[places].tolist(), np.round(score[places].astype(np.float64), 2).tolist()
    who = [scored.people.who(message) for message in scored.message[places].tolist()]
    return [
        [moment(one.sent_at), person, label, said, one.text[:MESSAGE_TEXT]]
        for one, person, label, said in zip(chosen, who, labels, scores, strict=True)
    ]


def _kept(scored: Scored, score: npt.NDArray[np.float32], most_text: int) -> list[int]:
    """Places of the messages that fit, in order."""
    newest = range(len(scored) - 1, -1, -1)
    kept, _ = _fitting(scored, newest, most_text)
    if len(kept) == len(scored):
        return sorted(kept)
    felt = np.isin(scored.label, [LABELS.index("neg"), LABELS.index("pos")])
    order = np.argsort(np.where(felt, -score, 0), kind="stable")[: int(felt.sum())]
    strong, taken = _fitting(scored, order.tolist(), most_text // STRONG_PART)
    chosen = set(strong)
    kept, _ = _fitting(scored, (place for place in newest if place not in chosen), most_text - taken)
    return sorted([*strong, *kept])


def _fitting(scored: Scored, order: Iterable[int], room: int) -> tuple[list[int], int]:
    """The first of `order` that fit into so many bytes, and what they take."""
    kept: list[int] = []
    taken = 0
    for place in order:
        cost = _bytes(scored.chat.messages[int(scored.message[place])].text[:MESSAGE_TEXT])
        if taken + cost > room:
            break
        kept.append(place)
        taken += cost
    return kept, taken


def _bytes(text: str) -> int:
    """What a message takes in the page: JSON in UTF-8, with < > & as six bytes each."""
    quoted = encode_basestring(text)
    plain = len(quoted) if quoted.isascii() else len(quoted.encode("utf-8", "replace"))
    return ROW + plain + 5 * (text.count("<") + text.count(">") + text.count("&"))


def _different(chat: Chat, found: Sequence[Prediction]) -> list[Prediction]:
    """The first ten that say something else than those before them."""
    texts: dict[str, Prediction] = {}
    for one in found:
        texts.setdefault(chat.messages[one.message].text.casefold().strip(), one)
    return list(texts.values())[:MOST_STRONGEST]


def _shown(scored: Scored, verdicts: dict[int, int], one: Prediction, words: Sequence[WordWeight]) -> dict[str, object]:
    message = scored.chat.messages[one.message]
    return {
        "i": one.message,
        "at": moment(message.sent_at),
        "who": scored.people.who(one.message),
        "text": message.text[:STRONGEST_TEXT],
        "cut": len(message.text) > STRONGEST_TEXT,
        "scores": [round(score, 4) for score in one.scores],
        "words": [[word.start, word.end, round(word.weight, 4)] for word in words],
        "before": _before(scored, verdicts, one.message),
    }


def _before(scored: Scored, verdicts: dict[int, int], message: int) -> list[dict[str, object]]:
    """The last three messages before this one, notices left out, in order."""
    found: list[int] = []
    for place in range(message - 1, -1, -1):
        if len(found) == BEFORE:
            break
        if scored.chat.messages[place].kind != "notice":
            found.append(place)
    return [_context(scored, verdicts, place) for place in reversed(found)]


def _context(scored: Scored, verdicts: dict[int, int], place: int) -> dict[str, object]:
    message = scored.chat.messages[place]
    label = VERDICTS[verdicts[place]] if place in verdicts else None
    text = message.text[:BEFORE_TEXT]
    return {"at": moment(message.sent_at), "who": scored.people.who(place), "text": text, "label": label}
