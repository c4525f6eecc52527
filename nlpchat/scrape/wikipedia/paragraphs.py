"""Paragraphs of a text that has lost its braces and brackets: lines joined, quotes, entities and spaces settled.

A list item is a paragraph of its own, without its bullet. Every kind of space is one plain space, the non-breaking one
before « ; : ! ? » too (the tokenizer's normaliser makes it plain anyway). A sentence with a hole after an article or a
preposition ("au début du .") is left out; a paragraph where markup is left is left out whole.
"""

from __future__ import annotations

import html
import re

from nlpchat.scrape.wikipedia.renderers import BROKEN, CUT, FORMULA, FORMULA_END, HOLE, LOST, MARKS, PIPE, QUOTE

# What no paragraph may hold. Each alternative begins with its own sign: that is what makes a search fast.
_MARKUP = re.compile(
    r"\{\{|\}\}|\[\[|\]\]|\{\||\|\}|\|-|''|<!--|-->|__[A-Z]+__|&[a-zA-Z]{2,8};|&#\w+;|</|<ref"
    r"|<(?i:br|small|div|span|center|su[bp]|math|nowiki|gallery|poem|blockquote|references|table|t[rdh]|code|pre|em|big"
    r"|font|[ibusp])\b"
)
_CAPTION = re.compile(r"(?:thumb|vignette|upright|px) ?\|", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\b(?:style|class|align|colspan|rowspan|bgcolor|width|scope) ?= ?[\"'\d#a-z]", re.IGNORECASE)

_LIST_MARKS = "*#:;"
_SPACES = "\t\r\v\f\x85\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_INVISIBLE = "\xad\u200b\u200e\u200f\u2060\ufeff"
_LINE_ENDS = "\u2028\u2029"
_BECOMES = tuple(
    (character, plain)
    for characters, plain in ((_SPACES, " "), (_INVISIBLE, ""), (_LINE_ENDS, "\n"))
    for character in characters
)
_RUNS_OF_QUOTES = re.compile(r"(''+)")
_EXTERNAL = re.compile(r"\[(?:(?:https?:|ftp:)?//|mailto:)[^\s\[\]]*+(?:\s*+([^\[\]\n]*+)\])?")
_SWITCH = re.compile(r"__[A-ZÀ-Ý_]{3,30}__")

# Gaps that what was dropped leaves; and one look that most paragraphs pass: no gap, mark, link or piece of markup.
_GAPS = r"(?<=[ (\[,;:][\],.)])|(?<=[(\[])(?= )|(?<=\([;:])|(?<=«»)|(?<=« »)|(?<=[^.]\.\.)(?!\.)"
_ODD = re.compile(rf"[][,.;:)(»](?:{_GAPS})")
_MARKS = "".join(MARKS)
_UNUSUAL = re.compile(
    rf"[][{{}}<>=|&_'/,.;:)(»{_MARKS}]"
    rf"(?:(?<=[{{}}<>=|&_{_MARKS}])|(?<=\[\[)|(?<=\]\])|(?<='')|(?<=//)|(?<=mailto:)|{_GAPS})"
)
_EMPTY_BRACKETS = re.compile(r"\([ ,;:.–/-]*\)|\[ *\]|« ?»")
_AFTER_BRACKET = re.compile(r"\([ ,;:]+")
_BEFORE_BRACKET = re.compile(r"[,;:] *(?=\))")
_GAP = re.compile(r" +(?=[,.)\]](?:[ »\")\],;.]|$))|\[ +")
_DOUBLE_STOP = re.compile(r"(?<!\.)\.\.(?!\.)")  # "av. J.-C.."
_DOUBLE_COMMA = re.compile(r"(?<!,)(?<!, )(?:(,)(?: ?,)++(?= )|,(?: ?,)*+ ?(?=\.(?: |$)))")

# Words that a sentence cannot stop after, and one that speaks of the formula that follows.
_OPEN_WORDS = (
    "le|la|les|l|un|une|des|du|de|d|à|au|aux|en|par|pour|dans|sur|sous|vers|avec|sans|chez|entre|et|ou|où|est|sont|que"
    "|qu|ce|cet|cette|ces|son|sa|ses|leur|leurs|comme|soit|dit|dite|depuis|jusqu|jusque|dès|si|notée?|appelée?s?"
    "|fonction"
)
_LEFT_OPEN = re.compile(rf"(?:(?<![\w'’-])(?:{_OPEN_WORDS})['’]?|[=<>≤≥+×]) *[(«:]? *\Z", re.IGNORECASE)
_LOOK_BACK = 20  # characters before a hole, enough for the longest of them
# Not after "M." or "J.-C.".
_SENTENCE_END = re.compile(
    rf"(?:(?<=[\w)»\]][\w)»\]{FORMULA_END}][.!?…])|(?<=[.!?…] »)|(?<= [!?])) +(?=[^\W\d_a-zà-ÿ]|[«(\"])"
)
_FORMULA = re.compile(f"{FORMULA}[^{FORMULA_END}]*{FORMULA_END}")
_TEXT_OF_MARKS = ((PIPE, "|"), (QUOTE, "'"), (FORMULA, ""), (FORMULA_END, ""))
_WORD = re.compile(r"[^\W\d_]{2}")


def paragraphs(text: str) -> list[str]:
    """The paragraphs of `text`, none of them empty."""
    if "&" in text:
        text = html.unescape(text)
    for character, plain in _BECOMES:
        if character in text:
            text = text.replace(character, plain)
    while "  " in text:
        text = text.replace("  ", " ")
    found = (_finished(lines[0] if len(lines) == 1 else " ".join(lines)) for lines in _grouped(text))
    return [paragraph for paragraph in found if paragraph]


def markup_left(text: str) -> str | None:
    """The first piece of markup in `text`; None when there is none."""
    match = _MARKUP.search(text)
    if match is None and "|" in text:
        match = _CAPTION.search(text)
    if match is None and "=" in text:
        match = _ATTRIBUTE.search(text)
    return match and match[0]


def without_quotes(line: str) -> str:
    """`line` without the quotes of bold and italics, but with its apostrophes: l'''arbre'' is l'arbre.

    As MediaWiki's doQuotes: of four, one is text; if both kinds stay open, one bold is an apostrophe and italics.
    """
    parts = _RUNS_OF_QUOTES.split(line)
    texts, lengths = parts[::2], [len(run) for run in parts[1::2]]
    if all(length in (2, 5) for length in lengths):
        return "".join(texts)
    for i, length in enumerate(lengths):
        texts[i] += "'" * (1 if length == 4 else max(0, length - 5))
    bold = [i for i, length in enumerate(lengths) if length in (3, 4)]
    many = sum(length >= 5 for length in lengths)
    italics = len(lengths) - len(bold)  # a run of five is both
    if bold and (len(bold) + many) % 2 and italics % 2:
        texts[min(bold, key=lambda i: _rank_of_apostrophe(texts[i]))] += "'"
    return "".join(texts)


def _rank_of_apostrophe(before: str) -> int:
    """How ill an apostrophe goes after it: best after a word of one letter, then after any, worst after a space."""
    if before.endswith(" "):
        return 2
    return 0 if before[-2:-1] == " " else 1


def _grouped(text: str) -> list[list[str]]:
    """The lines of each paragraph: an empty line ends one, a list item is one."""
    groups: list[list[str]] = []
    running = False  # the last group goes on
    for line in map(_read, text.split("\n")):
        first = line[:1]
        if not first:
            running = False
        elif groups and _is_display(line):
            groups[-1].append(HOLE)  # what led to it may now lead nowhere
            running = False
        elif first in _LIST_MARKS:
            running = False
            if first != ";" or " : " in line:  # else a heading in disguise
                groups.append([line.lstrip(_LIST_MARKS)])
        elif first == "|" or line.startswith(("! ", "----")) or (first == "!" and "!!" in line):
            running = False  # a row of a broken table, or a rule
        elif running:
            groups[-1].append(line)
        else:
            groups.append([line])
            running = True
    return groups


def _read(line: str) -> str:
    line = line.strip(" ")
    if CUT in line:
        line = line[: line.index(CUT)]
    return without_quotes(line) if "''" in line else line


def _is_display(line: str) -> bool:
    """Whether the line is but a formula or a hole, set apart from the text before it."""
    if line[0] not in _LIST_MARKS and HOLE not in line and LOST not in line and FORMULA not in line:
        return False
    return not _WORD.search(_FORMULA.sub("", line))


def _finished(paragraph: str) -> str:
    """One paragraph in its last form; "" when nothing is left of it, or markup is."""
    if "  " in paragraph or _UNUSUAL.search(paragraph):
        paragraph = _settled(paragraph)
    return paragraph.strip() if _WORD.search(paragraph) else ""


def _settled(paragraph: str) -> str:
    """Without links, switches, marks and gaps; "" if it is broken, or some markup stays."""
    if BROKEN in paragraph:
        return ""
    if "[" in paragraph:
        paragraph = _EXTERNAL.sub(lambda m: m[1] or "", paragraph)
    if "__" in paragraph:
        paragraph = _SWITCH.sub("", paragraph)
    if HOLE in paragraph or LOST in paragraph:
        paragraph = _without_holes(paragraph)
    for mark, text in _TEXT_OF_MARKS:
        paragraph = paragraph.replace(mark, text)
    paragraph = " ".join(paragraph.split())
    if _ODD.search(paragraph):
        paragraph = _repaired(paragraph)
    return "" if markup_left(paragraph) else paragraph


def _without_holes(paragraph: str) -> str:
    """Without the sentences that lost the very word they speak of; other holes close."""
    if _is_damaged(paragraph):
        paragraph = " ".join(sentence for sentence in _SENTENCE_END.split(paragraph) if not _is_damaged(sentence))
    return paragraph.replace(HOLE, "")


def _is_damaged(sentence: str) -> bool:
    """Whether a number or a formula is lost, or an article or a preposition has a hole after it."""
    if LOST in sentence:
        return True
    hole = sentence.find(HOLE)
    while hole >= 0:
        if _LEFT_OPEN.search(sentence, max(0, hole - _LOOK_BACK), hole):
            return True
        hole = sentence.find(HOLE, hole + 1)
    return False


def _repaired(paragraph: str) -> str:
    """Without the gaps that dropped notes leave: "mot ,", "( )", "(, né", "mot,, mot", "mot,."."""
    paragraph = _EMPTY_BRACKETS.sub("", paragraph)
    paragraph = _BEFORE_BRACKET.sub("", _AFTER_BRACKET.sub("(", paragraph))
    paragraph = _GAP.sub(lambda m: "[" if m[0][0] == "[" else "", paragraph)
    paragraph = _DOUBLE_COMMA.sub(lambda m: m[1] or "", _DOUBLE_STOP.sub(".", paragraph))
    return paragraph.replace("  ", " ")
