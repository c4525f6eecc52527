"""What the words of a pipeline stand for in one run: `{data}`, `{runs}`, `{here}` and what was asked for, filled in and taken out.

places = Places(data=Path("/d"), runs=Path("runs/tiny"), here=Path("/p"))
places.fill("{runs}/lm")                     "runs/tiny/lm"
places.unfill("runs/tiny/lm: all well.")     "{runs}/lm: all well."
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nlpchat.errors import RecipeError

NAMES = ("data", "runs", "here")
PLACE = re.compile(r"\{(\w*)\}")
_WILD = re.compile(r"[*?\[]")
_AFTER = r"(?=/|[\s:;,)\]'\"]|\.?$|\.\s)"  # what may follow a folder's name where it is not the beginning of another's


def place_of(word: str) -> str | None:
    """The name of the place that `word` begins with, if it begins with one."""
    found = PLACE.match(word)
    return found[1] if found else None


def is_pattern(word: str) -> bool:
    """Whether `word` stands for the files that match it, as in a shell: "{runs}/wikipedia/train-*.txt.xz"."""
    return place_of(word) is not None and _WILD.search(word) is not None and "/" in word


@dataclass(frozen=True)
class Places:
    """The folders that `{data}`, `{runs}` and `{here}` stand for in this run, and the values asked for.

    hidden: those of `asked` that are written nowhere.
    """

    data: Path | None
    runs: Path
    here: Path
    asked: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def fill(self, text: str) -> str:
        """`text` with its places filled in, `/` between folders on every system. Raises RecipeError: one stands for nothing."""
        return PLACE.sub(lambda found: self._stands_for(found[1]), text)

    def is_address(self, place: str) -> bool:
        """Whether `place` is somewhere in the network and no file of this machine."""
        return "://" in self.fill(place)

    def found(self, place: str) -> list[Path]:
        """The file or folder that `place` is, if it is there; of a pattern, what matches it now, in order."""
        if not is_pattern(place):
            path = Path(self.fill(place))
            return [path] if path.exists() else []
        parts = place.split("/")
        first = next(number for number, part in enumerate(parts) if _WILD.search(part))
        return sorted(Path(self.fill("/".join(parts[:first]))).glob("/".join(parts[first:])))

    def words(self, word: str) -> list[str]:
        """The words that one word of a command becomes: itself filled in, or what matches it. Raises RecipeError: nothing does."""
        if not is_pattern(word) or self.is_address(word):
            return [self.fill(word)]
        if found := self.found(word):
            return [one.as_posix() for one in found]
        raise RecipeError(f"{word}: no file matches it. Does the step that makes them write other names?")

    def unfill(self, told: object, places: Iterable[str] = ()) -> object:
        """What a step said (text, or JSON) with the places back in it, so that it names no folder of this machine.

        places: those that the step reads and makes, which it may have named by another way to the same file.
        """
        names = self._written(places)
        hidden = {self.asked[name]: f"{{{name}}}" for name in self.hidden if self.asked.get(name, "").strip()}
        # "runs" alone may be a word of a sentence; "runs/" and "a/runs" are the folder
        ends = {name: _AFTER if "/" in name else "(?=/)" for name in names} | dict.fromkeys(hidden, _AFTER)
        names |= hidden
        if not names:
            return told
        one_of = "|".join(re.escape(name) + ends[name] for name in sorted(names, key=len, reverse=True))
        known = re.compile(rf"(?<![\w./-])(?:{one_of})")

        def back(said: object) -> object:
            if isinstance(said, str):
                return known.sub(lambda found: names[found[0]], said)
            if isinstance(said, dict):
                return {back(key): back(value) for key, value in said.items()}
            return [back(one) for one in said] if isinstance(said, list) else said

        return back(told)

    def _written(self, places: Iterable[str]) -> dict[str, str]:
        """How the places may have been written: text -> place."""
        files = {f"{{{name}}}": folder for name in NAMES if (folder := self._folder(name)) is not None}
        files |= {
            place: Path(self.fill(place)) for place in places if not (is_pattern(place) or self.is_address(place))
        }
        names: dict[str, str] = {}
        for place, path in files.items():
            for text in (path.as_posix(), path.absolute().as_posix(), path.resolve().as_posix()):
                if text not in ("", ".", "..", "/"):
                    names.setdefault(text, place)
        return names

    def _stands_for(self, name: str) -> str:
        if name in self.asked:
            return self.asked[name]
        folder = self._folder(name)
        if folder is None:
            raise RecipeError(
                "the pipeline reads {data}, and says no folder for it. Give one with --data FOLDER."
                if name == "data"
                else f"the pipeline asks for {name}. Say it with --set {name}=..."
            )
        return folder.as_posix()

    def _folder(self, name: str) -> Path | None:
        return {"data": self.data, "runs": self.runs, "here": self.here}.get(name)
