"""What a terminal shows, as Rich renderables: a classified chat, the label of a text, a model's scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nlpchat.records import LABELS, Label, Message, Prediction, Verdict
from nlpchat.report.printable import one_line, printable
from nlpchat.report.summary import ChatSummary, Part

if TYPE_CHECKING:
    from nlpchat.evaluate import Scores

COLOURS: dict[Verdict, str] = {"neg": "red", "neu": "bright_black", "pos": "green", "unsure": "yellow"}
WORDS: dict[Verdict, str] = {"neg": "negative", "neu": "neutral", "pos": "positive", "unsure": "unsure"}
SHADES: dict[Verdict, str] = {"neu": "░", "unsure": "·"}  # of a bar, where it is not full
BAR, SHORT_BAR = 24, 16  # columns of a bar of shares; where a column more says who is unsure, it gives room
MOST_PEOPLE = 20  # shown by name
MOST_TEXT = 160  # characters shown of one message


def chat_view(summary: ChatSummary) -> RenderableType:
    """A classified chat: who, how much, how it felt, the strongest messages, what was skipped."""
    parts: list[RenderableType] = [_heading(summary), "", _parts_table(summary)]
    if summary.most_positive:
        parts += ["", _strongest("pos", summary.most_positive)]
    if summary.most_negative:
        parts += ["", _strongest("neg", summary.most_negative)]
    notes = [f"Not scored: {_listed(summary.skipped)}."] if summary.skipped else []
    if summary.cut:
        notes.append(f"{_many(summary.cut, 'message was', 'messages were')} longer than the model reads, and cut.")
    if notes:
        parts += ["", *(Text(note, style="bright_black") for note in notes)]
    return Group(*parts)


def text_view(text: str, prediction: Prediction) -> RenderableType:
    """One line: label, its scores, the text."""
    line = Text()
    line.append(f"{WORDS[prediction.label]:<9}", style=COLOURS[prediction.label])
    for label, score in zip(LABELS, prediction.scores, strict=True):
        line.append(f" {label} {score:.2f}", style="bright_black")
    line.append(f"  {printable(text)}")
    return line


def scores_view(found: Mapping[str, Scores]) -> RenderableType:
    """A row for each labelled set, and the confusion of each under it."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("set", overflow="fold")
    for name in ("n", "accuracy", "macro-F1 (95%)", "two poles (F1)"):
        table.add_column(name, justify="right", no_wrap=True)
    parts: list[RenderableType] = [table]
    for name, scores in found.items():
        poles, (low, high) = scores.two_pole, scores.interval
        table.add_row(
            Text(Path(name).name),
            f"{scores.n:,}",
            f"{scores.accuracy:.3f}",
            f"{scores.macro_f1:.3f} ({low:.3f}-{high:.3f})",
            f"{poles.accuracy:.3f} ({poles.macro_f1:.3f})" if poles else "",
        )
        parts += [Text(name, style="bold"), _confusion_table(scores)]
        if scores.left_out:
            parts.append(Text(f"Left out, other labels: {_listed(scores.left_out)}.", style="bright_black"))
    return Group(*parts)


def _heading(summary: ChatSummary) -> Text:
    chat = summary.chat
    heading = Text(printable(chat.title), style="bold")
    people = _many(len(chat.authors), "person", "people")
    heading.append(f"\n{_many(len(chat), 'message', 'messages')}, {people}", style="not bold")
    if chat.messages:
        first, last = chat.messages[0].sent_at, chat.messages[-1].sent_at
        zone = f" ({first.tzinfo})" if first.tzinfo is not None else ""
        heading.append(f", {first:%Y-%m-%d} to {last:%Y-%m-%d}{zone}", style="not bold")
    return heading


def _parts_table(summary: ChatSummary) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column({"author": "person"}.get(summary.by, summary.by), overflow="fold")
    table.add_column("scored", justify="right")
    for label in summary.whole.counts:
        table.add_column(WORDS[label], justify="right", style=COLOURS[label])
    table.add_column("")
    shown = summary.parts[:MOST_PEOPLE] if summary.by == "author" else summary.parts
    for part in shown:
        table.add_row(*_part_row(part))
    if len(shown) < len(summary.parts):
        table.add_row(f"and {len(summary.parts) - len(shown):,} more")
    if len(summary.parts) > 1:
        table.add_section()
        table.add_row(*_part_row(summary.whole))
    return table


def _part_row(part: Part) -> list[RenderableType]:
    shares = [f"{100 * part.share(label):.0f}%" for label in part.counts]
    return [Text(printable(part.name)), f"{part.messages:,}", *shares, _bar(part)]


def _bar(part: Part) -> Text:
    bar = Text(no_wrap=True)
    drawn, reached = 0, 0.0
    whole = BAR if len(part.counts) == len(LABELS) else SHORT_BAR
    for label in part.counts:
        reached += part.share(label) * whole
        width = round(reached) - drawn
        bar.append(SHADES.get(label, "█") * width, style=COLOURS[label])
        drawn += width
    return bar


def _strongest(label: Label, found: Sequence[tuple[Message, Prediction]]) -> Text:
    text = Text(f"Most {WORDS[label]}", style="bold")
    for message, prediction in found:
        text.append(f"\n  {prediction.scores[LABELS.index(label)]:.2f}", style=f"not bold {COLOURS[label]}")
        text.append(
            f"  {message.sent_at:%Y-%m-%d %H:%M}  {printable(message.author or '?')}: ", style="not bold bright_black"
        )
        text.append(one_line(message.text, MOST_TEXT), style="not bold")
    return text


def _confusion_table(scores: Scores) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("truth")
    for label in scores.labels:
        table.add_column(f"said {label}", justify="right")
    table.add_column("F1", justify="right")
    for label, row in zip(scores.labels, scores.confusion, strict=True):
        f1 = f"{scores.f1[label]:.3f}" if label in scores.f1 else ""
        table.add_row(label, *(f"{count:,}" for count in row), f1)
    return table


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
