"""What a terminal shows, with Rich: a classified chat, how far the scoring is, the label of a text, a model's scores.

What it looks like is decided when it is drawn: by the columns there are, and by whether the encoding has blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Table
from rich.text import Text

from nlpchat.records import LABELS, Label, Message, Prediction, Verdict
from nlpchat.report.printable import one_line, printable
from nlpchat.report.summary import ChatSummary, Part
from nlpchat.report.timeline import ENOUGH, Period, Timeline, timeline

if TYPE_CHECKING:
    from nlpchat.evaluate import Scores

COLOURS: dict[Verdict, str] = {"neg": "red", "neu": "bright_black", "pos": "green", "unsure": "yellow"}
WORDS: dict[Verdict, str] = {"neg": "negative", "neu": "neutral", "pos": "positive", "unsure": "unsure"}
SHORT_WORDS: dict[Verdict, str] = {label: label for label in WORDS}
SHADES: dict[Verdict, str] = {"neg": "█", "neu": "░", "pos": "█", "unsure": "·"}  # of a bar
ASCII_SHADES: dict[Verdict, str] = {"neg": "-", "neu": ".", "pos": "+", "unsure": "?"}
# Forms of the table of shares, roomiest first: the words over its columns, the columns of its bar.
FORMS = ((WORDS, 24), (WORDS, 16), (SHORT_WORDS, 24), (SHORT_WORDS, 16), (SHORT_WORDS, 8), (SHORT_WORDS, 0))
LEAST_NAME = 12  # columns that the names are to have at least, before the bar gives way
MOST_PEOPLE = 20  # shown by name
MOST_NAME, MOST_TITLE, MOST_TEXT = 60, 200, 160  # characters shown of a name, a title, a message

LEVELS = "▁▂▃▄▅▆▇█"
FEW, ASCII_FEW = "·", "."
ROOMY = 60  # columns from which labels are words
TIMELINE_LEAST = 8  # columns; on less room there is no timeline
PERIOD_MOST = 4  # columns of one period


def chat_view(summary: ChatSummary) -> RenderableType:
    """A classified chat: who, how much, how it felt, the strongest messages, what was skipped."""
    parts: list[RenderableType] = [_heading(summary), "", _PartsTable(summary)]
    if summary.by == "author":  # otherwise the table is a timeline already
        parts.append(_TimelineView(summary.days))
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
    heading = Text(one_line(chat.title, MOST_TITLE), style="bold")
    people = _many(len(chat.authors), "person", "people")
    heading.append(f"\n{_many(len(chat), 'message', 'messages')}, {people}", style="not bold")
    if chat.messages:
        first, last = chat.messages[0].sent_at, chat.messages[-1].sent_at
        zone = f" ({first.tzinfo})" if first.tzinfo is not None else ""
        heading.append(f", {first:%Y-%m-%d} to {last:%Y-%m-%d}{zone}", style="not bold")
    return heading


class _PartsTable:
    """A row for each person or period; of what does not fit the bars go first, then long words."""

    def __init__(self, summary: ChatSummary):
        self.summary = summary

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        summary = self.summary
        shown = summary.parts[:MOST_PEOPLE] if summary.by == "author" else summary.parts
        names = max((cell_len(one_line(part.name, MOST_NAME)) for part in shown), default=0)
        words, bar = self._form(options.max_width, min(names, LEAST_NAME))
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column({"author": "person"}.get(summary.by, summary.by), overflow="fold")
        table.add_column("scored", justify="right", no_wrap=True)
        for label in summary.whole.counts:
            table.add_column(words[label], justify="right", style=COLOURS[label], no_wrap=True)
        if bar:
            table.add_column("", no_wrap=True)
        shades = ASCII_SHADES if options.ascii_only else SHADES
        for part in shown:
            table.add_row(*_part_row(part, bar, shades))
        if len(shown) < len(summary.parts):
            table.add_row(f"and {len(summary.parts) - len(shown):,} more")
        if len(summary.parts) > 1:
            table.add_section()
            table.add_row(*_part_row(summary.whole, bar, shades))
        yield table

    def _form(self, width: int, name: int) -> tuple[Mapping[Verdict, str], int]:
        labels = self.summary.whole.counts
        for words, bar in FORMS:
            columns = [max(name, len("person")), max(len("scored"), len(f"{self.summary.whole.messages:,}"))]
            columns += [max(len(words[label]), len("100%")) for label in labels]
            columns += [bar] if bar else []
            if sum(columns) + 3 * len(columns) - 1 <= width:
                break
        return words, bar


def _part_row(part: Part, bar: int, shades: Mapping[Verdict, str]) -> list[RenderableType]:
    shares = [f"{100 * part.share(label):.0f}%" for label in part.counts]
    row: list[RenderableType] = [Text(one_line(part.name, MOST_NAME)), f"{part.messages:,}", *shares]
    return [*row, _bar(part, bar, shades)] if bar else row


def _bar(part: Part, columns: int, shades: Mapping[Verdict, str]) -> Text:
    bar = Text(no_wrap=True)
    drawn, reached = 0, 0.0
    for label in part.counts:
        reached += part.share(label) * columns
        width = round(reached) - drawn
        bar.append(shades[label] * width, style=COLOURS[label])
        drawn += width
    return bar


class _TimelineView:
    """The shares of neg and pos over time, a row each, in as many periods as there are columns for; or nothing."""

    def __init__(self, days: Sequence[Period]):
        self.days = days

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        words = WORDS if options.max_width >= ROOMY else SHORT_WORDS
        head = max(len(words["neg"]), len(words["pos"]))
        room = options.max_width - len(f"  {'':{head}}    peak 100%")
        line = timeline(self.days, room) if room >= TIMELINE_LEAST else None
        if line is None:
            return
        columns = min(room // len(line.periods), PERIOD_MOST)
        yield Text("")
        yield _timeline_heading(line, ascii_only=options.ascii_only)
        for label in ("neg", "pos"):
            row = Text(f"  {words[label]:<{head}}  ", no_wrap=True)
            row.append(_sparkline(line, label, columns, ascii_only=options.ascii_only), style=COLOURS[label])
            row.append(f"  peak {line.peak(label):.0%}", style="bright_black")
            yield row
        yield Text(" " * (head + 4) + _ends(line, columns * len(line.periods)), style="bright_black")


def _timeline_heading(line: Timeline, *, ascii_only: bool) -> Text:
    heading = Text(f"Over time, by {line.unit}", style="bold")
    notes = [f"{ASCII_FEW if ascii_only else FEW} fewer than {ENOUGH}"] if _has_few(line) else []
    notes += ["a digit is 10%"] if ascii_only else []
    return heading.append(f" ({', '.join(notes)})" if notes else "", style="not bold bright_black")


def _has_few(line: Timeline) -> bool:
    return any(period.messages and not period.enough for period in line.periods)


def _sparkline(line: Timeline, label: Label, columns: int, *, ascii_only: bool) -> str:
    """So many columns for each period: its share beside the highest of both labels, in ASCII its tens of percent."""
    top = max(line.peak("neg"), line.peak("pos")) or 1.0
    drawn = ""
    for period in line.periods:
        if not period.messages:
            drawn += " " * columns
        elif not period.enough:
            drawn += (ASCII_FEW if ascii_only else FEW).ljust(columns)
        elif ascii_only:
            drawn += str(min(int(10 * period.share(label)), 9)).ljust(columns)
        else:
            drawn += LEVELS[round(period.share(label) / top * (len(LEVELS) - 1))] * columns
    return drawn


def _ends(line: Timeline, width: int) -> str:
    """The first day and the last, each under its end of the sparkline where that is wide enough."""
    first, last = line.first.isoformat(), line.last.isoformat()
    return first + last.rjust(width - len(first)) if width > len(first + last) else f"{first} to {last}"


def _strongest(label: Label, found: Sequence[tuple[Message, Prediction]]) -> RenderableType:
    rows: list[RenderableType] = [Text(f"Most {WORDS[label]}", style="bold")]
    for message, prediction in found:
        score = Text(f"  {prediction.scores[LABELS.index(label)]:.2f}  ", style=COLOURS[label])
        author = one_line(message.author or "?", MOST_NAME)
        text = Text(f"{message.sent_at:%Y-%m-%d %H:%M}  {author}: ", style="bright_black")
        rows.append(_Hanging(score, text.append(one_line(message.text, MOST_TEXT), style="not bright_black")))
    return Group(*rows)


class _Hanging:
    """A text of several lines to the right of its first word."""

    def __init__(self, head: Text, text: Text):
        self.head, self.text = head, text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        indent = self.head.cell_len
        lines = self.text.wrap(console, max(options.max_width - indent, 1), overflow="fold")
        for number, line in enumerate(lines):
            line.rstrip()
            yield Text.assemble(Text(" " * indent) if number else self.head, line)


@contextmanager
def progress_bar(title: str, console: Console) -> Iterator[Callable[[int, int], None]]:
    """What is to be told how many messages are done, and of how many; gone when it ends."""
    bar = max(min(console.width - 64, 40), 0)
    columns: list[ProgressColumn] = [TextColumn("{task.description}", markup=False)]
    columns += [BarColumn(bar)] if bar >= 8 else []
    columns += [MofNCompleteColumn(), _Pace(short=bar < 8)]
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(one_line(title, 20 if bar >= 8 else 10), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class _Pace(ProgressColumn):
    """Messages per second and the time left, once something is known of them."""

    def __init__(self, *, short: bool):
        super().__init__()
        self.short = short

    def render(self, task: Task) -> Text:
        left = task.time_remaining
        if task.speed is None or left is None:
            return Text("")
        time = str(timedelta(seconds=int(left))).removeprefix("0:")
        return Text(f"{task.speed:,.0f}/s {time}" if self.short else f"{task.speed:,.0f} messages/s, {time} left")


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
