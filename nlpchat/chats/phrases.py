"""The kind of a message that the application wrote itself, from the phrases in notices/*.toml.

Whole messages only, never a part: "image absente" is a picture that was left out, "image absente de la page"
is somebody's text. A phrase without a gap is looked up in a dictionary; the others are one anchored
expression per kind, tried only on messages that could fit one: ordinary text costs three look-ups.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from nlpchat.chats.whatsapp_headers import MARKS, SPACES
from nlpchat.records import Kind

FOLDER = Path(__file__).parent / "notices"
STRIP_MARKS = re.compile(f"[{MARKS}]")

_GAPS = {
    "x": r"[^:\n]{1,120}?",
    "g": r"[\"“”«‘'][^\n]{1,200}?[\"“”»’']",
    "n": r"\d{1,4}",
    "...": r"[^\n]*?",
}
# A gate is so many characters of a phrase's beginning or end.
_GATE = 4
# Stands for the sender's name in a sentence of Meta's; no message holds it.
_PERSON = "\0"
# No sentence of WhatsApp's is longer, in characters.
_LONGEST = 600
_LITERALS_PER_PHRASE = 64


@dataclass(frozen=True, slots=True)
class Phrases:
    """One application's sentences in every language that there is a file for.

    literals: whole bodies, to their kind. starts, ends: the first or last characters of bodies worth trying
    on the expressions. certain: notices even without WhatsApp's invisible mark, as `unmarked` are of their
    kinds; notice and marked count only with it, because they begin with a person's name.
    """

    literals: dict[str, Kind]
    starts: frozenset[str]
    ends: frozenset[str]
    certain: re.Pattern[str]
    notice: re.Pattern[str]
    unmarked: tuple[tuple[Kind, re.Pattern[str]], ...]
    marked: tuple[tuple[Kind, re.Pattern[str]], ...]
    opening: re.Pattern[str]
    edited: re.Pattern[str]

    def kind_of(self, body: str, *, marked: bool) -> Kind | None:
        """The kind of a one-line body that the application wrote; None for somebody's text.

        marked: WhatsApp's own mark stood before it, so that phrases with a person's name may count too.
        """
        plain = STRIP_MARKS.sub("", body).strip()
        if len(plain) > _LONGEST:
            return None
        if (kind := self.literals.get(plain)) is not None:
            return kind
        for kind, pattern in (*self.unmarked, *self.marked) if marked else self.unmarked:
            if pattern.fullmatch(plain):
                return kind
        if self.opening.fullmatch(plain):
            return "media"
        if self.certain.fullmatch(plain) or (marked and self.notice.fullmatch(plain)):
            return "notice"
        return None

    def opens_media(self, first_line: str) -> bool:
        """Whether a message of several lines begins with a media placeholder, its caption below."""
        return self.opening.fullmatch(STRIP_MARKS.sub("", first_line).strip()) is not None

    def is_notice(self, line: str) -> bool:
        """Whether a whole line without a sender is a sentence of the application, ": " in it or not."""
        plain = STRIP_MARKS.sub("", line).strip()
        if len(plain) > _LONGEST:
            return False
        return (self.certain.fullmatch(plain) or self.notice.fullmatch(plain)) is not None


@cache
def whatsapp_phrases() -> Phrases:
    """WhatsApp's sentences, from every file in notices/."""
    languages = _languages()
    media = [f"{b}{p}{e}" for p in _of(languages, "media") for b, e in (("", ""), ("<", ">"))]
    kinds: dict[Kind, list[str]] = {
        "deleted": _of(languages, "deleted"),
        "call": _of(languages, "call"),
        "media": media,
    }
    literals: dict[str, Kind] = {}
    gapped: dict[Kind, list[str]] = {kind: [] for kind in kinds}
    named: dict[Kind, list[str]] = {kind: [] for kind in kinds}
    for kind, phrases in kinds.items():
        for phrase in phrases:
            written = _literal_forms(phrase)
            literals |= dict.fromkeys(written, kind)
            if not written:
                (named if phrase.startswith(("{x}", "{{x}")) else gapped)[kind].append(phrase)
    opening, certain = _of(languages, "media_opening"), _of(languages, "certain")
    tails = [str(language["tail"]) for language in languages]
    gates = [phrase for phrases in (*gapped.values(), opening, certain) for phrase in phrases]
    starts, ends = _gates(gates)
    return Phrases(
        literals=literals,
        starts=starts,
        ends=ends,
        certain=_any_of(certain, tails),
        notice=_any_of(_of(languages, "notice"), tails),
        unmarked=tuple((kind, _any_of(phrases)) for kind, phrases in gapped.items() if phrases),
        marked=tuple((kind, _any_of(phrases)) for kind, phrases in named.items() if phrases),
        opening=_any_of(opening),
        edited=re.compile(
            rf"[{SPACES}\n]?[{MARKS}]*(?:{'|'.join(map(_expression, _of(languages, 'edited')))})[{MARKS}]*$"
        ),
    )


def meta_kind(text: str, sender: str) -> Kind | None:
    """The kind of a sentence that Meta wrote for this sender; None for somebody's own text.

    Only the sender, "Vous" or "You" can be its {x}: "Bob a partagé une photo" from Zoé is her own text.
    """
    forms = [text]
    for name in (sender, sender.partition(" ")[0], "Vous", "You"):
        if name and text.startswith(name + " "):
            forms.append(_PERSON + text[len(name) :])
            break
    for form in forms:
        for kind, pattern in _meta_patterns():
            if pattern.fullmatch(form):
                return kind
    return None


@cache
def _meta_patterns() -> tuple[tuple[Kind, re.Pattern[str]], ...]:
    languages = _languages()
    kinds: tuple[Kind, ...] = ("call", "media", "deleted", "notice")
    return tuple((kind, _any_of(_of(languages, "meta", kind), person=_PERSON)) for kind in kinds)


def _languages() -> list[dict[str, Any]]:
    return [tomllib.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.toml"))]


def _of(languages: Iterable[dict[str, Any]], *keys: str) -> list[str]:
    phrases: list[str] = []
    for language in languages:
        table = language
        for key in keys:
            table = table.get(key, {})
        phrases += table.get("phrases", [])
    return phrases


def _any_of(phrases: Iterable[str], tails: Iterable[str] = (), person: str | None = None) -> re.Pattern[str]:
    body = "|".join(_expression(phrase, person) for phrase in phrases)
    tail = "|".join(_expression(t) for t in tails)
    return re.compile(f"(?:{body})[.…]?(?:{tail})?" if tail else f"(?:{body})[.…]?")


def _expression(phrase: str, person: str | None = None) -> str:
    """A phrase as a regular expression: `{x} a quitté[ le groupe]` and so on, as fr.toml explains."""
    out: list[str] = []
    at = 0
    depth = 0
    while at < len(phrase):
        rest = phrase[at:]
        gap = next((name for name in _GAPS if rest.startswith("{" + name + "}")), None)
        if gap is not None:
            out.append(person if person and gap == "x" else _GAPS[gap])
            at += len(gap) + 2
            continue
        if rest.startswith("·e"):
            out.append(r"(?:·e|\(e\)|e|)")
            at += 2
            continue
        character = phrase[at]
        depth += (character == "{") - (character == "}")
        if character == "|" and depth:
            out.append("|")
        else:
            out.append(_character(character))
        at += 1
    return "".join(out)


def _character(character: str) -> str:
    special = {"{": "(?:", "}": ")", "[": "(?:", "]": ")?", " ": f"[{SPACES}]", "'": "['’]", ".": r"\."}
    return special.get(character) or re.escape(character)


def _literal_forms(phrase: str) -> list[str]:
    """Every way a phrase without gaps can be written; empty when it has gaps, or too many forms to list."""
    if "{x}" in phrase or "{g}" in phrase or "{n}" in phrase or "{...}" in phrase or "·e" in phrase:
        return []
    parts = re.split(r"(\{[^{}\[\]]*\}|\[[^{}\[\]]*\])", phrase.removesuffix("."))
    if any(c in part for part in parts[::2] for c in "{}[]"):
        return []
    choices = [
        [part] if at % 2 == 0 else part[1:-1].split("|") if part[0] == "{" else ["", part[1:-1]]
        for at, part in enumerate(parts)
    ]
    written = ["".join(pieces) for pieces in product(*choices)]
    written += [form.replace("'", "’") for form in written if "'" in form]
    written += [form + "." for form in written]
    return written if len(written) <= _LITERALS_PER_PHRASE else []


def _gates(phrases: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    starts: set[str] = set()
    ends: set[str] = set()
    for phrase in phrases:
        for begin in _beginnings(phrase):
            if begin:
                starts.add(begin[:_GATE])
            else:
                ends.add(phrase[-_GATE:])
    return frozenset(starts), frozenset(ends)


def _beginnings(phrase: str) -> Iterator[str]:
    """The literal beginnings of a phrase, at least as long as a gate; "" for one that begins with a gap."""
    found = re.match(
        r"(?P<before>[^{\[]*)(?:\{(?P<choice>[^{}.\[\]]*)\}|\[(?P<maybe>[^{}\[\]]*)\])?(?P<after>.*)", phrase
    )
    assert found is not None
    before, choice, maybe = found["before"], found["choice"], found["maybe"]
    if len(before) >= _GATE or (choice is None and maybe is None):
        yield before if len(before) >= _GATE else ""
        return
    if choice in _GAPS:
        yield ""
        return
    for part in choice.split("|") if choice is not None else ("", maybe):
        yield from _beginnings(before + part + found["after"])
