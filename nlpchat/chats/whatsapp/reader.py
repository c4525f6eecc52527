"""The messages of a WhatsApp export, in sending order.

A sample of the lines votes on the form of the headers and on the order of day and month; the text is then read once,
as a stream. It is read again when the whole of it says otherwise than the sample: another order, or another form from
some line on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import islice
from unicodedata import normalize

from nlpchat.chats.containers import Encoding, Source, encoding_of
from nlpchat.chats.tally import authors_of
from nlpchat.chats.whatsapp.date_order import NAMES, DateOrder, Decision, attached_date, decide
from nlpchat.chats.whatsapp.drafts import Draft, no_garbage_hunt, seal
from nlpchat.chats.whatsapp.headers import compile_form, vote
from nlpchat.chats.whatsapp.messages import Reader, Reading, Segment
from nlpchat.chats.whatsapp.moments import evidence_of
from nlpchat.chats.whatsapp.segments import ENOUGH_HEADERS, segments_of
from nlpchat.chats.whatsapp.senders import settle
from nlpchat.errors import ChatFormatError
from nlpchat.records import Chat, Warning

# So many lines vote on the form of the headers.
SAMPLE_LINES = 4000
# A form that is first seen later than this, and is rare, is a date in somebody's document.
LATEST_FIRST_HEADER = 50
# Said of every chat, for a caller who sets a time zone to leave out.
NO_ZONE = "the times are the phone's own, without a time zone"

# So many bytes are looked at before the text is taken for UTF-8.
_HEAD = 4096
# Years of the Islamic calendar, whose months begin when the moon is seen.
_ISLAMIC_YEARS = range(1430, 1524)
# File names in the languages of phones: before the title, or after it.
_BEFORE_TITLE = (
    "discussion whatsapp avec", "whatsapp chat with", "whatsapp chat -", "chat de whatsapp con", "chat whatsapp con",
    "xat de whatsapp amb", "conversa do whatsapp com", "whatsapp chat mit", "whatsapp-chat mit", "whatsapp-chat met",
    "whatsapp gesprek met", "chat whatsapp s uživatelem", "чат whatsapp с контактом", "чат whatsapp з", "czat whatsapp z",
    "chat whatsapp dengan", "sembang whatsapp dengan", "whatsapp-chatt med", "whatsapp-chat med", "whatsapp-samtale med",
    "whatsapp-keskustelu henkilön", "whatsapp chat kay", "conversație whatsapp cu", "chat whatsapp cu",
    "whatsapp klepet s", "συνομιλία whatsapp με", "cuộc trò chuyện whatsapp với", "دردشة واتساب مع", "محادثة واتساب مع",
    "צ'אט whatsapp עם", "whatsapp とのトーク履歴", "与", "與",
)  # fmt: skip
_AFTER_TITLE = (
    "ile whatsapp sohbeti", "adlı kişiyle whatsapp sohbeti", "的 whatsapp 聊天", "的whatsapp聊天", "的 whatsapp 對話",
    "とのwhatsappトーク", "님과 whatsapp 대화", "के साथ whatsapp चैट", "kanssa",
)  # fmt: skip
_WHATSAPP = ("whatsapp", "واتساب")
_TITLE = re.compile(
    rf"(?:(?:{'|'.join(map(re.escape, _BEFORE_TITLE))})\s*)?(?P<title>.+?)"
    rf"(?:\s*(?:{'|'.join(map(re.escape, _AFTER_TITLE))}))?",
    re.IGNORECASE,
)


def read_whatsapp(sources: tuple[Source, ...], date_order: DateOrder | None = None) -> Chat:
    """The chat in the first of these texts that has WhatsApp's headers; says so when there was a choice.

    Raises ChatFormatError: none has a dated line.
    """
    sources = tuple(sorted(sources, key=lambda source: (source.basename != "_chat.txt", source.name)))
    for source in sources:
        several = [Warning(f"there were {len(sources)} texts; {source.basename} was read")] if len(sources) > 1 else []
        with no_garbage_hunt():
            try:
                chat = _read(source, _likely_encoding(source), date_order, several, "strict")
            except UnicodeDecodeError:
                chat = _read(source, encoding_of(source), date_order, several, "replace")
        if chat is not None:
            return chat
    raise ChatFormatError(
        f"{sources[0].name}, line 1: no date found. Is this a WhatsApp export? For Messenger, give message_1.json."
    )


def title_of(source: Source) -> str:
    """The conversation's name out of the file's: "Discussion WhatsApp avec Julie.txt" is Julie's."""
    for name in (source.basename.rpartition(".")[0], source.path.stem):
        plain = normalize("NFC", name).strip()
        found = _TITLE.fullmatch(plain)
        if found and found["title"] != plain and any(word in plain.casefold() for word in _WHATSAPP):
            return found["title"].strip()
    return normalize("NFC", source.path.stem)


def _likely_encoding(source: Source) -> Encoding:
    """UTF-8 when the beginning is, for a strict reading that may fail; else what `encoding_of` says, having read all."""
    with source.open() as stream:
        head = stream.read(_HEAD)
    try:
        # A character may be cut at the end.
        head[:-4].decode()
    except UnicodeDecodeError:
        return encoding_of(source)
    return Encoding("utf-8-sig") if len(head) > 4 and b"\0" not in head else encoding_of(source)


def _first_segment(source: Source, encoding: str, wanted: DateOrder | None) -> Segment | None:
    """The whole file as one segment, in the form and order that a sample speaks for; None: no dated lines."""
    sample = [line.rstrip("\r\n") for line in islice(source.lines(encoding), SAMPLE_LINES)]
    found = vote(sample)
    if found is None or (found.first_line > LATEST_FIRST_HEADER and found.count * 20 < found.first_line):
        return None
    pattern = compile_form(found.form)
    runs: list[tuple[str, int]] = []
    headers = 0
    for line in sample:
        header = pattern.match("\n" + line)
        if header is not None:
            if not runs or runs[-1][0] != header["date"]:
                runs.append((header["date"], headers))
            headers += 1
    segment = Segment(1, found.form, found.example)
    return replace(segment, order=_decision(segment, runs, headers, [], wanted).order)


def _read(
    source: Source, encoding: Encoding, wanted: DateOrder | None, warnings: list[Warning], errors: str
) -> Chat | None:
    """The whole chat, with what was decided and what was not understood; None: no dated lines.

    errors: as for `blocks_of`, where the encoding was not looked for in the whole text.
    """
    errors = "replace" if encoding.doubt else errors
    warnings = [Warning(encoding.doubt), *warnings] if encoding.doubt else warnings
    first = _first_segment(source, encoding.name, wanted)
    if first is None:
        return None
    segments: tuple[Segment, ...] = (first,)
    reading = Reader(source, encoding.name, segments, errors).read()
    other, begun = reading.other_form, reading.drafts[0].line if reading.drafts else 0
    if other.count >= ENOUGH_HEADERS or (other.line is not None and other.line < begun):
        segments = segments_of(source, encoding.name, first, wanted)
        if segments != (first,):
            reading = Reader(source, encoding.name, segments).read()
    decisions = _decisions(segments, reading, wanted)
    if any(segment.order != decision.order for segment, decision in zip(segments, decisions, strict=True)):
        segments = tuple(replace(s, order=d.order) for s, d in zip(segments, decisions, strict=True))
        reading = Reader(source, encoding.name, segments).read()
    if not reading.drafts:
        raise ChatFormatError(
            f"{source.name}, line {reading.impossible.line}: none of {reading.impossible.count} dated lines has a date "
            f"that exists, {NAMES[segments[0].order]}. Leave --date-order out, or give another."
        )
    title = title_of(source)
    warnings += [*_told(segments, decisions), Warning(NO_ZONE)]
    warnings += settle(reading, title)
    for tally in (reading.before, reading.impossible, reading.other_form):
        warnings += tally.warnings()
    messages = seal(reading.drafts)
    return Chat(
        title=title,
        platform="whatsapp",
        messages=messages,
        authors=authors_of(messages),
        warnings=tuple(warnings),
        variant="; then ".join(map(_variant, segments)),
    )


def _decisions(segments: tuple[Segment, ...], reading: Reading, wanted: DateOrder | None) -> list[Decision]:
    """For each segment, the order of day and month that all of it speaks for."""
    ends = [runs[0][1] for runs in reading.runs[1:] if runs] + [len(reading.drafts)]
    ends += [len(reading.drafts)] * (len(segments) - len(ends))
    return [
        _decision(segment, runs, end, reading.drafts, wanted)
        for segment, runs, end in zip(segments, reading.runs, ends, strict=True)
    ]


def _decision(
    segment: Segment, runs: list[tuple[str, int]], end: int, drafts: list[Draft], wanted: DateOrder | None
) -> Decision:
    form = segment.form
    if form.order is not None:
        shown = "the month is written as a word" if form.month else "the year is written first"
        why = f"--date-order {wanted} was not used: {shown}"
        used = wanted in (None, form.order)
        return Decision(form.order, f"the dates were read {NAMES[form.order]}, as they are written" if used else why)
    if wanted is not None and not (wanted == "ymd" and form.year_width != 2):
        return Decision(wanted, f"the dates were read {NAMES[wanted]}, as asked")
    evidence = evidence_of(runs, form, end)
    evidence.attached = lambda: _attached(runs, end, drafts)
    decision = decide(evidence)
    if wanted is not None:
        return Decision(decision.order, f"--date-order ymd was not used: the year is written last; {decision.told}")
    if any(parts[2] in _ISLAMIC_YEARS for parts in evidence.dates):
        return replace(decision, told=f"{decision.told}; of the Islamic calendar, so that each may be a day off")
    return decision


def _attached(runs: list[tuple[str, int]], end: int, drafts: list[Draft]) -> list[tuple[int, date]]:
    """The dates in the names of attached files, each with the place of its message's date in `runs`."""
    begins = [begin for _, begin in runs]
    found = []
    for place in range(begins[0], min(end, len(drafts))) if begins else ():
        text = drafts[place].text
        if "-20" in text and (named := attached_date(text)) is not None:
            found.append((bisect_right(begins, place) - 1, named))
    return found


def _told(segments: tuple[Segment, ...], decisions: list[Decision]) -> Iterator[Warning]:
    yield Warning(decisions[0].told)
    for segment, decision in zip(segments[1:], decisions[1:], strict=True):
        yield Warning("the headers change their form here, and were followed", 1, segment.line, (segment.example,))
        if decision.told != decisions[0].told:
            yield Warning(f"from here on, {decision.told}", 1, segment.line)


def _variant(segment: Segment) -> str:
    return f"{'iOS' if segment.form.ios else 'Android'}, {segment.example!r} ({NAMES[segment.order]})"
