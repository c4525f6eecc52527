"""The kind of a message that the application wrote itself, from the phrases in notices/*.toml.

Whole messages only, never a part: "image absente" is a picture that was left out, "image absente de la page"
is somebody's text. A phrase without a gap is looked up in a dictionary; the others are expressions, found by
their first characters and compiled when first wanted: ordinary text costs three look-ups.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import normalize

from nlpchat.chats.marks import MARKS, SPACES
from nlpchat.chats.phrase_syntax import (
    GATE,
    beginnings,
    ending,
    expression,
    literal_forms,
    needles,
    plain,
)
from nlpchat.records import Kind

__all__ = ["FOLDER", "Phrases", "Sentences", "meta_kind", "whatsapp_phrases"]

FOLDER = Path(__file__).parent / "notices"

# A phrase, the tail after it, and what its {x} is.
_Entry = tuple[str, str, str | None]
# Stands for the sender's name in a sentence of Meta's; no message holds it.
_PERSON = "\0"
# No sentence of WhatsApp's is longer, in characters.
_LONGEST = 600
_LITERAL_KINDS: tuple[Kind, ...] = ("deleted", "call", "media")
# Phrases met lately are kept so near the front.
_IN_FRONT = 8
_META_KINDS: tuple[Kind, ...] = ("call", "media", "deleted", "notice")


@dataclass(slots=True)
class Sentences:
    """Phrases of one kind: each with the tail its language may append, and who may speak in it.

    by_start: those that begin with a text, when gated, by its first characters. others: the rest, what was
    met lately in front: one chat has few of them, over and over.
    """

    gated: bool = False
    by_start: dict[str, list[_Entry]] = field(default_factory=dict)
    others: list[_Entry] = field(default_factory=list)

    def add(self, phrase: str, tail: str = "", person: str | None = None) -> None:
        entry = phrase, tail, person
        for start in beginnings(phrase) if self.gated else ("",):
            (self.by_start.setdefault(start, []) if start else self.others).append(entry)

    def fullmatch(self, line: str) -> bool:
        """Whether a plain line is one of these, as a whole."""
        return _found(self.by_start.get(line[:GATE], ()), line) is not None or self._is_other(line)

    def _is_other(self, line: str) -> bool:
        entry = _found(self.others, line)
        if entry is not None and entry not in self.others[:_IN_FRONT]:
            # A new list: another thread may be reading the old one.
            self.others = [entry, *(other for other in self.others if other is not entry)]
        return entry is not None

    def ends(self) -> set[str]:
        """The last characters of lines that could be one of `others`."""
        return {ending(phrase) for phrase, _, _ in self.others}


def _found(entries: Iterable[_Entry], line: str) -> _Entry | None:
    for entry in entries:
        for text in needles(entry[0]):
            if text in line:
                if _pattern(*entry).fullmatch(line):
                    return entry
                break
    return None


@cache
def _pattern(phrase: str, tail: str, person: str | None) -> re.Pattern[str]:
    after = f"(?:{expression(tail)})?" if tail else ""
    return re.compile(rf"(?:{expression(phrase, person)})[.…。।]?{after}")


@dataclass(frozen=True, slots=True)
class Phrases:
    """One application's sentences in every language that there is a file for.

    literals: whole bodies, to their kind. starts, ends: the first or last characters of bodies worth trying
    on the expressions. certain: notices even without WhatsApp's invisible mark, as `unmarked` are of their
    kinds; notice and marked count only with it, because they begin with a person's name, or could be
    somebody's words. marked_literals: whole bodies that need the mark. opening: placeholders that a caption
    may follow. edited: what is appended to an edited message.
    """

    literals: dict[str, Kind]
    marked_literals: dict[str, Kind]
    starts: frozenset[str]
    ends: frozenset[str]
    certain: Sentences
    notice: Sentences
    unmarked: tuple[tuple[Kind, Sentences], ...]
    marked: tuple[tuple[Kind, Sentences], ...]
    opening: Sentences
    edited: re.Pattern[str]

    def kind_of(self, body: str, *, marked: bool) -> Kind | None:
        """The kind of a one-line body that the application wrote; None for somebody's text.

        marked: WhatsApp's own mark stood before it, so that phrases with a person's name may count too.
        """
        if len(body) > _LONGEST:
            return None
        line = plain(body)
        kind = self.literals.get(line) or (self.marked_literals.get(line) if marked else None)
        if kind is not None:
            return kind
        for kind, sentences in (*self.unmarked, *self.marked) if marked else self.unmarked:
            if sentences.fullmatch(line):
                return kind
        if self.opening.fullmatch(line):
            return "media"
        if self.certain.fullmatch(line) or (marked and self.notice.fullmatch(line)):
            return "notice"
        return None

    def opens_media(self, first_line: str) -> bool:
        """Whether a message of several lines begins with a media placeholder, its caption below."""
        return len(first_line) <= _LONGEST and self.opening.fullmatch(plain(first_line))

    def is_notice(self, line: str) -> bool:
        """Whether a whole line without a sender is a sentence of the application, ": " in it or not."""
        if len(line) > _LONGEST:
            return False
        line = plain(line)
        return self.certain.fullmatch(line) or self.notice.fullmatch(line)


@cache
def whatsapp_phrases() -> Phrases:
    """WhatsApp's sentences, from every file in notices/."""
    languages = _languages()
    literals: dict[str, Kind] = {}
    marked_literals: dict[str, Kind] = {}
    unmarked: dict[Kind, Sentences] = {kind: Sentences(gated=True) for kind in _LITERAL_KINDS}
    marked: dict[Kind, Sentences] = {kind: Sentences() for kind in _LITERAL_KINDS}
    for kind in _LITERAL_KINDS:
        for phrase in _of(languages, kind):
            if not _add_literals(phrase, kind, literals):
                (marked if phrase.startswith(("{x}", "{{x}")) else unmarked)[kind].add(phrase)
        for phrase in _of(languages, kind, wanted="marked"):
            if not _add_literals(phrase, kind, marked_literals, literals if kind == "media" else None):
                marked[kind].add(phrase)
    opening, certain, notice = Sentences(gated=True), Sentences(gated=True), Sentences()
    for phrase in _of(languages, "media_opening"):
        opening.add(phrase)
    for language in languages:
        for name, sentences in (("certain", certain), ("notice", notice)):
            for phrase in _of([language], name):
                sentences.add(phrase, language.get("tail", ""))
    gated = (*unmarked.values(), opening, certain)
    # These meet messages as they are written, not plain lines.
    suffixes = "|".join(map(expression, _of(languages, "edited")))
    suffixes = suffixes.replace("\\ ", f"[{SPACES}]").replace("'", "['’]")
    return Phrases(
        literals=literals,
        marked_literals=marked_literals,
        starts=_starts(*gated),
        # A phrase without a gate at either end is only met behind WhatsApp's mark.
        ends=frozenset(end for sentences in gated for end in sentences.ends() if end),
        certain=certain,
        notice=notice,
        unmarked=tuple(unmarked.items()),
        marked=tuple(marked.items()),
        opening=opening,
        edited=re.compile(rf"[{SPACES}\n]?[{MARKS}]{{0,4}}(?:{suffixes})[{MARKS}]{{0,4}}\Z"),
    )


def _add_literals(phrase: str, kind: Kind, literals: dict[str, Kind], bracketed: dict[str, Kind] | None = None) -> bool:
    """Writes the phrase into the dictionary in all its forms; False where it has gaps.

    Media may stand in angle brackets, as iPhones of 2016 to 2017 wrote it.
    """
    forms = literal_forms(phrase.rstrip(".。।"))
    for form in forms:
        for end in ("", ".", "。", "।") if not form.isascii() else ("", "."):
            literals[form + end] = kind
        if kind == "media":
            (literals if bracketed is None else bracketed)[f"<{form}>"] = kind
    return bool(forms)


def meta_kind(text: str, sender: str) -> Kind | None:
    """The kind of a sentence that Meta wrote for this sender; None for somebody's own text.

    Only the sender, by full name or first name, can be its {x}: "Bob a partagé une photo" from Zoé is her own
    text. "You" is written out in the phrases.
    """
    if len(text) > _LONGEST:
        return None
    kinds, starts = _meta_phrases()
    forms = [text] if text[:GATE] in starts else []
    for name in (sender, sender.partition(" ")[0]):
        if name and text.startswith(name) and text[len(name) : len(name) + 1] in (" ", "\u00a0"):
            forms.append(_PERSON + text[len(name) :])
            break
    for form in forms:
        line = plain(form)
        for kind, sentences in kinds:
            if sentences.fullmatch(line):
                return kind
    return None


@cache
def _meta_phrases() -> tuple[tuple[tuple[Kind, Sentences], ...], frozenset[str]]:
    """Meta's sentences by kind, and the first characters of those that begin without the sender."""
    kinds: dict[Kind, Sentences] = {kind: Sentences(gated=True) for kind in _META_KINDS}
    for kind, sentences in kinds.items():
        for phrase in _of(_languages(), "meta", kind):
            sentences.add(phrase, person=_PERSON)
    return tuple(kinds.items()), _starts(*kinds.values())


def _starts(*gated: Sentences) -> frozenset[str]:
    """The first characters of lines as written, with either apostrophe, that could be one of these."""
    starts = {start for sentences in gated for start in sentences.by_start}
    return frozenset(starts | {start.replace("'", "’") for start in starts})


@cache
def _languages() -> tuple[dict[str, Any], ...]:
    return tuple(tomllib.loads(normalize("NFC", file.read_text("utf-8"))) for file in sorted(FOLDER.glob("*.toml")))


def _of(languages: Iterable[dict[str, Any]], *keys: str, wanted: str = "phrases") -> Iterator[str]:
    for language in languages:
        table = language
        for key in keys:
            table = table.get(key, {})
        yield from (line for line in table.get(wanted, "").splitlines() if line and line[0] != "#")
