"""A chat -> labels of its owner's own making, for the messages that a classifier is least sure of.

Nothing is kept of a message but its text, the answer, and a digest by which it is known when the work is taken up again; of a
message that was skipped not even the text. The file is one that `read_labelled` reads, and so train-classifier. No torch.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nlpchat.classifier import Classifier
from nlpchat.errors import CorpusError, RecipeError
from nlpchat.files import read_error, written_beside
from nlpchat.records import LABELS, Chat, Label, Message
from nlpchat.text.normalise import normalise

By = Literal["margin", "entropy"]
SKIP = "skip"  # the label of a row that stands for "do not ask again"; `read_labelled` counts it and leaves it out
SHORT = 2  # words; what is this short is one with its likes whatever the capitals and signs ("ok", "OK !!")
BEFORE, AFTER = 3, 1  # messages shown around the one that is asked about
KEYS = {"n": "neg", "u": "neu", "p": "pos", "s": SKIP, "b": "back", "q": "quit"}
HELP = "n neg · u neu · p pos · s skip · b back · q quit"
_SIGNS = re.compile(r"<(?:up|cap)>|<(?:long|rep)>\d*|[!?.,]")  # smileys and emoji stay: they are what is felt


@dataclass(frozen=True, slots=True)
class Question:
    """A message to be asked about. place: its index in the chat; scores: (neg, neu, pos); doubt: the larger the less sure."""

    message: Message
    place: int
    scores: tuple[float, float, float]
    doubt: float

    @property
    def digest(self) -> str:
        return text_digest(self.message.text)


def text_digest(text: str) -> str:
    """What a message is known by; the same for what the classifier reads alike."""
    return hashlib.sha256(normalise(text).encode()).hexdigest()[:16]


def questions(chat: Chat, classifier: Classifier, *, by: By = "margin") -> list[Question]:
    """The different text messages of a chat, those that the classifier is least sure of first.

    by: "margin", the best score less the second (Scheffer et al. 2001); "entropy" of the three (Shannon). Of messages that
    say the same the first one stands for all.
    """
    first: dict[str, int] = {}
    for place, message in enumerate(chat.messages):
        if message.kind == "text" and (key := _key(message.text)):
            first.setdefault(key, place)
    places = list(first.values())
    predictions = classifier.predict([chat.messages[place].text for place in places])
    doubts = doubt(predictions.scores, by)
    asked = [
        Question(chat.messages[place], place, said.scores, float(doubts[n]))
        for n, (place, said) in enumerate(zip(places, predictions, strict=True))
    ]
    return sorted(asked, key=lambda question: -question.doubt)


def doubt(scores: npt.NDArray[np.floating], by: By = "margin") -> npt.NDArray[np.float64]:
    """(n,): 1 - margin (0.0 to 1.0), or the entropy in nats. scores: (n, 3)."""
    found: npt.NDArray[np.float64]
    if by == "margin":
        ranked = np.sort(scores.astype(np.float64), 1)
        found = 1 - (ranked[:, -1] - ranked[:, -2])
    else:
        found = -(scores * np.log(np.maximum(scores, 1e-12))).sum(1).astype(np.float64)
    return found


def _key(text: str) -> str:
    """What a message has in common with those that say the same; "" of one that normalisation leaves nothing of."""
    clean = normalise(text)
    words = " ".join(_SIGNS.sub(" ", clean).split())
    return words if words and len(words.split()) <= SHORT else clean


class Labels:
    """The answers in a .jsonl file: digest -> row, written whole after every change. Raises CorpusError, OutputError."""

    def __init__(self, path: Path):
        if path.suffix != ".jsonl":
            raise RecipeError(f"{path}: labels are kept as JSON Lines. Give a path that ends in .jsonl.")
        self.path = path
        self._rows: dict[str, dict[str, Any]] = dict(_read(path))

    def __contains__(self, question: Question) -> bool:
        return question.digest in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def answer(self, question: Question, label: Label | Literal["skip"]) -> None:
        text = "" if label == SKIP else question.message.text
        self._rows[question.digest] = {"text": text, "label": label, "digest": question.digest}
        self._write()

    def take_back(self, question: Question) -> None:
        if self._rows.pop(question.digest, None) is not None:
            self._write()

    def counts(self) -> dict[str, int]:
        """How many rows have each label; skipped ones last."""
        said = [row["label"] for row in self._rows.values()]
        return {label: said.count(label) for label in (*LABELS, SKIP)}

    def _write(self) -> None:
        with written_beside(self.path) as beside:
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in self._rows.values())
            beside.write_text("".join(lines), encoding="utf-8")


def ask(
    chat: Chat, asked: Sequence[Question], labels: Labels, say: Callable[[str], None], read: Callable[[], str | None],
    *, most: int | None = None,
) -> int:  # fmt: skip
    """How many answers were given: the questions that have none yet, one after the other, at most `most`.

    say: shows some lines; read: the next line that was typed, None at the end of all input. Ctrl-C ends it as q does.
    """
    open_ = [question for question in asked if question not in labels][:most]
    given = place = 0
    try:
        while place < len(open_):
            say(_shown(chat, open_[place], f"{place + 1}/{len(open_)}"))
            answer = _answer(say, read)
            if answer == "quit":
                break
            if answer == "back":
                if place == 0:
                    say("This is the first one.")
                    continue
                place -= 1
                labels.take_back(open_[place])
                given -= 1
                continue
            labels.answer(open_[place], answer)  # type: ignore[arg-type]
            given += 1
            place += 1
    except KeyboardInterrupt:
        say("")
    return given


def _answer(say: Callable[[str], None], read: Callable[[], str | None]) -> str:
    while (typed := read()) is not None:
        word = typed.strip().lower()
        if word in KEYS:
            return KEYS[word]
        if word in (*KEYS.values(),):
            return word
        say(HELP)
    return "quit"


def _shown(chat: Chat, question: Question, count: str) -> str:
    """The message with what was said around it, and what the classifier makes of it."""
    start = max(0, question.place - BEFORE)
    lines = [f"── {count} " + "─" * 40]
    for place, message in enumerate(chat.messages[start : question.place + AFTER + 1], start):
        if message.kind == "text":
            mark = "▶" if place == question.place else " "
            lines.append(f"{mark} {message.author or ''}: {' / '.join(message.text.splitlines())}")
    scores = "   ".join(f"{label} {score:.2f}" for label, score in zip(LABELS, question.scores, strict=True))
    return "\n".join([*lines, f"  {scores}      {HELP}"])


def _read(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows that are there, by digest; of rows that somebody else wrote it is made of their text."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    except (OSError, UnicodeDecodeError) as fault:
        raise (
            read_error(path, fault) if isinstance(fault, OSError) else CorpusError(f"{path}: not in UTF-8.")
        ) from fault
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            known = row.get("digest") or text_digest(row["text"])
            if not isinstance(row["label"], str):
                raise TypeError("label is no string")
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise CorpusError(
                f'{path}, line {number}: not a row {{"text": "...", "label": "pos"}} ({fault}). Nothing was changed; mend the '
                "line, or give another output."
            ) from fault
        yield str(known), row
