"""`nlpchat parse`: what is in exported chats, and their messages as a table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nlpchat.cli.reading import Wanted, anonymised, read, reading_options, say_fault, say_warnings, unchosen

if TYPE_CHECKING:
    from rich.console import Console

    from nlpchat.chats.merge import Exported
    from nlpchat.records import Chat

COLUMNS = ("index", "sent_at", "author", "kind", "text", "line", "reactions")
# So many people are named in the summary.
SHOWN_PEOPLE = 20


@click.command("parse", epilog='Example:  nlpchat parse "Discussion WhatsApp avec Julie.txt" -o messages.csv')
@click.argument("exports", metavar="EXPORT...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write the messages to FILE.csv, .jsonl or .parquet.",
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
    from nlpchat.chats.reading import no_thread
    from nlpchat.report.tables import check_suffix

    if output is not None:
        check_suffix(output)
    found, faults = read(exports, wanted)
    if not found and len(faults) == 1:
        raise faults[0].error
    for fault in faults:
        say_fault(fault)
    if not found:
        raise no_thread(exports, wanted.threads)
    several = unchosen(found, wanted)
    if several:
        _list(several, wanted, output, as_json=as_json)
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
        click.echo(json.dumps(told[0] if len(told) == 1 else told, ensure_ascii=False, indent=2))
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
    for chat in chats:
        more: dict[str, object] = {"chat": chat.title} if several else {}
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


def _list(several: Sequence[Exported], wanted: Wanted, output: Path | None, *, as_json: bool) -> None:
    """The conversations of an archive, one line each, the longest first."""
    from nlpchat.chats.reading import several as choose

    if output is not None:
        raise choose(several)
    chats = sorted(anonymised([one.chat for one in several], wanted), key=len, reverse=True)
    if as_json:
        click.echo(json.dumps([summary(chat) for chat in chats], ensure_ascii=False, indent=2))
        return
    from rich.table import Table
    from rich.text import Text

    from nlpchat.report.printable import one_line

    table = Table("conversation", "thread", "messages", "people", "from", "to", box=None, pad_edge=False)
    table.columns[0].overflow = table.columns[1].overflow = "fold"
    table.columns[2].justify = table.columns[3].justify = "right"
    for chat in chats:
        days = [f"{m.sent_at:%Y-%m-%d}" for m in (chat.messages[0], chat.messages[-1])] if chat.messages else ["", ""]
        names = Text(one_line(chat.title, 40)), Text(one_line(chat.thread, 200))
        table.add_row(*names, f"{len(chat):,}", f"{len(chat.authors):,}", *days)
    _console().print(table)
    click.echo(f"{len(chats)} conversations. Choose with --thread NAME, or read them all with --all-threads.", err=True)


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
