"""Files written whole or not at all, and file faults said in one line."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nlpchat.errors import InputError, OutputError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is run by spreadsheets


@contextmanager
def written_beside(path: str | Path) -> Iterator[Path]:
    """A temporary path in `path`'s folder; renamed to `path` when the block ends well, removed when it does not.

    Raises OutputError when the folder is missing, is not writable, or the disk is full.
    """
    path = Path(path)
    _check_folder(path)
    beside = _temporary(path, folder=False)
    try:
        yield beside
        beside.replace(path)
    except OSError as fault:
        raise _output_error(path, fault) from fault
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def folder_written_beside(path: str | Path) -> Iterator[Path]:
    """As `written_beside`, for a whole folder: an older folder of that name is replaced only when the block ends well."""
    path = Path(path)
    _check_folder(path)
    beside = _temporary(path, folder=True)
    try:
        yield beside
        if path.exists():
            old = _temporary(path, folder=True)
            path.replace(old / "old")
            beside.replace(path)
            shutil.rmtree(old)
        else:
            beside.replace(path)
    except OSError as fault:
        raise _output_error(path, fault) from fault
    finally:
        if beside.exists():
            shutil.rmtree(beside)


def make_folder(path: str | Path) -> Path:
    """The folder `path`, made if it is not there yet; the one it lies in must be. Raises OutputError."""
    path = Path(path)
    _check_folder(path)
    try:
        path.mkdir(exist_ok=True)
    except OSError as fault:
        raise _output_error(path, fault) from fault
    return path


def read_error(path: str | Path, fault: OSError) -> InputError:
    """The error that says in one line why `path` could not be read."""
    reasons = {
        errno.ENOENT: "no such file. Check the path",
        errno.EACCES: "no permission to read it. Check its rights (chmod +r)",
        errno.EPERM: "no permission to read it. Check its rights (chmod +r)",
        errno.EISDIR: "this is a folder; a file is needed",
    }
    return InputError(f"{path}: {reasons.get(fault.errno or 0, fault.strerror or str(fault))}.")


def digest(path: str | Path) -> str:
    """The SHA-256 of a file in hex; of a folder, over its files' names and digests in order."""
    path = Path(path)
    if path.is_dir():
        whole = hashlib.sha256()
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            whole.update(f"{file.relative_to(path).as_posix()}\0{digest(file)}\n".encode())
        return whole.hexdigest()
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as fault:
        raise read_error(path, fault) from fault


def digest_bytes(raw: bytes) -> str:
    """The SHA-256 of `raw` in hex."""
    return hashlib.sha256(raw).hexdigest()


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist. Make it first, or give another output.")


def _temporary(path: Path, *, folder: bool) -> Path:
    # mkdtemp/mkstemp make private (0600/0700) files; a result has the rights that any new file would have.
    mask = os.umask(0)
    os.umask(mask)
    try:
        if folder:
            made = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
            made.chmod(0o777 & ~mask)
            return made
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        Path(name).chmod(0o666 & ~mask)
        return Path(name)
    except OSError as fault:
        raise _output_error(path, fault) from fault


def _output_error(path: Path, fault: OSError) -> OutputError:
    reasons = {
        errno.ENOSPC: "the disk is full. Nothing was kept; free some space and run it again",
        errno.EACCES: "no permission to write there. Give another output",
        errno.EPERM: "no permission to write there. Give another output",
        errno.EROFS: "the disk is read-only. Give another output",
        errno.EISDIR: "this is a folder. Give a file name",
    }
    return OutputError(f"{path}: {reasons.get(fault.errno or 0, fault.strerror or str(fault))}.")


def for_spreadsheet(text: str) -> str:
    """The text so that a spreadsheet shows it and does not run it: an apostrophe before what looks like a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
