"""The reviews of a file that a person saved: a page or an export."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from nlpchat.errors import PageChangedError
from nlpchat.files import read_error
from nlpchat.scrape.reviews import PageReviews
from nlpchat.scrape.sites import Site

_SAVED_FROM = re.compile(rb"<!--\s*saved from url=\(\d+\)(https?://[^\s>]+)\s*-->")  # as Chrome and Firefox note it


def read_saved(site: Site, path: Path) -> PageReviews:
    """The reviews of a file; its time of change is when they were fetched. Raises PageChangedError, InputError.

    Of the path only the file's name travels into the rows: folders carry their owners' names.
    """
    try:
        body = path.read_bytes()
        saved_at = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except OSError as fault:
        raise read_error(path, fault) from fault
    noted = _SAVED_FROM.search(body[:2048])
    address = noted[1].decode("ascii", errors="replace") if noted else ""
    url = address if site.matches(address) else f"file:{quote(path.name)}"
    try:
        return site.read(body, url=url, fetched_at=saved_at)
    except PageChangedError as fault:
        raise PageChangedError(f"{path}: {str(fault).removeprefix(f'{url}: ')}") from fault
