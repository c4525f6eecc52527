"""Fetched pages on disk, each as it came: the state of a scrape, which a next run goes on from.

    FOLDER/www.example.org/9f86d08….html.gz   the body, letter for letter
    FOLDER/www.example.org/9f86d08….json      url, final_url, status, fetched_at, headers, length and SHA-256 of the body
    FOLDER/www.example.org/robots.txt, .json  the same for the site's robots.txt, unpacked

The name is the SHA-256 of the canonical URL. The body is written first, the .json last, each beside and then renamed:
whatever moment a run is killed at, a pair is whole or counts as not there.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlpchat.errors import ScrapeError
from nlpchat.files import digest_bytes, make_folder, written_beside
from nlpchat.scrape.urls import canonical, host_of

KEPT_HEADERS = ("content-type", "last-modified", "etag", "content-language", "date")


@dataclass(frozen=True, slots=True)
class Page:
    """A page as the site sent it.

    url: what was asked, canonical. final_url: where redirects led to, on the same host. status: 200, or 404 or 410: the site
    has no such page. body: unpacked, letter for letter; its characters are for the parser to find (give it the bytes).
    content_type: the header as sent, "" if there was none. path: the kept .html.gz. from_store: nothing was asked for it.
    """

    url: str
    final_url: str
    status: int
    body: bytes
    content_type: str
    fetched_at: datetime
    path: Path
    from_store: bool

    @property
    def moved(self) -> bool:
        """Whether the site led elsewhere: past the last page of a list, for example."""
        return canonical(self.final_url) != canonical(self.url)


@dataclass(frozen=True, slots=True)
class KeptRobots:
    """A robots.txt as it was fetched; its text is empty where the site has none (status 4xx)."""

    text: str
    status: int
    fetched_at: datetime
    path: Path


class PageStore:
    """The pages under `folder`, made when the first one is kept; its parent must be there. Writing raises OutputError."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)

    def path(self, url: str) -> Path:
        """Where the body of `url` is kept, whether it is there or not."""
        return self.of_host(host_of(url)) / f"{digest_bytes(canonical(url).encode())}.html.gz"

    def of_host(self, host: str) -> Path:
        """The folder of "HOST" or "HOST:PORT"."""
        return self.folder / re.sub(r"[^a-z0-9.-]", "_", host)

    def get(self, url: str) -> Page | None:
        """The kept page; None: there is none, or it is damaged or half there and has to be asked for again."""
        path = self.path(url)
        try:
            said = _said(path)
            body = gzip.decompress(path.read_bytes())
            if said["sha256"] != digest_bytes(body) or said["url"] != canonical(url):
                return None
            content_type = str(said["headers"].get("content-type", ""))
            final_url, moment = canonical(said["final_url"]), _moment(said["fetched_at"])
            return Page(
                canonical(url), final_url, int(said["status"]), body, content_type, moment, path, from_store=True
            )
        except _DAMAGE:
            return None

    def put(
        self, url: str, *, final_url: str, status: int, body: bytes, headers: Mapping[str, str], fetched_at: datetime
    ) -> Page:
        """The page, kept. headers: names in lower case; only those of KEPT_HEADERS stay."""
        path = self.path(url)
        said = {
            "url": canonical(url),
            "final_url": canonical(final_url),
            "status": status,
            "fetched_at": _stamp(fetched_at),
            "headers": {name: headers[name] for name in KEPT_HEADERS if name in headers},
            "length": len(body),
            "sha256": digest_bytes(body),
        }
        self.make_host(host_of(url))
        _write(path, gzip.compress(body, mtime=0), said)
        content_type, moment = headers.get("content-type", ""), _moment(said["fetched_at"])
        return Page(canonical(url), canonical(final_url), status, body, content_type, moment, path, from_store=False)

    def robots(self, host: str) -> KeptRobots | None:
        """The kept robots.txt of a host, however old; None: none, or a damaged one."""
        path = self.of_host(host) / "robots.txt"
        try:
            said, raw = _said(path), path.read_bytes()
            if said["sha256"] != digest_bytes(raw) or host_of(said["url"]) != host:
                return None
            return KeptRobots(raw.decode(), int(said["status"]), _moment(said["fetched_at"]), path)
        except _DAMAGE:
            return None

    def put_robots(self, host: str, text: str, *, url: str, status: int, fetched_at: datetime) -> KeptRobots:
        """The robots.txt, kept."""
        path, raw = self.make_host(host) / "robots.txt", text.encode()
        _write(path, raw, {"url": url, "status": status, "fetched_at": _stamp(fetched_at), "sha256": digest_bytes(raw)})
        return KeptRobots(text, status, fetched_at.astimezone(UTC), path)

    def make_host(self, host: str) -> Path:
        """The folder of a host, made with the store itself if need be."""
        make_folder(self.folder)
        return make_folder(self.of_host(host))

    def sweep(self, host: str) -> None:
        """Removes what a killed run left half-written. Only for whoever holds the host's lock: nobody else writes then."""
        for left in self.of_host(host).glob(".*.*.*"):
            if left.suffix in (".gz", ".json", ".txt"):
                left.unlink(missing_ok=True)


_DAMAGE = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError, ScrapeError)


def _beside(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".html.gz").removesuffix(".txt") + ".json")


def _said(path: Path) -> Any:
    return json.loads(_beside(path).read_bytes())


def _write(path: Path, content: bytes, said: Mapping[str, object]) -> None:
    with written_beside(path) as beside:
        beside.write_bytes(content)
    with written_beside(_beside(path)) as beside:  # last: with its SHA-256 it is what makes the pair count
        beside.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: object) -> datetime:
    """An aware moment, UTC. Raises ValueError for one without a zone."""
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment.astimezone(UTC)
