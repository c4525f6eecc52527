"""What a build has finished so far, on disk: a folder for each batch, so that a stopped build goes on.

FOLDER/plan.json        what the parts were made from; parts of another plan are thrown away
FOLDER/part-00000/      rows.jsonl and the arrays of a `Part`, whole or not there
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpchat.corpus.clean import Part
from nlpchat.corpus.dedup import PERMUTATIONS
from nlpchat.corpus.reading import Row
from nlpchat.files import folder_written_beside, make_folder, written_beside

_ARRAYS = ("keys", "signatures", "signed", "lines", "line_keys")


class Parts:
    """The parts of one build, by number. plan: all that decides their content, as JSON."""

    def __init__(self, folder: str | Path, plan: Mapping[str, Any]):
        self.folder = Path(folder)
        text = json.dumps(plan, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        if _text_of(self.folder / "plan.json") != text:
            make_folder(self.folder)
            for old in self.folder.iterdir():  # the folder itself stays: it says that the one it lies in is a build's
                shutil.rmtree(old) if old.is_dir() else old.unlink()
            with written_beside(self.folder / "plan.json") as beside:
                beside.write_text(text, encoding="utf-8")

    def __contains__(self, number: int) -> bool:
        return self._part(number).is_dir()

    def __len__(self) -> int:
        """Parts from the first on, without a gap."""
        return next(number for number in count() if number not in self)

    def save(self, number: int, part: Part) -> None:
        with folder_written_beside(self._part(number)) as beside:
            with (beside / "rows.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
                for row, side in zip(part.rows, part.sides, strict=True):
                    stream.write(json.dumps([side, asdict(row)], ensure_ascii=False) + "\n")
            for name in _ARRAYS:
                np.save(beside / f"{name}.npy", getattr(part, name), allow_pickle=False)
            told = {"left_out": dict(part.left_out), "lines_out": dict(part.lines_out)}
            (beside / "counts.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Side and row of all parts in order."""
        for number in range(len(self)):
            with (self._part(number) / "rows.jsonl").open(encoding="utf-8") as stream:
                for line in stream:
                    side, row = json.loads(line)
                    yield side, Row(**row)

    def array(self, name: str) -> npt.NDArray[Any]:
        """One array of all parts, one part's after the other's."""
        return np.concatenate([_empty(name), *(self._array(number, name) for number in range(len(self)))])

    def signed(self) -> npt.NDArray[np.int64]:
        """The numbers of the rows that have a signature, among the rows of all parts."""
        numbers, before = [np.zeros(0, dtype=np.int64)], 0
        for number in range(len(self)):
            numbers.append(self._array(number, "signed").astype(np.int64) + before)
            before += len(self._array(number, "keys"))
        return np.concatenate(numbers)

    def counted(self, name: str) -> Counter[str]:
        """`left_out` or `lines_out` of all parts together."""
        found: Counter[str] = Counter()
        for number in range(len(self)):
            found.update(json.loads((self._part(number) / "counts.json").read_text(encoding="utf-8"))[name])
        return found

    def _part(self, number: int) -> Path:
        return self.folder / f"part-{number:05d}"

    def _array(self, number: int, name: str) -> npt.NDArray[Any]:
        found: npt.NDArray[Any] = np.load(self._part(number) / f"{name}.npy", allow_pickle=False)
        return found


def _empty(name: str) -> npt.NDArray[Any]:
    """An array of this name of no rows."""
    return np.zeros((0, PERMUTATIONS), np.uint32) if name == "signatures" else np.zeros(0, np.uint64)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
