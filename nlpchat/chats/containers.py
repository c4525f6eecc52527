"""The lines or bytes of an export, whatever it is packed in: a text file, a zip, a folder.

Only the member that holds the conversation is ever unpacked: no media, no nested zip, nothing outside it.
"""

from __future__ import annotations

import codecs
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from nlpchat.errors import ChatFormatError, InputError
from nlpchat.files import read_error

# How much one member of a zip may hold once unpacked.
UNPACKED_LIMIT = 512 * 1024 * 1024
_CHUNK = 1024 * 1024

_ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, LZMAError, EOFError, struct.error, NotImplementedError, RuntimeError,
    ValueError, IndexError, OverflowError,
)  # fmt: skip

Form = Literal["text", "json", "html"]


@dataclass(frozen=True, slots=True)
class Source:
    """One readable part of an export. name: what to call it in messages; member: its name in a zip.

    archive: the open zip, shared by its members: to read the directory of a large one for each costs minutes.
    """

    path: Path
    member: str | None = None
    limit: int = field(default=UNPACKED_LIMIT, repr=False)
    archive: zipfile.ZipFile | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"{self.path}: {self.member}" if self.member else str(self.path)

    @property
    def basename(self) -> str:
        return PurePosixPath(self.member).name if self.member else self.path.name

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The bytes, as a stream. Raises InputError or ChatFormatError, however reading fails."""
        try:
            if self.member is None:
                with self.path.open("rb") as stream:
                    yield stream
                return
            with (
                nullcontext(self.archive) if self.archive is not None else zipfile.ZipFile(self.path) as archive,
                archive.open(self.member) as stream,
            ):
                yield stream
        except OSError as fault:
            raise read_error(self.path, fault) from fault
        except (*_ZIP_FAULTS, KeyError) as fault:
            if self.member is None:
                raise
            raise _damaged(self.path, fault) from fault

    def chunks(self) -> Iterator[bytes]:
        """The bytes in pieces of about a megabyte; raises ChatFormatError past the limit on unpacked text."""
        size = 0
        with self.open() as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if self.member is not None and size > self.limit:
                    raise ChatFormatError(
                        f"{self.name}: holds more than {self.limit // 1024**2} MB once unpacked, the limit "
                        "for a zip. If that is right, unpack it and give the text file."
                    )
                yield chunk

    def read(self) -> bytes:
        """Everything, within the limit."""
        return b"".join(self.chunks())

    def lines(self, encoding: str) -> Iterator[str]:
        """The lines with their line ends; only "\\n" ends one. What does not decode becomes U+FFFD."""
        with self.open() as stream:
            yield from io.TextIOWrapper(io.BufferedReader(_Raw(stream), _CHUNK), encoding, "replace", newline="\n")


class _Raw(io.RawIOBase):
    """A raw stream over any binary stream, so that one wrapper serves files and zip members alike."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the text is encoded; doubt: what to tell the person, "" when it is UTF-8 or says so itself."""

    name: str
    doubt: str = ""


def encoding_of(source: Source) -> Encoding:
    """UTF-8, UTF-16 by its mark, else cp1252; reads it all. Raises ChatFormatError: empty, not text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    counting = codecs.getincrementaldecoder("utf-8")("replace")
    damaged = False
    bad = good = size = 0
    for chunk in source.chunks():
        if not size:
            if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return Encoding("utf-16")
            if b"\0" in chunk[:4096]:
                raise ChatFormatError(f"{source.name}: this is not text. Give the exported chat: .txt, .zip or .json.")
        size += len(chunk)
        if not damaged:
            try:
                good += len(chunk) - len(decoder.decode(chunk))
                continue
            except UnicodeDecodeError:
                damaged = True
        decoded = counting.decode(chunk)
        replaced = decoded.count("\ufffd")
        bad += replaced
        good += len(decoded) - replaced - len(decoded.encode("ascii", "ignore"))
    if not size:
        raise ChatFormatError(f"{source.name}: the file is empty. Export the chat again.")
    try:
        decoder.decode(b"", final=not damaged)
    except UnicodeDecodeError:
        damaged, bad = True, bad + 1
    if not damaged:
        return Encoding("utf-8-sig")
    if good > bad:
        return Encoding("utf-8-sig", f"{bad} places are not valid UTF-8 and were replaced by \ufffd")
    return Encoding("cp1252", "the text is not UTF-8 and was read as Windows-1252 (cp1252)")


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found at a path: its readable files by name (posix, inside a folder or zip), one alone for a file.

    form: of a file, by its first bytes: "text", "json" or "html"; "" for a folder or a zip. zips: those in it, unread.
    """

    path: Path
    packed: Literal["file", "folder", "zip"]
    sources: dict[str, Source]
    form: Form | Literal[""] = ""
    zips: tuple[str, ...] = ()


def contents_of(path: Path) -> Contents:
    """The readable files at `path`. Raises InputError or ChatFormatError, with what to give instead."""
    try:
        mode = path.stat().st_mode
    except OSError as fault:
        raise read_error(path, fault) from fault
    except ValueError as fault:
        raise InputError(f"{str(path)!r}: no file can have this name. Check the path.") from fault
    if stat.S_ISDIR(mode):
        return _folder(path)
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: not a file. Save the export to a file and give that.")
    source = Source(path)
    with source.open() as stream:
        head = stream.read(4096)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(path)
    if path.suffix.lower() == ".zip":
        raise ChatFormatError(f"{path}: not a zip, or a damaged one. Export or download it again.")
    return Contents(path, "file", {path.name: source}, _form_of(path, head))


def check_readable(path: Path, sources: Iterable[Source]) -> None:
    """Nothing; raises ChatFormatError when one of these members of a zip is locked by a password."""
    wanted = {source.member for source in sources}
    with zipfile.ZipFile(path) as archive:
        if any(info.flag_bits & 1 for info in archive.infolist() if info.filename in wanted):
            raise _locked(path)


def _form_of(path: Path, head: bytes) -> Form:
    begin = head.removeprefix(codecs.BOM_UTF8).lstrip()[:64].lower()
    if path.suffix.lower() == ".json" or begin.startswith(b"{"):
        return "json"
    return "html" if begin.startswith((b"<!doctype", b"<html")) else "text"


def _folder(path: Path) -> Contents:
    try:
        files = sorted(file for file in path.rglob("*") if _readable(file.name) and file.is_file())
        inside = [file.relative_to(path).as_posix() for file in files]
        zips = tuple(sorted(file.name for file in path.glob("*.[zZ][iI][pP]") if file.is_file()))
    except OSError as fault:
        raise read_error(path, fault) from fault
    sources = {name: Source(file) for name, file in zip(inside, files, strict=True) if _belongs(name)}
    return Contents(path, "folder", sources, zips=zips)


def _zip(path: Path) -> Contents:
    try:
        # Closed when the last of its sources is gone.
        archive = zipfile.ZipFile(path)
        names = [i.filename for i in archive.infolist() if not i.is_dir() and _belongs(i.filename)]
    except OSError as fault:
        raise read_error(path, fault) from fault
    except _ZIP_FAULTS as fault:
        raise _damaged(path, fault) from fault
    zips = tuple(name for name in names if name.lower().endswith(".zip"))
    sources = {name: Source(path, name, archive=archive) for name in names if _readable(name)}
    return Contents(path, "zip", sources, zips=zips)


def _readable(name: str) -> bool:
    return name.lower().endswith((".txt", ".md", ".json", ".html", ".htm"))


def _belongs(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return bool(parts) and ".." not in parts and parts[0] not in ("/", "__MACOSX") and not parts[-1].startswith("._")


def _locked(path: Path) -> ChatFormatError:
    return ChatFormatError(f"{path}: the zip is encrypted. Unpack it with its password, then give the text file.")


def _damaged(path: Path, fault: Exception) -> ChatFormatError:
    if "encrypted" in str(fault):
        return _locked(path)
    return ChatFormatError(f"{path}: the zip is damaged ({str(fault) or type(fault).__name__}). Export it again.")
