"""The films and series of AlloCiné: their addresses, and those that a page links to, plain or hidden.

    work_of("https://www.allocine.fr/film/fichefilm_gen_cfilm=275220.html")  ->  Work("film", "275220")
    Work("film", "275220").page(2)  ->  "https://www.allocine.fr/film/fichefilm-275220/critiques/spectateurs/?page=2"

No other address is ever fetched: pages of members, the search and the site's JSON are not made here.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from bs4 import Tag

from nlpchat.scrape.markup import attribute

ROOT = "https://www.allocine.fr"
HOSTS = frozenset({"www.allocine.fr", "allocine.fr"})
FILMS = "/films/"
SERIES = "/series-tv/"

Kind = Literal["film", "series"]

_FILM = re.compile(r"/film/fichefilm(?:_gen_cfilm=|-)(\d{1,10})(?=[./]|$)")
_SERIES = re.compile(r"/series/ficheserie(?:_gen_cserie=|-)(\d{1,10})(?=[./]|$)")
_LISTS = re.compile(r"/(?:films?|series|series-tv)/")
_STAR = re.compile(r"/critiques/spectateurs/star-([0-5])/")
_MARK = "ACr"  # before a hidden link, and again after its third character


@dataclass(frozen=True, slots=True)
class Work:
    """A film or a series, by its id at the site; films and series count apart."""

    kind: Kind
    id: str

    @property
    def item(self) -> str:
        return f"{self.kind}-{self.id}"

    def page(self, number: int, *, star: int | None = None, root: str | None = None) -> str:
        """The address of a page of its spectators' reviews, from 1; star: only those of one rating (films)."""
        if self.kind == "series":
            path = f"/series/ficheserie-{self.id}/critiques/"
        else:
            path = f"/film/fichefilm-{self.id}/critiques/spectateurs/{'' if star is None else f'star-{star}/'}"
        return numbered(urljoin(root or ROOT, path), number)


def is_here(url: str) -> bool:
    """Whether an address is the site's."""
    return urlsplit(url).hostname in HOSTS | {urlsplit(ROOT).hostname}


def here(url: str) -> str:
    """The address as the site itself writes it, whatever scheme and host it was given with."""
    parts = urlsplit(url)
    return urlunsplit((*urlsplit(ROOT)[:2], parts.path, parts.query, ""))


def work_of(url: str) -> Work | None:
    """The work whose page this is: its own, its reviews', a season's; None: another page."""
    path = urlsplit(url).path
    if found := _FILM.search(path):
        return Work("film", found[1])
    found = _SERIES.search(path)
    return Work("series", found[1]) if found else None


def is_reviews(url: str) -> bool:
    """Whether this is a page of spectators' reviews."""
    path = urlsplit(url).path
    return work_of(url) is not None and "/critiques/" in path and "/presse/" not in path


def is_list(url: str) -> bool:
    """Whether this may be a page that lists films or series."""
    return _LISTS.match(urlsplit(url).path) is not None and work_of(url) is None


def star_of(url: str) -> int | None:
    """The rating that a page of reviews is filtered by; None: all of them."""
    found = _STAR.search(urlsplit(url).path)
    return int(found[1]) if found else None


def numbered(url: str, number: int) -> str:
    """The `number`th page of a list or of reviews, from 1, whichever page of it `url` is."""
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "page"]
    if number > 1:
        query.append(("page", str(number)))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))


def links(element: Tag, base: str) -> Iterator[str]:
    """The addresses that `element` or its descendants link to, in order: `<a href>`, or hidden in a span's class."""
    for tag in (element, *element.find_all(True)):
        if tag.name == "a" and attribute(tag, "href"):
            yield urljoin(base, attribute(tag, "href"))
        elif hidden := hidden_link(attribute(tag, "class")):
            yield urljoin(base, hidden)


def hidden_link(classes: str) -> str | None:
    """The address that a span's classes hide from robots that only follow `<a>`; None: they hide none.

    >>> hidden_link("ACrL2ZACrpbG1zLz9wYWdlPTI= button")
    '/films/?page=2'
    """
    token = classes.split(" ", 1)[0].partition("#")[0]
    if not token.startswith(_MARK):
        return None
    token = token.replace(_MARK, "")
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
