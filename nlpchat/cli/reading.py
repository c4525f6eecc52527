"""What the commands that read exports share: their options, the reading, and what is said of it on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nlpchat.chats import DateOrder
    from nlpchat.chats.merge import Exported
    from nlpchat.chats.reading import Fault
    from nlpchat.records import Chat

# So much is shown of a line that was not understood.
SHOWN_LINE = 100
KEY_VARIABLE = "NLPCHAT_KEY"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was said on the command line of how to read exports."""

    date_order: DateOrder | None = None
    tz: str | None = None
    threads: tuple[str, ...] = ()
    all_threads: bool = False
    anonymise: bool = False
    key: str | None = None


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with --date-order, --tz, --thread, --all-threads, --anonymise and --key: one `wanted`, a Wanted."""

    @click.option(
        "--date-order",
        type=click.Choice(["dmy", "mdy", "ymd"]),
        help="How a WhatsApp export writes its dates, when the file leaves it open.",
    )
    @click.option("--tz", metavar="ZONE", help="Time zone to give the times in, such as Europe/Paris.")
    @click.option("--thread", "threads", multiple=True, metavar="NAME", help="Read this conversation of an archive.")
    @click.option("--all-threads", is_flag=True, help="Read every conversation of an archive.")
    @click.option("--anonymise", is_flag=True, help="Give stand-ins for people, numbers, links, file names, titles.")
    @click.option(
        "--key",
        metavar="TEXT",
        envvar=KEY_VARIABLE,
        help=f"With --anonymise: the same stand-ins in every run with this key (or set {KEY_VARIABLE}).",
    )
    def with_options(*args: Any, **options: Any) -> Any:
        taken = {name: options.pop(name) for name in ("date_order", "tz", "threads", "all_threads", "anonymise", "key")}
        if taken["threads"] and taken["all_threads"]:
            raise click.UsageError("give --thread or --all-threads, not both.")
        from_line = click.get_current_context().get_parameter_source("key") is click.core.ParameterSource.COMMANDLINE
        if taken["key"] is not None and from_line and not taken["anonymise"]:
            raise click.UsageError("--key says which stand-ins: give --anonymise with it.")
        return command(*args, wanted=Wanted(**taken), **options)

    with_options.__doc__, with_options.__name__ = command.__doc__, command.__name__
    with_options.__click_params__ = [*getattr(command, "__click_params__", []), *with_options.__click_params__]  # type: ignore[attr-defined]
    return with_options


def read(exports: Sequence[str], wanted: Wanted, *, quiet: bool = False) -> tuple[list[Exported], list[Fault]]:
    """The conversations wanted, and what could not be read; a spinner on stderr meanwhile, for whoever watches."""
    from nlpchat.chats.reading import Reading, read_exports, zone_of

    how = Reading(wanted.date_order, zone_of(wanted.tz) if wanted.tz else None, wanted.threads)
    with _spinner(quiet=quiet) as say:
        return read_exports(exports, how, progress=say)


def unchosen(read: Sequence[Exported], wanted: Wanted) -> list[Exported]:
    """The conversations of the first archive that holds several of them, when nobody said which are wanted."""
    if wanted.threads or wanted.all_threads:
        return []
    for path in {one.paths[0]: None for one in read}:
        together = [one for one in read if one.paths[0] == path]
        if len(together) > 1:
            return together
    return []


def anonymised(chats: Sequence[Chat], wanted: Wanted) -> Sequence[Chat]:
    """The chats with stand-ins where they were asked for; as they are otherwise."""
    if not wanted.anonymise:
        return chats
    from nlpchat.chats.pseudonyms.anonymise import anonymise

    return anonymise(chats, wanted.key)


def say_warnings(chat: Chat, *, examples: bool = False) -> None:
    """What was decided in doubt or not understood, on stderr, a line each; with the first such lines if asked for."""
    from nlpchat.report.printable import one_line

    for warning in chat.warnings:
        click.echo(f"nlpchat: {one_line(str(warning), 400)}.", err=True)
        for line in warning.examples if examples else ():
            click.echo(f"    {one_line(line, SHOWN_LINE)}", err=True)


def say_fault(fault: Fault) -> None:
    from nlpchat.report.printable import printable

    click.echo(f"nlpchat: {printable(str(fault.error))}", err=True)


@contextmanager
def _spinner(*, quiet: bool) -> Iterator[Callable[[str], None] | None]:
    import sys

    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.text import Text

    from nlpchat.report.printable import one_line

    with Console(stderr=True).status("reading") as status:
        yield lambda name: status.update(Text(f"reading {one_line(name, 60)}"))
