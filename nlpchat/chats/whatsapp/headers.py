"""The form of a WhatsApp file's header lines: found by vote, then compiled to one strict expression.

    [marks] [ "[" ] DATE glue [period] TIME [period] close REST

    13/05/2024, 08:00 - Alice: ...            Android
    [5/13/24, 8:00:00 AM] Alice: ...          iOS
    13/05/2024 08:00:00: Alice: ...           iOS before 2018
    13. 5. 2024. 08:00:00 Alice: ...          nothing between time and name
    [14:56:01, 3/18/22] Alice: ...            iOS, Vietnamese: the time first
    12:05, 13 May 2015 - Alice: ...           Android before 2016: the month as a word

Date order, clock, glue and close vary independently from phone to phone, so a form is the set of its literal
parts, never a name out of a list. A new glue word, day period, era or close is one entry in a table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from nlpchat.chats.marks import MARKS, SPACES, STRIP_MARKS
from nlpchat.chats.whatsapp.calendars import ERAS_AFTER, ERAS_BEFORE
from nlpchat.chats.whatsapp.date_order import DateOrder
from nlpchat.chats.whatsapp.day_periods import ANY_PERIOD, LATIN_PERIOD, is_day_period
from nlpchat.chats.whatsapp.months import ANY_MONTH, MONTHS

# What stands between date and time, besides the separators themselves.
GLUE_WORDS = (
    "à", "klo", "um", "at", "alle", "alle ore", "a las", "a les", "às", "as", "kl.", "kl", "den", "om", "o", "ob", "u",
    "v", "в", "о", "об", "у", "у/в", "kell", "plkst.", "pada", "pukul", "saat", "στις", "בשעה", "ב-", "ساعت", "في", "को",
    "เวลา", "lúc",
)  # fmt: skip


def _one_of(written: Iterable[str]) -> str:
    return "|".join(re.escape(one) for one in sorted(written, key=lambda one: (-len(one), one)))


# A few marks in a row, and no more: with a million of them, "*" beside "*" would try every way to share them out.
_M = f"[{MARKS}]{{0,4}}"
_S = f"[{SPACES}]"
_ERA = f"(?:{_one_of(ERAS_BEFORE)})"
_GLUE = rf"{_M}(?:[,،、]{_M}{_S}?(?:(?:{_one_of(GLUE_WORDS)}){_S})?|{_S}(?:(?:{_one_of(GLUE_WORDS)}){_S})?){_M}"
_SEP = rf"{_M}(?:[./\-‐‑–−／．－؍]{_S}?|[年月]{_S}?|[년월]{_S}?){_M}"
_TAIL = rf"(?:[日일]|{_S}?(?:{_one_of(ERAS_AFTER)})|\.(?:{_S}?(?:{_one_of(ERAS_AFTER)}))?)?"
_DATE = (
    rf"(?P<e1>{_ERA}{_S}?)?(?P<d1>\d{{1,4}})(?P<s1>{_SEP})(?P<d2>\d{{1,2}})(?P<s2>{_SEP})"
    rf"(?P<e3>{_ERA}{_S}?)?(?P<d3>\d{{4}}|\d{{1,2}})(?P<tail>{_TAIL})"
)
# With the month as a word: "13 mai 2024", "1er févr. 2024", "May 13, 2024", "13 de mayo de 2024", "13-May-2024".
_ORDINAL = "(?:er|st|nd|rd|th|º)?"
_NAMED_SEP = rf"[-/]|[.,]?{_S}(?:(?:de|del|of){_S})?"
_NAMED_DATE = (
    rf"(?P<e1>(?!))?(?P<d1>{ANY_MONTH}|\d{{4}}|\d{{1,2}}(?={_ORDINAL}[^\w])){_ORDINAL}(?P<s1>{_NAMED_SEP})"
    rf"(?P<d2>{ANY_MONTH}|\d{{1,2}}(?={_ORDINAL}[^\w])){_ORDINAL}(?P<s2>{_NAMED_SEP})"
    rf"(?P<e3>(?!))?(?P<d3>\d{{4}}|\d{{1,2}})(?P<tail>{_TAIL})"
)
# A word where a day period may stand; whether it is one is looked up afterwards.
_WORD = rf"{LATIN_PERIOD}|apr[eè]s-midi|[^\d\n:\[\]/,،\-–—]{{1,20}}?"
_TIME = (
    rf"(?:(?P<before>{_WORD}){_S}?)?"
    rf"\d{{1,2}}(?P<t1>[:.：]|{_S}?h{_S}?|時|时|시{_S}?|点)\d{{2}}"
    rf"(?:(?P<t2>[:.：]|{_S}?(?:min|m){_S}?|分|분{_S}?)\d{{2}})?(?P<t3>秒|초|(?:{_S}?s|{_S}(?:ч\.?|Uhr|h))(?!\w))?"
    rf"(?P<after>{_S}?(?:{_WORD}))?"
)
_CLOSE = rf"{_M}(?P<close>\](?={_M}{_S}|$)|{_S}{_M}[-–—](?={_M}{_S}|$)|:(?={_S}))"
# Without a dash or a bracket: only after seconds, and only before a name.
_BARE = rf"{_M}(?P<close>{_S})(?=[^:\n]{{1,60}}: )"
_LEAD = rf"{_M}(?P<open>\[?){_M}"
_ANY_DATE_FIRST = re.compile(rf"{_LEAD}{_DATE}(?P<glue>{_GLUE}){_TIME}{_CLOSE}", re.IGNORECASE)
# No day period there: "21:25:15 Alice" is a name.
_ANY_BARE = re.compile(rf"{_LEAD}{_DATE}(?P<glue>{_GLUE}){_TIME}{_BARE}".replace("(?P<after>", "(?P<after>(?!)"))
_ANY_TIME_FIRST = re.compile(rf"{_LEAD}{_TIME}(?P<glue>{_GLUE}){_DATE}{_CLOSE}", re.IGNORECASE)
# What a header can begin with: spares continuation lines the long expressions.
_INITIALS = "".join(sorted({initial for word in MONTHS for initial in (word[0], word[0].upper())}))
MAY_BEGIN = rf"{_M}\[?{_M}(?:\d|{_ERA}{_S}?\d|[上下午中凌早清傍晚半正深夜오]|[{_INITIALS}]\w{{2,10}}\.?[{SPACES}/-]\d)"
_MAY_BEGIN = re.compile(MAY_BEGIN)
_LEADING_MARKS = re.compile(rf"\A[{MARKS}]+")
_KOREAN = ("오전", "오후")
_WORDS = re.compile(r"[^\W\d_]{3,}")
# With fewer headers than this the form of the first one is not outvoted.
_ENOUGH_TO_OUTVOTE = 8
# Where a header ends at the latest, in characters.
_LONGEST_HEADER = 60
_LATIN = re.compile(rf"{_S}?{LATIN_PERIOD}", re.IGNORECASE)
# One space looks like another, in a form and in its compiled expression.
_PLAIN = str.maketrans(dict.fromkeys(SPACES, " "))


@dataclass(frozen=True, slots=True)
class Form:
    """The literal parts that every header of one file shares.

    year_width: digits of the year, 0 for one or two beside an era. tail: what follows the date. clock: what follows
    the hour, the minute, and the second. latin: the day period is AM or PM in Latin letters. marked: invisible marks
    stand between the parts. ascii: the digits are 0 to 9, not those of another script. month: which part of the date
    is the month as a word, 1 or 2; 0: none.
    """

    bracket: bool
    time_first: bool
    year_first: bool
    separators: tuple[str, str]
    year_width: int
    tail: str
    glue: str
    clock: tuple[str, str, str]
    period: str  # "", "before" or "after"
    latin: bool
    close: str
    marked: bool
    ascii: bool
    month: int

    @property
    def order(self) -> DateOrder | None:
        """The order of day and month that the form itself shows; None: the numbers leave it open."""
        if self.year_first:
            return "ymd"
        return (None, "mdy", "dmy")[self.month]

    @property
    def ios(self) -> bool:
        return self.bracket or self.close == ":"

    @property
    def era(self) -> bool:
        """Whether the year is written with the letters of an era before it."""
        return self.year_width == 0


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
    found = _ANY_DATE_FIRST.match(line) or _ANY_TIME_FIRST.match(line) or _named(line)
    if found is None or not _period_is_one(found):
        found = _ANY_BARE.match(line)
        found = found if found is not None and found["t2"] else None
    if found is None or (found["open"] == "[") != (found["close"] == "]"):
        return None
    first, last = found["d1"], found["d3"]
    named = [not found[part][0].isdecimal() for part in ("d1", "d2")]
    period = found["before"] or found["after"]
    year_first = (len(first) == 4 and not named[0]) or found["e1"] is not None
    # Korean phones write "24. 5. 3. 오후 8:05", and never the day first with dots.
    korean = period in _KOREAN and "." in found["s1"] and len(first) == 2 and len(last) < 4
    year_first = year_first or korean
    era = found["e1"] is not None or found["e3"] is not None
    year = first if year_first else last
    if (
        (len(first) == 3 and not named[0])
        or (year_first and (len(last) == 4 or found["e3"]))
        or (len(year) == 1 and not era)
    ):
        return None
    written = STRIP_MARKS.sub("", found[0]).translate(_PLAIN)
    plain = {name: STRIP_MARKS.sub("", part or "").translate(_PLAIN) for name, part in found.groupdict().items()}
    form = Form(
        bracket=plain["open"] == "[",
        time_first=found.start("t1") < found.start("s1"),
        year_first=year_first,
        separators=(plain["s1"], plain["s2"]),
        year_width=0 if era else len(year),
        tail=plain["tail"],
        glue=plain["glue"].casefold(),
        clock=(plain["t1"].casefold(), plain["t2"].casefold(), plain["t3"].casefold()),
        period="before" if found["before"] else "after" if found["after"] else "",
        latin=bool(period) and _LATIN.fullmatch(period) is not None,
        close=plain["close"],
        marked=STRIP_MARKS.search(_LEADING_MARKS.sub("", found[0])) is not None,
        ascii=not any(c.isdecimal() and not c.isascii() for c in written),
        month=named.index(True) + 1 if any(named) else 0,
    )
    return form, _LEADING_MARKS.sub("", found[0], count=1) + ("" if form.ios or form.close == " " else " ")


def _named(line: str) -> re.Match[str] | None:
    """A header with its month as a word; None: there is none, or two."""
    if not any(word.casefold() in MONTHS for word in _WORDS.findall(line, 0, _LONGEST_HEADER)):
        return None
    date_first, time_first = _named_expressions()
    found = date_first.match(line) or time_first.match(line)
    return found if found and found["d1"][0].isdecimal() != found["d2"][0].isdecimal() else None


@cache
def _named_expressions() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """For the date first, and for the time first; few files need them."""
    return (
        re.compile(rf"{_LEAD}{_NAMED_DATE}(?P<glue>{_GLUE}){_TIME}{_CLOSE}", re.IGNORECASE),
        re.compile(rf"{_LEAD}{_TIME}(?P<glue>{_GLUE}){_NAMED_DATE}{_CLOSE}", re.IGNORECASE),
    )


def _period_is_one(found: re.Match[str]) -> bool:
    period = found["before"] or found["after"]
    return not period or is_day_period(period)


def vote(lines: Iterable[str]) -> Vote | None:
    """The form that most of these lines have; None when none has.

    It is the form of the first header when the file returns to that, or when there is little else: before the first
    message nothing can be pasted, and after it a long conversation can.
    """
    counts: Counter[Form] = Counter()
    firsts: dict[Form, tuple[str, int]] = {}
    last: Form | None = None
    known: dict[Form, re.Pattern[str]] = {}
    for number, line in enumerate(lines, 1):
        for form, pattern in known.items():
            if pattern.match("\n" + line):
                counts[form] += 1
                last = form
                break
        else:
            found = form_of(line)
            if found is not None:
                last = found[0]
                counts[last] += 1
                firsts[found[0]] = found[1], number
                known[found[0]] = compile_form(found[0])
    if not counts:
        return None
    form, count = counts.most_common(1)[0]
    first = next(iter(firsts))
    if first == last or count < _ENOUGH_TO_OUTVOTE:
        form, count = first, counts[first]
    example, first_line = firsts[form]
    return Vote(form, example, count, first_line)


def compile_form(form: Form) -> re.Pattern[str]:
    """The expression of exactly this form at a line's beginning; days, months and hours may have one digit or two.

    It begins with the "\\n" before the line: that one character is looked for quickly. Groups: head (the header as
    written, with that "\\n"), date, time (whichever comes first in the form has the lower number), name: what stands
    before the first ": " of the line.
    """
    marks = _M if form.marked else ""
    digit = "[0-9]" if form.ascii else r"\d"
    one_or_two = f"{digit}{{1,2}}"
    year = rf"{_ERA}{_S}?{one_or_two}" if form.era else f"{digit}{{{form.year_width}}}"
    first, last = (year, one_or_two) if form.year_first else (one_or_two, year)
    second = one_or_two
    if form.month:
        nth, word = f"{one_or_two}{_ORDINAL}", f"(?i:{ANY_MONTH})"
        second = word if form.month == 2 else nth
        first = word if form.month == 1 else first if form.year_first else nth
    s1, s2, tail, glue, t1, t2, t3 = (
        _literal(part, marks) for part in (*form.separators, form.tail, form.glue, *form.clock)
    )
    date = rf"(?P<date>{first}{s1}{second}{s2}{last}{tail})"
    words = LATIN_PERIOD if form.latin else ANY_PERIOD
    before = rf"(?i:{words}){_S}?" if form.period == "before" else ""
    after = rf"{_S}?(?i:{words})" if form.period == "after" else ""
    seconds = f"{t2}{digit}{{2}}" if form.clock[1] else ""
    time = rf"(?P<time>{before}{one_or_two}{t1}{digit}{{2}}{seconds}{t3}{after})"
    one, two = (time, date) if form.time_first else (date, time)
    opening = rf"\[{marks}" if form.bracket else ""
    end = rf"{_literal(form.close, marks)}{_M}(?:{_S}|(?=\n)|\Z)" if form.close != " " else rf"{_S}(?=[^:\n]{{1,60}}: )"
    return re.compile(
        rf"(?P<head>\n{_M}{opening}{one}{glue}{two}{marks}{end})"
        r"(?:(?P<name>[^:\n]*): )?"
    )


def _literal(part: str, marks: str) -> str:
    """A part of a form as an expression: one space for another, capitals or not, marks around where the form has any."""
    written = [
        _S if c == " " else re.escape(c) if c.lower() == c.upper() else f"[{c.lower()}{c.upper()}]" for c in part
    ]
    return marks.join(["", *written, ""]) if part else ""
