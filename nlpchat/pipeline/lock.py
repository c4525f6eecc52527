"""What was done and with what: the lock of a pipeline, and digests remembered between runs."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nlpchat.errors import InputError
from nlpchat.files import digest, read_error, written_beside

PACKAGES = ("nlpchat", "torch", "fastai", "sentencepiece", "onnxruntime")
BIG = 1 << 20  # bytes: the digest of a smaller file is quicker taken than looked up
SETTLED = 2.0  # seconds since the last change: a younger file could still change within the clock's grain


class Lock:
    """The steps that were done, by name: command, digests, seconds, versions, machine, result.

    Places stay unfilled, so that a lock made on one machine is read on another.
    """

    def __init__(self, path: Path, steps: dict[str, dict[str, Any]]) -> None:
        self.path = path
        self.steps = steps

    @classmethod
    def read(cls, path: Path) -> Lock:
        """The lock at `path`, an empty one when there is none. Raises InputError: damaged."""
        if not path.exists():
            return cls(path, {})
        try:
            steps = json.loads(path.read_text(encoding="utf-8"))["steps"]
            if not all(isinstance(done, dict) for done in steps.values()):
                raise ValueError("a step that is no table")
        except OSError as fault:
            raise read_error(path, fault) from fault
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise InputError(f"{path}: this lock is damaged. Remove it; the steps will then run again.") from fault
        return cls(path, steps)

    def keep(self, name: str, done: dict[str, Any], *, order: Iterable[str], pipeline: str, title: str) -> None:
        """Writes the lock with step `name` as `done`; steps that `order` does not name are forgotten."""
        steps = self.steps | {name: done}
        self.steps = {one: steps[one] for one in order if one in steps}
        whole = {"pipeline": pipeline, "title": title, "steps": self.steps}
        with written_beside(self.path) as beside:
            beside.write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


class Digests:
    """SHA-256 of files and folders; of big files remembered in one file, by size and time of change."""

    def __init__(self, path: Path, *, remember: bool = True) -> None:
        self._path = path
        self._remember = remember
        self._known: dict[str, Any] = {}
        if path.exists():
            try:
                self._known = json.loads(path.read_text(encoding="utf-8"))
            except OSError as fault:
                raise read_error(path, fault) from fault
            except ValueError:
                self._known = {}  # only a memory: a damaged one is built again

    def of(self, path: Path) -> str | None:
        """The digest of a file or a folder; None when there is none."""
        if path.is_dir():
            whole = hashlib.sha256()
            for file in sorted(found for found in path.rglob("*") if found.is_file()):
                whole.update(f"{file.relative_to(path).as_posix()}\0{self._of_file(file)}\n".encode())
            return whole.hexdigest()
        return self._of_file(path) if path.exists() else None

    def _of_file(self, path: Path) -> str:
        state = path.stat()
        if state.st_size < BIG:
            return digest(path)
        key, seen = str(path.resolve()), [state.st_size, state.st_mtime_ns]
        known = self._known.get(key)
        if isinstance(known, dict) and known.get("seen") == seen:
            return str(known["sha256"])
        found = digest(path)
        if self._remember and time.time() - state.st_mtime > SETTLED:
            self._known[key] = {"seen": seen, "sha256": found}
            with written_beside(self._path) as beside:
                beside.write_text(json.dumps(self._known, indent=0), encoding="utf-8")
        return found


def versions() -> dict[str, str]:
    """The versions of Python and of what a result depends on; a package that is not installed is left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, object]:
    """The system and the number of cores that a step ran on."""
    return {"system": platform.platform(), "cores": os.cpu_count()}
