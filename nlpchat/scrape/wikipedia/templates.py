"""What a template shows a reader of the page: `render(["date", "14", "juillet", "1789"])` is "14 juillet 1789".

By the table of names, or by families of names: ordinals ({{XIXe siècle}}, {{1er}}, {{21e|régiment}}), rulers
({{Louis XIV}}), functions ({{formatnum:1000}}), icons ({{FRA-d}}, {{en}}), figures kept elsewhere ({{population ...}}).
"""

from __future__ import annotations

import re

from nlpchat.scrape.wikipedia.renderers import HOLE, LOST, Named, Values, sounds
from nlpchat.scrape.wikipedia.table import TABLE

_ORDINAL = re.compile(
    r"(?:[IVX]+|\d{1,4})(?:er|re|ère|e|ème|d|de|nd|nde|es|ers|res)?"
    r"(?: et [IVX]+e)?(?: (?:siècles?|millénaire)(?: av\. J\.-C\.)?)?"
)
_RULER = re.compile(r"[^\W\d_][\w' -]+ [IVX]+(?:er|re)?(?: d[eu' ][\w' -]+)?|1er \w+")
_YEAR_BC = re.compile(r"-(\d{1,4})")
_SOUNDS = re.compile(r"(?:ipa|api)-\w+")
_ICON = re.compile(
    r"[a-z]{2,3}|.{2,4}-d'?|(?:drapeau|infobox|taxobox|palette|portail|ébauche|évaluation|référence|méta) .*"
)
# Figures that the wiki computes or keeps elsewhere: the sentence says nothing without.
_COMPUTED = re.compile(
    r"#(?!tag).*|(?:population|superficie|date population|nombre d|âge|durée|current|local|mois courant|epci).*"
)
_NAME = re.compile(r"\s*(\w[\w '’°-]{0,30}?)\s*=\s*")
_PREFIXES = frozenset(("modèle", "template", "msg", "subst"))
_LONGEST_NAME = 100  # characters
_MOST_VALUES = 60  # by a number of its own: {{x|60=...}}


def render(parts: list[str]) -> str:
    """What the template named parts[0] shows, given the others; HOLE or LOST where that is not known."""
    rule = TABLE.get(parts[0].strip().lower())
    if rule is None:
        return _by_family(parts)
    return rule if isinstance(rule, str) else rule(*given(parts[1:]))


def _by_family(parts: list[str]) -> str:
    """As `render`, for a name that is not in the table as it is written."""
    if len(parts[0]) > _LONGEST_NAME:
        return HOLE
    written = " ".join(parts[0].replace("_", " ").split())
    name = written.lower().replace("’", "'")
    if name in TABLE:
        return render([name, *parts[1:]])
    if _ORDINAL.fullmatch(written):
        noun = parts[1].strip() if len(parts) > 1 else ""
        return f"{written} {'siècle' if noun == 's' else noun}".rstrip()
    if _ICON.fullmatch(name):
        return ""
    if _RULER.fullmatch(written):
        return written
    if match := _YEAR_BC.fullmatch(written):
        return f"{match[1]} av. J.-C."
    if _SOUNDS.fullmatch(name):
        return sounds(*given(parts[1:2]))
    if _COMPUTED.fullmatch(name):
        return LOST
    function, colon, argument = written.partition(":")
    return _by_function(function.strip().lower(), [argument, *parts[1:]]) if colon else HOLE


def _by_function(function: str, rest: list[str]) -> str:
    if function in _PREFIXES:
        return render(rest)
    return render([function, *rest]) if function in TABLE else HOLE


def given(parts: list[str]) -> tuple[Values, Named]:
    """What is given by position, and by name; "1=..." is a position."""
    values: Values = []
    named: Named = {}
    for part in parts:
        match = _NAME.match(part) if "=" in part else None
        if match is None:
            values.append(part)
        elif not match[1].isdecimal():
            named[match[1].lower()] = part[match.end() :].strip()
        elif 0 < (position := int(match[1][:4])) <= _MOST_VALUES:
            values += [""] * (position - len(values))
            values[position - 1] = part[match.end() :].strip()
    return values, named
