"""`nlpchat classify`: what is felt in exported chats, in texts on the line, or in lines on standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from nlpchat.cli.classifying import PriorType, classified, classifier_for, failed_of
from nlpchat.cli.reading import Wanted, check_output, json_text, name_of, read, reading_options, stdin_lines
from nlpchat.records import LABELS

if TYPE_CHECKING:
    from rich.console import Console

    from nlpchat.classifier import Classifier
    from nlpchat.cli.classifying import Classified
    from nlpchat.prior import Wanted as PriorWanted
    from nlpchat.report.summary import By

STDIN = "-"
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
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a page to look at, a .html, as `nlpchat report` does.",
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
    report: Path | None,
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
    if report is not None:
        from nlpchat.report.written import check_one, check_report

        if not exports or exports == (STDIN,):
            raise click.UsageError("--report shows a conversation: give EXPORT files.")
        check_report(report)

    with classifier_for(model, abstain, scheduler) as classifier:
        if texts or exports == (STDIN,):
            _classify_texts(classifier, iter(texts or stdin_lines()), prior, output, as_json=as_json, quiet=quiet)
            return
        found, faults = read(exports, wanted, quiet=quiet)
        failed = failed_of(exports, found, faults, wanted)
        if report is not None:
            check_one(len(found))
        told: list[dict[str, object]] = []
        chats = classified(classifier, found, prior, wanted, quiet=quiet)
        shown = _shown(chats, by, told if as_json else None, quiet=quiet)
        if report is not None:
            shown = _reported(shown, classifier, report)
        if output is None:
            for _ in shown:
                pass
        else:
            _write_chats(shown, output, several=len(found) > 1 or len(exports) > 1)
    if as_json and not quiet:
        click.echo(json_text({"exports": told, "failed": failed}))
    context.exit(1 if failed else 0)


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


def _reported(chats: Iterator[Classified], classifier: Classifier, report: Path) -> Iterator[Classified]:
    """The same chats, of which there is one; its report is written on its way."""
    from nlpchat.report.written import write_report

    for export, chat, predictions in chats:
        write_report(chat, predictions, classifier, report)
        click.echo(f"{report}: a report of {len(predictions):,} messages. Open it in a browser.", err=True)
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


def _write(rows: Iterable[dict[str, object]], output: Path, columns: Sequence[str]) -> None:
    from nlpchat.report.tables import write_rows

    count = write_rows(rows, output, columns, dict.fromkeys(LABELS, float))
    click.echo(f"{count:,} rows written to {output}.", err=True)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)
