"""Chat x Predictions -> Scored: the scored messages as columns, from which every figure of a report is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from nlpchat.predictions import Predictions
from nlpchat.records import Chat, Message, Verdict

Ints = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]

MOST_PEOPLE = 30  # named; the others are counted together
MOST_NAME = 100  # characters; nobody's name is longer, and a hostile one may be a megabyte
NOBODY = -1  # the author of a message that names none


@dataclass(frozen=True, slots=True)
class People:
    """Who wrote what, and whom a report names.

    names: as listed, most scored messages first; a last None stands for all the others and for messages without author.
    author: (messages of the chat,) a number for each person, NOBODY where there is none.
    place: (persons + 1,) where each is in `names`; the last is NOBODY's.
    """

    names: tuple[str | None, ...]
    author: Ints
    place: Ints

    def who(self, message: int) -> int | None:
        """The place in `names` of who wrote this message of the chat; None: nobody is named."""
        number = int(self.author[message])
        return None if number == NOBODY else int(self.place[number])


@dataclass(frozen=True, slots=True)
class Scored:
    """The scored messages of a chat in order, as columns of one length.

    verdicts: the labels that may occur. message: (n,) places in chat.messages. label: (n,) places in verdicts. scores: (n, 3).
    sent: (n,) datetime64[us], by the chat's own clock. person: (n,) places in people.names.
    clock: (messages of the chat,) as `sent`, of all of them.
    """

    chat: Chat
    verdicts: tuple[Verdict, ...]
    people: People
    message: Ints
    label: Ints
    scores: npt.NDArray[np.float32]
    sent: Days
    person: Ints
    clock: Days

    def __len__(self) -> int:
        return len(self.message)

    def counts(self, group: Ints, groups: int) -> Ints:
        """(groups, labels): how many messages of each group have each label. group: (n,), 0 to groups - 1."""
        labels = len(self.verdicts)
        return np.bincount(group * labels + self.label, minlength=groups * labels).reshape(groups, labels)


def scored(chat: Chat, predictions: Predictions) -> Scored:
    """The columns of a chat and of what `classify(chat)` said of it."""
    message = predictions.messages.astype(np.int64)
    people = _people(chat, message)
    clock = _clock(chat.messages)
    return Scored(
        chat=chat,
        verdicts=predictions.verdicts,
        people=people,
        message=message,
        label=predictions.labels.astype(np.int64),
        scores=predictions.scores,
        sent=clock[message],
        person=people.place[people.author[message]],
        clock=clock,
    )


def _clock(messages: Sequence[Message]) -> Days:
    """(n,) datetime64[us]: what the chat's own clock showed, with a time zone or without."""
    moments = [message.sent_at for message in messages]
    return np.array([one if one.tzinfo is None else one.replace(tzinfo=None) for one in moments], "datetime64[us]")


def moment(sent_at: datetime) -> str:
    """To the minute, as the chat's own clock showed it: 2026-03-02T18:04."""
    return sent_at.replace(tzinfo=None).isoformat(timespec="minutes")


def shortened(text: str, most: int) -> str:
    """The text, its end an ellipsis where it is longer than so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _people(chat: Chat, message: Ints) -> People:
    authors = [one.author for one in chat.messages]
    everyone = [name for name in dict.fromkeys([*chat.authors, *authors]) if name is not None]
    numbers = {name: number for number, name in enumerate(everyone)}
    author = np.array([NOBODY if name is None else numbers[name] for name in authors], np.int64)
    sent = np.bincount(author[message] + 1, minlength=len(everyone) + 1)  # the first: nobody's
    order = np.argsort(-sent[1:], kind="stable")
    named = order[:MOST_PEOPLE]
    place = np.full(len(everyone) + 1, len(named), np.int64)
    place[named] = np.arange(len(named))
    names: list[str | None] = [shortened(everyone[number], MOST_NAME) for number in named.tolist()]
    if len(order) > MOST_PEOPLE or sent[0]:
        names.append(None)
    return People(tuple(names), author, place)
