"""The date that a year, a month and a day of any phone's calendar mean.

Japanese years count from an emperor ("R4" is 2022), Thai ones from the Buddha (2565), Taiwan's from 1912; Persian
and Islamic phones have months of their own. Which it is follows from the letters beside the year, or from the year:
WhatsApp is of 2009, so 2565, 1401 and 1443 can only be of those calendars.
"""

from __future__ import annotations

from datetime import date, timedelta

# Letters before the year, to what makes it a Gregorian one.
ERAS_BEFORE = {
    "R": 2018, "令和": 2018, "H": 1988, "平成": 1988, "S": 1925, "昭和": 1925,
    "民國": 1911, "民国": 1911, "Minguo": 1911, "ROC": 1911, "พ.ศ.": -543, "BE": -543,
}  # fmt: skip
# Letters after it, the same; 0: the calendar is told by the year itself, or is the usual one.
ERAS_AFTER = {
    "BE": -543, "B.E.": -543, "พ.ศ.": -543, "Minguo": 1911, "ROC": 1911,
    "AH": 0, "هـ": 0, "ه": 0, "AP": 0, "ه‍.ش.": 0, "هـ.ش.": 0, "AD": 0, "A.D.": 0, "CE": 0, "م": 0, "г.": 0, "г": 0,
    "р.": 0, "m.": 0,
}  # fmt: skip

# WhatsApp's first year, and one that it will not see, in each calendar.
_BUDDHIST = range(2552, 2643)
_PERSIAN = range(1387, 1430)
_ISLAMIC = range(1430, 1524)
_BUDDHIST_OFFSET = 543
# Two digits: 09 to 51 are years after 2000, 52 to 99 the Buddhist 2552 to 2599.
_FIRST_BUDDHIST_IN_TWO = 52
_PERSIAN_EPOCH = date(622, 3, 21).toordinal()
_ISLAMIC_EPOCH = date(622, 7, 18).toordinal()


def year_of(written: int, era: str) -> int:
    """The year with what its letters add: (4, "R") is 2022, (2565, "BE") and (65, "BE") are 2022."""
    offset = ERAS_BEFORE.get(era) or ERAS_AFTER.get(era) or 0
    if offset == -_BUDDHIST_OFFSET and written < 100:
        written += 2500
    return written + offset


def date_in(year: int, month: int, day: int) -> date | None:
    """The day in our calendar; None when no calendar has it (31/04)."""
    if year < 100:
        year += 2500 if year >= _FIRST_BUDDHIST_IN_TWO else 2000
    try:
        if year in _BUDDHIST:
            return date(year - _BUDDHIST_OFFSET, month, day)
        if year in _PERSIAN:
            return _persian(year, month, day)
        if year in _ISLAMIC:
            return _islamic(year, month, day)
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def _persian(year: int, month: int, day: int) -> date | None:
    """Six months of 31 days, five of 30, one of 29 or 30; 8 leap years in 33 (exact from 1799 to 2256)."""
    leap = (25 * year + 11) % 33 < 8
    longest = 31 if month <= 6 else 30 if month < 12 or leap else 29
    if not (1 <= month <= 12 and 1 <= day <= longest):
        return None
    before = 365 * (year - 1) + (8 * (year - 1) + 29) // 33
    months = 31 * (month - 1) if month <= 7 else 30 * (month - 1) + 6
    return date.fromordinal(_PERSIAN_EPOCH + before + months + day - 1)


def _islamic(year: int, month: int, day: int) -> date | None:
    """Months of 30 and 29 days by turns, 11 leap years in 30: within a day of what was seen in the sky."""
    if not (1 <= month <= 12 and 1 <= day <= 30):
        return None
    before = 354 * (year - 1) + (3 + 11 * year) // 30 + (59 * (month - 1) + 1) // 2
    return date.fromordinal(_ISLAMIC_EPOCH - 1) + timedelta(days=before + day)
