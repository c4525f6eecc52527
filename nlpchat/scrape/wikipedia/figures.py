"""Text of the templates that write dates, hours, centuries, numbers and their units.

>>> date(["14", "7", "1789"], {}), unit(["8322", "km2"], {}), century(["XIX"], {})
('14 juillet 1789', '8 322 km²', 'XIXe siècle')
"""

from __future__ import annotations

import re

from nlpchat.scrape.wikipedia.renderers import HOLE, LOST, Named, Renderer, Values, at, first

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
_WEEKDAYS = frozenset(("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"))
_SUPERSCRIPTS = str.maketrans("0123456789+-−n()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ⁽⁾")
_SUBSCRIPTS = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")
_HIGH = re.compile(r"[0-9+\-−n()]+")
_LOW = re.compile(r"[0-9+\-−()]+")
_PLAIN_NUMBER = re.compile(r"(?<![\w.,])([0-9]+)(?:\.([0-9]+))?(?![\w.])")
_LONG_NUMBER = re.compile(r"(?<![0-9,])[0-9]{4,18}(?![0-9])")
_POWER_OF_UNIT = re.compile(r"\b([cdhkmn]?m)([23])\b")
_EXPONENT = re.compile(r"[-−+]?[0-9]")
_NUMERIC_DATE = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})|(\d{4})-(\d{2})-(\d{2})")
_LONGEST_DATE = 60  # characters
_DATE_THEME = re.compile(r" (?:en|au|à la|dans) [a-zà-ÿ][\w' -]+$| \d+-$")
_FIRST_OF_MONTH = re.compile(r"^1 (?=[a-zéû])")
_NUMERAL = re.compile(r"[IVXivx]+|\d{1,2}")


def raised(text: str) -> str:
    """`text` as an exponent: "2" is "²", "o" is "°" (n°), and what has no raised letters stays ("er")."""
    text = text.strip()
    if text in ("o", "°"):
        return "°"
    return text.translate(_SUPERSCRIPTS) if _HIGH.fullmatch(text) else text


def lowered(text: str) -> str:
    """`text` as an index: "2" is "₂"; what is no number stays."""
    text = text.strip()
    return text.translate(_SUBSCRIPTS) if _LOW.fullmatch(text) else text


def number(text: str) -> str:
    """Numbers as French writes them: groups of three digits, a decimal comma."""
    text = _PLAIN_NUMBER.sub(lambda m: m[1] if m[2] is None else f"{m[1]},{m[2]}", text.strip())
    return _LONG_NUMBER.sub(lambda m: f"{int(m[0]):,}".replace(",", " ") if m[0][0] != "0" else m[0], text)


def joined(values: Values, named: Named) -> str:
    """Everything given, in one: {{fchim|H|2|O}}."""
    return "".join(map(lowered, values))


def before(word: str) -> Renderer:
    return lambda values, named: f"{number(first(values, named))} {word}".lstrip()


def exponent(values: Values, named: Named) -> str:
    return raised(first(values, named))


def index(values: Values, named: Named) -> str:
    return lowered(first(values, named))


def exponent_and_index(values: Values, named: Named) -> str:
    return lowered(at(values, 1)) + raised(at(values, 0))


def root(values: Values, named: Named) -> str:
    """{{racine|2}}: "√2"; {{racine|1 + x|n=3}}: "³√(1 + x)"."""
    inside = first(values, named).strip()
    short = inside.replace("''", "")
    degree = raised(named.get("n") or at(values, 1))
    return f"{degree}√{inside}" if len(short) < 3 or short.isalnum() else f"{degree}√({inside})"


def fraction(values: Values, named: Named) -> str:
    if len(values) > 2:
        return f"{at(values, 0)} {at(values, 1)}/{at(values, 2)}"
    return "/".join(value.strip() for value in values) if len(values) > 1 else f"1/{at(values, 0)}"


def date(values: Values, named: Named) -> str:
    """{{date|14|7|1789}}, {{date|14 juillet 1789}}, {{date|14/07/1789}}, {{date||mai|1940}}, {{date|lundi|4|mai}}.

    Themes ("en football") are left out, and a year before a hyphen: {{date-|14 juillet 1789-}}.
    """
    given = [value.strip() for value in values]
    weekday = f"{given.pop(0)} " if given and given[0].lower() in _WEEKDAYS else ""
    if len(given) < 2:
        text = given[0] if given else ""
        if len(text) > _LONGEST_DATE:
            return text
        numeric = _NUMERIC_DATE.fullmatch(text)
        if numeric is None:
            return weekday + _FIRST_OF_MONTH.sub("1er ", _DATE_THEME.sub("", text)) if text else HOLE
        given = list(numeric.groups()) if numeric[1] else [numeric[6], numeric[5], numeric[4]]
    day, month, year = (*given, "", "")[:3]
    if month.isdecimal() and len(month) < 3 and 1 <= int(month) <= 12:
        month = MONTHS[int(month) - 1]
    if year.startswith(("-", "−")) and year[1:].isdecimal():
        year = f"{year[1:]} av. J.-C."
    if day in ("1", "01"):
        day = "1er"
    return weekday + " ".join(part for part in (day.removeprefix("0"), month, year) if part)


def hour(values: Values, named: Named) -> str:
    given = [value.strip() for value in values[:3]]
    seconds = given[2] if len(given) > 2 else ""
    minutes = given[1] if len(given) > 1 else ""
    text = f"{given[0]} h" if given and given[0] else ""
    if minutes and (minutes.strip("0") or not text):
        text += f" {minutes}" + (" min" if seconds or named.get("durée") or not text else "")
    text += f" {seconds} s" if seconds else ""
    return f"{text} {named.get('fuseau', '')}".strip() or HOLE


def unit(values: Values, named: Named) -> str:
    """{{unité|300|km|2|s|-1}}: the number, then units each with its exponent. e=6 is × 10⁶, à= a second number."""
    if not values or not values[0].strip() or HOLE in values[0]:
        return LOST
    text = number(values[0])
    for word in ("à", "et", "ou", "-", "×"):
        if named.get(word):
            text += f" {word} {number(named[word])}"
    if named.get("e"):
        text += f" × 10{raised(named['e'])}"
    for value in map(str.strip, values[1:]):
        glued = not value or value[0] == "/" or _EXPONENT.fullmatch(value)
        text += raised(value) if glued else f" {value}"
    return _POWER_OF_UNIT.sub(lambda m: m[1] + raised(m[2]), text)


def sizes(count: int) -> Renderer:
    """{{dunité|77|53|cm}}: `count` numbers that are multiplied, then a unit."""

    def times(values: Values, named: Named) -> str:
        numbers = " × ".join(map(number, values[:count]))
        return _POWER_OF_UNIT.sub(lambda m: m[1] + raised(m[2]), f"{numbers} {at(values, count)}".rstrip())

    return times


def only_number(values: Values, named: Named) -> str:
    return number(first(values, named))


def _ordinal(numeral: str, suffix: str = "") -> str:
    numeral = numeral.strip()
    if not _NUMERAL.fullmatch(numeral):
        return numeral  # "IVe", "av"
    return numeral.upper() + (suffix.strip() or ("er" if numeral in "1Ii" else "e"))


def century(values: Values, named: Named) -> str:
    return _ordinal(at(values, 0), at(values, 1)) + " siècle"


def century_bc(values: Values, named: Named) -> str:
    return century(values, named) + " av. J.-C."


def century_alone(values: Values, named: Named) -> str:
    return _ordinal(at(values, 0), at(values, 1))


def two_centuries(values: Values, named: Named) -> str:
    """{{s2-|XV|XVI}}, {{s2-|I|er|II|e}}."""
    with_suffixes = any(value.strip() in ("e", "er") for value in values)
    numerals = values[0::2] if with_suffixes else values
    return " et ".join(_ordinal(numeral) for numeral in numerals[:3] if numeral.strip()) + " siècles"


def two_centuries_bc(values: Values, named: Named) -> str:
    return two_centuries(values, named) + " av. J.-C."


def span_of_centuries(values: Values, named: Named) -> str:
    """{{sp-|VIII|e|-|II|e|s}}, {{sp-|XVI|au|XVII}}."""
    given = [value.strip() for value in values]
    plural = "s" if "s" in given or "et" in given else ""
    words = [_ordinal(value) if value.isupper() else value for value in given if value not in ("e", "er", "s", "")]
    return re.sub(r" (?:-|–|—) ", "-", " ".join(words)) + " siècle" + plural


def span_of_centuries_bc(values: Values, named: Named) -> str:
    given = [value.replace("-", "") if value.strip("- ").isupper() else value for value in values]
    return span_of_centuries(given, named) + " av. J.-C."


def millennium(values: Values, named: Named) -> str:
    return _ordinal(at(values, 0), at(values, 1)) + " millénaire"


def millennium_bc(values: Values, named: Named) -> str:
    return millennium(values, named) + " av. J.-C."
