"""`nlpchat scrape`: reviews and texts to learn from, out of sites, saved pages and dumps."""

from __future__ import annotations

import re
from importlib import import_module

import click

# name -> its line in `nlpchat scrape --help`: the first sentence of the command's own help.
COMMANDS: dict[str, str] = {
    "allocine": "Gather reviews of films and series from AlloCiné.",
    "url": "Gather the reviews behind one address: nlpchat scrape URL.",
    "from-html": "Read the reviews in pages or exports that you saved.",
    "check": "Say what a saved page yields.",
    "wikipedia": "Make clean paragraphs of a dump of Wikipedia.",
}
FLAGS = {"--from-html": "from-html", "--check": "check"}
_ADDRESS = re.compile(r"https?://|www\.|[\w-]+(\.[\w-]+)*\.[a-z]{2,}/", re.IGNORECASE)


class Scrapers(click.Group):
    """A group whose commands are imported when called; an address in a command's place is one for `url`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"nlpchat.cli.scrape_{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, command_first(args))


def command_first(args: list[str]) -> list[str]:
    """The words of a command line with the name of the command at their beginning, where another form was used.

    >>> command_first(["-o", "out", "--check", "babelio", "page.html"])
    ['check', '-o', 'out', 'babelio', 'page.html']
    """
    if not args or args[0] in COMMANDS:
        return args
    for place, word in enumerate(args):
        flag, _, value = word.partition("=")
        if flag in FLAGS:
            return [FLAGS[flag], *args[:place], *([value] if value else []), *args[place + 1 :]]
    return ["url", *args] if any(_ADDRESS.match(word) for word in args) else args


@click.group(
    "scrape",
    cls=Scrapers,
    epilog="""\b
Examples:
  nlpchat scrape https://www.allocine.fr/film/fichefilm_gen_cfilm=275220.html -o data/one-film
  nlpchat scrape --from-html babelio page-1.html page-2.html -o data/babelio
  nlpchat scrape --check babelio page-1.html
Example:
  nlpchat scrape allocine --films 100 --max-reviews 30 -o data/allocine""",
)
def command() -> None:
    """Gather reviews and texts to learn from, slowly and without their writers' names.

    Only sites that let robots in are asked, one page every 3 seconds or more; robots.txt is obeyed, with no switch. Of the
    others, pages and exports that you saved yourself are read. Everything fetched is kept: stopped at any moment, the same
    line goes on where it was.
    """
