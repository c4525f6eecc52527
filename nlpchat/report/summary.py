"""Chat x Predictions -> ChatSummary: shares by person or period, the strongest messages, what was skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from nlpchat.predictions import Predictions
from nlpchat.records import LABELS, VERDICTS, Chat, Message, Prediction, Verdict
from nlpchat.report.timeline import Period, by_day, timeline

By = Literal["author", "day", "week", "month"]
NO_TEXT: dict[str, object] = {"label": None, "neg": None, "neu": None, "pos": None}

# Of a row for each message, as `rows` gives them.
COLUMNS = ("index", "sent_at", "author", "kind", "text", "label", *LABELS)
MOST_PERIODS = 100  # of the timeline in JSON


@dataclass(frozen=True, slots=True)
class Part:
    """The scored messages of one person or period: how many, and how many of each label."""

    name: str
    messages: int
    counts: Mapping[Verdict, int]

    def share(self, label: Verdict) -> float:
        """0.0 to 1.0."""
        return self.counts[label] / max(self.messages, 1)


@dataclass(frozen=True, slots=True)
class ChatSummary:
    """What a person wants to know of a conversation first.

    whole: all the scored messages; parts: by person (most messages first) or by period (in order of time).
    skipped: kind of message -> how many were not scored. cut: messages longer than the model's window.
    days: those with a scored message, in order of time, from which `timeline` makes as many periods as one can show.
    """

    chat: Chat
    by: By
    whole: Part
    parts: tuple[Part, ...]
    most_positive: tuple[tuple[Message, Prediction], ...]
    most_negative: tuple[tuple[Message, Prediction], ...]
    skipped: Mapping[str, int]
    cut: int
    days: tuple[Period, ...] = ()

    def as_json(self) -> dict[str, object]:
        """As plain lists and dicts, for json.dumps."""
        chat = self.chat
        line = timeline(self.days, MOST_PERIODS)
        return {
            "title": chat.title,
            "platform": chat.platform,
            "variant": chat.variant,
            "messages": len(chat),
            "people": len(chat.authors),
            "from": chat.messages[0].sent_at.isoformat() if chat.messages else None,
            "to": chat.messages[-1].sent_at.isoformat() if chat.messages else None,
            "all": _part_json(self.whole),
            "by": self.by,
            "parts": [{"name": part.name, **_part_json(part)} for part in self.parts],
            "timeline": line.as_json() if line is not None else None,
            "most_positive": [_message_json(*pair) for pair in self.most_positive],
            "most_negative": [_message_json(*pair) for pair in self.most_negative],
            "skipped": dict(self.skipped),
            "cut": self.cut,
            "warnings": [warning.as_json() for warning in chat.warnings],
        }


def summarise(chat: Chat, predictions: Predictions, *, by: By = "author", strongest: int = 3) -> ChatSummary:
    """The summary of a chat and of what `classify(chat)` said of it."""
    names: dict[str, int] = {}
    places = np.empty(len(predictions), np.int32)
    for i, message in enumerate(map(int, predictions.messages)):
        places[i] = names.setdefault(_name(chat.messages[message], by), len(names))
    labels = len(predictions.verdicts)
    table = np.bincount(places * labels + predictions.labels, minlength=len(names) * labels).reshape(-1, labels)
    parts = [
        Part(name, int(row.sum()), dict(zip(predictions.verdicts, row.tolist(), strict=True)))
        for name, row in zip(names, table, strict=True)
    ]
    parts.sort(key=lambda part: (-part.messages, part.name) if by == "author" else (0, part.name))
    sent = (chat.messages[message].sent_at for message in map(int, predictions.messages))
    return ChatSummary(
        chat=chat,
        by=by,
        whole=Part("all", len(predictions), predictions.counts()),
        parts=tuple(parts),
        most_positive=_with_messages(chat, predictions.strongest("pos", strongest)),
        most_negative=_with_messages(chat, predictions.strongest("neg", strongest)),
        skipped=dict(Counter(m.kind for m in chat.messages if m.kind != "text").most_common()),
        cut=int(predictions.cut.sum()),
        days=by_day(sent, predictions.labels, predictions.verdicts),
    )


def rows(chat: Chat, predictions: Predictions) -> Iterator[dict[str, object]]:
    """A row (COLUMNS) for each message, in order; label and scores are None for what was not scored."""
    # map, not tolist(): a million Python integers would take 40 MB.
    scored = zip(map(int, predictions.messages), map(int, predictions.labels), predictions.scores, strict=True)
    nothing = (-1, 0, np.zeros(0, np.float32))
    place, label, scores = next(scored, nothing)
    for index, message in enumerate(chat.messages):
        row: dict[str, object] = {
            "index": index,
            "sent_at": message.sent_at,
            "author": message.author,
            "kind": message.kind,
            "text": message.text,
            **NO_TEXT,
        }
        if index == place:
            row["label"] = VERDICTS[label]
            row.update(zip(LABELS, (round(score, 6) for score in scores.tolist()), strict=True))
            place, label, scores = next(scored, nothing)
        yield row


def period(sent_at: datetime, by: By) -> str:
    """2024-03-05, 2024-W10 (ISO 8601: weeks begin on Monday) or 2024-03, which sort in order of time."""
    if by == "week":
        year, week, _ = sent_at.isocalendar()
        return f"{year:04}-W{week:02}"
    return f"{sent_at:%Y-%m-%d}" if by == "day" else f"{sent_at:%Y-%m}"


def _name(message: Message, by: By) -> str:
    return (message.author or "?") if by == "author" else period(message.sent_at, by)


def _with_messages(chat: Chat, found: Sequence[Prediction]) -> tuple[tuple[Message, Prediction], ...]:
    return tuple((chat.messages[prediction.message], prediction) for prediction in found)


def _part_json(part: Part) -> dict[str, object]:
    shares = {label: round(part.share(label), 4) for label in part.counts}
    return {"messages": part.messages, "counts": dict(part.counts), "shares": shares}


def _message_json(message: Message, prediction: Prediction) -> dict[str, object]:
    return {
        "index": prediction.message,
        "sent_at": message.sent_at.isoformat(),
        "author": message.author,
        "text": message.text,
        "scores": dict(zip(LABELS, (round(score, 4) for score in prediction.scores), strict=True)),
    }
