"""corpora/*/card.toml -> Card: what a corpus is, where it comes from and what may be done with it.

title = "..."            what it is, in one line
about = "..."            what it is, for someone deciding whether they want it
kind = "text"            text, labelled or chats
tier = "open"            open, unstated, own, private, research; see TIERS
licence = "..."          of the whole, in words
use = ["pretrain"]       what it serves for; see USES; [] when nothing is learnt from it
how = "..."              how it was built, and how a stranger gets it
labels = "..."           the rule by which it was labelled (labelled sets only)
group = "..."            what the held-out part is split by, never by row
personal_data = "..."
limits = "..."

[[source]]               one file that was read
file = "a.txt.xz"
origin = "owner/repository @ commit"
licence = "..."
sha256 = "..."
words = 1000             of a text; a labelled set has `rows` and `counts = { pos = 1, neg = 1 }`
what = "..."
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlpchat.errors import CorpusError
from nlpchat.files import read_error

TIERS = {
    "open": "a stated licence allows reuse",
    "unstated": "public text, no licence stated",
    "own": "made for this project",
    "private": "people's own chats: they stay on their machine",
    "research": "for research, with citation: never redistributed, never trained on",
}
KINDS = ("text", "labelled", "chats")
USES = ("tokenizer", "pretrain", "finetune-lm", "classifier", "evaluate")
TRAINING_USES = frozenset(USES) - {"evaluate"}

_WORDS = ("title", "about", "licence", "how", "group", "personal_data", "limits")
_CARD_KEYS = {*_WORDS, "kind", "tier", "use", "labels", "source"}
_SOURCE_WORDS = ("file", "origin", "licence", "sha256", "what")
_SOURCE_KEYS = {*_SOURCE_WORDS, "words", "rows", "counts"}
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Source:
    """One file of a corpus. sha256: of the file unpacked. words: of a text; rows, counts: of a set."""

    file: str
    origin: str
    licence: str
    sha256: str
    what: str
    words: int | None = None
    rows: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """What a corpus is. `labels`: the rule by which it was labelled; None for plain text."""

    path: Path
    title: str
    about: str
    kind: str
    tier: str
    licence: str
    use: tuple[str, ...]
    how: str
    labels: str | None
    group: str
    personal_data: str
    limits: str
    sources: tuple[Source, ...]

    @property
    def words(self) -> int:
        """Words in all its texts."""
        return sum(source.words or 0 for source in self.sources)

    @property
    def rows(self) -> int:
        """Rows in all its labelled sets."""
        return sum(source.rows or 0 for source in self.sources)


def read_card(path: str | Path) -> Card:
    """The card in a card.toml. Raises CorpusError with every fault of the card, one a line."""
    path = Path(path)
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise read_error(path, fault) from fault
    except ValueError as fault:  # not TOML, or not UTF-8
        raise CorpusError(f"{path}: not a card: {fault}. It is written in TOML; compare corpora/README.md.") from fault
    faults = [*_card_faults(stated)]
    if faults:
        listed = "".join(f"\n  - {fault}" for fault in faults)
        raise CorpusError(f"{path}: {len(faults)} fault(s) to mend:{listed}")
    return Card(
        path=path,
        **{key: stated[key].strip() for key in _WORDS},
        kind=stated["kind"],
        tier=stated["tier"],
        use=tuple(stated["use"]),
        labels=stated.get("labels"),
        sources=tuple(Source(**source) for source in stated.get("source", [])),
    )


def read_cards(folder: str | Path) -> list[Card]:
    """The cards of every folder in `folder`, by name. Raises CorpusError: one is faulty, or there is none."""
    cards = [read_card(path) for path in sorted(Path(folder).glob("*/card.toml"))]
    if not cards:
        raise CorpusError(f"{folder}: no card here. Each corpus is a folder with a card.toml.")
    return cards


def _card_faults(stated: Mapping[str, Any]) -> list[str]:
    faults = [f"unknown key {key!r}" for key in sorted(set(stated) - _CARD_KEYS)]
    faults += [f"{key} is missing or empty" for key in _WORDS if not _is_word(stated.get(key))]
    if stated.get("kind") not in KINDS:
        faults.append(f"kind must be one of {', '.join(KINDS)}")
    if stated.get("tier") not in TIERS:
        faults.append(f"tier must be one of {', '.join(TIERS)}")
    faults += _use_faults(stated)
    if (stated.get("kind") == "labelled") != _is_word(stated.get("labels")):
        faults.append("labels (the rule they follow) must be stated for a labelled set, and for no other")
    sources = stated.get("source", [])
    if not isinstance(sources, list) or not all(isinstance(source, dict) for source in sources):
        return [*faults, "each source must be a [[source]] table"]
    if not sources and stated.get("kind") != "chats":
        faults.append("no [[source]]: which files is it made of?")
    for number, source in enumerate(sources, 1):
        faults += [f"source {source.get('file', number)}: {fault}" for fault in _source_faults(source, stated)]
    return faults


def _use_faults(stated: Mapping[str, Any]) -> list[str]:
    use = stated.get("use")
    if not isinstance(use, list) or not all(one in USES for one in use):
        return [f"use must be a list of: {', '.join(USES)}"]
    if stated.get("tier") in ("private", "research") and TRAINING_USES & set(use):
        return [f"tier {stated['tier']!r} ({TIERS[stated['tier']]}) cannot be used for {', '.join(use)}"]
    return []


def _source_faults(source: Mapping[str, Any], card: Mapping[str, Any]) -> list[str]:
    faults = [f"unknown key {key!r}" for key in sorted(set(source) - _SOURCE_KEYS)]
    faults += [f"{key} is missing or empty" for key in _SOURCE_WORDS if not _is_word(source.get(key))]
    if _is_word(source.get("sha256")) and not _SHA256.fullmatch(source["sha256"]):
        faults.append("sha256 must be 64 hexadecimal digits")
    if card.get("kind") == "text" and not _is_count(source.get("words")):
        faults.append("words must be a whole number above 0")
    if card.get("kind") == "labelled":
        counts = source.get("counts")
        if not isinstance(counts, dict) or not counts or not all(_is_count(rows) for rows in counts.values()):
            faults.append("counts must give the rows of each label")
        elif sum(counts.values()) != source.get("rows"):
            faults.append(f"rows is {source.get('rows')}, and its labels count {sum(counts.values())}")
    return faults


def _is_word(stated: object) -> bool:
    return isinstance(stated, str) and bool(stated.strip())


def _is_count(stated: object) -> bool:
    return isinstance(stated, int) and not isinstance(stated, bool) and stated > 0
