"""What was done and with what: the lock of a pipeline, and digests remembered between runs."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nlpchat.errors import InputError
from nlpchat.files import digest, read_error, written_beside

PACKAGES = ("nlpchat", "numpy", "torch", "fastai", "sentencepiece", "onnxruntime", "scikit-learn")
_SCORES = ("n", "perplexity", "accuracy", "macro_f1", "log_loss", "weight", "macro_f1_fp32")
_MANIFEST = "bundle.json"  # nlpchat.bundle's, whose import would cost every `nlpchat run` numpy's
_GPUS = Path("/proc/driver/nvidia/gpus")
BIG = 1 << 20  # bytes: the digest of a smaller file is quicker taken than looked up
SETTLED = 2.0  # seconds since the last change: a younger file could still change within the clock's grain


class Lock:
    """The steps that were done, by name: command, options, seed, digests, seconds, versions, machine, scores, result.

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

    def of_all(self, paths: Sequence[Path]) -> str | None:
        """One digest of several files, by name and in order; None when there are none."""
        if not paths:
            return None
        whole = hashlib.sha256()
        for path in paths:
            whole.update(f"{path.name}\0{self.of(path)}\n".encode())
        return whole.hexdigest()

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
    """The system, the number of cores and the GPUs, if any, that a step ran on."""
    found: dict[str, object] = {"system": platform.platform(), "cores": os.cpu_count()}
    if gpus := _gpus():
        found["gpus"] = gpus
    return found


def scores_in(paths: Iterable[Path]) -> dict[str, Any]:
    """What the models among these folders say of themselves: their main scores, by folder when there are several."""
    found = {path.name: kept for path in paths if (kept := _kept(_scores(path / _MANIFEST)))}
    return next(iter(found.values())) if len(found) == 1 else found


def _scores(manifest: Path) -> Mapping[str, Any]:
    try:
        scores = json.loads(manifest.read_text(encoding="utf-8"))["scores"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # no model, or none that says its scores
    return scores if isinstance(scores, dict) else {}


def _kept(scores: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers that _SCORES names, in whatever tables they stand; what was measured on the way is left out."""
    kept: dict[str, Any] = {}
    for name, value in scores.items():
        if isinstance(value, dict):
            if deeper := _kept(value):
                kept[name] = deeper
        elif name in _SCORES and isinstance(value, int | float):
            kept[name] = value
    return kept


def _gpus() -> list[str]:
    """Names of NVIDIA's GPUs, as Linux knows them without torch."""
    names = []
    try:
        for told in sorted(_GPUS.glob("*/information")):
            stated = dict(line.split(":", 1) for line in told.read_text().splitlines() if ":" in line)
            names.append(stated.get("Model", "unknown").strip())
    except OSError:
        return []
    return names
