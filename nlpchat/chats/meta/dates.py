"""The date and time under a message on a page of Meta's, which is written in the account's language.

>>> moment_of("févr. 07, 2024 5:44 pm").local
datetime.datetime(2024, 2, 7, 17, 44)
>>> moment_of("dimanche 4 décembre 2016, 13:54 UTC-07").offset
datetime.timedelta(days=-1, seconds=61200)

Not one pattern for each language but one grammar for all: a day, a month, a year, a time, in any order, and no word
that is not of a date. So what somebody wrote about a date ("rendez-vous le 4 juin 2024 à 13:00") is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from unicodedata import combining, normalize

# No date is longer, in characters.
LONGEST = 64

# For each month, January first, its names and abbreviations; in the genitive too where dates use it.
_MONTHS = {
    "fr": "janvier janv jan|février févr fév|mars|avril avr|mai|juin|juillet juil|août|septembre sept|octobre oct"
    "|novembre nov|décembre déc",
    "en": "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep"
    "|october oct|november nov|december dec",
    "es": "enero ene|febrero feb|marzo mar|abril abr|mayo may|junio jun|julio jul|agosto ago"
    "|septiembre setiembre sept sep|octubre oct|noviembre nov|diciembre dic",
    "de": "januar jänner jan jän|februar feb|märz mär mrz|april apr|mai|juni jun|juli jul|august aug|september sept sep"
    "|oktober okt|november nov|dezember dez",
    "it": "gennaio gen|febbraio feb|marzo mar|aprile apr|maggio mag|giugno giu|luglio lug|agosto ago|settembre set sett"
    "|ottobre ott|novembre nov|dicembre dic",
    "pt": "janeiro jan|fevereiro fev|março mar|abril abr|maio mai|junho jun|julho jul|agosto ago|setembro set"
    "|outubro out|novembro nov|dezembro dez",
    "nl": "januari jan|februari feb|maart mrt|april apr|mei|juni jun|juli jul|augustus aug|september sep sept"
    "|oktober okt|november nov|december dec",
    "ru": "января янв|февраля февр фев|марта март мар|апреля апр|мая май|июня июнь июн|июля июль июл|августа авг"
    "|сентября сент сен|октября окт|ноября нояб ноя|декабря дек",
    "uk": "січня січ|лютого лют|березня бер|квітня квіт|травня трав|червня черв|липня лип|серпня серп|вересня вер"
    "|жовтня жовт|листопада лист|грудня груд",
    "pl": "stycznia sty|lutego lut|marca mar|kwietnia kwi|maja maj|czerwca cze|lipca lip|sierpnia sie|września wrz"
    "|października paź|listopada lis|grudnia gru",
    "sv": "januari jan|februari feb|mars|april apr|maj|juni jun|juli jul|augusti aug|september sep|oktober okt"
    "|november nov|december dec",
    "da": "januar jan|februar feb|marts mar|april apr|maj|juni jun|juli jul|august aug|september sep|oktober okt"
    "|november nov|december dec",
    "nb": "januar jan|februar feb|mars mar|april apr|mai|juni jun|juli jul|august aug|september sep|oktober okt"
    "|november nov|desember des",
    "tr": "ocak oca|şubat şub|mart mar|nisan nis|mayıs may|haziran haz|temmuz tem|ağustos ağu|eylül eyl|ekim eki"
    "|kasım kas|aralık ara",
    "ro": "ianuarie ian|februarie feb|martie mar|aprilie apr|mai|iunie iun|iulie iul|august aug|septembrie sept"
    "|octombrie oct|noiembrie nov|decembrie dec",
    "id": "januari jan|februari feb|maret mar|april apr|mei|juni jun|juli jul|agustus agu|september sep|oktober okt"
    "|november nov|desember des",
    "ar": "يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر",
}  # fmt: skip

# Days of the week, and the small words between the parts of a date, in the same languages.
_WEEKDAYS = """
lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim
monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
lunes martes miércoles jueves viernes sábado domingo mié jue vie sáb dom
montag dienstag mittwoch donnerstag freitag samstag sonntag mo di mi do fr sa so
lunedì martedì mercoledì giovedì venerdì sabato domenica gio
segunda terça quarta quinta sexta feira seg ter qua qui sex
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo
понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс
"""
_SMALL_WORDS = "le à a les à at on de del do da dos la las às um den der kl klo om alle ore il op в г год р o i"

# Hours from UTC; Facebook wrote these abbreviations in English in 2017 and before.
_ZONES = {
    "utc": 0, "gmt": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "akst": -9, "akdt": -8,
    "hst": -10, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}  # fmt: skip

_HALVES = r"a\.?\s?m\b\.?|p\.?\s?m\b\.?|午前|午後|上午|下午|오전|오후|ص|م(?!\w)"
_AFTERNOON = ("p", "午後", "下午", "오후", "م")
_SPACES = re.compile(r"[\s\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_OFFSET = re.compile(r"\b(?:utc|gmt)\s?([+\-−])(\d{1,2})(?::?(\d{2}))?$")
_NUMERIC = re.compile(r"(?<!\d)(?P<a>\d{1,4})(?P<sign>[./\-])\s?(?P<b>\d{1,2})(?P=sign)\s?(?P<c>\d{1,4})(?!\d)")
_TIME = re.compile(
    rf"(?:(?P<before>{_HALVES})\s?)?(?<![\d.:])(?P<hour>\d{{1,2}})(?:\s?[:.]|\s?h\s?)(?P<minute>\d{{2}})(?!\d)"
    rf"(?:[:.](?P<second>\d{{2}})(?!\d))?(?:\s?(?P<after>{_HALVES}))?"
)
_EASTERN = re.compile(r"(\d{1,4})\s?([年月日년월일])")
_EASTERN_PARTS = {"年": "year", "년": "year", "月": "month", "월": "month", "日": "day", "일": "day"}
_ORDINAL = re.compile(r"(?<=\d)(?:er|st|nd|rd|th|o)\b")
_PIECE = re.compile(r"\d+|[^\W\d_]+|\S")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as it is written: the clock's time there, and how far it is from UTC (None: not said)."""

    local: datetime
    offset: timedelta | None = None

    @property
    def utc(self) -> datetime:
        """The same in UTC; the local time without a zone where none is said."""
        return self.local if self.offset is None else (self.local - self.offset).replace(tzinfo=UTC)


@lru_cache(maxsize=65536)
def moment_of(text: str, *, month_first: bool = False) -> Moment | None:
    """The date and time that the text is and nothing else; None for any other text, or for a day that never was.

    month_first: how 3/4/2024 is read.
    """
    if len(text) > LONGEST or not any(character.isdigit() for character in text):
        return None
    rest, offset = _zone(_plain(text))
    time = _TIME.search(_NUMERIC.sub(lambda found: " " * len(found[0]), rest))
    if time is None:
        return None
    day = _day(f"{rest[: time.start()]} {rest[time.end() :]}", month_first)
    clock = _clock(time)
    if day is None or clock is None:
        return None
    try:
        moment = Moment(datetime(*day, *clock), offset)
        _ = moment.utc
    except (ValueError, OverflowError):
        return None
    return moment


def is_dated(text: str) -> bool:
    """Whether the text could be a date in a language that is not known here: short, with a year and a time."""
    return (
        len(text) <= LONGEST
        and re.search(r"(?<!\d)\d{4}(?!\d)", text) is not None
        and re.search(r"\d\s?[:.h]\s?\d{2}", text) is not None
    )


def month_order(texts: Iterable[str]) -> tuple[bool, str]:
    """Whether 3/4/2024 is the 4th of March on this page, and a date that leaves it open, "" when none does."""
    doubt = ""
    for text in texts:
        found = _NUMERIC.search(_plain(text)) if "/" in text else None
        if found is None or found["sign"] != "/" or len(found["a"]) > 2:
            continue
        first, second = int(found["a"]), int(found["b"])
        if first > 12 or second > 12:
            return first <= 12, ""
        doubt = doubt or (text if first != second else "")
    return False, doubt


def _plain(text: str) -> str:
    """Lower case without accents, and every kind of space one space."""
    split = normalize("NFKD", _SPACES.sub(" ", text).casefold())
    return normalize("NFKC", "".join(character for character in split if not combining(character))).strip()


def _zone(text: str) -> tuple[str, timedelta | None]:
    if found := _OFFSET.search(text):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return text[: found.start()], offset if found[1] == "+" else -offset
    before, _, word = text.rpartition(" ")
    return (before, timedelta(hours=_ZONES[word])) if word in _ZONES else (text, None)


def _clock(time: re.Match[str]) -> tuple[int, int, int] | None:
    hour, minute, second = int(time["hour"]), int(time["minute"]), int(time["second"] or 0)
    half = time["before"] or time["after"] or ""
    if half and hour <= 12:
        hour = hour % 12 + (12 if half.startswith(_AFTERNOON) else 0)
    return (hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def _day(text: str, month_first: bool) -> tuple[int, int, int] | None:
    """Year, month and day of what stands beside the time; None when a word of it is of no date."""
    found = _NUMERIC.search(text)
    if found is not None:
        ends = f"{text[: found.start()]} {text[found.end() :]}"
        return _numeric(found, month_first) if _only_fillers(_PIECE.findall(ends)) else None
    marked = {_EASTERN_PARTS[sign]: int(number) for number, sign in _EASTERN.findall(text)}
    pieces = _PIECE.findall(_ORDINAL.sub("", _EASTERN.sub(" ", text)))
    words = [piece for piece in pieces if not piece.isdecimal()]
    names = [word for word in words if word in _month_names()]
    if len(names) > 1:
        names = [word for word in names if word not in _fillers()]
    if not _only_fillers([word for word in words if word not in names]):
        return None
    numbers = [int(piece) for piece in pieces if piece.isdecimal()]
    parts = [("day" if number <= 31 else "year", number) for number in numbers]
    parts += [("month", _month_names()[name]) for name in names]
    date = dict((*parts, *marked.items()))
    if len(date) < 3 or len(parts) + len(marked) > 3 or date["year"] < 1000:
        return None
    return date["year"], date["month"], date["day"]


def _numeric(found: re.Match[str], month_first: bool) -> tuple[int, int, int] | None:
    first, second, third = int(found["a"]), int(found["b"]), int(found["c"])
    if len(found["a"]) == 4:
        return first, second, third
    if len(found["c"]) != 4:
        return None
    return (third, first, second) if month_first and found["sign"] == "/" else (third, second, first)


def _only_fillers(words: Iterable[str]) -> bool:
    return all(word in _fillers() or word in ",.،'’·-" for word in words)


@cache
def _month_names() -> dict[str, int]:
    return {
        _plain(name): number
        for language in _MONTHS.values()
        for number, names in enumerate(language.split("|"), 1)
        for name in names.split()
    }


@cache
def _fillers() -> frozenset[str]:
    return frozenset(map(_plain, (_WEEKDAYS + _SMALL_WORDS).split()))
