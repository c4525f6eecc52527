"""Day first or month first: decided over the whole file, by the strongest evidence that tells the two apart.

In this order: impossible dates, going back in time (exports are chronological), dates in the names of attached
files, then hints: dots and dashes say day first; with slashes, the order that keeps the conversation shorter; a Latin
AM/PM says month first (India writes dd/mm/yy with am, so it is only a hint). What was decided is always said, and why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Literal

from nlpchat.chats.whatsapp.calendars import date_in

DateOrder = Literal["dmy", "mdy", "ymd"]
NAMES: dict[DateOrder, str] = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}

# One order's span must be this many times shorter than the other's to be believed.
SPAN_RATIO = 3
# IMG-20240304-WA0001.jpg, 00000001-PHOTO-2024-03-04-16-00-15.jpg
_DATED_NAME = re.compile(r"-(20\d\d)-?(\d\d)-?(\d\d)[-.]")

Parts = tuple[int, int, int]


@dataclass(slots=True)
class Evidence:
    """What the header lines of one file say of their dates.

    dates: the three numbers as written, in file order, repeats in a row left out; lines: how many headers each
    stands for; attached: gives (index into dates, date in an attached file's name), asked only in doubt; year_width:
    digits of the year; latin_period: times with AM or PM; slashes: between the numbers.
    """

    dates: list[Parts] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    attached: Callable[[], Sequence[tuple[int, date]]] = tuple
    latin_period: bool = False
    slashes: bool = False
    year_width: int = 4


@dataclass(frozen=True, slots=True)
class Decision:
    """The order taken, and one sentence for a person: what it rests on, and what to do if that is wrong."""

    order: DateOrder
    told: str


def date_of(parts: Parts, order: DateOrder) -> date | None:
    """The date that the three numbers mean in this order; None for one that no calendar has (31/04)."""
    first, second, third = parts
    if order == "dmy":
        return date_in(third, second, first)
    return date_in(third, first, second) if order == "mdy" else date_in(first, second, third)


def attached_date(line: str) -> date | None:
    """The date in an attached file's name; None when the line names none."""
    found = _DATED_NAME.search(line)
    return date_of((int(found[1]), int(found[2]), int(found[3])), "ymd") if found else None


def decide(evidence: Evidence) -> Decision:
    """The order that the evidence speaks for."""
    orders: tuple[DateOrder, ...] = ("dmy", "mdy")
    if evidence.year_width == 2 and any(parts[0] > 31 or not parts[0] for parts in evidence.dates):
        orders = ("dmy", "mdy", "ymd")
    readings = {order: [date_of(parts, order) for parts in evidence.dates] for order in orders}
    impossible = {
        order: sum(n for n, day in zip(evidence.lines, days, strict=True) if day is None)
        for order, days in readings.items()
    }
    best = min(orders, key=lambda order: impossible[order])
    if best == "ymd" or impossible["dmy"] != impossible["mdy"]:
        return _by_impossible_dates(evidence, best, readings)
    if readings["dmy"] == readings["mdy"]:
        return _decision("dmy", "either order gives the same days")
    return _decide_in_doubt(evidence, readings["dmy"], readings["mdy"])


def _by_impossible_dates(evidence: Evidence, best: DateOrder, readings: dict[DateOrder, list[date | None]]) -> Decision:
    others = [days for order, days in readings.items() if order != best]
    only = impossible = 0
    for place, (lines, day) in enumerate(zip(evidence.lines, readings[best], strict=True)):
        impossible += lines if day is None else 0
        only += lines if day is not None and all(days[place] is None for days in others) else 0
    told = f"{_of(only, sum(evidence.lines))} lines have a date that exists in no other order"
    if not impossible:
        return _decision(best, told)
    return _decision(best, f"{told}, {impossible:,} have none in this one", ask=impossible * 4 > only)


def _decide_in_doubt(evidence: Evidence, dmy: list[date | None], mdy: list[date | None]) -> Decision:
    back = _backward(dmy), _backward(mdy)
    if back[0] != back[1]:
        order, other = _two(day_first=back[0] < back[1])
        return _decision(order, f"{NAMES[other]} they would go back in time {_times(back)}")
    attached = evidence.attached()
    names = _agreeing(attached, dmy), _agreeing(attached, mdy)
    if names[0] != names[1]:
        order, _ = _two(day_first=names[0] > names[1])
        return _decision(order, f"{_of(max(names), len(attached))} dates in names of attached files agree")
    shown = next((a, b) for a, b in zip(dmy, mdy, strict=True) if a != b)
    both = f"they could mean {shown[0] or 'no date'} (day first) or {shown[1] or 'no date'} (month first)"
    if not evidence.slashes:
        return _decision("dmy", f"{both}, and dots or dashes mostly stand for the first")
    spans = _span(dmy) + 1, _span(mdy) + 1
    if max(spans) >= SPAN_RATIO * min(spans):
        order, other = _two(day_first=spans[0] < spans[1])
        return _decision(order, f"{NAMES[other]} they would spread {min(spans)} days over {max(spans)}", ask=True)
    order, _ = _two(day_first=not evidence.latin_period)
    hint = ", and AM or PM is mostly American" if evidence.latin_period else ""
    return _decision(order, both + hint, ask=True)


def _two(*, day_first: bool) -> tuple[DateOrder, DateOrder]:
    """The order taken, and the one that was not."""
    return ("dmy", "mdy") if day_first else ("mdy", "dmy")


def _decision(order: DateOrder, why: str, *, ask: bool = False) -> Decision:
    other: DateOrder = "mdy" if order == "dmy" else "dmy"
    advice = f"; if that is wrong, give --date-order {other}" if ask else ""
    return Decision(order, f"the dates were read {NAMES[order]}: {why}{advice}")


def _of(some: int, whole: int) -> str:
    return f"{some:,} of {whole:,}"


def _times(counts: tuple[int, int]) -> str:
    most, least = max(counts), min(counts)
    often = "once" if most == 1 else f"{most:,} times"
    return f"{often} instead of {least:,}" if least else often


def _backward(days: Sequence[date | None]) -> int:
    known = [day for day in days if day is not None]
    return sum(b < a for a, b in pairwise(known))


def _agreeing(attached: Sequence[tuple[int, date]], days: Sequence[date | None]) -> int:
    return sum(days[index] == named for index, named in attached)


def _span(days: Sequence[date | None]) -> int:
    known = [day for day in days if day is not None]
    return (max(known) - min(known)).days if known else 0
