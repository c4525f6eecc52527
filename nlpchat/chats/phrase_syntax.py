"""What a phrase of notices/*.toml stands for: an expression, the whole lines it can be, how those begin and end.

    {x}    a person or a group, without ":"        {g}   a title in quotes of any kind
    {n}    a number                                {f}   a file's name, with its ending
    {...}  the rest, anything                      [...] may be missing
    {a|b}  one or the other; groups may hold groups
    ·e     the inclusive ending, or (e), e, nothing

Phrases meet lines that went through `plain`: one kind of space, one kind of apostrophe, no invisible marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from nlpchat.chats.marks import SPACES, STRIP_MARKS

# A gate is so many characters of a phrase's beginning or end.
GATE = 4

_GAPS = {
    "{x}": r"[^:\n]{1,120}?",
    "{g}": r"[\"“”„«‘'‚「『《][^\n]{1,200}?[\"“”»'」』》]",
    "{n}": r"\d{1,4}",
    "{f}": r"[^\n]{1,200}?\.\w{1,5}",
    "{...}": r"[^\n]*?",
    "·e": r"(?:·e|\(e\)|e|)",
}
_BRACKETS = {"{": "(?:", "}": ")", "[": "(?:", "]": ")?", "|": "|"}
_TOKEN = re.compile(r"\{(?:x|g|n|f|\.\.\.)\}|·e|[{}\[\]|]|(?:(?!·e)[^{}\[\]|])+")
_SPACES = re.compile(" {2,}")
_PLAIN = str.maketrans(dict.fromkeys(SPACES, " ") | {"’": "'"})
# More ways than these of writing one phrase are left to its expression.
_MOST_FORMS = 64
# Where a beginning meets a gap: nothing is known from there on.
_OPEN = "\1"

# A phrase taken apart: its texts and gaps in order, and tuples of such sequences where there is a choice.
_Sequence = list["str | tuple[_Sequence, ...]"]


def plain(line: str) -> str:
    """The line as phrases are written: no marks, one kind of space and of apostrophe, nothing around it."""
    return _SPACES.sub(" ", STRIP_MARKS.sub("", line).translate(_PLAIN)).strip()


def expression(phrase: str, person: str | None = None) -> str:
    """The phrase as a regular expression over plain lines; person: what {x} is, rather than anybody."""
    out = []
    for token in _TOKEN.findall(phrase):
        if person is not None and token == "{x}":
            out.append(re.escape(person))
        else:
            out.append(_GAPS.get(token) or _BRACKETS.get(token) or re.escape(token))
    return "".join(out)


def has_gaps(phrase: str) -> bool:
    """Whether something in the phrase can be anything: a name, a number, a title."""
    return any(gap in phrase for gap in _GAPS)


def literal_forms(phrase: str) -> list[str]:
    """Every way a phrase can be written, with either apostrophe; empty when it has gaps, or too many forms.

    literal_forms("l'image[ a été] omise") gives "l'image omise", "l'image a été omise", both with "’" too.
    """
    if has_gaps(phrase):
        return []
    forms = _written(_parse(phrase)) if "{" in phrase or "[" in phrase else [phrase]
    if len(forms) > _MOST_FORMS:
        return []
    return forms + [form.replace("'", "’") for form in forms if "'" in form]


def beginnings(phrase: str) -> set[str]:
    """The first characters of all that the phrase can be, as many as a gate has; "" where a gap comes sooner."""
    return {"" if _OPEN in begin else begin for begin in _first(_parse(phrase))}


def ending(phrase: str) -> str:
    """The last characters of all that the phrase can be, as many as a gate has; "" where that is not one text."""
    last = _TOKEN.findall(phrase)[-1]
    return last[-GATE:] if last not in _GAPS and last not in _BRACKETS and len(last) >= GATE else ""


@cache
def needles(phrase: str) -> tuple[str, ...]:
    """Texts of which a line must hold one to be worth the expression: the longest that nothing replaces.

    needles("{x} {left|has left}[ the group]") gives ("left", "has left").
    """
    return _needles(_parse(phrase)) or ("",)


def _needles(sequence: _Sequence) -> tuple[str, ...]:
    best: tuple[str, ...] = ()
    for item in sequence:
        if isinstance(item, str):
            found: tuple[str, ...] = () if item in _GAPS else (item,)
        else:
            choices = [_needles(choice) for choice in item]
            found = tuple(text for texts in choices for text in texts) if all(choices) else ()
        if found and (not best or min(map(len, found)) > min(map(len, best))):
            best = found
    return best


def _parse(phrase: str) -> _Sequence:
    """The phrase taken apart: "a[b]{c|d}" is ["a", (["b"], []), (["c"], ["d"])]."""
    whole: _Sequence = []
    open_groups: list[tuple[_Sequence, list[_Sequence]]] = []
    here = whole
    for token in _TOKEN.findall(phrase):
        if token in "{[":
            open_groups.append((here, [[]] if token == "[" else []))
            here = []
        elif token == "|":
            open_groups[-1][1].append(here)
            here = []
        elif token in "}]":
            before, choices = open_groups.pop()
            before.append((*choices, here))
            here = before
        else:
            here.append(token)
    return whole


def _written(sequence: _Sequence) -> list[str]:
    forms = [""]
    for item in sequence:
        endings = [item] if isinstance(item, str) else [form for choice in item for form in _written(choice)]
        if len(forms) * len(endings) > _MOST_FORMS:
            return forms * (_MOST_FORMS + 1)
        forms = [form + end for form in forms for end in endings]
    return forms


def _first(sequence: _Sequence) -> set[str]:
    """The beginnings of a sequence, cut at a gate's width, or at a gap, or shorter when the sequence is."""
    found = {""}
    for item in sequence:
        if all(len(begin) == GATE or _OPEN in begin for begin in found):
            break
        found = {begin if _OPEN in begin else (begin + more)[:GATE] for begin in found for more in _first_of(item)}
    return found


def _first_of(item: str | tuple[_Sequence, ...]) -> Iterable[str]:
    if isinstance(item, tuple):
        return set().union(*map(_first, item))
    return (_OPEN,) if item in _GAPS else (item[:GATE],)
