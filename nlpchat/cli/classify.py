"""`nlpchat classify`: what is felt in exported chats, in texts on the line, or in lines on standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from nlpchat.cli.reading import (
    Wanted,
    anonymised,
    check_output,
    json_text,
    name_of,
    read,
    reading_options,
    say_fault,
    say_warnings,
    stop,
    unchosen,
    undecided,
)
from nlpchat.records import LABELS

if TYPE_CHECKING:
    from rich.console import Console

    from nlpchat.chats.merge import Exported
    from nlpchat.chats.reading import Fault
    from nlpchat.classifier import Classifier, Progress
    from nlpchat.predictions import Predictions
    from nlpchat.prior import Wanted as PriorWanted
    from nlpchat.records import Chat
    from nlpchat.report.summary import By

    Classified = tuple[str, Chat, Predictions]  # the export's path first

STDIN = "-"


class PriorType(click.ParamType[Any]):
    """`auto`, or the shares of neg, neu and pos with commas between."""

    name = "prior"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "auto" or not isinstance(value, str):
            return value
        try:
            shares = tuple(float(part) for part in value.split(","))
        except ValueError:
            shares = ()
        if len(shares) != len(LABELS) or not all(0 < share < float("inf") for share in shares):
            self.fail(
                f"give auto, or three numbers above 0 for {', '.join(LABELS)}, as in 0.1,0.75,0.15; not {value!r}."
            )
        return shares


LINES = 1_000  # of standard input, scored and answered together


@click.command("classify", epilog="Example:  nlpchat classify chat.txt -o messages.csv --by month")
@click.argument("exports", metavar="EXPORT...", nargs=-1)
@click.option("--text", "texts", multiple=True, help="Classify this text instead (may be repeated).")
@click.option("--model", type=click.Path(), help="A classifier's folder; the one that comes with nlpchat by default.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write a row for each message: .csv, .jsonl, .parquet. In CSV, an apostrophe before = + - @ at the beginning "
    "of a text keeps spreadsheets from running it.",
)
@click.option(
    "--by",
    type=click.Choice(["author", "day", "week", "month"]),
    default="author",
    show_default=True,
    help="What a line of the summary stands for.",
)
@click.option(
    "--abstain",
    type=float,
    default=0.0,
    metavar="P",
    help='Say "unsure" where the best score is below P (0.0 to 1.0).',
)
@click.option(
    "--prior",
    type=PriorType(),
    metavar="auto|N,N,N",
    help="How frequent neg, neu and pos are here: auto estimates it from each conversation; as in training by default.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Score on the workers of this Dask cluster (tcp://HOST:8786): the messages' texts go there.",
)
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a summary of each chat, or a line for each text.")
@click.option("-q", "--quiet", is_flag=True, help="Print neither summary nor progress; faults are still said.")
@click.pass_context
def command(
    context: click.Context,
    exports: tuple[str, ...],
    texts: tuple[str, ...],
    model: str | None,
    output: Path | None,
    by: By,
    abstain: float,
    prior: PriorWanted | None,
    scheduler: str | None,
    wanted: Wanted,
    as_json: bool,
    quiet: bool,
) -> None:
    """Say what is felt in a chat, message by message.

    EXPORT is a WhatsApp .txt or .zip, what Meta sends of Messenger or Instagram (JSON or HTML; a file, a folder, the
    whole archive), Telegram's result.json, or a Signal text; "-" reads a text from each line of standard input.
    Several exports of one conversation are read as one; --thread or --all-threads chooses from an archive. Rows hold
    index, sent_at, author, kind, text, label, neg, neu, pos, and export and chat where there are several; media, calls,
    deleted messages and notices have no label. An export that cannot be read does not stop the others; the exit code is
    then 1.
    """
    if bool(exports) == bool(texts) or (STDIN in exports and len(exports) > 1):
        raise click.UsageError('give EXPORT files, or --text TEXT, or "-" for the lines of standard input.')
    if prior == "auto" and not (exports and exports != (STDIN,)):
        raise click.UsageError("--prior auto is estimated from a conversation: give EXPORT files, or three numbers.")
    if output is not None:
        check_output(output)

    with _classifier(model, abstain, scheduler) as classifier:
        if texts or exports == (STDIN,):
            _classify_texts(classifier, iter(texts or _stdin_lines()), prior, output, as_json=as_json, quiet=quiet)
            return
        found, faults = read(exports, wanted, quiet=quiet)
        failed = _failed(exports, found, faults, wanted)
        told: list[dict[str, object]] = []
        chats = _classified(classifier, found, prior, wanted, quiet=quiet)
        shown = _shown(chats, by, told if as_json else None, quiet=quiet)
        if output is None:
            for _ in shown:
                pass
        else:
            _write_chats(shown, output, several=len(found) > 1 or len(exports) > 1)
    if as_json and not quiet:
        click.echo(json_text({"exports": told, "failed": failed}))
    context.exit(1 if failed else 0)


@contextmanager
def _classifier(model: str | None, abstain: float, scheduler: str | None) -> Iterator[Classifier]:
    """The classifier asked for, on this machine or on a cluster's workers."""
    if scheduler is None:
        from nlpchat.classifier import Classifier

        yield Classifier(model, abstain=abstain)
        return
    from nlpchat.spread_classifier import SpreadClassifier
    from nlpchat.workers import workers

    with workers(0, scheduler) as executor:
        yield SpreadClassifier(model, executor, abstain=abstain)


def _failed(
    exports: Sequence[str], found: list[Exported], faults: Sequence[Fault], wanted: Wanted
) -> list[dict[str, str]]:
    """What could not be read, said; an archive out of which nobody chose joins it. Ends when nothing is left."""
    from nlpchat.chats.reading import Fault, no_thread

    faults = list(faults)
    while several := unchosen(found, wanted):
        faults.append(Fault(several[0].paths[0], undecided(several, wanted)))
        left = set(map(id, several))
        found[:] = [one for one in found if id(one) not in left]
    if not found and len(faults) == 1:
        stop(faults[0].error)
    for fault in faults:
        say_fault(fault.error)
    if not found:
        stop(no_thread(exports, wanted.threads))
    if wanted.anonymise:
        # A file's name is its conversation's as a rule: it was said on stderr, and stays out of what is kept.
        return [{"export": "", "error": "not read; its fault was said on stderr"} for _ in faults]
    return [{"export": str(fault.path), "error": str(fault.error)} for fault in faults]


def _classified(
    classifier: Classifier, found: Sequence[Exported], prior: PriorWanted | None, wanted: Wanted, *, quiet: bool
) -> Iterator[Classified]:
    """Each conversation with its predictions; people see what is felt in the words themselves, stand-ins come after."""
    from nlpchat.classifier import classify

    shown = anonymised([one.chat for one in found], wanted)
    for one, chat in zip(found, shown, strict=True):
        if not quiet:
            say_warnings(chat)
        with _progress(chat.title, quiet=quiet) as progress:
            predictions = classify(one.chat, classifier, progress=progress)
        if prior is not None:
            predictions = _with_prior(predictions, classifier, prior, chat.title, quiet=quiet)
        export = chat.title if wanted.anonymise else " + ".join(map(str, one.paths))
        yield export, chat, predictions


def _with_prior(
    predictions: Predictions, classifier: Classifier, prior: PriorWanted, title: str, *, quiet: bool
) -> Predictions:
    from nlpchat.prior import with_prior

    moved, shares = with_prior(predictions, classifier.bundle, prior)
    if prior == "auto" and not quiet:
        said = ", ".join(f"{label} {share:.0%}" for label, share in zip(LABELS, shares, strict=True))
        click.echo(f"{title}: prior estimated from {len(moved):,} messages: {said}.", err=True)
    return moved


def _shown(
    chats: Iterator[Classified], by: By, told: list[dict[str, object]] | None, *, quiet: bool
) -> Iterator[Classified]:
    """The same chats, each summarised on its way: on the terminal, or into `told` when that is a list."""
    from nlpchat.report.summary import summarise

    for export, chat, predictions in chats:
        if not quiet:
            summary = summarise(chat, predictions, by=by)
            if told is not None:
                told.append({"export": export, **summary.as_json()})
            else:
                from nlpchat.report.terminal import chat_view

                _console().print(chat_view(summary), "")
        yield export, chat, predictions


def _write_chats(chats: Iterator[Classified], output: Path, *, several: bool) -> None:
    from nlpchat.report.summary import COLUMNS, rows

    if not several:
        _write((row for _, chat, predictions in chats for row in rows(chat, predictions)), output, COLUMNS)
        return
    # Times with a zone and times without do not share a Parquet column: over several exports they are text.
    taken: set[str] = set()
    marked = (
        {"export": export, "chat": name, **row, "sent_at": cast(datetime, row["sent_at"]).isoformat()}
        for export, chat, predictions in chats
        for name in (name_of(chat, taken),)
        for row in rows(chat, predictions)
    )
    _write(marked, output, ("export", "chat", *COLUMNS))


def _classify_texts(
    classifier: Classifier, texts: Iterator[str], prior: PriorWanted | None, output: Path | None, *, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Each text said with its label as it goes by, and written where an output is given."""
    rows = _text_rows(classifier, texts, prior, as_json=as_json, quiet=quiet)
    if output is not None:
        _write(rows, output, ("index", "text", "label", *LABELS))
        return
    for _ in rows:
        pass


def _text_rows(
    classifier: Classifier, texts: Iterator[str], prior: PriorWanted | None, *, as_json: bool, quiet: bool
) -> Iterator[dict[str, object]]:
    from nlpchat.classifier import classify

    index = 0
    together = 1 if sys.stdin.isatty() else LINES  # someone who types wants an answer to each line
    while some := list(islice(texts, together)):
        for text, prediction in zip(some, classify(some, classifier, prior=prior), strict=True):
            scores = {label: round(score, 6) for label, score in zip(LABELS, prediction.scores, strict=True)}
            if as_json and not quiet:
                more = {"scores": scores, "tokens": prediction.tokens, "cut": prediction.cut}
                click.echo(json.dumps({"text": text, "label": prediction.label, **more}, ensure_ascii=False))
            elif not quiet:
                from nlpchat.report.terminal import text_view

                _console().print(text_view(text, prediction), soft_wrap=True)
            yield {"index": index, "text": text, "label": prediction.label} | scores
            index += 1


def _stdin_lines() -> Iterator[str]:
    from nlpchat.errors import InputError

    try:
        for line in sys.stdin.buffer:
            yield line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as fault:
        raise InputError(
            f"standard input: not in UTF-8 ({fault.reason}). Convert it, for instance with iconv."
        ) from fault


def _write(rows: Iterable[dict[str, object]], output: Path, columns: Sequence[str]) -> None:
    from nlpchat.report.tables import write_rows

    count = write_rows(rows, output, columns, dict.fromkeys(LABELS, float))
    click.echo(f"{count:,} rows written to {output}.", err=True)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


@contextmanager
def _progress(title: str, *, quiet: bool) -> Iterator[Progress | None]:
    """What is to be told how far it is: a bar on stderr, or None where nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    from nlpchat.report.terminal import progress_bar

    with progress_bar(title, Console(stderr=True)) as progress:
        yield progress
