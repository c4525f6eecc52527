"""The sites whose reviews can be read: a module each, twins, with the same names in the same order.

SITE        its name: on the command line, in the rows of a corpus
ON_NETWORK  whether a robot may fetch its review pages, by evidence; where not, pages or exports that a person saved are read
POSITION    what its robots.txt and terms say, with the date
matches     whether an address is one of its pages
read        a page's bytes in, its reviews out, by no other way than the page; never an author
"""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Protocol, cast
from urllib.parse import urlsplit

from nlpchat.errors import InputError, RefusedError
from nlpchat.scrape.reviews import PageReviews
from nlpchat.scrape.site_names import SITES


class Site(Protocol):
    """What a module of this folder offers."""

    SITE: str
    ON_NETWORK: bool
    POSITION: str

    def matches(self, url: str) -> bool:
        """Whether `url` is an address of this site."""

    def read(self, body: bytes, *, url: str, fetched_at: datetime) -> PageReviews:
        """The reviews on a page or in an export. Raises PageChangedError, with the selector that found nothing."""


def site(name: str) -> Site:
    """The site of that name, one of SITES."""
    return cast(Site, import_module(f"nlpchat.scrape.sites.{name}"))


def site_of(url: str) -> Site:
    """The site that an address belongs to. Raises InputError: none that is known; nothing else is ever fetched."""
    for name in SITES:
        if (found := site(name)).matches(url):
            return found
    raise InputError(f"{url}: no site that nlpchat reads. It reads {', '.join(SITES)}.")


def check_fetchable(url: str) -> Site:
    """The site of an address that may be fetched. Raises RefusedError, with why not and what to do instead."""
    found = site_of(url)
    if not found.ON_NETWORK:
        raise RefusedError(
            f"{url}: not fetched. {found.POSITION} Save the page or the export yourself, then: "
            f"nlpchat scrape --from-html {found.SITE} FILE... -o FOLDER"
        )
    return found


def hosted_by(url: str, *domains: str) -> bool:
    """Whether the host of `url` is one of `domains` or below it."""
    host = (urlsplit(url).hostname or "").lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
