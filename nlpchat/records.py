"""What travels through nlpchat: frozen records with named fields, standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Label = Literal["neg", "neu", "pos"]
LABELS: tuple[Label, ...] = ("neg", "neu", "pos")
Verdict = Literal["neg", "neu", "pos", "unsure"]  # unsure: no score reached the threshold asked for
VERDICTS: tuple[Verdict, ...] = (*LABELS, "unsure")

Kind = Literal["text", "media", "call", "deleted", "notice"]
KINDS: tuple[Kind, ...] = ("text", "media", "call", "deleted", "notice")


@dataclass(frozen=True, slots=True)
class Reaction:
    """What somebody put under a message: an emoji, or the application's name for one; author None: not said."""

    author: str | None
    emoji: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat, letter for letter as it was sent.

    sent_at: when; naive for WhatsApp, whose exports state no time zone, aware (UTC) for Messenger.
    author:  who; None for a notice of the application.
    text:    the body in NFC, line breaks kept as "\\n".
    kind:    only "text" goes to the sentiment model.
    line:    1-based line of the export where it starts (for JSON: its 1-based place in the file's list).
    reactions: what others put under it, where the export says so (Messenger, Instagram, Telegram, Signal).
    """

    sent_at: datetime
    author: str | None
    text: str
    kind: Kind
    line: int
    reactions: tuple[Reaction, ...] = ()


@dataclass(frozen=True, slots=True)
class Warning:
    """Something that was not understood, or decided in doubt: said once, with how often and where first.

    what: one sentence for a person. count: how many lines or messages. line: the first one, 1-based; None for
    the file as a whole. examples: the first few of those lines as they stand in the file, shortened.
    """

    what: str
    count: int = 1
    line: int | None = None
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One sentence without its full stop: "lines with an impossible date, kept as text: 3 (first: line 77)"."""
        if self.line is not None:
            return f"{self.what}: {self.count:,} (first: line {self.line:,})"
        return f"{self.what}: {self.count:,}" if self.count > 1 else self.what

    def as_json(self) -> dict[str, object]:
        return {"what": self.what, "count": self.count, "line": self.line, "examples": list(self.examples)}


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation, in sending order.

    title: from the file's name or the export; platform: "whatsapp", "messenger", "instagram", "telegram" or
    "signal"; variant: the form of the header or file that was recognised, for people; authors: everyone who sent
    something, by number of messages; thread: its name among the conversations of one archive, "" for the only one.
    """

    title: str
    platform: str
    messages: tuple[Message, ...]
    authors: tuple[str, ...]
    warnings: tuple[Warning, ...] = ()
    variant: str = ""
    thread: str = ""

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)

    def __repr__(self) -> str:
        return f"Chat({self.title!r}, {len(self.messages):,} messages, {len(self.authors):,} people)"

    def _repr_html_(self) -> str:
        import nlpchat

        return nlpchat.chat_html(self)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one text.

    message: its index in the chat or list that was classified. scores: (neg, neu, pos), each 0.0 to 1.0,
    sum 1.0. tokens: length in pieces before any cut. cut: it was longer than the model's window.
    """

    message: int
    label: Verdict
    scores: tuple[float, float, float]
    tokens: int
    cut: bool


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody thinks of a work, as a site shows it. Who wrote it is never kept.

    site: "allocine", ...; item: the work's id at the site, by which corpora are split; review_id: the review's own.
    rating: 0.0 to 1.0; None: the site shows none. text: letter for letter, line breaks as "\\n". written_on: the day that the
    page states. spoiler: the site hides a part of it until one clicks. helpful, unhelpful: votes; None: not shown.
    fetched_at: when the page was fetched or saved, UTC.
    """

    site: str
    item: str
    review_id: str
    rating: float | None
    text: str
    written_on: date | None
    url: str
    fetched_at: datetime
    spoiler: bool = False
    helpful: int | None = None
    unhelpful: int | None = None
