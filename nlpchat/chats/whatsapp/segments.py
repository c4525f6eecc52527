"""Which form of header holds from which line on: nearly always one; another after a change of phone or language.

Somebody's pasted conversation has headers of another form too, and must stay text. Three things tell them apart.
What is pasted was written before the message it is pasted into, while a chat goes on in time; it is by others, while
a chat goes on with the people known; and no message of WhatsApp's holds more than 65,536 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from nlpchat.chats.containers import Source
from nlpchat.chats.whatsapp.date_order import DateOrder, decide
from nlpchat.chats.whatsapp.headers import Form, compile_form, form_of
from nlpchat.chats.whatsapp.messages import Segment
from nlpchat.chats.whatsapp.moments import Dates, Times, evidence_of
from nlpchat.chats.whatsapp.senders import person_of

# A form with fewer headers than this in a row does not begin a segment of the chat; later ones may be shorter.
ENOUGH_HEADERS = 8
ENOUGH_LATER = 2
# A block this long goes on with the chat even when it names nobody known before.
_MANY_HEADERS = 200
# What one message can hold, in characters.
LONGEST_MESSAGE = 65_536
# So many names are remembered of a form, and so many blocks of a file: forgeries alone have more.
_NAMES = 5_000
_BLOCKS = 100_000
# A block of the main form has at least a quarter of the headers of its largest one, or must prove itself.
_MAIN_PART = 4
# So many blocks further on it is looked for how the chat goes on.
_AHEAD = 50

_Span = tuple[datetime | None, datetime | None]


@dataclass(slots=True)
class _Block:
    """Header lines of one form in a row, no other form between them."""

    form: Form
    line: int
    example: str
    first: tuple[str, str]
    last: tuple[str, str]
    headers: int = 0
    length: int = 0
    names: set[str] = field(default_factory=set)

    def moments(self, order: DateOrder) -> _Span:
        """When its first and its last message were sent, to the minute."""
        dates, times = Dates(self.form, order), Times(self.form)
        found: list[datetime | None] = []
        for on_day, at_time in (self.first, self.last):
            day, moment = dates[on_day], times[at_time]
            found.append(None if day is None or moment is None else datetime.combine(day, moment.replace(second=0)))
        return found[0], found[1]


def segments_of(source: Source, encoding: str, main: Segment, wanted: DateOrder | None) -> tuple[Segment, ...]:
    """The file's segments, in order; `main` alone when its form holds to the end. Reads all of it, line by line."""
    runs: dict[Form, list[tuple[str, int]]] = {}
    blocks = list(_blocks(source.lines(encoding), main.form, runs))
    if len(blocks) > _BLOCKS:
        return (main,)
    orders = {form: wanted or decide(evidence_of(written, form)).order for form, written in runs.items()}
    orders |= {form: form.order for form in orders if form.order is not None}
    orders[main.form] = main.order
    segments = [main]
    for block in _accepted(blocks, main.form, orders):
        if block.form != segments[-1].form:
            segments.append(Segment(block.line, block.form, block.example, orders[block.form]))
    if len(segments) > 1 and blocks and blocks[0].line == segments[1].line:
        # The file begins with another form than most of it has.
        segments = [replace(segments[1], line=1), *segments[2:]]
    return tuple(segments)


def _blocks(lines: Iterable[str], main: Form, runs: dict[Form, list[tuple[str, int]]]) -> Iterator[_Block]:
    """The blocks of headers in these lines; fills `runs` with the dates of each form as they change, and how often."""
    known: dict[Form, re.Pattern[str]] = {main: compile_form(main)}
    block: _Block | None = None
    counts: dict[Form, int] = {}
    yielded = 0
    for number, line in enumerate(lines, 1):
        bare = "\n" + line.rstrip("\r\n")
        form, found = _match(bare, known)
        if block is not None:
            block.length += len(bare)
        if form is None or found is None:
            continue
        written = found["date"], found["time"]
        dates = runs.setdefault(form, [])
        if not dates or dates[-1][0] != written[0]:
            dates.append((written[0], counts.get(form, 0)))
        counts[form] = counts.get(form, 0) + 1
        if block is None or block.form != form:
            if block is not None:
                yield block
                if (yielded := yielded + 1) > _BLOCKS:
                    return
            block = _Block(form, number, found["head"].strip("\n"), written, written, length=len(bare))
        block.headers += 1
        block.last = written
        if found["name"] is not None and len(block.names) < _NAMES:
            block.names.add(person_of(found["name"]))
    if block is not None:
        yield block


def _match(bare: str, known: dict[Form, re.Pattern[str]]) -> tuple[Form | None, re.Match[str] | None]:
    for form, pattern in known.items():
        found = pattern.match(bare)
        if found is not None:
            return form, found
    other = form_of(bare[1:])
    if other is None:
        return None, None
    known[other[0]] = compile_form(other[0])
    return other[0], known[other[0]].match(bare)


def _accepted(blocks: list[_Block], main: Form, orders: dict[Form, DateOrder]) -> Iterator[_Block]:
    """The blocks that are parts of the chat itself, in file order."""
    moments = [block.moments(orders[block.form]) for block in blocks]
    people = {name for block in blocks if block.form == main for name in block.names}
    met = {main}
    largest = max((block.headers for block in blocks if block.form == main), default=0)
    current, before, main_begun = main, None, False
    for place, block in enumerate(blocks):
        begin, end = moments[place]
        if block.form != current:
            many = block.headers >= (ENOUGH_LATER if block.form in met else ENOUGH_HEADERS)
            known = bool(block.names & people) or block.headers >= _MANY_HEADERS
            after = _next(blocks, moments, place, current, before)
            in_time = begin is not None and end is not None and _between(before, begin, end, after)
            # Nothing can be pasted where no message has begun.
            at_the_top = not place and block.headers >= ENOUGH_LATER
            returns = block.form == main and not main_begun and block.headers * _MAIN_PART >= largest
            # What is older than all before it was pasted into that.
            returns = returns and (begin is None or before is None or begin >= before or block.headers >= _MANY_HEADERS)
            if not (block.length > LONGEST_MESSAGE or (many and known and in_time) or at_the_top or returns):
                continue
            current = block.form
            met.add(current)
            people |= block.names
        main_begun = main_begun or current == main
        before = end or before
        yield block


def _next(
    blocks: list[_Block], moments: list[_Span], place: int, form: Form, before: datetime | None
) -> datetime | None:
    """When the chat may go on in this form after the block at `place`: not with headers from the past, a paste."""
    for block, (begin, _) in zip(blocks[place + 1 : place + _AHEAD], moments[place + 1 :], strict=False):
        if block.form == form and begin is not None and (before is None or begin >= before):
            return begin
    return None


def _between(before: datetime | None, begin: datetime, end: datetime, after: datetime | None) -> bool:
    return (before is None or begin >= before) and (after is None or end <= after)
