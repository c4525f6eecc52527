"""Day first or month first: decided over the whole file, by the strongest evidence that tells the two apart.

In this order: impossible dates, going back in time (exports are chronological), dates in the names of
attached files, the span of the conversation, then hints: dots and dashes say day first, a Latin AM/PM with
slashes says month first (India writes dd/mm/yy with am, so it is only a hint). What rests on less than the
first is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Literal

DateOrder = Literal["dmy", "mdy", "ymd"]
NAMES: dict[DateOrder, str] = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}

# So many dates that exist in one order only, and none in the other only, leave no doubt.
CERTAIN = 30
# One order's span must be this many times shorter than the other's to be believed.
SPAN_RATIO = 3
# IMG-20240304-WA0001.jpg, 00000001-PHOTO-2024-03-04-16-00-15.jpg
_DATED_NAME = re.compile(r"-(20\d\d)-?(\d\d)-?(\d\d)[-.]")

Parts = tuple[int, int, int]


@dataclass(slots=True)
class Evidence:
    """What the header lines of one file say of their dates.

    dates: the three numbers as written, in file order, repeats in a row left out; lines: how many headers
    each stands for; attached: (index into dates, date in the attached file's name).
    """

    dates: list[Parts] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    attached: list[tuple[int, date]] = field(default_factory=list)
    latin_period: bool = False
    slashes: bool = False
    year_width: int = 4


@dataclass(frozen=True, slots=True)
class Decision:
    """The order taken; why, as one sentence for a person ("" when it is certain)."""

    order: DateOrder
    doubt: str = ""


def date_of(parts: Parts, order: DateOrder) -> date | None:
    """The date that the three numbers mean in this order; None for one that no calendar has (31/04)."""
    first, second, third = parts
    day, month, year = {
        "dmy": (first, second, third),
        "mdy": (second, first, third),
        "ymd": (third, second, first),
    }[order]
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None


def attached_date(line: str) -> date | None:
    """The date in an attached file's name; None when the line names none."""
    found = _DATED_NAME.search(line)
    return date_of((int(found[1]), int(found[2]), int(found[3])), "ymd") if found else None


def decide(evidence: Evidence) -> Decision:
    """The order that the evidence speaks for."""
    orders: tuple[DateOrder, ...] = ("dmy", "mdy")
    if evidence.year_width == 2 and any(parts[0] > 31 for parts in evidence.dates):
        orders = ("dmy", "mdy", "ymd")
    readings = {order: [date_of(parts, order) for parts in evidence.dates] for order in orders}
    impossible = {
        order: sum(n for n, day in zip(evidence.lines, days, strict=True) if day is None)
        for order, days in readings.items()
    }
    best = min(orders, key=lambda order: impossible[order])
    if best == "ymd" or impossible["dmy"] != impossible["mdy"]:
        return Decision(best)
    if readings["dmy"] == readings["mdy"]:
        return Decision("dmy")
    return _decide_in_doubt(evidence, readings["dmy"], readings["mdy"])


def is_certain(evidence: Evidence) -> bool:
    """Whether more lines could hardly change the order: many dates exist in one only, none in the other."""
    day_first = sum(first > 12 for first, _, _ in evidence.dates)
    month_first = sum(second > 12 for _, second, _ in evidence.dates)
    return max(day_first, month_first) >= CERTAIN and min(day_first, month_first) == 0


def _decide_in_doubt(evidence: Evidence, dmy: list[date | None], mdy: list[date | None]) -> Decision:
    back = _backward(dmy) - _backward(mdy)
    if back:
        return _decision(back < 0, "the other order goes back in time")
    names = _agreeing(evidence, mdy) - _agreeing(evidence, dmy)
    if names:
        return _decision(names < 0, "the names of the attached files say so")
    spans = _span(dmy) + 1, _span(mdy) + 1
    if max(spans) >= SPAN_RATIO * min(spans):
        return _decision(spans[0] < spans[1], f"the other order spreads {min(spans)} days over {max(spans)}", ask=True)
    shown = next((a, b) for a, b in zip(dmy, mdy, strict=True) if a != b)
    if not evidence.slashes:
        return Decision("dmy")
    why = f"they could mean {shown[0] or 'no date'} (day first) or {shown[1] or 'no date'} (month first)"
    return _decision(not evidence.latin_period, why, ask=True)


def _decision(day_first: bool, why: str, *, ask: bool = False) -> Decision:
    order: DateOrder = "dmy" if day_first else "mdy"
    other: DateOrder = "mdy" if day_first else "dmy"
    advice = f"; if that is wrong, give --date-order {other}" if ask else ""
    return Decision(order, f"the dates were read {NAMES[order]}: {why}{advice}")


def _backward(days: Sequence[date | None]) -> int:
    known = [day for day in days if day is not None]
    return sum(b < a for a, b in pairwise(known))


def _agreeing(evidence: Evidence, days: Sequence[date | None]) -> int:
    return sum(days[index] == named for index, named in evidence.attached)


def _span(days: Sequence[date | None]) -> int:
    known = [day for day in days if day is not None]
    return (max(known) - min(known)).days if known else 0
