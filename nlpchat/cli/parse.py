"""`nlpchat parse`: what is in exported chats, and their messages as a table."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nlpchat.cli.reading import (
    Wanted,
    anonymised,
    check_output,
    json_text,
    name_of,
    read,
    reading_options,
    say_faults,
    say_warnings,
    stop,
    unchosen,
    undecided,
)

if TYPE_CHECKING:
    from rich.console import Console

    from nlpchat.chats.merge import Exported
    from nlpchat.records import Chat

COLUMNS = ("index", "sent_at", "author", "kind", "text", "line", "reactions")
# Of the list of an archive, and what stays of them on a narrow terminal.
HEADINGS = ("conversation", "thread", "messages", "people", "from", "to")
NARROW = ("conversation", "thread", "messages")
# Of the list where no terminal folds it, in columns.
WIDE = 1000
# So many people are named in the summary.
SHOWN_PEOPLE = 20


@click.command("parse", epilog='Example:  nlpchat parse "Discussion WhatsApp avec Julie.txt" -o messages.csv')
@click.argument("exports", metavar="EXPORT...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write the messages to FILE.csv, .jsonl or .parquet. In CSV, an apostrophe before = + - @ at the beginning of "
    "a text keeps spreadsheets from running it.",
)
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_context
def command(
    context: click.Context, exports: tuple[str, ...], output: Path | None, wanted: Wanted, as_json: bool
) -> None:
    """Read exported chats and say what is in them.

    EXPORT is a WhatsApp .txt or .zip, what Meta sends of Messenger or Instagram (JSON or HTML; a file, a thread's folder,
    the whole archive), Telegram's result.json, or a Signal text. Several exports of one conversation are read as one. An
    archive of many conversations is listed; --thread or --all-threads reads them. Nothing is classified and nothing
    leaves this machine.
    """
    if output is not None:
        check_output(output)
    found, faults = read(exports, wanted)
    say_faults(exports, found, faults, wanted)
    several = unchosen(found, wanted)
    if several and output is not None:
        stop(undecided(several, wanted))
    if several:
        _list(found, wanted, as_json=as_json)
    else:
        _tell(found, wanted, output, as_json=as_json)
    context.exit(1 if faults else 0)


def summary(chat: Chat) -> dict[str, object]:
    """What was read, for scripts: counts by kind and by person, first and last time, warnings."""
    people = Counter(m.author for m in chat.messages if m.author is not None)
    return {
        "title": chat.title,
        "thread": chat.thread,
        "platform": chat.platform,
        "variant": chat.variant,
        "messages": len(chat),
        "from": chat.messages[0].sent_at.isoformat() if chat.messages else None,
        "to": chat.messages[-1].sent_at.isoformat() if chat.messages else None,
        "kinds": dict(Counter(m.kind for m in chat.messages).most_common()),
        "people": {author: people[author] for author in chat.authors},
        "warnings": [warning.as_json() for warning in chat.warnings],
    }


def _tell(found: Sequence[Exported], wanted: Wanted, output: Path | None, *, as_json: bool) -> None:
    chats = anonymised([one.chat for one in found], wanted)
    if as_json:
        told = [summary(chat) for chat in chats]
        click.echo(json_text(told[0] if len(told) == 1 else told))
    for number, chat in enumerate(chats):
        if not as_json:
            _print_summary(chat, first=number == 0)
        say_warnings(chat, examples=True)
    if output is not None:
        from nlpchat.report.tables import write_rows

        columns = COLUMNS if len(chats) == 1 else ("chat", *COLUMNS)
        count = write_rows(_rows(chats), output, columns)
        click.echo(f"{count:,} messages written to {output}.", err=True)


def _rows(chats: Sequence[Chat]) -> Iterator[dict[str, object]]:
    """A row for each message; over several chats times are text, since some have a zone and others none."""
    several = len(chats) > 1
    taken: set[str] = set()
    for chat in chats:
        more: dict[str, object] = {"chat": name_of(chat, taken)} if several else {}
        for i, m in enumerate(chat.messages):
            yield more | {
                "index": i,
                "sent_at": m.sent_at.isoformat() if several else m.sent_at,
                "author": m.author,
                "kind": m.kind,
                "text": m.text,
                "line": m.line,
                "reactions": " ".join(f"{r.emoji} {r.author}" if r.author else r.emoji for r in m.reactions),
            }


def _list(found: Sequence[Exported], wanted: Wanted, *, as_json: bool) -> None:
    """The conversations of the archives, one line each, the longest first."""
    chats = sorted(anonymised([one.chat for one in found], wanted), key=len, reverse=True)
    if as_json:
        click.echo(json_text([summary(chat) for chat in chats]))
        return
    from rich.table import Table
    from rich.text import Text

    console = _console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDE
    rows = [_listed(chat) for chat in chats]
    if _width(rows) > console.width:
        # The title alone chooses where no other conversation has it.
        titles = Counter(chat.title for chat in chats)
        rows = [(row[0], row[1].rpartition("/")[2] if titles[row[0]] > 1 else "", *row[2:]) for row in rows]
    kept = [column for column in range(len(HEADINGS)) if column != 1 or any(row[1] for row in rows)]
    if _width(rows) > console.width:
        kept = [column for column in kept if HEADINGS[column] in NARROW]
    table = Table(*(HEADINGS[column] for column in kept), box=None, pad_edge=False)
    for place, column in enumerate(kept):
        table.columns[place].overflow = "fold"
        table.columns[place].justify = "right" if HEADINGS[column] in ("messages", "people") else "left"
        table.columns[place].no_wrap = column > 1
    for row in rows:
        table.add_row(*(Text(row[column]) for column in kept))
    console.print(table)
    click.echo(f"{len(chats)} conversations. Choose with --thread NAME, or read them all with --all-threads.", err=True)


def _listed(chat: Chat) -> tuple[str, ...]:
    """What the list says of a conversation, under HEADINGS."""
    from nlpchat.report.printable import one_line

    days = [f"{m.sent_at:%Y-%m-%d}" for m in (chat.messages[0], chat.messages[-1])] if chat.messages else ["", ""]
    names = one_line(chat.title, 40), one_line(chat.thread, 200)
    return (*names, f"{len(chat):,}", f"{len(chat.authors):,}", *days)


def _width(rows: Sequence[tuple[str, ...]]) -> int:
    """How many columns of a terminal the list takes without being folded."""
    from rich.cells import cell_len

    widest = [max(cell_len(cell) for cell in column) for column in zip(HEADINGS, *rows, strict=True)]
    return sum(width + 2 for width, used in zip(widest, zip(*rows, strict=True), strict=True) if any(used)) - 2


def _print_summary(chat: Chat, *, first: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from nlpchat.report.printable import one_line, printable

    console = _console()
    if not first:
        console.print()
    console.print(Text(printable(chat.title), style="bold"))
    console.print(Text(printable(f"{chat.platform} · {chat.variant}")))
    if chat.messages:
        console.print(f"{chat.messages[0].sent_at.isoformat()} to {chat.messages[-1].sent_at.isoformat()}")
    kinds = Counter(m.kind for m in chat.messages)
    counted = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    console.print(f"{len(chat):,} messages{': ' + counted if counted else ''}")
    if chat.authors:
        people = Counter(m.author for m in chat.messages)
        table = Table("person", "messages", box=None, pad_edge=False)
        table.columns[1].justify = "right"
        for author in chat.authors[:SHOWN_PEOPLE]:
            table.add_row(Text(one_line(author, 60)), f"{people[author]:,}")
        if len(chat.authors) > SHOWN_PEOPLE:
            table.add_row(f"and {len(chat.authors) - SHOWN_PEOPLE:,} more", "")
        console.print(table)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)
