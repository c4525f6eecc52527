"""The form of a WhatsApp file's header lines: found by vote, then compiled to one strict expression.

    [marks] [ "[" ] DATE glue [period] TIME [period] close REST

    13/05/2024, 08:00 - Alice: ...            Android
    [5/13/24, 8:00:00 AM] Alice: ...          iOS
    13/05/2024 08:00:00: Alice: ...           iOS before 2018
    [14:56:01, 3/18/22] Alice: ...            iOS, Vietnamese: the time first

Date order, clock, glue and close vary independently from phone to phone, so a form is the set of its literal
parts, never a name out of a list. A new glue word, day period or close is one entry in a table here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from nlpchat.chats.date_order import DateOrder, date_of

# Invisible marks around headers, names and notices: BOM, LRM, RLM, ALM, embeddings, isolates.
MARKS = "\ufeff\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"
SPACES = " \u00a0\u202f\u2009"

# What stands between date and time, besides the separators themselves.
GLUE_WORDS = ("à", "klo", "um", "at", "alle", "a las", "às", "kl.", "o", "в")

# Day periods by the written word (see `_period_key`), to how they read a 12-hour clock.
DAY_PERIODS = {
    **dict.fromkeys(("am", "matin", "mat", "morgens", "vorm", "上午", "午前", "오전", "ص"), "am"),
    **dict.fromkeys(
        ("pm", "midi", "après-midi", "apres-midi", "apm", "soir", "mittags", "nachm", "abends",
         "下午", "午後", "오후", "م"), "pm"),
    **dict.fromkeys(("nuit", "min", "minuit", "nachts"), "night"),
}  # fmt: skip

_PERIOD = (
    rf"[ap][.:]?[{SPACES}]?m\.?|mat\.|matin|midi|apr[eè]s-midi|ap\.m\.|soir|nuit|minuit|min\."
    r"|morgens|vorm\.|mittags|nachm\.|abends|nachts|ص|م"
)
_PERIOD_BEFORE = "上午|下午|午前|午後|오전|오후"
_GLUE = rf"(?:[,،][{SPACES}]?|[{SPACES}](?:{'|'.join(map(re.escape, GLUE_WORDS))})[{SPACES}]|[{SPACES}])"
_SEP = rf"[{MARKS}]?(?:[./-][{SPACES}]?)"
_DATE = rf"(?P<d1>\d{{1,4}})(?P<s1>{_SEP})(?P<d2>\d{{1,2}})(?P<s2>{_SEP})(?P<d3>\d{{4}}|\d{{1,2}})(?P<dot>\.?)"
_TIME = (
    rf"(?:(?P<before>{_PERIOD_BEFORE})[{SPACES}]?)?"
    rf"\d{{1,2}}(?P<t1>[:.]|[{SPACES}]h[{SPACES}])\d{{2}}(?P<seconds>[:.]\d{{2}})?"
    rf"(?P<after>[{SPACES}]?(?:{_PERIOD}))?"
)
_CLOSE = rf"(?P<close>\](?=[{SPACES}]|$)|[{SPACES}][-–](?=[{SPACES}]|$)|:(?=[{SPACES}]))"
_LEAD = rf"[{MARKS}]*(?P<open>\[?)"
_ANY_DATE_FIRST = re.compile(rf"{_LEAD}{_DATE}(?P<glue>{_GLUE}){_TIME}{_CLOSE}", re.IGNORECASE)
_ANY_TIME_FIRST = re.compile(rf"{_LEAD}{_TIME}(?P<glue>{_GLUE}){_DATE}{_CLOSE}", re.IGNORECASE)
# One space looks like another, in a form and in its compiled expression.
_PLAIN = str.maketrans(dict.fromkeys(SPACES, " ") | dict.fromkeys("\u200e\u200f\u061c", ""))
_LEADING_MARKS = re.compile(rf"\A[{MARKS}]+")
# What a header can begin with: spares continuation lines the long expressions.
_MAY_BEGIN = re.compile(rf"[{MARKS}]*\[?[\d上下午오]")


@dataclass(frozen=True, slots=True)
class Form:
    """The literal parts that every header of one file shares."""

    bracket: bool
    time_first: bool
    year_first: bool
    separators: tuple[str, str]
    year_width: int
    dot: bool
    glue: str
    clock: str
    seconds: str
    period: str  # "", "before" or "after"
    close: str

    @property
    def ios(self) -> bool:
        return self.bracket or self.close == ":"


@dataclass(frozen=True, slots=True)
class Vote:
    """The winning form, the first header written in it, and how many sampled lines had it."""

    form: Form
    example: str
    count: int
    first_line: int


def form_of(line: str) -> tuple[Form, str] | None:
    """The form of a line's header and the header as written; None when the line has none."""
    if not _MAY_BEGIN.match(line):
        return None
    found = _ANY_DATE_FIRST.match(line)
    time_first = False
    if found is None:
        found = _ANY_TIME_FIRST.match(line)
        time_first = True
    if found is None or (found["open"] == "[") != (found["close"] == "]"):
        return None
    year_first = len(found["d1"]) == 4
    if len(found["d1"]) == 3 or (year_first and len(found["d3"]) == 4):
        return None
    form = Form(
        bracket=found["open"] == "[",
        time_first=time_first,
        year_first=year_first,
        separators=(found["s1"].translate(_PLAIN), found["s2"].translate(_PLAIN)),
        year_width=len(found["d1"] if year_first else found["d3"]),
        dot=bool(found["dot"]),
        glue=found["glue"].translate(_PLAIN).casefold(),
        clock=found["t1"].translate(_PLAIN).casefold(),
        seconds=found["seconds"][0] if found["seconds"] else "",
        period="before" if found["before"] else "after" if found["after"] else "",
        close=found["close"].translate(_PLAIN),
    )
    return form, _LEADING_MARKS.sub("", found[0], count=1) + ("" if form.ios else " ")


def vote(lines: Iterable[str]) -> Vote | None:
    """The form that most of these lines have (the first seen, when two have as many); None when none has."""
    counts: Counter[Form] = Counter()
    firsts: dict[Form, tuple[str, int]] = {}
    for number, line in enumerate(lines, 1):
        found = form_of(line)
        if found is not None:
            counts[found[0]] += 1
            firsts.setdefault(found[0], (found[1], number))
    if not counts:
        return None
    form, count = counts.most_common(1)[0]
    example, first_line = firsts[form]
    return Vote(form, example, count, first_line)


def compile_form(form: Form) -> re.Pattern[str]:
    """The expression of exactly this form; days, months and hours may have one digit or two.

    Groups: date (d1, d2, d3 as written), time (hour, minute, second, before, after: the day period), rest.
    """
    year = rf"\d{{{form.year_width}}}"
    first, last = (year, r"\d{1,2}") if form.year_first else (r"\d{1,2}", year)
    s1, s2 = (rf"[{MARKS}]?{_literal(s)}" for s in form.separators)
    dot = r"\." if form.dot else ""
    date = rf"(?P<date>(?P<d1>{first}){s1}(?P<d2>\d{{1,2}}){s2}(?P<d3>{last}){dot})"
    before = rf"(?P<before>{_PERIOD_BEFORE})[{SPACES}]?" if form.period == "before" else "(?P<before>)"
    after = rf"[{SPACES}]?(?P<after>{_PERIOD})" if form.period == "after" else "(?P<after>)"
    seconds = rf"{re.escape(form.seconds)}(?P<second>\d{{2}})" if form.seconds else "(?P<second>)"
    time = rf"(?P<time>{before}(?P<hour>\d{{1,2}}){_literal(form.clock)}(?P<minute>\d{{2}}){seconds}{after})"
    one, two = (time, date) if form.time_first else (date, time)
    opening = r"\[" if form.bracket else ""
    ignore_case = "(?i:" if form.period else "(?:"
    return re.compile(
        rf"[{MARKS}]*{opening}{ignore_case}{one}{_literal(form.glue)}{two})"
        rf"{_literal(form.close)}(?:[{SPACES}]|(?=\r?$))(?P<rest>.*)"
    )


def hour_of(hour: int, period: str) -> int:
    """The hour of a 24-hour clock: 12 nuit is 0, 12 midi 12, 2 après-midi 14; 13 PM stays 13, 0 AM is 0."""
    if not period or hour > 12:
        return hour
    reading = DAY_PERIODS.get(_period_key(period), "am")
    if reading == "night":
        # "2:05 nuit" is after midnight; "11:30 nuit" can only be before it.
        reading = "pm" if 9 <= hour < 12 else "am"
    return hour % 12 + (12 if reading == "pm" else 0)


class Clock:
    """Dates and times as written, to what they mean, each read once; None: no calendar or clock has it."""

    def __init__(self, order: DateOrder) -> None:
        self._order = order
        self.days: dict[str, date | None] = {}
        self.times: dict[str, time | None] = {}

    def learn(self, found: re.Match[str]) -> None:
        """Adds the date and the time of this header."""
        d1, d2, d3 = map(int, found.group("d1", "d2", "d3"))
        self.days[found["date"]] = date_of((d1, d2, d3), self._order)
        hour = hour_of(int(found["hour"]), found["before"] or found["after"])
        try:
            moment = time(hour, int(found["minute"]), int(found["second"] or 0))
        except ValueError:
            moment = None
        self.times[found["time"]] = moment


def _period_key(written: str) -> str:
    return re.sub(rf"[.:{SPACES}]", "", written).casefold()


def _literal(part: str) -> str:
    return "".join(f"[{SPACES}]" if c == " " else re.escape(c) for c in part)
