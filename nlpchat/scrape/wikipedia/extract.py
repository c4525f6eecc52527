"""A dump to a folder of clean text: the run, in several processes, that goes on where it was stopped.

    batches of the dump ──work()──▶ parts on disk ──choose()──▶ documents, in the order of the dump ──▶ FOLDER

`work` is all that the processes do, here or on a cluster (see nlpchat/workers.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import partial
from heapq import merge
from pathlib import Path
from typing import Any

from nlpchat import __version__
from nlpchat.errors import OutputError, RecipeError
from nlpchat.files import digest, digest_bytes, folder_written_beside
from nlpchat.scrape.wikipedia import folder as written
from nlpchat.scrape.wikipedia.choose import (
    WHOLE,
    Candidates,
    Choice,
    choose,
    first_share,
    next_share,
    place,
    split_of,
)
from nlpchat.scrape.wikipedia.dumps import BATCH_BYTES, Batch, Dump, batches, look
from nlpchat.scrape.wikipedia.parts import HEAD, Document, PartStore, WorkOptions, differences, work
from nlpchat.workers import in_order, usable_cores, workers


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """tokens: how many to take (see choose.TOKEN for what one is), None: all. min_chars: the least of a document. held_out: the
    share of documents in valid, and as many in test. batch_bytes: of a batch, unpacked."""

    tokens: int | None = 100_000_000
    min_chars: int = 1000
    seed: int = 0
    held_out: float = 0.01
    batch_bytes: int = BATCH_BYTES

    def __post_init__(self) -> None:
        faults = [
            ("tokens", self.tokens is not None and self.tokens < 1, "must be 1 or more"),
            ("min_chars", self.min_chars < 0, "must be 0 or more"),
            ("held_out", not 0 <= self.held_out <= 0.4, "must be between 0 and 0.4"),
            ("batch_bytes", self.batch_bytes < 1, "must be 1 or more"),
        ]
        if said := [f"{name} {what}, not {getattr(self, name)}" for name, wrong, what in faults if wrong]:
            raise RecipeError(f"{'; '.join(said)}.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. stage: "reading", "reading again (2)" or "writing"; done, of: bytes of the dump, or documents; pages:
    read so far."""

    stage: str
    done: int
    of: int
    pages: int


@dataclass(frozen=True, slots=True)
class Extracted:
    """What lies in the folder. documents: of each split; available: tokens that the dump has, None: there are more than were
    asked for, and they were not all read; left_out: reason -> pages; whole: the dump ends as it should (None: its form has no
    end to see); fresh: False where the folder lay there already."""

    folder: Path
    tokens: int
    documents: dict[str, int]
    pages: int
    left_out: dict[str, int]
    available: int | None
    whole: bool | None
    fresh: bool = True


Tell = Callable[[Progress], None]


def extract(
    dump: str | Path,
    folder: str | Path,
    options: ExtractOptions | None = None,
    *,
    processes: int | None = None,
    scheduler: str | None = None,
    tell: Tell = lambda progress: None,
) -> Extracted:
    """The articles of `dump`, cleaned, in `folder`; the same bytes whatever the processes, and however often it was stopped.

    processes: None: one a core. scheduler: of a Dask cluster, which does the work instead of processes of this machine.
    Raises InputError, CorpusError (no dump, or damaged), OutputError, NlpchatError (workers were lost); what was done lies in FOLDER.parts.
    """
    found, folder, options = look(dump), Path(folder), options or ExtractOptions()
    run = _run_record(found, options)
    there = earlier(folder)
    if there is not None and not differences(there, run) and written.is_whole(folder, there):
        return _extracted(folder, there, fresh=False)

    count = processes or usable_cores()
    store = PartStore(folder.with_name(f"{folder.name}.parts"), run)
    with workers(count, scheduler) as running:
        turns, choice = _read(found, store, options, running, 2 * count, tell)
        summary = _write(found, store, turns, choice, options, running, count, folder, tell)
    store.remove()
    return _extracted(folder, summary, fresh=True)


def earlier(folder: Path) -> dict[str, Any] | None:
    """What an earlier run left in the folder says of itself. Raises OutputError: it holds something else."""
    there = written.read_summary(folder)
    if folder.exists() and there is None and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder}: holds something else than an extract of a dump. Give another -o.")
    return there


def _read(
    dump: Dump, store: PartStore, options: ExtractOptions, executor: Executor, ahead: int, tell: Tell
) -> tuple[list[int], Choice]:
    """Parts of the whole dump, in as many turns as the budget needs: (batches of each turn, what is kept of them)."""
    turns: list[int] = []
    share, low = float(store.run["share"]), 0
    while True:
        high = min(WHOLE, int(share * WHOLE))
        work_options = WorkOptions(low, high, options.seed, options.min_chars)
        turns.append(_turn(dump, store, len(turns), work_options, options.batch_bytes, executor, ahead, tell))
        choice = choose(_candidates(store, turns, options.seed), options.tokens, options.min_chars)
        if options.tokens is None or choice.tokens >= options.tokens or high == WHOLE:
            return turns, choice
        low, share = high, next_share(share, choice.tokens, options.tokens)


def _turn(
    dump: Dump, store: PartStore, turn: int, options: WorkOptions, size: int, executor: Executor, ahead: int, tell: Tell
) -> int:
    """Once through the dump; how many batches it has."""
    pages = seen = 0
    stage = "reading" if turn == 0 else f"reading again ({turn + 1})"

    def todo() -> Iterator[Batch]:
        nonlocal seen, pages
        for batch in batches(dump, size):
            seen, ends[batch.number] = seen + 1, batch.end
            if not store.has(turn, batch):
                yield batch
            else:
                pages += store.head(turn, batch.number)["counts"].get("pages", 0)
                tell(Progress(stage, ends.pop(batch.number), dump.size, pages))

    ends: dict[int, int] = {}
    for part in in_order(partial(work, options=options), todo(), executor, ahead):
        store.keep(turn, part)
        pages += part.counts.get("pages", 0)
        tell(Progress(stage, ends.pop(part.number), dump.size, pages))
    return seen


def _documents(store: PartStore, turns: list[int]) -> Iterator[Document]:
    """All that was read, in the order of the dump."""
    for number in range(turns[0]):
        of_turns = [store.documents(turn, number) for turn in range(len(turns))]
        yield from merge(*of_turns, key=lambda document: document.position)


def _candidates(store: PartStore, turns: list[int], seed: int) -> Candidates:
    found = Candidates()
    for document in _documents(store, turns):
        found.add(
            document.page_id, place(document.page_id, seed), document.tokens[0], document.lines, document.tokens[1:]
        )
    return found


def _kept(store: PartStore, turns: list[int], choice: Choice, options: ExtractOptions) -> Iterator[written.Kept]:
    """The documents that were chosen, without their duplicates."""
    end = 0
    for document, keep in zip(_documents(store, turns), choice.keep.tolist(), strict=True):
        start, end = end, end + len(document.lines)
        if keep:
            which = choice.keep_line[start:end].tolist()
            lines = tuple(line for line, kept in zip(document.lines, which, strict=True) if kept)
            tokens = document.tokens[0] + sum(t for t, kept in zip(document.tokens[1:], which, strict=True) if kept)
            split = split_of(document.page_id, options.seed, options.held_out)
            yield written.Kept(document.page_id, document.title, document.edited, split, lines, tokens)


def _write(
    dump: Dump, store: PartStore, turns: list[int], choice: Choice, options: ExtractOptions,
    executor: Executor, ahead: int, folder: Path, tell: Tell,
) -> dict[str, Any]:  # fmt: skip
    """The folder, made among the parts and moved when it is whole: whatever is left of a killed run goes with the parts."""
    total, counts = int(choice.keep.sum()), _counts(store, turns)

    def told() -> Iterator[written.Kept]:
        for number, document in enumerate(_kept(store, turns, choice, options), 1):
            if number % 500 == 0 or number == total:
                tell(Progress("writing", number, total, counts["pages"]))
            yield document

    made = store.folder / "made"
    with folder_written_beside(made) as beside:
        texts = written.write_texts(told(), beside, executor, ahead)
        written.write_notice(beside, store.run["dump"]["name"], dump.site, texts["newest_version"])
        summary: dict[str, Any] = {key: store.run[key] for key in ("format", "dump", "options", "share", "program")}
        summary["dump_is_whole"] = counts["ends"] > 0 if dump.form == "xml" else None
        summary |= _outcome(counts, choice, options, texts)
        written.write_summary(beside, summary)
    with folder_written_beside(folder) as beside:
        for path in sorted(made.iterdir()):
            path.rename(beside / path.name)
    return summary


def _counts(store: PartStore, turns: list[int]) -> Counter[str]:
    """Over all parts; a page counts as read in one turn only, but every turn passes by all pages."""
    counts: Counter[str] = Counter()
    for turn, batches_of_turn in enumerate(turns):
        for number in range(batches_of_turn):
            of_part = Counter(store.head(turn, number)["counts"])
            if turn:
                del of_part["pages"]
            counts += of_part
    return counts


def _outcome(counts: Counter[str], choice: Choice, options: ExtractOptions, texts: dict[str, Any]) -> dict[str, Any]:
    reasons = {key: n for key, n in sorted(counts.items()) if key not in ("pages", "read", "documents", "ends")}
    left_out = reasons | {"not read, by the hash of the page": counts["pages"] - counts["read"]} | choice.left_out
    everything = counts["pages"] == counts["read"]
    return {
        "pages": counts["pages"],
        "left_out": {reason: n for reason, n in left_out.items() if n},
        "duplicate_paragraphs": choice.paragraphs,
        "token": "a word, or one punctuation mark or other sign",
        "tokens": choice.tokens,
        "tokens_available": choice.available if everything else None,
        "tokens_missing": max(0, (options.tokens or 0) - choice.tokens),
        **texts,
    }


def _run_record(dump: Dump, options: ExtractOptions) -> dict[str, Any]:
    """What a run's parts and its folder belong to."""
    return {
        "format": 1,
        "dump": {"name": dump.path.name, "bytes": dump.size, HEAD: dump.head, "form": dump.form},
        "options": asdict(options),
        "share": first_share(options.tokens, dump.size, dump.form),
        "program": {"version": __version__, "sha256": _sources()},
    }


def _sources() -> str:
    """The digest of the program that cleans: parts made by another one would not fit together."""
    files = sorted(path for path in Path(__file__).parent.iterdir() if path.is_file())
    return digest_bytes("".join(map(digest, files)).encode())[:16]


def _extracted(folder: Path, summary: dict[str, Any], *, fresh: bool) -> Extracted:
    return Extracted(
        folder,
        summary["tokens"],
        {split: of["documents"] for split, of in summary["splits"].items()},
        summary["pages"],
        summary["left_out"],
        summary["tokens_available"],
        summary["dump_is_whole"],
        fresh,
    )
