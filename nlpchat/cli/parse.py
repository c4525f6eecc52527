"""`nlpchat parse`: what is in an exported chat, and its messages as a table."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nlpchat.chats import DateOrder
    from nlpchat.records import Chat

COLUMNS = ("index", "sent_at", "author", "kind", "text", "line")
# So many people are named in the summary.
SHOWN_PEOPLE = 20


@click.command("parse")
@click.argument("export", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write the messages to FILE.csv, .jsonl or .parquet.",
)
@click.option(
    "--date-order",
    type=click.Choice(["dmy", "mdy", "ymd"]),
    help="How the dates of a WhatsApp export are written, when the file leaves it open.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(export: Path, output: Path | None, date_order: DateOrder | None, as_json: bool) -> None:
    """Read an exported chat (WhatsApp .txt or .zip, Messenger JSON) and say what is in it.

    Nothing is classified and nothing leaves this machine.

    Example: nlpchat parse "Discussion WhatsApp avec Julie.txt" -o messages.csv
    """
    from nlpchat.chats import read_chat
    from nlpchat.report.tables import check_suffix, write_rows

    if output is not None:
        check_suffix(output)
    chat = read_chat(export, date_order=date_order)
    if as_json:
        click.echo(json.dumps(summary(chat), ensure_ascii=False, indent=2))
    else:
        _print_summary(chat)
    _print_warnings(chat)
    if output is not None:
        rows = (
            {
                "index": i,
                "sent_at": m.sent_at,
                "author": m.author,
                "kind": m.kind,
                "text": m.text,
                "line": m.line,
            }
            for i, m in enumerate(chat.messages)
        )
        count = write_rows(rows, output, COLUMNS)
        click.echo(f"{count} messages written to {output}.", err=True)


def summary(chat: Chat) -> dict[str, object]:
    """What was read, for scripts: counts by kind and by person, first and last time, warnings."""
    people = Counter(m.author for m in chat.messages if m.author is not None)
    return {
        "title": chat.title,
        "platform": chat.platform,
        "variant": chat.variant,
        "messages": len(chat),
        "from": chat.messages[0].sent_at.isoformat() if chat.messages else None,
        "to": chat.messages[-1].sent_at.isoformat() if chat.messages else None,
        "kinds": dict(Counter(m.kind for m in chat.messages).most_common()),
        "people": {author: people[author] for author in chat.authors},
        "warnings": [{"what": w.what, "count": w.count, "line": w.line} for w in chat.warnings],
    }


def _print_summary(chat: Chat) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    told = summary(chat)
    console.print(Text(chat.title, style="bold"))
    console.print(Text(f"{chat.platform} · {chat.variant}"))
    if chat.messages:
        console.print(f"{told['from']} to {told['to']}")
    kinds = Counter(m.kind for m in chat.messages)
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    console.print(f"{len(chat)} messages{': ' + counted if counted else ''}")
    if chat.authors:
        people = Counter(m.author for m in chat.messages)
        table = Table("person", "messages", box=None, pad_edge=False)
        table.columns[1].justify = "right"
        for author in chat.authors[:SHOWN_PEOPLE]:
            table.add_row(Text(author), str(people[author]))
        if len(chat.authors) > SHOWN_PEOPLE:
            table.add_row(f"and {len(chat.authors) - SHOWN_PEOPLE} more", "")
        console.print(table)


def _print_warnings(chat: Chat) -> None:
    for warning in chat.warnings:
        where = f": {warning.count} (first: line {warning.line})" if warning.line is not None else ""
        click.echo(f"nlpchat: {warning.what}{where}.", err=True)
