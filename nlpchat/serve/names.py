"""File names out of other people's words: what an upload is called, what a kept report is called."""

from __future__ import annotations

import re
from pathlib import Path
from unicodedata import category, normalize

MOST_BYTES = 160  # of a name; file systems take 255
_APART = re.compile(r"[/\\]")
_REFUSED = frozenset('<>:"|?*%')  # by one system or another
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def file_name(sent: str, otherwise: str = "export") -> str:
    """A name for a file of a folder of ours, as near to `sent` as is safe; its ending stays.

    >>> file_name("../../<b>Les colocs</b>.txt")
    'b.txt'
    >>> file_name("Discussion WhatsApp avec Zoé.txt")
    'Discussion WhatsApp avec Zoé.txt'
    """
    last = _APART.split(normalize("NFC", sent))[-1]
    kept = "".join(letter for letter in last if letter not in _REFUSED and category(letter)[0] != "C")
    kept = " ".join(kept.split()).strip(". ")
    found = _SUFFIX.search(kept)
    suffix = found[0] if found else ""
    stem = _cut(kept.removesuffix(suffix), MOST_BYTES - len(suffix)).strip(". ")
    name = f"{stem or otherwise}{suffix}"
    return f"_{name}" if _DEVICES.match(name) else name


def free_path(folder: Path, name: str) -> Path:
    """`name` in the folder, with a number where there is such a file already."""
    path, number = folder / name, 2
    while path.exists():
        path, number = folder / f"{Path(name).stem} ({number}){Path(name).suffix}", number + 1
    return path


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode("utf-8", "ignore")
