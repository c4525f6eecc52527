"""A big file from the web, whole or not at all: a dump of Wikipedia, for example.

    >>> download(fetcher, "https://dumps.wikimedia.org/frwiki/20261101/frwiki-20261101-pages-articles.xml.bz2", "fr.xml.bz2")
    PosixPath('fr.xml.bz2')

What has come so far lies beside as NAME.part, what the site said of the file as NAME.part.json; a run that is stopped at any
moment goes on from there, if the file is still the same one (ETag or Last-Modified, and size). robots.txt, the User-Agent, the
checked addresses and one request at a time hold here as for pages.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from nlpchat.errors import OutputError, RecipeError, ScrapeError
from nlpchat.files import read_error, written_beside
from nlpchat.scrape.answers import BrokenError, Opened
from nlpchat.scrape.asking import Job, refuse_challenge
from nlpchat.scrape.fetch import HOPS, Fetcher
from nlpchat.scrape.pace import Turn
from nlpchat.scrape.urls import canonical, host_of, joined

Progress = Callable[[int, int | None], object]  # (bytes so far, bytes of the whole file or None)
_SUMS = {40: "sha1", 64: "sha256", 128: "sha512"}  # by the number of hex digits; Wikimedia publishes the first two


def download(
    fetcher: Fetcher, url: str, path: str | Path, *, checksum: str | None = None, progress: Progress | None = None
) -> Path:
    """The file at `path`, with nothing asked if it is there already.

    checksum: SHA-1, SHA-256 or SHA-512 in hex, checked in either case. A second run for the same host is refused, not kept waiting.
    Raises ScrapeError, RefusedError; OutputError when the disk is too small; RecipeError for no checksum.
    """
    url, path = canonical(url), Path(path)
    wanted = _wanted(checksum)
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist. Make it first, or give another output.")
    if path.exists():
        if wanted is not None and _sum(path, wanted) != wanted:
            raise ScrapeError(f"{path}: its {_SUMS[len(wanted)]} is not {wanted}. Remove it, and run this again.")
        return path
    part = _Part(url, path, progress or (lambda _done, _size: None))
    if not part.is_whole():
        _fetch(fetcher, url, part)
    if wanted is not None and (found := _sum(part.path, wanted)) != wanted:
        part.forget()
        raise ScrapeError(
            f"{url}: it came with the {_SUMS[len(wanted)]} {found}, not {wanted}. It was removed; run this again."
        )
    part.path.replace(path)
    part.said_path.unlink(missing_ok=True)
    return path


def _fetch(fetcher: Fetcher, url: str, part: _Part) -> None:
    if fetcher.offline:
        raise ScrapeError(f"{url}: this needs the network. Run it without --offline.")
    fetcher.hosts.check(url)
    host = host_of(url)
    fetcher.asker.check_stopped(host)
    with fetcher.turns.taken(host, patient=False) as turn:
        _follow(fetcher, url, part, turn)


def _follow(fetcher: Fetcher, url: str, part: _Part, turn: Turn) -> None:
    here = url
    for _ in range(1 + HOPS):
        fetcher.robots.check(here, turn)
        link = fetcher.asker.ask(here, turn, _PartJob(part))
        if link is None:
            return
        here = joined(here, link)
        if host_of(here) != host_of(url):
            raise ScrapeError(
                f"{url}: it leads to another site, {here}, which is not followed. If you want that file, ask for it."
            )
    raise ScrapeError(f"{url}: it leads on and on, more than {HOPS} times. The last address was {here}")


@dataclass(frozen=True, slots=True)
class _Said:
    """What the site said of the file, by which it is known again."""

    url: str
    etag: str | None
    last_modified: str | None
    size: int | None

    @property
    def validator(self) -> str | None:
        """What If-Range takes: a strong ETag, or Last-Modified (RFC 9110, section 13.1.5); None: there is neither."""
        return self.etag if self.etag and self.etag.startswith('"') else self.last_modified

    def agrees(self, headers: Mapping[str, str]) -> bool:
        """Whether an answer is of the same file, as far as it says anything."""
        return headers.get("etag", self.etag) == self.etag and (
            headers.get("last-modified", self.last_modified) == self.last_modified
        )


class _Part:
    """A file that is on its way."""

    def __init__(self, url: str, path: Path, progress: Progress):
        self.url, self.progress = url, progress
        self.path, self.said_path = (path.with_name(path.name + end) for end in (".part", ".part.json"))
        self.said = self._read_said()

    @property
    def length(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def is_whole(self) -> bool:
        return (
            self.said is not None
            and self.said.size is not None
            and self.path.exists()
            and self.length == self.said.size
        )

    def can_go_on(self) -> bool:
        return self.said is not None and self.said.validator is not None and self.length > 0

    def begin(self, said: _Said) -> None:
        """Nothing yet, of a file of which the site said this; in an order that a kill cannot turn into a wrong file."""
        self.path.unlink(missing_ok=True)
        with written_beside(self.said_path) as beside:
            beside.write_text(json.dumps(asdict(said)) + "\n", encoding="utf-8")
        self.said = said

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
        self.said_path.unlink(missing_ok=True)
        self.said = None

    def _read_said(self) -> _Said | None:
        try:
            said = _Said(**json.loads(self.said_path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return said if said.url == self.url else None


class _PartJob(Job[str | None]):
    """What is missing of a file; its result is where a redirect leads, or None when the file is whole."""

    patience = float("inf")  # hours, for a dump; a silence of 30 s is still a time-out

    def __init__(self, part: _Part):
        self._part = part
        self.progress = part.length if part.can_go_on() else 0

    def headers(self) -> Mapping[str, str]:
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        part = self._part
        if part.can_go_on() and part.said is not None and part.said.validator is not None:
            headers |= {"Range": f"bytes={part.length}-", "If-Range": part.said.validator}
        return headers

    def takes(self, status: int) -> bool:
        return status == 416

    def take(self, answer: Opened) -> str | None:
        if answer.location is not None:
            return answer.location
        if answer.status in (206, 416) and not self._is_same(answer):
            self._part.forget()
            raise BrokenError(f"{answer.url}: the file is another one than before")  # the next try begins anew
        if answer.status == 416:  # what follows the last byte was asked for: all is there
            return None
        if answer.status == 200:
            self._check_file(answer)
            said = answer.headers
            self._part.begin(_Said(self._part.url, said.get("etag"), said.get("last-modified"), _length(said)))
        elif answer.status != 206:
            raise ScrapeError(f"{answer.url}: the site answered {answer.status}, which is no file. Check the address.")
        self._append(answer)
        return None

    def _is_same(self, answer: Opened) -> bool:
        """Whether what the site would send now goes on where the part ends; not every server knows If-Range."""
        said, done, given = self._part.said, self._part.length, answer.headers.get("content-range", "").strip()
        if answer.status == 416:
            return given == f"bytes */{done}"
        spot = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", given)
        if said is None or spot is None or int(spot[1]) != done:
            return False
        return spot[2] in ("*", str(said.size)) and said.agrees(answer.headers)

    def _check_file(self, answer: Opened) -> None:
        kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
        packing = answer.headers.get("content-encoding", "identity").strip().lower()
        if kind == "text/html":
            refuse_challenge(answer.url, answer.headers, answer.glimpse())
            raise ScrapeError(f"{answer.url}: the site sends a page, not a file. Check the address.")
        if packing not in ("", "identity"):
            raise ScrapeError(
                f"{answer.url}: the file is packed as {packing!r:.40} on its way, which was not asked for."
            )

    def _append(self, answer: Opened) -> None:
        part, size = self._part, self._part.said.size if self._part.said else None
        done = part.length
        _check_room(part.path, done, size)
        try:
            with part.path.open("ab", buffering=0) as stream:
                part.progress(done, size)
                for piece in answer.pieces():
                    stream.write(piece)
                    done += len(piece)
                    self.progress = max(self.progress, done)
                    part.progress(done, size)
        except OSError as fault:
            raise OutputError(
                f"{part.path}: {fault.strerror or fault}. What has come is kept; run it again."
            ) from fault
        if size is not None and done != size:
            raise BrokenError(f"{answer.url}: {done:,} bytes came, and {size:,} were announced")


def _length(headers: Mapping[str, str]) -> int | None:
    said = headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdecimal() else None


def _check_room(path: Path, done: int, size: int | None) -> None:
    free = shutil.disk_usage(path.parent).free
    if size is not None and size - done > free:
        raise OutputError(
            f"{path}: {(size - done) / 1e9:.1f} GB are still to come, {free / 1e9:.1f} GB are free. Make some room."
        )


def _wanted(checksum: str | None) -> str | None:
    if checksum is None:
        return None
    wanted = checksum.strip().lower()
    if len(wanted) not in _SUMS or not re.fullmatch("[0-9a-f]+", wanted):
        raise RecipeError(f"checksum {checksum!r:.150}: give a SHA-1, SHA-256 or SHA-512 in hex.")
    return wanted


def _sum(path: Path, like: str) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, _SUMS[len(like)]).hexdigest()
    except OSError as fault:
        raise read_error(path, fault) from fault
