"""A card and files -> OUT: cleaned, without duplicates, split by group; a line of JSON for each text.

    OUT/train.jsonl valid.jsonl test.jsonl    {"text", "label", "group", ...}, as training reads them
    OUT/tokens/train/ valid/ test/            token shards, when a tokenizer is given
    OUT/card.toml                             the corpus's card: its licence goes where the text goes
    OUT/built.json                            what it was made from, what was left out, counts and digests; written last

The texts pass through in batches and are never in memory together. What is finished lies in OUT/.parts until the end, so
that a stopped build goes on when the same line is run again, to the same bytes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nlpchat.corpus.card import Card
from nlpchat.corpus.card_words import UNTRAINED_TIERS
from nlpchat.corpus.clean import CleanOptions, Part, clean_batch
from nlpchat.corpus.located import locate
from nlpchat.corpus.parts import Parts
from nlpchat.corpus.reading import Row, read_rows, unpacked_digest
from nlpchat.corpus.shards import write_shards
from nlpchat.corpus.store import open_store
from nlpchat.corpus.written import SPLIT_FILES, Written, write_splits
from nlpchat.errors import CorpusError, MissingExtraError, OutputError
from nlpchat.exclude import EXCLUDE, excluded_ids
from nlpchat.files import digest_bytes, make_folder, written_beside
from nlpchat.text.tokens import Tokenizer
from nlpchat.workers import AHEAD, Here, batched, in_order

INSTALL_LINE = 'pip install ".[corpus]"'
PARTS, RECORD, TOKENS = ".parts", "built.json", "tokens"
_BATCH_ROWS, _BATCH_CHARACTERS = 2000, 500_000
_NEEDED = ("datasketch", "py3langid")
_FORMAT = 1  # of OUT and of the parts: unfinished ones of another format are made anew


@dataclass(frozen=True, slots=True)
class Built:
    """What `build_corpus` made. left_out, lines_out: why -> how many rows, lines; tokens: of each split, if asked for.

    of_card: it was made of the very files that the card names, all of them.
    """

    folder: Path
    splits: Mapping[str, Written]
    left_out: Mapping[str, int]
    lines_out: Mapping[str, int]
    tokens: Mapping[str, int] = field(default_factory=dict)
    of_card: bool = False


def build_corpus(
    card: Card, files: Sequence[str | Path], output: str | Path, *, exclude: frozenset[str] = frozenset(),
    tokenizer: str | Path | None = None, executor: Executor | None = None, say: Callable[[str], None] = lambda line: None,
) -> Built:  # fmt: skip
    """The corpus of `card`, made from `files` by its rules, in the folder `output`.

    tokenizer: a file or folder; token shards are written too. executor: what the work is spread over; the result is the
    same. Raises CorpusError: a file is damaged or nothing is left; OutputError; MissingExtraError.
    """
    _check(card, files)
    pieces = Tokenizer.load(tokenizer) if tokenizer else None
    output = _own_folder(Path(output))
    options = CleanOptions(card.kind, card.rule, card.build, exclude)
    plan = _plan(card, files, options, pieces)
    work = Parts(output / PARTS, plan)
    if not (work.folder / RECORD).is_file():
        record = plan | _Job(card.name, files, options, work, pieces, executor or Here(), say).done()
        (work.folder / "card.toml").write_bytes(card.path.read_bytes())
        with written_beside(work.folder / RECORD) as beside:
            beside.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    built = _published(work.folder, output)
    digests = [file["sha256"] for file in plan["files"]]
    return replace(built, of_card=digests == [source.sha256 for source in card.sources])


def files_of(card: Card, data: str | Path | None = None, say: Callable[[str], None] = lambda line: None) -> list[Path]:
    """The card's own files in the folder `data`, or beside the card; those that are not there are left out, and said.

    Raises CorpusError: none is there, or one is not the file that the card names; all of those at once.
    """
    folder = Path(data) if data else card.path.parent
    located = locate(card, folder)
    if located.faults:
        raise CorpusError(
            "\n  - ".join((f"{card.name}: {len(located.faults)} file(s) are not the card's:", *located.faults))
        )
    if not located.files:
        named = f"none of its {len(card.sources)} files lies there" if card.sources else "its card names no file"
        raise CorpusError(
            f"{folder}: {named}. Give the files to build {card.name} from, or the folder of data with --data."
        )
    if located.missing:
        say(f"{folder}: not there, and left out: {', '.join(located.missing)}")
    return [path for path, _ in located.files]


def ids_to_leave_out(corpora: str | Path, files: Sequence[str | Path] = ()) -> frozenset[str]:
    """Who asked to be left out: by exclude.txt of the folder of cards, if there is one, and by `files`."""
    standing = Path(corpora) / EXCLUDE
    return frozenset().union(*(excluded_ids(path) for path in (*files, *([standing] if standing.is_file() else ()))))


def _check(card: Card, files: Sequence[str | Path]) -> None:
    if card.kind == "chats":
        raise CorpusError(
            f"{card.name}: chats are not made into a corpus: they stay where they are. "
            "Give them to nlpchat finetune-lm as they are."
        )
    if card.tier in UNTRAINED_TIERS:
        raise CorpusError(
            f"{card.name}: tier {card.tier!r}, which is never learnt from, so nothing is built of it. "
            "nlpchat evaluate reads its files as they are."
        )
    if not files:
        raise CorpusError(
            f"{card.name}: no file to build from. Give files, or --data FOLDER where the card's files lie."
        )
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"building a corpus needs packages that a light install leaves out ({', '.join(missing)}). "
            f"In nlpchat's folder:  {INSTALL_LINE}"
        )


def _own_folder(output: Path) -> Path:
    """The folder, made; one with other things in it is refused, for a build replaces what bears its names."""
    make_folder(output)
    if any(output.iterdir()) and not any((output / name).exists() for name in (RECORD, PARTS)):
        raise OutputError(
            f"{output}: there are other files in this folder. Give a new one, or one that was built before."
        )
    return output


def _plan(card: Card, files: Sequence[str | Path], options: CleanOptions, pieces: Tokenizer | None) -> dict[str, Any]:
    """All that decides the result."""
    return {
        "format": _FORMAT,
        "corpus": card.name,
        "kind": card.kind,
        "rule": asdict(options.rule) | {"keep": list(options.rule.keep)},
        "build": asdict(options.build),
        "excluded": digest_bytes("\n".join(sorted(options.exclude)).encode()) if options.exclude else None,
        "tokenizer": digest_bytes(pieces.model) if pieces else None,
        "files": [{"file": Path(path).name, "sha256": unpacked_digest(path)} for path in files],
        "versions": {name: version(name) for name in ("nlpchat", *_NEEDED)},
    }


@dataclass(frozen=True)
class _Job:
    """One build, from files to everything that is then published; what is finished already is not done again."""

    name: str
    files: Sequence[str | Path]
    options: CleanOptions
    parts: Parts
    pieces: Tokenizer | None
    executor: Executor
    say: Callable[[str], None]

    def done(self) -> dict[str, Any]:
        """Does it; what it gave, for the record."""
        self._clean()
        splits, left_out = write_splits(self.parts, self.parts.folder / "splits", self.options.build.near)
        left_out += self.parts.counted("left_out")
        rows = sum(split.rows for split in splits.values())
        if not rows:
            why = "; ".join(f"{reason}: {count:,}" for reason, count in sorted(left_out.items()))
            raise CorpusError(f"{self.name}: nothing is left of {len(self.files)} file(s) ({why or 'they are empty'}).")
        self.say(f"{rows:,} rows stay")
        return {
            "splits": {name: asdict(split) for name, split in splits.items()},
            "left_out": dict(sorted(left_out.items())),
            "lines_out": dict(sorted(self.parts.counted("lines_out").items())),
            "tokens": self._tokens(self.pieces, splits) if self.pieces else {},
        }

    def _clean(self) -> None:
        rows = (row for path in self.files for row in read_rows(path))
        cut = batched(rows, lambda row: len(row.text), _BATCH_CHARACTERS, _BATCH_ROWS)
        batches = ((number, batch) for number, batch in enumerate(cut) if number not in self.parts)
        # In this process one batch at a time, so that each is saved when it is done.
        ahead = 1 if isinstance(self.executor, Here) else AHEAD
        for number, part in in_order(partial(_numbered, options=self.options), batches, self.executor, ahead):
            self.parts.save(number, part)
            if number % 50 == 49:
                self.say(f"{number + 1} batches cleaned")

    def _tokens(self, pieces: Tokenizer, splits: Mapping[str, Written]) -> dict[str, Any]:
        """Token shards of each split that is not empty: how many tokens, and the digest of their store.json."""
        made = {}
        folder = make_folder(self.parts.folder / TOKENS)
        for killed in folder.glob(".*"):  # what a stopped build was writing; the folder is about to be published
            shutil.rmtree(killed)
        for name in (name for name, split in splits.items() if split.rows):
            file, place = self.parts.folder / "splits" / SPLIT_FILES[name], folder / name
            store = open_store(place) if place.is_dir() else write_shards(file, place, pieces, self.executor)
            made[name] = {"tokens": store.tokens, "sha256": store.sha256}
            self.say(f"{name}: {store.tokens:,} tokens")
        return made


def _numbered(batch: tuple[int, Sequence[Row]], options: CleanOptions) -> tuple[int, Part]:
    return batch[0], clean_batch(batch[1], options)


def _published(work: Path, output: Path) -> Built:
    """Moves what is ready into its place, the record last: without it OUT is unfinished. May be stopped anywhere, and run again."""
    record = json.loads((work / RECORD).read_text(encoding="utf-8"))
    (output / RECORD).unlink(missing_ok=True)
    if (work / TOKENS).exists() or not record["tokens"]:
        shutil.rmtree(output / TOKENS, ignore_errors=True)
    for name in (*(f"splits/{file}" for file in SPLIT_FILES.values()), TOKENS, "card.toml"):
        if (work / name).exists():
            (work / name).replace(output / Path(name).name)
    (work / RECORD).replace(output / RECORD)
    shutil.rmtree(work)
    return Built(
        output,
        {name: Written(**split) for name, split in record["splits"].items()},
        record["left_out"],
        record["lines_out"],
        {name: made["tokens"] for name, made in record["tokens"].items()},
    )
