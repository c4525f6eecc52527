"""What a page says, out of its markup: its tree, an element's text, a French date, a number with a comma."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import date

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from nlpchat.errors import PageChangedError

# Elements that begin and end a line; every other one says nothing about lines.
BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol",
    "p", "pre", "section", "table", "tr", "ul",
))  # fmt: skip
UNSEEN = frozenset(("script", "style", "template", "noscript", "button"))
MONTHS = {
    "janvier": 1, "février": 2, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7, "août": 8, "aout": 8,
    "septembre": 9, "octobre": 10, "novembre": 11, "décembre": 12, "decembre": 12,
}  # fmt: skip
SHARE_OF_FAULTS = 0.2  # of a page's cards; more of them without the same thing, and it is the page that has changed

_BLOCK_EDGE = "\0"
_DATE = re.compile(r"\b(\d{1,2})(?:er)?\s+([^\W\d_]+)\s+(\d{4})\b")
_CHARSET = re.compile(rb"""charset\s*=\s*["']?([\w-]+)""", re.IGNORECASE)
_END_BR = re.compile(rb"</br\s*>", re.IGNORECASE)
_SOURCE_SPACE = re.compile(r"[ \t\r\n\f]+")  # of HTML; a no-break space is a letter like any other
_PRIVATE = re.compile("[\ue000-\uf8ff]")  # the sites' icon fonts live there
_SPOILER_LABEL = re.compile(r"\s*[\[(]?\s*spoilers?\s*[\])]?\s*:?\s*", re.IGNORECASE)


def tree(body: bytes) -> BeautifulSoup:
    """The page's tree, out of its bytes: UTF-8 where they are that, else what the page says of itself."""
    body = _END_BR.sub(b"<br>", body)  # what browsers make of it; the parser would drop it, and glue two lines
    return BeautifulSoup(body, "html.parser", from_encoding=_encoding(body))


def text_of(element: Tag) -> str:
    """The words of `element` as a reader sees them: `<br>` and blocks end a line, other tags are nothing.

    Spaces of the source are one space; no-break spaces, « » and apostrophes stay as they were written.

        <div>Un film <b>fort</b>,<br/>  trop\\n long.</div>  ->  "Un film fort,\\ntrop long."
    """
    text = _PRIVATE.sub("", "".join(_pieces(element)))
    text = re.sub(rf" *{_BLOCK_EDGE}[ {_BLOCK_EDGE}]*", "\n", text)
    return re.sub(r" *\n *", "\n", re.sub("  +", " ", text)).strip("\n ")


def open_spoilers(element: Tag) -> bool:
    """Whether a part of `element` is hidden as a spoiler; the label that hides it is taken out of the tree.

    Only the label: what the page hides is the reviewer's words, and so is "spoiler:" where the reviewer typed it.
    """
    hidden = element.select(".spoiler-container, .spoiler-content, .spoiler")
    for container in element.select(".spoiler-container"):
        for string in [node for node in container.descendants if isinstance(node, NavigableString)]:
            if _SPOILER_LABEL.fullmatch(string) and string.find_parent(class_="spoiler-content") is None:
                string.extract()
    return bool(hidden)


def french_date(text: str) -> date | None:
    """The day in "Publiée le 1er août 2024"; None: there is none, or no such day.

    >>> french_date("Publiée le 27 décembre 2020")
    datetime.date(2020, 12, 27)
    """
    for day, month, year in _DATE.findall(text):
        if month.lower() in MONTHS:
            try:
                return date(int(year), MONTHS[month.lower()], int(day))
            except ValueError:
                return None
    return None


def iso_date(text: object) -> date | None:
    """The day that an ISO date or time begins with; None: there is none."""
    try:
        return date.fromisoformat(str(text).strip()[:10])
    except ValueError:
        return None


def decimal(text: str) -> float | None:
    """The number in "4,5" or "4.5"; None: "--", nothing, or anything else.

    >>> decimal(" 4,5 ")
    4.5
    """
    found = re.fullmatch(r"\s*(\d{1,3}(?:[.,]\d+)?)\s*", text)
    return float(found[1].replace(",", ".")) if found else None


def share(value: float | None, best: float) -> float | None:
    """A rating out of `best`, as 0.0 to 1.0: two stars of five are 0.4; None: no rating, or none that can be."""
    return round(value / best, 4) if value is not None and 0 < value <= best else None


def sound(text: str) -> str:
    """The text without halves of characters, which JSON can hold and no file can."""
    return text.encode("utf-8", "replace").decode("utf-8")


def attribute(element: Tag | None, name: str) -> str:
    """An attribute of an element as one string; "" where either is missing."""
    value = element.get(name) if element is not None else None
    return " ".join(value) if isinstance(value, list) else value or ""


def changed(url: str, what: str, selector: str) -> PageChangedError:
    """The error of a page that has not the shape its reader knows."""
    return PageChangedError(
        f"{url}: {what}: looked for `{selector}`. Is it the page it should be? If the site has changed, report it with the "
        "page's address and nlpchat's version."
    )


def check_share(url: str, missing: int, of: int, selector: str) -> None:
    """Nothing; raises PageChangedError where more than a fifth of a page's cards are without `selector`."""
    if missing > SHARE_OF_FAULTS * of:
        raise changed(url, f"{missing} of {of} reviews without it", selector)


def _encoding(body: bytes) -> str | None:
    try:
        body.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        declared = _CHARSET.search(body[:4096])
    name = declared[1].decode("ascii").lower() if declared else ""
    if body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return None  # the parser knows them
    # Nothing said, or what browsers read as this: bytes 0x80 to 0x9f are ’ … œ €, and not the controls of ISO-8859-1.
    return "windows-1252" if name in ("", "utf-8", "iso-8859-1", "iso8859-1", "latin1", "us-ascii") else name


def _pieces(element: Tag) -> Iterator[str]:
    """The strings of an element in order, "\\n" for each `<br>`, _BLOCK_EDGE where a block begins or ends."""
    # A stack, since broken pages nest deeper than Python calls.
    open_: list[tuple[Iterator[object], str]] = [(iter(element.children), "")]
    while open_:
        children, edge = open_[-1]
        node = next(children, None)
        if node is None:
            open_.pop()
            yield edge
        elif isinstance(node, Tag):
            if node.name == "br":
                yield "\n"
            if node.name not in UNSEEN:
                edge = _BLOCK_EDGE if node.name in BLOCKS else ""
                yield edge
                open_.append((iter(node.children), edge))
        elif type(node) is NavigableString:  # its subclasses are comments, scripts, declarations
            yield _SOURCE_SPACE.sub(" ", node)
