"""The messages of a WhatsApp export, in sending order.

The file is read as a stream of lines, three times: for its encoding, for the order of day and month where
the numbers leave that open, and for the messages. A line with the file's own header form begins a message,
any other line goes on with the one before it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from unicodedata import is_normalized, normalize

from nlpchat.chats.containers import Source, encoding_of
from nlpchat.chats.date_order import (
    NAMES,
    DateOrder,
    Decision,
    Evidence,
    attached_date,
    decide,
    is_certain,
)
from nlpchat.chats.phrases import STRIP_MARKS, Phrases, whatsapp_phrases
from nlpchat.chats.whatsapp_headers import SPACES, Clock, Form, Vote, compile_form, form_of, vote
from nlpchat.errors import ChatFormatError
from nlpchat.records import Chat, Kind, Message, Warning

# So many lines vote on the form of the headers.
SAMPLE_LINES = 4000
# After so many different dates it is asked whether the order of day and month is beyond doubt.
ENOUGH_DATES = 64
# A form that is first seen later than this, and is rare, is a date in somebody's document.
LATEST_FIRST_HEADER = 50
# A sender's name this long, or with a quote in it, may be a notice with ": " in it.
LONG_NAME = 40
# A marked body up to this long that no phrase explains is taken for something WhatsApp wrote.
SHORT_BODY = 80

_QUOTE = re.compile('["“”«]')
_TILDE = re.compile(rf"~[{SPACES}]*")
_TITLES = re.compile(
    r"(?:discussion whatsapp avec|whatsapp chat with|whatsapp chat -|chat de whatsapp con|chat whatsapp con"
    r"|conversa do whatsapp com|whatsapp chat mit|whatsapp-chat met|chat whatsapp s uživatelem"
    r"|чат whatsapp с контактом)\s+(?P<title>.+)",
    re.IGNORECASE,
)
_MARK = "\u200e"


def read_whatsapp(sources: tuple[Source, ...], date_order: DateOrder | None = None) -> Chat:
    """The chat in the first of these texts that has WhatsApp's headers; says so when there was a choice.

    Raises ChatFormatError: none has a dated line.
    """
    sources = tuple(sorted(sources, key=lambda source: (source.basename != "_chat.txt", source.name)))
    for source in sources:
        encoding = encoding_of(source)
        found = vote(_bare(islice(source.lines(encoding.name), SAMPLE_LINES)))
        if found is None or (found.first_line > LATEST_FIRST_HEADER and found.count * 20 < found.first_line):
            continue
        reader = _Reader(source, encoding.name, found)
        if encoding.doubt:
            reader.warn(encoding.doubt)
        if len(sources) > 1:
            reader.warn(f"there were {len(sources)} texts; {source.basename} was read")
        return reader.read(date_order)
    raise ChatFormatError(
        f"{sources[0].name}, line 1: no date found. Is this a WhatsApp export? For Messenger, give message_1.json."
    )


def title_of(source: Source) -> str:
    """The conversation's name out of the file's: "Discussion WhatsApp avec Julie.txt" is Julie's."""
    for name in (source.basename.rpartition(".")[0], source.path.stem):
        found = _TITLES.match(normalize("NFC", name))
        if found:
            return found["title"].strip()
    return normalize("NFC", source.path.stem)


def _bare(lines: Iterable[str]) -> Iterator[str]:
    return (line.rstrip("\r\n") for line in lines)


@dataclass(slots=True)
class _Counts:
    """How often something happened, and the first line where it did."""

    count: int = 0
    line: int | None = None

    def add(self, line: int) -> None:
        self.count += 1
        self.line = self.line or line


@dataclass(slots=True)
class _Reader:
    source: Source
    encoding: str
    vote: Vote
    phrases: Phrases = field(default_factory=whatsapp_phrases)
    warnings: list[Warning] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    # Names as written in headers, to people; and people, each name one object.
    senders: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    before: _Counts = field(default_factory=_Counts)
    impossible: _Counts = field(default_factory=_Counts)
    other_form: _Counts = field(default_factory=_Counts)
    # Marked bodies that no phrase explains: the sender, and where the message stands in `messages`.
    unknown: list[tuple[str, int]] = field(default_factory=list)
    noticed: set[str] = field(default_factory=set)

    @property
    def form(self) -> Form:
        return self.vote.form

    def warn(self, what: str, count: int = 1, line: int | None = None) -> None:
        self.warnings.append(Warning(what, count, line))

    def read(self, wanted: DateOrder | None) -> Chat:
        """The whole chat, with what was decided and what was not understood."""
        decision = self._date_order(wanted)
        if decision.doubt:
            self.warn(decision.doubt)
        self._read_messages(decision.order)
        if not self.messages:
            raise ChatFormatError(
                f"{self.source.name}, line {self.impossible.line}: none of {self.impossible.count} dated "
                f"lines has a date that exists, {NAMES[decision.order]}. Leave --date-order out, or give "
                "another."
            )
        self._settle_unknown()
        self._warn_of_the_rest()
        counts = Counter(m.author for m in self.messages if m.author is not None)
        variant = f"{'iOS' if self.form.ios else 'Android'}, {self.vote.example!r} ({NAMES[decision.order]})"
        return Chat(
            title=title_of(self.source),
            platform="whatsapp",
            messages=tuple(self.messages),
            authors=tuple(author for author, _ in counts.most_common()),
            warnings=tuple(self.warnings),
            variant=variant,
        )

    def _date_order(self, wanted: DateOrder | None) -> Decision:
        if self.form.year_first or (wanted == "ymd" and self.form.year_width == 4):
            order: DateOrder = "ymd" if self.form.year_first else self._decide().order
            ignored = wanted is not None and wanted != order
            why = f"--date-order {wanted} was not used: the year is written in full, {NAMES[order]}"
            return Decision(order, why if ignored else "")
        return Decision(wanted) if wanted is not None else self._decide()

    def _decide(self) -> Decision:
        header = compile_form(self.form)
        evidence = Evidence(
            slashes="/" in self.form.separators[0],
            year_width=self.form.year_width,
            latin_period=re.search(r"[ap]\.?\s?m", self.vote.example, re.IGNORECASE) is not None,
        )
        written: tuple[str | Any, ...] = ()
        for line in self.source.lines(self.encoding):
            found = header.match(line)
            if found is None:
                continue
            parts = found.group("d1", "d2", "d3")
            if parts != written:
                written = parts
                evidence.dates.append((int(parts[0]), int(parts[1]), int(parts[2])))
                evidence.lines.append(0)
                if len(evidence.dates) % ENOUGH_DATES == 0 and is_certain(evidence):
                    break
            evidence.lines[-1] += 1
            if "-20" in line and (named := attached_date(line)) is not None:
                evidence.attached.append((len(evidence.dates) - 1, named))
        return decide(evidence)

    def _read_messages(self, order: DateOrder) -> None:
        """Fills `messages`. One loop with everything in local names: this is where the time goes."""
        header = compile_form(self.form)
        match, clock = header.match, Clock(order)
        groups = tuple(header.groupindex[name] for name in ("date", "time", "rest"))
        senders, add_message = self.senders, self.messages.append
        phrases = self.phrases
        literals, starts, ends = phrases.literals, phrases.starts, phrases.ends
        shared: dict[str, str] = {}
        days, times, combine = clock.days, clock.times, datetime.combine
        sent_at: datetime | None = None
        last_day = last_time = ""
        # The message being read; None before the first header.
        when: datetime | None = None
        author: str | None = None
        text = ""
        kind: Kind = "text"
        begun = 0
        more: list[str] = []

        for number, line in enumerate(self.source.lines(self.encoding), 1):
            found = match(line)
            if found is not None:
                on_day, at_time, rest = found.group(*groups)
                if on_day != last_day or at_time != last_time:
                    if on_day not in days or at_time not in times:
                        clock.learn(found)
                    day, moment = days[on_day], times[at_time]
                    # Equal moments in a row are one object: Android writes no seconds.
                    sent_at = None if day is None or moment is None else combine(day, moment)
                    last_day, last_time = on_day, at_time
                if sent_at is None:
                    self.impossible.add(number)
            if found is None or sent_at is None:
                bare = line.removesuffix("\n").removesuffix("\r")
                if when is None:
                    if bare.strip():
                        self.before.add(number)
                    continue
                more.append(bare)
                if found is None and bare and form_of(bare) is not None:
                    self.other_form.add(number)
                continue

            if when is not None:
                if more:
                    text, kind = self._joined(text, more, author, kind)
                    more = []
                if text[-1:] == ">" and kind == "text":
                    text = phrases.edited.sub("", text)
                add_message(Message(when, author, text, kind, begun))

            if rest[-1:] == "\r":
                rest = rest[:-1]
            name, colon, text = rest.partition(": ")
            sender = senders.get(name) if colon else None
            if sender is None:
                sender, text = self._new_sender(rest, name, colon, text)
            if not (text.isascii() or is_normalized("NFC", text)):
                text = normalize("NFC", text)
            if len(text) < 12:
                text = shared.setdefault(text, text)
            when, author, kind, begun = sent_at, sender, "text", number
            if sender is None:
                kind = self._unattributed_kind(text)
            elif (
                text in literals
                or text[:4] in starts
                or text[-4:] in ends
                or (not text.isascii() and (_MARK in text or STRIP_MARKS.search(text[:1] + text[-1:])))
            ):
                kind = self._kind(text, sender, len(self.messages))
                if kind == "notice":
                    author = None
        if when is not None:
            while more and not more[-1].strip():
                more.pop()
            if more:
                text, kind = self._joined(text, more, author, kind)
            if kind == "text":
                text = phrases.edited.sub("", text)
            add_message(Message(when, author, text, kind, begun))

    def _new_sender(self, rest: str, name: str, colon: str, body: str) -> tuple[str | None, str]:
        """The sender of a header's rest and the body; None and the whole rest when WhatsApp itself speaks."""
        if not colon:
            if not rest.endswith(":") or len(rest) > LONG_NAME:
                return None, rest
            # "Alice:" with nothing after it: the message begins on the next line.
            name, body = rest[:-1], ""
        elif (len(name) > LONG_NAME or _QUOTE.search(name)) and self.phrases.is_notice(rest):
            return None, rest
        clean = normalize("NFC", STRIP_MARKS.sub("", name)).strip(SPACES + "\t")
        clean = _TILDE.sub("", clean, count=1) if clean.startswith("~") and len(clean) > 1 else clean
        if not clean:
            return None, rest
        self.senders[name] = self.people.setdefault(clean, clean)
        return self.senders[name], body

    def _unattributed_kind(self, line: str) -> Kind:
        kind = self.phrases.kind_of(line, marked=True)
        return kind if kind in ("call", "deleted") else "notice"

    def _kind(self, text: str, sender: str, place: int) -> Kind:
        marked = text.startswith(_MARK)
        kind = self.phrases.kind_of(text, marked=marked)
        if kind is None and _MARK in text[1:]:
            # A caption before what was attached, or a document's name before "document manquant".
            last = self.phrases.kind_of(text.rpartition(_MARK)[2], marked=False)
            kind = "media" if last == "media" else None
        if kind == "notice":
            self.noticed.add(sender)
        if kind is not None:
            return kind
        if marked and len(text) <= SHORT_BODY and text.strip(_MARK):
            self.unknown.append((sender, place))
        return "text"

    def _joined(self, text: str, more: list[str], author: str | None, kind: Kind) -> tuple[str, Kind]:
        """The text with its further lines, and the kind of the whole."""
        if self.unknown and self.unknown[-1][1] == len(self.messages):
            self.unknown.pop()
        if author is not None and any(line.strip() for line in more):
            kind = "media" if self.phrases.opens_media(text) else "text"
        whole = "\n".join([text, *more])
        return whole if is_normalized("NFC", whole) else normalize("NFC", whole), kind

    def _settle_unknown(self) -> None:
        """Short marked bodies that no phrase explains: a notice when they speak of their sender or of "you"
        ("Alice: ‎Alice a fait ..."), or their sender is the group; else something that was left out."""
        if not self.unknown:
            return
        spoken = {m.author for m in self.messages if m.kind == "text" and not m.text.startswith(_MARK)}
        title = title_of(self.source)
        for sender, place in self.unknown:
            message = self.messages[place]
            plain = STRIP_MARKS.sub("", message.text)
            group = sender not in spoken and (sender == title or sender in self.noticed)
            notice = group or plain.startswith((sender, "Vous ", "You "))
            self.messages[place] = Message(
                message.sent_at,
                None if notice else sender,
                message.text,
                "notice" if notice else "media",
                message.line,
            )
        first = self.messages[self.unknown[0][1]].line
        self.warn("short texts with WhatsApp's own mark, taken for notices or media", len(self.unknown), first)

    def _warn_of_the_rest(self) -> None:
        for counts, what in (
            (self.before, "lines before the first message, left out"),
            (self.impossible, "lines with an impossible date or time, kept as text"),
            (self.other_form, "lines that look like headers of another form, kept as text"),
        ):
            if counts.count:
                self.warn(what, counts.count, counts.line)
