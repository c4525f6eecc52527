"""`nlpchat report`: a classified conversation as one web page, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from nlpchat.cli.classify import STDIN
from nlpchat.cli.classifying import PriorType, classified, failed_of
from nlpchat.cli.reading import Wanted, anonymised, read, reading_options

if TYPE_CHECKING:
    from nlpchat.classifier import Classifier
    from nlpchat.predictions import Predictions
    from nlpchat.prior import Wanted as PriorWanted
    from nlpchat.records import Chat
    from nlpchat.report.read_back import Classified


@click.command("report", epilog="Example:  nlpchat report chat.zip -o report.html")
@click.argument("exports", metavar="EXPORT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The page, a .html.")
@click.option("--model", type=click.Path(), help="A classifier's folder; the one that comes with nlpchat by default.")
@click.option("--lang", type=click.Choice(["fr", "en"]), help="Of the page; the conversation's by default.")
@click.option(
    "--prior",
    type=PriorType(),
    metavar="auto|N,N,N",
    help="How frequent neg, neu and pos are here, as for classify.",
)
@reading_options
@click.option("-q", "--quiet", is_flag=True, help="Print neither progress nor result; faults are still said.")
@click.pass_context
def command(
    context: click.Context,
    exports: tuple[str, ...],
    output: Path,
    model: str | None,
    lang: Literal["fr", "en"] | None,
    prior: PriorWanted | None,
    wanted: Wanted,
    quiet: bool,
) -> None:
    """Show what is felt in a conversation as one web page.

    EXPORT is what classify reads (several exports of one conversation are read as one), or one table (.csv, .jsonl,
    .parquet) that classify -o wrote: it is shown with the labels and scores in it, and --model, which should be the
    one that wrote it, only says why. The page is a file of its own: it holds messages of the conversation, asks no
    other machine for anything, and opens in any browser.
    """
    from nlpchat.report.read_back import is_table
    from nlpchat.report.written import check_report, write_report

    table = any(map(is_table, exports))
    _check_usage(exports, prior, wanted, table=table)
    check_report(output)
    from nlpchat.classifier import Classifier

    classifier = Classifier(model)
    if table:
        chat, predictions, failed = *_from_table(exports[0], wanted), False
    else:
        chat, predictions, failed = _from_exports(exports, classifier, prior, wanted, quiet=quiet)
    write_report(chat, predictions, classifier, output, lang=lang)
    if not quiet:
        click.echo(f"{output}: a report of {len(predictions):,} messages. Open it in a browser.")
    context.exit(1 if failed else 0)


def _check_usage(exports: Sequence[str], prior: PriorWanted | None, wanted: Wanted, *, table: bool) -> None:
    if STDIN in exports:
        raise click.UsageError("a report is of a conversation: give EXPORT files, or a table that classify -o wrote.")
    if table and len(exports) > 1:
        raise click.UsageError("give one table, or exports.")
    if table and (prior is not None or wanted.date_order is not None):
        raise click.UsageError("a table is shown as it is: --prior and --date-order are for exports.")


def _from_exports(
    exports: Sequence[str], classifier: Classifier, prior: PriorWanted | None, wanted: Wanted, *, quiet: bool
) -> tuple[Chat, Predictions, bool]:
    """The one conversation, classified, with stand-ins where they were asked for; whether some export could not be read."""
    from nlpchat.report.written import check_one

    found, faults = read(exports, wanted, quiet=quiet)
    failed = failed_of(exports, found, faults, wanted)
    check_one(len(found))
    ((_, chat, predictions),) = classified(classifier, found, prior, wanted, quiet=quiet)
    return chat, predictions, bool(failed)


def _from_table(path: str, wanted: Wanted) -> tuple[Chat, Predictions]:
    """The one conversation of the table; what was felt stays, whatever stands in for names."""
    from nlpchat.chats.reading import no_thread, zone_of
    from nlpchat.report.read_back import read_back
    from nlpchat.report.written import check_one

    found = read_back(path, zone=zone_of(wanted.tz) if wanted.tz is not None else None)
    if wanted.threads:
        found = [one for one in found if _is_called(one, wanted.threads)]
        if not found:
            raise no_thread([path], wanted.threads)
    check_one(len(found))
    (chat,) = anonymised([found[0].chat], wanted)
    return chat, found[0].predictions


def _is_called(one: Classified, names: Sequence[str]) -> bool:
    return one.chat.title.casefold() in [name.casefold() for name in names]
