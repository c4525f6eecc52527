"""What the commands that read exports share: their options, the reading, and what is said of it on stderr."""

from __future__ import annotations

import errno
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from nlpchat.errors import ChatFormatError, InputError, NlpchatError, OutputError

if TYPE_CHECKING:
    from nlpchat.chats import DateOrder
    from nlpchat.chats.merge import Exported
    from nlpchat.chats.reading import Fault
    from nlpchat.records import Chat

# So much is shown of a line that was not understood.
SHOWN_LINE = 100
# And of a fault, whose path may be long.
SHOWN_FAULT = 2000
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
        if "" in options.get("exports", ()):
            raise click.UsageError('an EXPORT is "", the name of no file.')
        with said_plainly():
            return command(*args, wanted=Wanted(**taken), **options)

    with_options.__doc__, with_options.__name__ = command.__doc__, command.__name__
    with_options.__click_params__ = [*getattr(command, "__click_params__", []), *with_options.__click_params__]  # type: ignore[attr-defined]
    return with_options


def read(exports: Sequence[str], wanted: Wanted, *, quiet: bool = False) -> tuple[list[Exported], list[Fault]]:
    """The conversations wanted, and what could not be read; a spinner on stderr meanwhile, for whoever watches."""
    from nlpchat.chats.reading import Reading, read_exports, zone_of

    how = Reading(wanted.date_order, zone_of(wanted.tz) if wanted.tz is not None else None, wanted.threads)
    with _spinner(quiet=quiet, nameless=wanted.anonymise) as say:
        return read_exports(exports, how, progress=say)


def name_of(chat: Chat, taken: set[str]) -> str:
    """What a table calls a conversation: its title, and its thread or a number where that title is taken; joins `taken`."""
    name, number = chat.title, 2
    if name in taken and chat.thread:
        name = f"{chat.title} ({chat.thread})"
    while name in taken:
        name, number = f"{chat.title} ({number})", number + 1
    taken.add(name)
    return name


def json_text(value: object) -> str:
    """JSON for standard output; in plain ASCII where that cannot say everything, which JSON can."""
    unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    return json.dumps(value, ensure_ascii=not unicode, indent=2)


def check_output(output: Path) -> None:
    """Nothing; raises what writing a table there would raise in the end, before the costly part."""
    from nlpchat.report.tables import check_suffix

    check_suffix(output)
    if not output.parent.is_dir():
        raise OutputError(f"{output}: the folder {output.parent} does not exist. Make it, or give another output.")
    if output.is_dir():
        raise OutputError(f"{output}: this is a folder. Give a file name.")


def unchosen(read: Sequence[Exported], wanted: Wanted) -> list[Exported]:
    """The conversations of the first archive that holds several of them, when nobody said which are wanted."""
    if wanted.threads or wanted.all_threads:
        return []
    for path in {one.paths[0]: None for one in read}:
        together = [one for one in read if one.paths[0] == path]
        if len(together) > 1:
            return together
    return []


def undecided(several: Sequence[Exported], wanted: Wanted) -> ChatFormatError:
    """What to say of an archive out of which nobody chose; with stand-ins asked for, without names."""
    from nlpchat.chats.reading import several as choose

    if not wanted.anonymise:
        return choose(several)
    return ChatFormatError(
        f"{several[0].paths[0]}: {len(several)} conversations. `nlpchat parse` without --anonymise lists them; "
        "choose with --thread NAME, or read them all with --all-threads."
    )


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


def say_fault(error: NlpchatError) -> None:
    """One line on stderr, in which no name of a file or conversation is obeyed by the terminal."""
    from nlpchat.report.printable import one_line

    click.echo(f"nlpchat: {one_line(str(error), SHOWN_FAULT)}", err=True)


def say_faults(exports: Sequence[str], found: Sequence[Exported], faults: Sequence[Fault], wanted: Wanted) -> None:
    """What could not be read, a line each; ends the command when that leaves nothing."""
    from nlpchat.chats.reading import no_thread

    if not found and len(faults) == 1:
        stop(faults[0].error)
    for fault in faults:
        say_fault(fault.error)
    if not found:
        stop(no_thread(exports, wanted.threads))


def stop(error: NlpchatError) -> NoReturn:
    """Ends the command with this fault said."""
    say_fault(error)
    click.get_current_context().exit(error.exit_code)


@contextmanager
def said_plainly() -> Iterator[None]:
    """Meanwhile, what a terminal's encoding does not have is shown as "?", and a full disk behind ">" is one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")
    try:
        yield
    except OSError as fault:
        if fault.errno == errno.EPIPE:
            raise
        raise OutputError(f"standard output: {fault.strerror or fault}. Nothing more is written.") from fault


@contextmanager
def _spinner(*, quiet: bool, nameless: bool) -> Iterator[Callable[[str], None] | None]:
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.text import Text

    from nlpchat.report.printable import one_line

    with Console(stderr=True).status("reading") as status:
        yield None if nameless else lambda name: status.update(Text(f"reading {one_line(name, 60)}"))


def stdin_lines() -> Iterator[str]:
    """The lines of standard input, without their ends. Raises InputError: they are not in UTF-8."""
    try:
        for line in sys.stdin.buffer:
            yield line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as fault:
        raise InputError(
            f"standard input: not in UTF-8 ({fault.reason}). Convert it, for instance with iconv."
        ) from fault
