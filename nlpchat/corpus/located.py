"""The files of a card in a folder of data, with the digests that it states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlpchat.corpus.card import Card, Source
from nlpchat.corpus.reading import unpacked_digest


@dataclass(frozen=True, slots=True)
class Located:
    """What of a card's files lies in a folder. files: each with its source; missing: their names; faults: of digests."""

    files: tuple[tuple[Path, Source], ...]
    missing: tuple[str, ...]
    faults: tuple[str, ...]


def locate(card: Card, folder: str | Path) -> Located:
    """The files that `card` names, in `folder` or one folder below, packed or not; all are read for their digests."""
    places = _places(folder)
    files, missing, faults = [], [], []
    for source in card.sources:
        path = _first(places, source.file)
        if path is None:
            missing.append(source.file)
            continue
        files.append((path, source))
        found = unpacked_digest(path)
        if found != source.sha256:
            faults.append(
                f"{path}: not the file that the card of {card.name} names: unpacked, its sha256 is {found}, not {source.sha256}"
            )
    return Located(tuple(files), tuple(missing), tuple(faults))


def place_of(name: str, folder: str | Path) -> Path | None:
    """The file of this name in `folder` or one folder below, packed or not; None: it is not there."""
    return _first(_places(folder), name)


def _places(folder: str | Path) -> list[Path]:
    return [Path(folder), *sorted(path for path in Path(folder).glob("*") if path.is_dir())]


def _first(places: Sequence[Path], name: str) -> Path | None:
    names = dict.fromkeys((name, name.removesuffix(".xz").removesuffix(".gz")))
    found = (place / one for place in places for one in names)
    return next((path for path in found if path.is_file()), None)
