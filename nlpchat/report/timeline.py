"""Scored messages -> days -> Timeline: the shares over time, in no more periods than there is room for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from nlpchat.records import Verdict

Unit = Literal["day", "week", "month", "quarter", "year", "decade", "century", "millennium"]

# Finest first. The last ones are there for exports with a date gone wrong: from 1970 to now is 57 years.
UNITS: tuple[Unit, ...] = ("day", "week", "month", "quarter", "year", "decade", "century", "millennium")
MONTHS: dict[Unit, int] = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200, "millennium": 12000}
ENOUGH = 5  # scored messages in a period; a share of fewer says nothing
READABLE = 0.5  # of the messages are to be in periods with enough of them


@dataclass(frozen=True, slots=True)
class Period:
    """The scored messages from one day on: how many of each label."""

    start: date
    counts: Mapping[Verdict, int]

    @property
    def messages(self) -> int:
        return sum(self.counts.values())

    @property
    def enough(self) -> bool:
        """Whether there are messages enough for its shares to be shown."""
        return self.messages >= ENOUGH

    def share(self, label: Verdict) -> float:
        """0.0 to 1.0."""
        return self.counts[label] / max(self.messages, 1)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Periods of one unit, without a gap: those in which nobody wrote are there too.

    first, last: days of the first and last scored message; the periods' own first day may be earlier.
    """

    unit: Unit
    first: date
    last: date
    periods: tuple[Period, ...]

    def peak(self, label: Verdict) -> float:
        """The highest share of a label in a period with messages enough, 0.0 to 1.0."""
        return max((period.share(label) for period in self.periods if period.enough), default=0.0)

    def as_json(self) -> dict[str, object]:
        """The unit, and of each period its first day, messages, counts and shares."""
        return {"unit": self.unit, "periods": [_period_json(period) for period in self.periods]}


def by_day(sent: Iterable[datetime], labels: npt.NDArray[np.uint8], verdicts: Sequence[Verdict]) -> tuple[Period, ...]:
    """The days with a scored message, in order of time.

    sent: when each was sent, a day being the one of its own clock. labels: (n,) places in `verdicts`.
    """
    ordinals = np.fromiter((at.toordinal() for at in sent), np.int32, len(labels))
    days, places = np.unique(ordinals, return_inverse=True)
    width = len(verdicts)
    table = np.bincount(places * width + labels, minlength=len(days) * width).reshape(-1, width)
    found = zip(map(date.fromordinal, days.tolist()), table.tolist(), strict=True)
    return tuple(Period(day, dict(zip(verdicts, row, strict=True))) for day, row in found)


def timeline(days: Sequence[Period], most: int) -> Timeline | None:
    """The days put together into at most so many periods; None: fewer than two of them have messages enough.

    The finest unit that fits, and in which half of the messages are in periods with enough of them; where none is
    like that, the one that comes nearest.
    """
    best, best_share = None, 0.0
    total = sum(day.messages for day in days)
    for unit in UNITS if days else ():
        if _place(days[-1].start, unit) - _place(days[0].start, unit) >= most:
            continue
        line = Timeline(unit, days[0].start, days[-1].start, _grouped(days, unit))
        shown = [period.messages for period in line.periods if period.enough]
        if len(shown) > 1 and sum(shown) / total > best_share:
            best, best_share = line, sum(shown) / total
        if len(line.periods) < 2 or best_share >= READABLE:
            break
    return best


def _grouped(days: Sequence[Period], unit: Unit) -> tuple[Period, ...]:
    first, last = _place(days[0].start, unit), _place(days[-1].start, unit)
    sums: list[dict[Verdict, int]] = [dict.fromkeys(days[0].counts, 0) for _ in range(first, last + 1)]
    for day in days:
        counts = sums[_place(day.start, unit) - first]
        for label, count in day.counts.items():
            counts[label] += count
    return tuple(Period(_start(first + i, unit), counts) for i, counts in enumerate(sums))


def _place(day: date, unit: Unit) -> int:
    """The number of the period that a day is in, counted from the year 0 or 1."""
    if unit == "day":
        return day.toordinal()
    if unit == "week":
        return (day.toordinal() - 1) // 7  # 1 January of the year 1 is a Monday
    return (day.year * 12 + day.month - 1) // MONTHS[unit]


def _start(place: int, unit: Unit) -> date:
    """The first day of the period with this number."""
    if unit in MONTHS:
        year, month = divmod(place * MONTHS[unit], 12)
        return date(max(year, 1), month + 1, 1)  # the first decade begins in a year 0 that no calendar has
    return date.fromordinal(place if unit == "day" else place * 7 + 1)


def _period_json(period: Period) -> dict[str, object]:
    shares = {label: round(period.share(label), 4) for label in period.counts}
    start = period.start.isoformat()
    return {"from": start, "messages": period.messages, "counts": dict(period.counts), "shares": shares}
