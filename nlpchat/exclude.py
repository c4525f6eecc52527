"""Who wants to be left out: a file of ids -> whether a text is one of them.

    # one a line; what follows a # and a space is a remark
    12301771                                     a review's id, whatever its site
    allocine:12301771                            the same, of one site
    https://www.allocine.fr/...#review_12301771  its address
    https://www.example.org/review/12301771      the address of a page: every review of it
    sha256:9f86d081884c7d65...                   of a text alone, where it has neither id nor address

The last is of the text in UTF-8 without spaces around it (`printf %s "the text" | sha256sum`), so that nobody has to write
down again what they want forgotten.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from nlpchat.errors import InputError
from nlpchat.files import read_error

EXCLUDE = "exclude.txt"  # its name in the folder of cards
_REMARK = re.compile(r"(?:^|\s)#.*")  # an address may have a # in it, but no space before it
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def excluded_ids(path: str | Path) -> frozenset[str]:
    """What `is_excluded` looks for, out of such a file. Raises InputError, with every line that is none of those.

    A name or a sentence is refused: left unread, it would leave in whom it should leave out.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as fault:
        raise InputError(f"{path}: not in UTF-8. Save it as such.") from fault
    except OSError as fault:
        raise read_error(path, fault) from fault
    stated = [(number, line) for number, raw in enumerate(lines, 1) if (line := _REMARK.sub("", raw).strip())]
    wrong = [
        f"line {number}"
        for number, line in stated
        if re.search(r"\s", line) or (line.startswith("sha256:") and not _DIGEST.fullmatch(line))
    ]
    if wrong:
        raise InputError(
            f"{path}, {', '.join(wrong)}: a review's id, site:id, address or sha256:DIGEST is needed, one a line."
        )
    return frozenset(_key(line) for _, line in stated)


def is_excluded(
    excluded: frozenset[str], *, site: str = "", review_id: str = "", url: str = "", text: str | None = None
) -> bool:
    """Whether `excluded` names a text by any of what is known of it."""
    if not excluded:
        return False
    named = (review_id, f"{site}:{review_id}" if review_id else "", _address(url) if url else "")
    return any(name and name in excluded for name in named) or (text is not None and digest_of(text) in excluded)


def is_excluded_row(excluded: frozenset[str], row: Mapping[str, object]) -> bool:
    """Whether `excluded` names a row of JSON Lines, by its `site`, `review_id`, `url` or `text`."""
    if not excluded:
        return False
    site, review_id, url, text = (str(row.get(key) or "") for key in ("site", "review_id", "url", "text"))
    return is_excluded(excluded, site=site, review_id=review_id, url=url, text=text)


def digest_of(text: str) -> str:
    """The line that names this text by its digest."""
    return f"sha256:{hashlib.sha256(unicodedata.normalize('NFC', text).strip().encode()).hexdigest()}"


def _key(line: str) -> str:
    return _address(line) if "/" in line or "#" in line else line.replace("review_", "", 1)


def _address(url: str) -> str:
    """An address without what changes while it stays the same review: scheme, "www.", the page it is on just now.

    >>> _address("http://www.allocine.fr/film/fichefilm-1/critiques/spectateurs/?page=4#review_2")
    'allocine.fr#review_2'
    """
    parts = urlsplit(url if "://" in url or url.startswith("file:") else f"https://{url}")
    host = parts.netloc.lower().removeprefix("www.")
    if parts.fragment:
        return f"{host}#{parts.fragment}"
    return f"{host}{parts.path.rstrip('/')}{'?' if parts.query else ''}{parts.query}"
