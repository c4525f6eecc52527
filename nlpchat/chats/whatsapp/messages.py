"""The messages of a WhatsApp text, once it is known which form of header holds from which line on.

A line with the form's own header begins a message, any other line goes on with the one before it. One regular
expression splits a block at a time into headers and bodies, so that further lines cost nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from nlpchat.chats.containers import Source
from nlpchat.chats.marks import STRIP_MARKS
from nlpchat.chats.phrases import Phrases, whatsapp_phrases
from nlpchat.chats.whatsapp.blocks import blocks_of
from nlpchat.chats.whatsapp.date_order import DateOrder
from nlpchat.chats.whatsapp.drafts import Draft, Tally
from nlpchat.chats.whatsapp.headers import MAY_BEGIN, Form, compile_form, form_of
from nlpchat.chats.whatsapp.moments import Dates, Times
from nlpchat.chats.whatsapp.senders import Senders
from nlpchat.records import Kind

# A marked body up to this long that no phrase explains is taken for something WhatsApp wrote.
SHORT_BODY = 80
# "<This message was edited>" stands within so many characters of the end, in every language.
_EDITED = 200
# Texts up to this long come again and again: each is kept once.
_SHARED = 12

_MARK = "\u200e"
# What WhatsApp puts before or after its own words; the others stand around names only.
_OWN_MARKS = ("\u200e", "\u200f", "\ufeff")
_LIKE_A_HEADER = re.compile(rf"\n{MAY_BEGIN}")


@dataclass(frozen=True, slots=True)
class Segment:
    """From this line on the headers have this form; example: the first header written in it."""

    line: int
    form: Form
    example: str
    order: DateOrder = "dmy"


@dataclass(slots=True)
class Reading:
    """What one reading of the text gave.

    runs: for each segment, (date as written, how many messages stood before it) whenever the date changes.
    unknown: drafts with WhatsApp's mark and a short body that no phrase explains; typed: those of them without a mark
    before the header. bracketed: texts "<…>". noticed: who was named as the sender
    of a notice. loose: what is still to be put after a draft's text.
    """

    runs: list[list[tuple[str, int]]]
    drafts: list[Draft] = field(default_factory=list)
    senders: Senders = field(default_factory=Senders)
    before: Tally = field(default_factory=lambda: Tally("lines before the first message, left out"))
    impossible: Tally = field(default_factory=lambda: Tally("lines with an impossible date or time, kept as text"))
    other_form: Tally = field(
        default_factory=lambda: Tally("lines that look like headers of another form, kept as text")
    )
    unknown: list[Draft] = field(default_factory=list)
    typed: list[Draft] = field(default_factory=list)
    bracketed: list[Draft] = field(default_factory=list)
    noticed: set[str] = field(default_factory=set)
    loose: list[tuple[Draft, list[str]]] = field(default_factory=list)


class Reader:
    """Reads a text once, by the forms and orders of these segments: `Reader(source, "utf-8-sig", segments).read()`.

    errors: as for `blocks_of`.
    """

    def __init__(self, source: Source, encoding: str, segments: tuple[Segment, ...], errors: str = "replace") -> None:
        self.source = source
        self.encoding = encoding
        self.errors = errors
        self.segments = segments
        self.phrases: Phrases = whatsapp_phrases()
        self.reading = Reading([[] for _ in segments])
        # The header of the last message, whose body may go on in the next block, and the body's pieces.
        self._open: list[str] = []
        self._body: list[str] = []
        # The line of the next header.
        self._number = 1
        self._use(0)

    def read(self) -> Reading:
        """Everything that the text holds."""
        in_use = 0
        starts = [segment.line for segment in self.segments]
        for block in blocks_of(self.source, self.encoding, starts, self.errors):
            if block.segment != in_use:
                self._take_open()
                self._use(in_use := block.segment)
            parts = self._split(block.text)
            begun = ""
            if not self._open:
                self._count_before(parts[0], block.line)
                self._number = block.line + parts[0].count("\n")
                parts = parts[1:]
            elif len(parts) > 1:
                self._body.append(parts[0])
                begun = "".join(self._body)
                parts = [*self._open, begun, *parts[1:]]
            else:
                self._body.append(parts[0])
                continue
            if parts:
                self._open, self._body = parts[-5:-1], [parts[-1]]
                self._take(parts[:-5], marked=any(mark in block.text or mark in begun for mark in _OWN_MARKS))
        lines = "".join(self._body).split("\n")
        while len(lines) > 1 and not lines[-1].strip():
            lines.pop()
        self._body = ["\n".join(lines)]
        self._take_open()
        self._put_loose_ends()
        return self.reading

    def _use(self, segment: int) -> None:
        form = self.segments[segment].form
        pattern = compile_form(form)
        self._split = pattern.split
        self._places = pattern.groupindex["date"] - 1, pattern.groupindex["time"] - 1
        self._days = Dates(form, self.segments[segment].order)
        self._times = Times(form)
        self._runs = self.reading.runs[segment]
        self._ios = form.ios

    def _take_open(self) -> None:
        if self._open:
            parts = [*self._open, "".join(self._body)]
            self._open = []
            self._take(parts, marked=True)

    def _take(self, parts: list[str], *, marked: bool) -> None:
        """Makes a draft of each message in `parts`: head, date and time (or time and date), name, body, and so on.

        marked: some body may hold an invisible mark. This is where the time goes: everything is in local names, and
        ordinary text takes none of the branches.
        """
        reading, senders, drafts = self.reading, self.reading.senders.written, self.reading.drafts
        literals, starts, ends = self.phrases.literals, self.phrases.starts, self.phrases.ends
        add, share, combine, new = drafts.append, self.reading.senders.texts.setdefault, datetime.combine, Draft
        days, times, runs, number = self._days, self._times, self._runs, self._number
        date_at, time_at = self._places
        last_day = last_time = ""
        day = sent_at = None
        for head, on_day, at_time, name, body in zip(
            parts[::5], parts[date_at::5], parts[time_at::5], parts[3::5], parts[4::5], strict=True
        ):
            line = number
            number += 1
            if on_day != last_day or at_time != last_time:
                if on_day != last_day:
                    day = days[on_day]
                    runs.append((on_day, len(drafts)))
                    last_day = on_day if day is not None else ""
                # Equal moments in a row are one object: Android writes no seconds.
                moment = times[at_time]
                sent_at = None if day is None or moment is None else combine(day, moment)
                last_time = at_time
            if sent_at is None:
                number += body.count("\n")
                self._keep_impossible(line, head, name, body)
                continue

            author, text = senders.get(name), body
            if author is None:
                author, text = reading.senders.new(name, body)
            kind: Kind = "text"
            draft, last = new(), text[-1:]
            if "\n" in text:
                number += text.count("\n")
                author, kind = self._kind_of_lines(text, author, line)
            elif author is None:
                kind = self._unattributed_kind(text)
            elif text in literals:
                kind = literals[text]
            elif (
                text[:4] in starts
                or text[-4:] in ends
                or last == " "
                or (marked and not text.isascii() and (_MARK in text or STRIP_MARKS.search(text[:1] + text[-1:])))
            ):
                author, kind = self._kind(text, author, draft, head)
            if last == ">" and kind == "text":
                text = text[:-_EDITED] + self.phrases.edited.sub("", text[-_EDITED:])
                if text[-1:] == ">" and text[0] == "<":
                    reading.bracketed.append(draft)
            if len(text) < _SHARED:
                text = share(text, text)
            draft.sent_at = sent_at
            draft.author = author
            draft.text = text
            draft.kind = kind
            draft.line = line
            draft.reactions = ()
            add(draft)
        self._number = number

    def _count_before(self, text: str, line: int) -> None:
        for number, bare in enumerate(text.split("\n")[1:], line):
            if bare.strip():
                self.reading.before.add(number, bare)
        self._look_for_headers(text, line - 1)

    def _keep_impossible(self, line: int, head: str, name: str | None, text: str) -> None:
        """Puts a header whose date no calendar has, and its body, after the text of the message before."""
        whole = head + ("" if name is None else name + ": ") + text
        self.reading.impossible.add(line, whole[1:].partition("\n")[0])
        if not self.reading.drafts:
            self._count_before(whole, line)
            return
        last = self.reading.drafts[-1]
        if not self.reading.loose or self.reading.loose[-1][0] is not last:
            self.reading.loose.append((last, []))
        self.reading.loose[-1][1].append(whole)
        self._look_for_headers(text, line)

    def _look_for_headers(self, text: str, line: int) -> None:
        """Counts the further lines of a body (which begins at `line`) that are headers, though not of this form."""
        counted = 0
        for found in _LIKE_A_HEADER.finditer(text):
            begin = found.start() + 1
            line += text.count("\n", counted, begin)
            counted = begin
            end = text.find("\n", begin)
            bare = text[begin:] if end < 0 else text[begin:end]
            if form_of(bare) is not None:
                self.reading.other_form.add(line, bare)

    def _unattributed_kind(self, line: str) -> Kind:
        kind = self.phrases.kind_of(line, marked=True)
        return kind if kind in ("call", "deleted") else "notice"

    def _kind(self, text: str, author: str, draft: Draft | None = None, head: str = "") -> tuple[str | None, Kind]:
        """Who speaks in a line that may be WhatsApp's own, and its kind; an unexplained one is noted for later."""
        marked = text.startswith(_MARK)
        kind = self.phrases.kind_of(text, marked=marked)
        if kind is None and _MARK in text[1:]:
            # A caption before what was attached, or a document's name before "document manquant".
            before, _, end = text.rpartition(_MARK)
            last = self.phrases.kind_of(end, marked=self._ios and before.endswith(": "))
            # Behind ": " it may be the notice of a group whose title holds that too.
            kind = last if last == "media" or (last == "notice" and before.endswith(": ")) else None
        if kind == "notice":
            self.reading.noticed.add(author)
            return None, kind
        # Android's own words have no mark, or no author.
        own = marked and self._ios and len(text) <= SHORT_BODY and text.strip(_MARK)
        if kind is None and draft is not None and own:
            self.reading.unknown.append(draft)
            if not head.startswith("\n" + _MARK):
                self.reading.typed.append(draft)
        return author, kind or "text"

    def _kind_of_lines(self, text: str, author: str | None, line: int) -> tuple[str | None, Kind]:
        """Who speaks in a message of several lines, and its kind: the first line tells, or all of them are text."""
        self._look_for_headers(text, line)
        first, _, more = text.partition("\n")
        if author is None:
            return None, self._unattributed_kind(first)
        if _MARK in more and self.phrases.kind_of(more.rpartition(_MARK)[2], marked=False) == "media":
            # A caption of several lines, and what it was attached to.
            return author, "media"
        if self._ios and first.startswith(_MARK) and first.endswith((":", "：")) and f"\n{_MARK}" in text:
            # "POLL:", the question, and a mark before each answer, in any language.
            return author, "media"
        if not self._may_be_whatsapps(first):
            return author, "text"
        author_or_none, kind = self._kind(first, author)
        if author_or_none is not None and more.strip():
            kind = "media" if self.phrases.opens_media(first) else "text"
        return author_or_none, kind

    def _may_be_whatsapps(self, line: str) -> bool:
        """Whether a line is worth comparing with the phrases; the same question as in `_take`."""
        phrases = self.phrases
        if line in phrases.literals or line[:4] in phrases.starts or line[-4:] in phrases.ends:
            return True
        return not line.isascii() and (_MARK in line or STRIP_MARKS.search(line[:1] + line[-1:]) is not None)

    def _put_loose_ends(self) -> None:
        longer = set()
        for draft, pieces in self.reading.loose:
            if draft.author is not None:
                draft.kind = "media" if self.phrases.opens_media(draft.text.partition("\n")[0]) else "text"
            draft.text += "".join(pieces)
            longer.add(id(draft))
        for drafts in (self.reading.unknown, self.reading.typed, self.reading.bracketed):
            drafts[:] = [draft for draft in drafts if id(draft) not in longer]
