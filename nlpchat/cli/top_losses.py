"""`nlpchat top-losses`: the labelled texts that a classifier gets most wrong, to put right by hand."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("top-losses", epilog="Example:  nlpchat top-losses --model classifier reviews.jsonl -o worst.csv")
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=click.Path())
@click.option("--model", type=click.Path(), help="A classifier's folder; the one that comes with nlpchat by default.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The table, a .csv.")
@click.option("--most", default=200, show_default=True, type=click.IntRange(1), help="How many texts, the worst first.")
def command(data: tuple[str, ...], model: str | None, output: Path, most: int) -> None:
    """List the labelled texts that a classifier gets most wrong.

    Fill in the column "corrected" (neg, neu, pos, or drop; empty leaves a row as it is), change nothing else, save it as CSV
    in UTF-8, and give it to train-classifier --corrections. The data itself is not changed.
    """
    from nlpchat.training import require_extra

    require_extra()
    from nlpchat.classifier import Classifier
    from nlpchat.errors import OutputError
    from nlpchat.report.tables import write_rows
    from nlpchat.training.top_losses import COLUMNS, learnt_from, table_rows, top_losses

    if output.suffix.lower() != ".csv":
        raise OutputError(f"{output}: the table is a .csv, to be edited by hand. Give such a path.")
    classifier = Classifier(model)
    if known := learnt_from(classifier, data):
        click.echo(
            f"nlpchat: the classifier learnt from {', '.join(known)}: errors it knows by heart rank low.", err=True
        )
    missed = top_losses(classifier, data, most)
    count = write_rows(table_rows(missed), output, COLUMNS)
    wrong = sum(one.label != one.predicted for one in missed)
    click.echo(
        f"{output}: {count} texts, {wrong} of them read otherwise than labelled; losses from {missed[0].loss:.2f} down."
    )
