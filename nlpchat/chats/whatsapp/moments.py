"""What the dates and times of one form of header mean, each written one read once.

`Dates(form, "dmy")["13/05/2024"]` is date(2024, 5, 13), `Times(form)["8:15 soir"]` is time(20, 15); None is what no
calendar and no clock has.
"""

from __future__ import annotations

import re
from datetime import date, time

from nlpchat.chats.marks import STRIP_MARKS
from nlpchat.chats.whatsapp.calendars import ERAS_AFTER, ERAS_BEFORE, year_of
from nlpchat.chats.whatsapp.date_order import DateOrder, Evidence, Parts, date_of
from nlpchat.chats.whatsapp.day_periods import hour_of
from nlpchat.chats.whatsapp.headers import Form
from nlpchat.chats.whatsapp.months import in_numbers

# So many different dates or times are kept at once: more than a phone's life has, fewer than a forger can write.
_KEPT = 200_000

_NUMBER = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_](?:[^\W\d_]|[.\u200d])*")
_CLOCK = re.compile(r"\d.*\d")


def parts_of(written: str, form: Form) -> Parts:
    """The three numbers of a date as written, the year with what its era adds: "3/18/R4" is (3, 18, 2022)."""
    plain = STRIP_MARKS.sub("", written)
    if form.month:
        plain = in_numbers(plain)
    first, second, third = map(int, _NUMBER.findall(plain)[:3])
    era = next((word for word in _LETTERS.findall(plain) if word in ERAS_BEFORE or word in ERAS_AFTER), "")
    if form.year_first:
        return year_of(first, era), second, third
    return first, second, year_of(third, era)


class Dates(dict[str, date | None]):
    """Dates as written, to days; None: no calendar has such a day in this order."""

    def __init__(self, form: Form, order: DateOrder) -> None:
        super().__init__()
        self._form = form
        self._order = order

    def __missing__(self, written: str) -> date | None:
        if len(self) > _KEPT:
            self.clear()
        day = self[written] = date_of(parts_of(written, self._form), self._order)
        return day


class Times(dict[str, time | None]):
    """Times of day as written, with their day period where the form has one; None: no clock shows it."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form

    def __missing__(self, written: str) -> time | None:
        if len(self) > _KEPT:
            self.clear()
        hour, minute, second = (*map(int, _NUMBER.findall(written)), 0)[:3]
        # Without one in the form, the "min" of "09 h 05 min 10 s" would be midnight's.
        period = _CLOCK.sub("", written).replace(self._form.clock[2], "", 1) if self._form.period else ""
        hour = hour_of(hour, period)
        moment = self[written] = time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None
        return moment


def evidence_of(runs: list[tuple[str, int]], form: Form, whole: int | None = None) -> Evidence:
    """What these dates, as written, say of their order.

    runs: (date, how many headers stood before it) whenever the date changes; whole: how many headers there are.
    """
    ends = [before for _, before in runs[1:]] + [runs[-1][1] + 1 if whole is None else whole] if runs else []
    return Evidence(
        dates=[parts_of(written, form) for written, _ in runs],
        lines=[max(1, end - before) for (_, before), end in zip(runs, ends, strict=True)],
        slashes="/" in form.separators[0],
        year_width=form.year_width,
        latin_period=form.latin,
    )
