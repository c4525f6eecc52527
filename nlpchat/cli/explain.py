"""`nlpchat explain`: what each word of a text weighs for its label."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import click

from nlpchat.cli.reading import said_plainly, stdin_lines
from nlpchat.errors import InputError
from nlpchat.records import LABELS, Label

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from nlpchat.classifier import Classifier
    from nlpchat.explain import WordWeight
    from nlpchat.records import Prediction

STDIN = "-"
LINES = 200  # of standard input, explained and answered together
MOST_WORDS, MOST_LETTERS = 10, 40  # of the table; letters of one word
LITTLE = 0.05  # below it a weight is not coloured; where all are, that is said
STRONG = 0.3
FOR: dict[Label, str] = {"neg": "red", "neu": "cyan", "pos": "green"}
AGAINST = "yellow"


@click.command("explain", epilog='Example:  nlpchat explain "trop nul ce film"')
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@click.option(
    "--label", type=click.Choice(LABELS), help="What the words are weighed for; each text's own label by default."
)
@click.option("--model", type=click.Path(), help="A classifier's folder; the one that comes with nlpchat by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line for each text.")
def command(texts: tuple[str, ...], label: Label | None, model: str | None, as_json: bool) -> None:
    """Show which words of a text make its label.

    "-" reads a text from each line of standard input. A word's weight is by how much the label's score falls when the word is left
    out: +0.80 makes the label, -0.10 speaks a little against it. On a terminal the words are coloured: those for the label in its
    colour, those against it underlined, bold where they weigh much. In long texts neighbours are weighed together. With --json,
    start and end count characters of the text as given.
    """
    if STDIN in texts and len(texts) > 1:
        raise click.UsageError('give TEXTs, or "-" alone for the lines of standard input.')
    from nlpchat.classifier import Classifier

    classifier = Classifier(model)
    lines = stdin_lines() if texts == (STDIN,) else _arguments(texts)
    together = 1 if sys.stdin.isatty() else LINES  # someone who types wants an answer to each line
    with said_plainly():
        while some := list(islice(lines, together)):
            _answer(some, classifier, label, as_json=as_json)


def _answer(texts: Sequence[str], classifier: Classifier, label: Label | None, *, as_json: bool) -> None:
    from nlpchat.explain import explain

    predictions = classifier.predict(texts)
    labels = [label or LABELS[scores.index(max(scores))] for scores in (one.scores for one in predictions)]
    explained = explain(texts, classifier, labels)
    for text, prediction, asked, weights in zip(texts, predictions, labels, explained, strict=True):
        if as_json:
            click.echo(_as_json(text, prediction, asked, weights))
        else:
            from rich.console import Console

            console = Console(highlight=False, markup=False, emoji=False)
            for part in _view(text, prediction, asked, weights):
                console.print(part, soft_wrap=True)


def _as_json(text: str, prediction: Prediction, asked: Label, weights: Sequence[WordWeight]) -> str:
    scores = {label: round(score, 6) for label, score in zip(LABELS, prediction.scores, strict=True)}
    words = [
        {"start": one.start, "end": one.end, "word": text[one.start : one.end], "weight": round(one.weight, 6)}
        for one in weights
    ]
    told = {"text": text, "label": prediction.label, "scores": scores, "weighed_for": asked, "words": words}
    unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    return json.dumps(told, ensure_ascii=not unicode)


def _view(text: str, prediction: Prediction, asked: Label, weights: Sequence[WordWeight]) -> list[RenderableType]:
    """Label and scores; the text, its words coloured; the words that weigh most."""
    from rich.text import Text

    from nlpchat.report.terminal import COLOURS, WORDS

    heading = Text(WORDS[prediction.label], style=COLOURS[prediction.label])
    for name, score in zip(LABELS, prediction.scores, strict=True):
        heading.append(f"  {name} {score:.2f}", style="bright_black")
    if prediction.cut:
        heading.append("  longer than the model reads, and cut", style="bright_black")
    return [heading, _coloured(text, asked, weights), *_table(text, asked, weights), ""]


def _coloured(text: str, asked: Label, weights: Sequence[WordWeight]) -> Text:
    from rich.text import Text

    from nlpchat.report.printable import printable

    shown, reached = Text(), 0
    for one in weights:
        shown.append(printable(text[reached : one.start]))
        shown.append(printable(text[one.start : one.end]), style=_style(asked, one.weight))
        reached = one.end
    shown.append(printable(text[reached:]))
    return shown


def _style(asked: Label, weight: float) -> str:
    if abs(weight) < LITTLE:
        return ""
    strong = "bold " if abs(weight) >= STRONG else ""
    return f"{strong}{FOR[asked]}" if weight > 0 else f"{strong}underline {AGAINST}"


def _table(text: str, asked: Label, weights: Sequence[WordWeight]) -> Iterator[RenderableType]:
    """The heaviest words first, whichever way they pull; nothing of a text without a word."""
    from rich.table import Table
    from rich.text import Text

    from nlpchat.report.printable import one_line

    if not weights:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(f"weight for {asked}", justify="right", no_wrap=True)
    table.add_column("word", overflow="fold")
    for one in sorted(weights, key=lambda word: -abs(word.weight))[:MOST_WORDS]:
        word = one_line(text[one.start : one.end], MOST_LETTERS)
        table.add_row(Text(_number(one.weight), style=_style(asked, one.weight)), Text(word))
    if len(weights) > MOST_WORDS:
        table.add_row("", Text(f"and {len(weights) - MOST_WORDS:,} more that weigh less", style="bright_black"))
    yield table
    if max(abs(one.weight) for one in weights) < LITTLE:
        yield Text("Whichever word is left out, the label stays about as sure.", style="bright_black")


def _number(weight: float) -> str:
    """Signed, but for a weight that is none."""
    shown = f"{weight:+.2f}"
    return shown if float(shown) else "0.00"


def _arguments(texts: Sequence[str]) -> Iterator[str]:
    for number, text in enumerate(texts, 1):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as fault:
            raise InputError(
                f"TEXT {number}: not in UTF-8. Give it on standard input, converted with iconv."
            ) from fault
        yield text
