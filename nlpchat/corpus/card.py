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
leave_out = "..."        how somebody whose text is in it is left out, in one sentence (every tier but own)
limits = "..."

[rule]                   the same rule for a machine (labelled sets only)
keep = ["neg", "pos"]    rows with another label are left out; neg, neu and pos where it is not said
rating = { neg = 0.4, pos = 0.8 }   of a review without a label: up to 0.4 neg, from 0.8 pos, neu between

[build]                  what `nlpchat corpus build` does otherwise than BuildRules says
near = 0                 (no search for near-duplicates, for example)

[site]                   a review site: may a robot fetch it?
name = "allocine"
fetchable = true
robots = "..."
terms = "..."
as_of = "2026-09-03"     or "2026-09": when that was read

[splits]                 what `build` gives of the sources below, for the shares it holds out
train = { rows = 1, words = 1, sha256 = "..." }

[[source]]               one file that was read
file = "a.txt.xz"
origin = "owner/repository @ commit"
licence = "..."
sha256 = "..."           of the unpacked file
words = 1000             of a text; a labelled set has `rows` and `counts = { pos = 1, neg = 1 }`
what = "..."
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nlpchat.corpus.card_faults import card_faults
from nlpchat.corpus.card_words import KINDS, SPLITS, TIERS, TRAINING_USES, USES, WORDS, BuildRules, LabelRule
from nlpchat.errors import CorpusError
from nlpchat.files import read_error

__all__ = [
    "KINDS", "SPLITS", "TIERS", "TRAINING_USES", "USES", "BuildRules", "Card", "LabelRule", "Site", "Source", "Split",
    "corpora_folder", "find_card", "read_card", "read_cards",
]  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Site:
    """A review site's position towards robots. as_of: the day or month it was read, ISO 8601."""

    name: str
    fetchable: bool
    robots: str
    terms: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Split:
    """One side of a split as `build` writes it. sha256: of its .jsonl."""

    rows: int
    words: int
    sha256: str


@dataclass(frozen=True)
class Card:
    """What a corpus is. labels: the rule by which it was labelled; None for plain text. splits: name -> Split."""

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
    leave_out: str | None = None
    rule: LabelRule = field(default_factory=LabelRule)
    build: BuildRules = field(default_factory=BuildRules)
    site: Site | None = None
    splits: Mapping[str, Split] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.path.parent.name

    @property
    def words(self) -> int:
        """Words in all its texts."""
        return sum(source.words or 0 for source in self.sources)

    @property
    def rows(self) -> int:
        """Rows in all its labelled sets."""
        return sum(source.rows or 0 for source in self.sources)

    def source(self, file: str) -> Source | None:
        """The source whose file has this name; None: the card names no such file."""
        return next((source for source in self.sources if source.file == file), None)


def read_card(path: str | Path) -> Card:
    """The card in a card.toml. Raises CorpusError with every fault of the card, one a line."""
    path = Path(path)
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise read_error(path, fault) from fault
    except ValueError as fault:  # not TOML, or not UTF-8
        raise CorpusError(f"{path}: not a card: {fault}. It is written in TOML; compare corpora/README.md.") from fault
    faults = card_faults(stated)
    if faults:
        listed = "".join(f"\n  - {fault}" for fault in faults)
        raise CorpusError(f"{path}: {len(faults)} fault(s) to mend:{listed}")
    return Card(
        path=path,
        **{key: stated[key].strip() for key in WORDS},
        kind=stated["kind"],
        tier=stated["tier"],
        use=tuple(stated["use"]),
        labels=stated.get("labels"),
        leave_out=stated.get("leave_out"),
        rule=LabelRule.stated(stated.get("rule", {})),
        build=BuildRules(**stated.get("build", {})),
        site=Site(**stated["site"]) if "site" in stated else None,
        splits={name: Split(**split) for name, split in stated.get("splits", {}).items()},
        sources=tuple(Source(**source) for source in stated.get("source", [])),
    )


def read_cards(folder: str | Path) -> list[Card]:
    """The cards of every folder in `folder`, by name. Raises CorpusError: one is faulty, or there is none."""
    cards = [read_card(path) for path in sorted(Path(folder).glob("*/card.toml"))]
    if not cards:
        raise CorpusError(f"{folder}: no card here. Each corpus is a folder with a card.toml.")
    return cards


def find_card(folder: str | Path, name: str) -> Card:
    """The card of the corpus `name`. Raises CorpusError, with the names that there are."""
    path = Path(folder) / name / "card.toml"
    if not path.is_file():
        there = ", ".join(sorted(path.parent.name for path in Path(folder).glob("*/card.toml")))
        raise CorpusError(f"{folder}: no corpus {name!r}. There are {there or 'none'}.")
    return read_card(path)


def corpora_folder(given: str | Path | None = None) -> Path:
    """The folder of cards: `given`; else ./corpora; else the one that came with nlpchat. Raises CorpusError."""
    package = Path(__file__).parents[1]
    places = [Path(given)] if given else [Path("corpora"), package / "corpora", package.parent / "corpora"]
    for place in places:
        if next(place.glob("*/card.toml"), None):
            return place
    raise CorpusError(
        f"{places[0]}: no card here. Give the folder of cards (corpora/ of nlpchat's repository) with --corpora."
    )
