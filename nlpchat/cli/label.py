"""`nlpchat label`: the messages that the classifier is least sure of, labelled by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click


@click.command("label", epilog="Example:  nlpchat label chat.txt -o labels.jsonl")
@click.argument("export", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default="labels.jsonl", show_default=True,
    help="Where the answers are kept; those that are there already are not asked for again.",
)  # fmt: skip
@click.option("--model", type=click.Path(), help="A classifier's folder; the one that comes with nlpchat by default.")
@click.option(
    "--by", type=click.Choice(["margin", "entropy"]), default="margin", show_default=True, help="How doubt is measured."
)
@click.option("--most", type=click.IntRange(1), help="Ask about so many messages; about all of them if not given.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="How a WhatsApp export writes its dates.")
@click.option("--thread", help="The conversation of an archive that holds several.")
def command(
    export: Path, output: Path, model: str | None, by: Literal["margin", "entropy"], most: int | None,
    date_order: Literal["dmy", "mdy", "ymd"] | None, thread: str | None,
) -> None:  # fmt: skip
    """Label the messages that the classifier is least sure of.

    Answer each with n (neg), u (neu), p (pos), s (skip), b (back) or q (quit) and Enter. Every answer is kept at once: leave
    with q, Ctrl-C or the end of the input, and take it up again with the same line. Only the texts and your labels are
    kept, no names, no times. The file is one for train-classifier, beside other labelled texts.
    """
    from nlpchat.chats import read_chat
    from nlpchat.classifier import Classifier
    from nlpchat.report.printable import printable
    from nlpchat.training.labelling import SKIP, Labels, ask, questions

    labels = Labels(output)
    chat = read_chat(export, date_order=date_order, thread=thread)
    asked = questions(chat, Classifier(model), by=by)
    given = ask(chat, asked, labels, lambda text: click.echo(printable(text)), _typed, most=most)
    counts = labels.counts()
    told = ", ".join(f"{count} {label}" for label, count in counts.items() if label != SKIP)
    click.echo(
        f"{output}: {given} answers now, {len(labels)} in all ({told}, {counts[SKIP]} skipped); "
        f"{sum(question not in labels for question in asked):,} messages left."
    )


def _typed() -> str | None:
    """The next line of standard input; None at its end."""
    if sys.stdin.isatty():
        click.echo("> ", nl=False)
    line = sys.stdin.readline()
    return line if line else None
