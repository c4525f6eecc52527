"""What travels through nlpchat: frozen records with named fields, standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Label = Literal["neg", "neu", "pos"]
LABELS: tuple[Label, ...] = ("neg", "neu", "pos")

Kind = Literal["text", "media", "call", "deleted", "notice"]
KINDS: tuple[Kind, ...] = ("text", "media", "call", "deleted", "notice")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat, letter for letter as it was sent.

    sent_at: when; naive for WhatsApp, whose exports state no time zone, aware (UTC) for Messenger.
    author:  who; None for a notice of the application.
    text:    the body in NFC, line breaks kept as "\\n".
    kind:    only "text" goes to the sentiment model.
    line:    1-based line of the export where it starts (for JSON: its 1-based place in the file's list).
    """

    sent_at: datetime
    author: str | None
    text: str
    kind: Kind
    line: int


@dataclass(frozen=True, slots=True)
class Warning:
    """Something that was not understood, or decided in doubt: said once, with how often and where first.

    what: one sentence for a person. count: how many lines or messages. line: the first one, 1-based; None for
    the file as a whole.
    """

    what: str
    count: int = 1
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation, in sending order.

    title: from the file's name or the export; platform: "whatsapp" or "messenger"; variant: the form of the
    header or file that was recognised, for people; authors: everyone who sent something, by number of messages.
    """

    title: str
    platform: str
    messages: tuple[Message, ...]
    authors: tuple[str, ...]
    warnings: tuple[Warning, ...] = ()
    variant: str = ""

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one text.

    message: its index in the chat or list that was classified. scores: (neg, neu, pos), each 0.0 to 1.0,
    sum 1.0. tokens: length in pieces before any cut. cut: it was longer than the model's window.
    """

    message: int
    label: Label
    scores: tuple[float, float, float]
    tokens: int
    cut: bool
