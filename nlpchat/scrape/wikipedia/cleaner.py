"""Clean paragraphs of a French article's wikitext: one split, one stack, one table of templates.

The split (TOKEN) cuts the text at whatever opens or closes something; notes, comments, formulas, and the links and
templates that hold nothing else come out as one token. What has been read lies in one list, and the stack holds where
in it each open thing began: closing one takes its end of the list off and puts back what a reader sees of it. What
nothing closes is marked where it began, and only its own paragraph is lost; a heading closes everything. Each token is
read once, and what is nested deeper than DEEPEST shows nothing: linear time, whatever the text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from nlpchat.scrape.wikipedia.elements import is_file, link, tag
from nlpchat.scrape.wikipedia.paragraphs import paragraphs
from nlpchat.scrape.wikipedia.renderers import BROKEN, HOLE, MARKS
from nlpchat.scrape.wikipedia.templates import render

DEEPEST = 40  # as MediaWiki
_LOOK_BACK = 8  # pieces that may be empty before a template
_REMEMBERED = 60  # characters of a template whose text is kept for the next time

# Elements whose inside is no wikitext, or is not read. One ends at its own end, and holds no other start of its kind.
_WHOLE = (
    "ref", "references", "math", "chem", "ce", "nowiki", "gallery", "pre", "syntaxhighlight", "source", "timeline",
    "score", "imagemap", "mapframe", "maplink", "graph", "hiero", "templatedata", "templatestyles", "includeonly",
    "inputbox", "categorytree", "rp",
)  # fmt: skip
_COMMENT = r"<!--[^-<]*+(?:(?:-(?!->)|<(?!!--))[^-<]*+)*+-->"
_ELEMENT = r"<{0}\b[^<>]*+(?<!/)>[^<]*+(?:<(?!/?{0}\b)[^<]*+)*+</{0}\s*+>"
_TOKENS = (
    rf"\n[ \t]*+{_COMMENT}(?=[ \t]*+\n)",  # a line that holds but a comment is no line
    _COMMENT,
    r"<!--",
    *(_ELEMENT.format(name) for name in _WHOLE),
    r"<su[bp]\b[^<>]*+>[^][{}<>|'\n]*+</su[bp]\s*+>",
    r"</?[a-z][^<>]*+>",
    r"\{\{[^][{}<>]*+\}\}",
    r"\{\{",
    r"\}\}",
    r"\[\[[^][{}<>\n]*+\]\]",
    r"\[\[",
    r"\]\]",
    r"\|",
    r"\n={2,6}[^\n]*=[ \t]*(?:<!--[^\n]*)?(?=\n|\Z)",
    r"\n[ \t:*#]*+\{\|",
    r"\n[ \t:]*+\|\}(?!\}(?!\}))",
)
TOKEN = re.compile(f"({'|'.join(_TOKENS)})", re.IGNORECASE)

# A heading of such words alone, one of them of the first kind, begins what is no more the article.
_TAIL_KEYS = frozenset((
    "notes", "note", "références", "référence", "refs", "sources", "source", "bibliographie", "bibliographies",
    "webographie", "sitographie", "médiagraphie", "annexes", "annexe", "externes", "externe", "internes", "connexes",
    "connexe", "aussi", "également", "approfondir", "savoir",
))  # fmt: skip
_TAIL_WORDS = _TAIL_KEYS | frozenset((
    "liens", "lien", "interne", "articles", "article", "voir", "pour", "en", "plus", "lire", "et", "ou", "de", "bas",
    "page", "bibliographiques", "bibliographique", "sélective", "indicative", "complémentaire", "complémentaires",
    "principales", "utilisées", "citations", "crédits", "web",
))  # fmt: skip
_HEADING_WORD = re.compile(r"\w+")
_REDIRECT = re.compile(r"\s*#\s*redirect(?:ion)?\s*:?\s*\[\[", re.IGNORECASE)
_HOMONYMS = re.compile(r"\{\{\s*(?:homonymie|patronymes?|toponymes?|paronymie|disambig)\b", re.IGNORECASE)


def clean(wikitext: str) -> list[str]:
    """The paragraphs of an article, in reading order: no heading, table or note, nor what follows the text (sources).

    >>> clean("Il est né le {{date|1|5|1900}} à [[Paris|Lutèce]]<ref>Lui.</ref>.\\n== Notes ==\\nRien.")
    ['Il est né le 1er mai 1900 à Lutèce.']
    """
    return paragraphs(plain(wikitext))


def is_skipped(title: str, wikitext: str) -> str | None:
    """Why the page is no article to read: "empty", "redirect" or "homonyms"; None when it is one."""
    if not wikitext.strip():
        return "empty"
    if _REDIRECT.match(wikitext):
        return "redirect"
    return "homonyms" if title.lower().endswith("(homonymie)") or _HOMONYMS.search(wikitext) else None


def plain(wikitext: str) -> str:
    """The text with its lines and list marks, and the marks of `renderers` where something could not be rendered."""
    for mark in MARKS:
        wikitext = wikitext.replace(mark, "")
    pieces = TOKEN.split("\n" + wikitext.replace("\r\n", "\n"))
    reading = _Reading(pieces[0])
    out, act = reading.out, reading.act
    for token, text in zip(pieces[1::2], pieces[2::2], strict=True):
        if reading.tail and token[:2] != "\n=":
            continue
        act[token[0]](token)
        if text and not reading.tail:
            out.append(text)
            if reading.stack and "\n\n" in text:
                reading.end_links()
    reading.abandon()
    return "".join(out)


class _Reading:
    """What has been read, and what is still open: (its kind, where in `out` it began)."""

    def __init__(self, text: str):
        self.out = [text]
        self.stack: list[tuple[str, int]] = []
        self.count = {"{{": 0, "[[": 0, "{|": 0}  # of each kind in the stack
        self.tail = 0  # the level of the heading whose section is left out
        self.act = {
            "{": self.open_template,
            "}": self.close_template,
            "[": self.open_link,
            "]": self.close_link,
            "|": self.out.append,
            "<": self.tag,
            "\n": self.line,
        }

    def open_template(self, token: str) -> None:
        if token == "{{":
            self.open("{{")
        else:
            text = _short_template(token) if len(token) <= _REMEMBERED else _template(token)
            broken = text in ("", HOLE) and "\n\n" in token and self.is_inline(len(self.out))
            self.out += [BROKEN, token[2:-2]] if broken else [text]

    def close_template(self, token: str) -> None:
        start = self.close("{{")
        if start is None:
            return
        inside = self.out[start:]
        text = render(_parts(inside)) if len(self.stack) < DEEPEST else HOLE
        if text in ("", HOLE) and any("\n\n" in piece for piece in inside) and self.is_inline(start - 1):
            self.out[start - 1] = BROKEN
        else:
            self.out[start - 1 :] = [text]

    def is_inline(self, begin: int) -> bool:
        """Whether what begins at `begin` does so amid a line, where no template swallows paragraphs but by mistake."""
        before = next((piece for piece in reversed(self.out[max(0, begin - _LOOK_BACK) : begin]) if piece), "\n")
        return not before.endswith("\n")

    def open_link(self, token: str) -> None:
        if token == "[[":
            self.open("[[")
        else:
            self.out.append(link(token[2:-2]))

    def close_link(self, token: str) -> None:
        if self.stack and self.stack[-1][0] == "[[":
            start = self.pop()[1]
            inside = self.out[start:]
            self.out[start - 1 :] = [link("".join(inside)) if len(self.stack) < DEEPEST else HOLE]

    def tag(self, token: str) -> None:
        self.out.append(tag(token))

    def line(self, token: str) -> None:
        """A token that begins a line: a heading, a table's start or end, a line of comment."""
        if token.startswith("\n="):
            self.heading(token)
        elif token.endswith("|"):
            self.out.append("\n")
            self.open("{|")
        elif token.endswith("}"):
            start = self.close("{|")
            if start is not None:
                self.out[start - 1 :] = [HOLE]
            self.out.append("\n")

    def heading(self, token: str) -> None:
        self.abandon()
        title = token.partition("<!--")[0].strip()
        level = len(title) - len(title.lstrip("="))
        if not self.tail or level <= self.tail:
            self.tail = level if _is_tail(title.strip("= ")) else 0
            self.out.append("\n\n")

    def open(self, kind: str) -> None:
        self.out.append("")  # where BROKEN goes if nothing closes it
        self.stack.append((kind, len(self.out)))
        self.count[kind] += 1

    def pop(self) -> tuple[str, int]:
        kind, start = self.stack.pop()
        self.count[kind] -= 1
        return kind, start

    def close(self, kind: str) -> int | None:
        """Where the innermost open `kind` began; whatever was opened after it is broken. None: there is none."""
        if not self.count[kind]:
            return None
        while True:
            found, start = self.pop()
            if found == kind:
                return start
            self.out[start - 1] = BROKEN

    def end_links(self) -> None:
        """A paragraph has ended: the links still open are broken (a file's caption may go on)."""
        while self.stack and self.stack[-1][0] == "[[":
            start = self.stack[-1][1]
            if is_file(self.out[start]):
                return
            self.pop()
            self.out[start - 1] = BROKEN

    def abandon(self) -> None:
        while self.stack:
            self.out[self.pop()[1] - 1] = BROKEN


def _template(token: str) -> str:
    """What a template shows that holds no other."""
    return render(token[2:-2].split("|"))


# {{1er}} and {{s-|XIX}} come again and again.
_short_template = lru_cache(maxsize=8192)(_template)


def _parts(inside: list[str]) -> list[str]:
    """A template's name and what it is given: `inside` joined between its bars."""
    parts: list[str] = []
    begin = 0
    for i, piece in enumerate(inside):
        if piece == "|":
            parts.append("".join(inside[begin:i]))
            begin = i + 1
    parts.append("".join(inside[begin:]))
    return parts


def _is_tail(title: str) -> bool:
    words = _HEADING_WORD.findall(title.lower())
    return not _TAIL_KEYS.isdisjoint(words) and _TAIL_WORDS.issuperset(words)
