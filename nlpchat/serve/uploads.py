"""An upload -> files in a private folder: streamed, never whole in memory, within limits, gone as soon as they are read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import anyio
from anyio import to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from nlpchat.errors import ChatFormatError
from nlpchat.serve.answers import RefusalError
from nlpchat.serve.names import file_name

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_FILES = 100  # of one upload
MOST_FIELD, MOST_FIELDS = 200, 10  # bytes of a form's field that is no file, and how many of those
UNPACKED = 4  # times the upload limit: what the texts of a zip may take
SILENT_S = 60.0  # without a byte, and an upload is given up
_OTHERS = 64 * 1024  # bytes of an upload that are no file's: boundaries, headers, fields


@dataclass(slots=True)
class Received:
    """Files that were sent, in a folder that nobody else may open, and the fields sent with them."""

    folder: Path
    paths: list[Path] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)

    def delete(self) -> None:
        """They are gone; again is harmless."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def plain(self, text: str) -> str:
        """The text with each file called as it was sent, and not where it lay."""
        for path in self.paths:
            text = text.replace(str(path), path.name)
        return text.replace(str(self.folder), "the upload")


async def body_of(request: Request, most: int, still: Callable[[], None] | None = None) -> AsyncIterator[bytes]:
    """The pieces of a request's body. still: called at each. Raises RefusalError: more than `most` bytes, or silence."""
    said = request.headers.get("content-length", "0")
    if said.isdecimal() and int(said) > most:
        raise too_large(most)
    size = 0
    pieces = request.stream()
    while True:
        try:
            with anyio.fail_after(SILENT_S):
                piece = await anext(pieces, b"")
        except TimeoutError:
            raise RefusalError(408, "too_slow", f"nothing came for {SILENT_S:.0f} seconds. Send it again.") from None
        if not piece:
            return
        size += len(piece)
        if size > most:
            raise too_large(most)
        if still is not None:
            still()
        yield piece


def too_large(most: int) -> RefusalError:
    """What is said of a body above the limit."""
    size = f"{most / 1024**2:.0f} MB" if most >= 1024**2 else f"{most:,} bytes"
    return RefusalError(413, "too_large", f"more than {size}, the limit here.")


async def received(request: Request, root: Path, most: int, still: Callable[[], None]) -> Received:
    """The files of a multipart upload, written to a folder under `root` as they come. Nothing is left of one that fails.

    Raises RefusalError: too large, too slow, not multipart, damaged, or without a file.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise RefusalError(415, "wrong_kind", "send the export as multipart/form-data.")
    files = Received(Path(tempfile.mkdtemp(dir=root)))
    try:
        with _Form(files, options[b"boundary"]) as form:
            async for piece in body_of(request, most + _OTHERS, still):
                # Writing may wait for a disk, and nobody else should.
                await to_thread.run_sync(form.write, piece)
            form.end()
    except BaseException:
        files.delete()
        raise
    return files


def check_unpacked(path: Path, most: int) -> None:
    """Nothing; raises ChatFormatError when the texts of a zip would take more than `most` bytes."""
    from nlpchat.chats.containers import contents_of

    sources = contents_of(path).sources.values()
    size = sum(one.archive.getinfo(one.member).file_size for one in sources if one.archive and one.member)
    if size > most:
        raise ChatFormatError(
            f"{path}: its texts take {size / 1024**2:,.0f} MB once unpacked, and the limit here is {most / 1024**2:,.0f} MB. "
            "Give the file of one conversation."
        )


class _Form:
    """A multipart body on its way to files. Raises RefusalError for one that is none."""

    def __init__(self, files: Received, boundary: bytes):
        self.files = files
        self._header = self._value = self._disposition = b""
        self._field = ""
        self._text = b""
        self._file: IO[bytes] | None = None
        self._ended = False
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks)

    def __enter__(self) -> _Form:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, piece: bytes) -> None:
        """A piece of the body, as it came."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise _damaged() from None
        except OSError as fault:
            raise RefusalError(507, "no_room", "the server cannot keep the upload: its disk is full.") from fault

    def end(self) -> None:
        """Nothing more comes."""
        if not self._ended:
            raise _damaged()
        if not self.files.paths:
            raise RefusalError(422, "no_file", "give at least one file.")

    def _part_begin(self) -> None:
        self._disposition = self._text = b""
        self._file = None

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            return
        if len(self.files.paths) == MOST_FILES:
            raise RefusalError(422, "too_many", f"more than {MOST_FILES} files. Give a zip of them.")
        # Each lies alone, so that two of one name stay two, and none is read as the neighbour of another.
        path = (
            self.files.folder / str(len(self.files.paths)) / file_name(options[b"filename"].decode("utf-8", "replace"))
        )
        path.parent.mkdir(mode=0o700)
        self._file = path.open("wb")
        self.files.paths.append(path)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > MOST_FIELD:
            raise RefusalError(422, "too_long", f"a field of the form is longer than {MOST_FIELD} bytes.")

    def _part_end(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        elif len(self.files.fields) == MOST_FIELDS:
            raise RefusalError(422, "too_many", f"more than {MOST_FIELDS} fields.")
        else:
            self.files.fields[self._field] = self._text.decode("utf-8", "replace")

    def _end(self) -> None:
        self._ended = True


def _damaged() -> RefusalError:
    return RefusalError(400, "damaged", "the upload broke off or is damaged. Send it again.")
