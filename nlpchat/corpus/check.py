"""All that is wrong with the corpora: cards, samples, data, and what the pipelines learn from. No fault: an empty list."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlpchat.corpus.card import Card, Source, read_card
from nlpchat.corpus.card_words import UNTRAINED_TIERS
from nlpchat.corpus.learning import used_by
from nlpchat.corpus.located import Located, locate
from nlpchat.corpus.reading import Row, read_rows, row_of
from nlpchat.errors import CorpusError, NlpchatError
from nlpchat.exclude import EXCLUDE, excluded_ids
from nlpchat.files import digest

SAMPLE = "sample.jsonl"
SAMPLE_ROWS = range(5, 21)
# Keys that would tell who wrote a text: whole, and in any longer name.
_WHO = frozenset(
    {"name", "pseudo", "nickname", "login", "sender", "mail", "phone", "avatar", "profile", "consumer", "member"}
)
_WHO_PARTS = ("user", "auteur", "author", "reviewer", "pseudo", "email", "e-mail")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at, and what is wrong. files: of the data; missing: not in the folder of data; used: by pipelines."""

    cards: int
    files: int
    missing: tuple[str, ...]
    used: int
    faults: tuple[str, ...]


def check_corpora(
    corpora: str | Path, names: Sequence[str] = (), *, data: str | Path | None = None, pipelines: str | Path | None = None
) -> Checked:  # fmt: skip
    """The corpora of a folder, or those named: cards and samples; the digests and counts of their files in `data`, if given, and of
    those that lie in the corpus's own folder; the pipelines of a folder, if given, when all corpora are looked at.

    Raises CorpusError: there is no card, or none of a name that was asked for.
    """
    folders = _folders(Path(corpora), names)
    cards, faults = _read(folders)
    files: set[Path] = set()
    missing: list[str] = []
    for card in cards:
        faults += sample_faults(card)
        for place in (card.path.parent, *([data] if data else ())):
            located = locate(card, place)
            files.update(path for path, _ in located.files)
            missing += located.missing if place == data else ()
            faults += located.faults or _miscounted(card, located)
    faults += _told_twice(cards)
    faults += [fault for folder in folders for fault in sums_faults(folder)] + _exclude_faults(Path(corpora))
    used = 0
    if pipelines and not names:
        used, found = pipeline_faults(cards, sorted(Path(pipelines).glob("*.toml")))
        faults += found
    return Checked(len(folders), len(files), tuple(missing), used, tuple(faults))


def sample_faults(card: Card) -> list[str]:
    """What is wrong with the sample beside a card: not read, not of the card's kind, or telling who wrote."""
    path = card.path.with_name(SAMPLE)
    try:
        contents = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        rows = [row_of(content) for content in contents]
    except FileNotFoundError:
        return [f"{path}: there is none; a few invented rows show what the corpus is like"]
    except (OSError, ValueError) as fault:
        return [f"{path}: cannot be read ({fault})"]
    faults = []
    if len(rows) not in SAMPLE_ROWS:
        faults.append(f"{path}: {len(rows)} rows; a sample has {SAMPLE_ROWS.start} to {SAMPLE_ROWS.stop - 1}")
    for number, (content, row) in enumerate(zip(contents, rows, strict=True), 1):
        faults += [f"{path}, row {number}: {fault}" for fault in _row_faults(card, content, row)]
    return faults


def _row_faults(card: Card, content: dict[str, Any], row: Row) -> Iterator[str]:
    if not row.text.strip():
        yield "its text is empty"
    telling = [key for key in content if key.lower() in _WHO or any(part in key.lower() for part in _WHO_PARTS)]
    if telling:
        yield f"tells who wrote it ({', '.join(telling)}); no sample does"
    label = row.label
    if label is None and row.rating is not None:
        label = card.rule.of_rating(row.rating)
    if card.kind == "labelled" and label not in card.rule.keep:
        yield f"label {label!r} is not among the card's: {', '.join(card.rule.keep)}"
    if card.kind != "labelled" and label is not None:
        yield "has a label or a rating, and the card is of no labelled set"
    if card.site and row.site and row.site != card.site.name:
        yield f"is of {row.site!r}, and the card of {card.site.name!r}"


def _miscounted(card: Card, located: Located) -> tuple[str, ...]:
    return tuple(fault for path, source in located.files for fault in count_faults(card, path, source))


def count_faults(card: Card, path: Path, source: Source) -> list[str]:
    """Where the rows, labels or words of a file are not what its card says."""
    try:
        if card.kind == "text":
            words = sum(len(row.text.split()) for row in read_rows(path))
            return [] if words == source.words else [f"{path}: {words} words, and its card says {source.words}"]
        counts = Counter(row.label for row in read_rows(path))
    except NlpchatError as fault:
        return [str(fault)]
    return (
        []
        if counts == source.counts
        else [f"{path}: its labels are {dict(counts)}, and its card says {dict(source.counts)}"]
    )


def sums_faults(folder: Path) -> list[str]:
    """The files beside a card that are not those of its SHA256SUMS, where it has one."""
    sums = folder / "SHA256SUMS"
    stated = (
        [line.split(maxsplit=1) for line in sums.read_text(encoding="utf-8").splitlines()] if sums.is_file() else []
    )
    return [
        f"{folder / name}: not the file of {sums.name}"
        for sha256, name in stated
        if not (folder / name).is_file() or digest(folder / name) != sha256
    ]


def pipeline_faults(cards: Sequence[Card], pipelines: Sequence[Path]) -> tuple[int, list[str]]:
    """How many files the pipelines read, and those that no card allows to be used so."""
    of_file = {source.file: card for card in cards for source in card.sources}
    used, faults = 0, []
    for path in pipelines:
        try:
            found = used_by(path)
        except NlpchatError as fault:
            faults.append(str(fault))
            continue
        used += len(found)
        for one in found:
            card = of_file.get(one.file)
            if card is None:
                faults.append(f"{one.step}: {one.file} is in no card; where does it come from?")
            elif one.use not in card.use:
                barred = f"tier {card.tier!r}, " if card.tier in UNTRAINED_TIERS else ""
                faults.append(
                    f"{one.step}: {one.file} is used for {one.use}; its card ({barred}{card.name}) does not allow that"
                )
    return used, faults


def _folders(corpora: Path, names: Sequence[str]) -> list[Path]:
    there = sorted(path for path in corpora.glob("*") if path.is_dir() and not path.name.startswith("."))
    unknown = [name for name in names if corpora / name not in there]
    if unknown or not there:
        raise CorpusError(
            f"{corpora}: no corpus {', '.join(unknown)}. There are {', '.join(p.name for p in there) or 'none'}."
        )
    return [corpora / name for name in names] or there


def _exclude_faults(corpora: Path) -> list[str]:
    try:
        if (corpora / EXCLUDE).is_file():
            excluded_ids(corpora / EXCLUDE)
    except NlpchatError as fault:
        return [str(fault)]
    return []


def _read(folders: Sequence[Path]) -> tuple[list[Card], list[str]]:
    cards, faults = [], []
    for folder in folders:
        try:
            cards.append(read_card(folder / "card.toml"))
        except NlpchatError as fault:
            faults.append(str(fault))
    return cards, faults


def _told_twice(cards: Sequence[Card]) -> list[str]:
    times = Counter(source.file for card in cards for source in card.sources)
    return [f"{file}: named by {count} cards" for file, count in times.items() if count > 1]
