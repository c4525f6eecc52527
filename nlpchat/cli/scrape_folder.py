"""What the commands that gather reviews share: their options, the folder they fill, and what is said of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from nlpchat.errors import CorpusError, OutputError, ScrapeError

if TYPE_CHECKING:
    from nlpchat.records import Review, Warning
    from nlpchat.scrape.crawl import Wanted
    from nlpchat.scrape.reviews import Sieve
    from nlpchat.scrape.sites import Site
    from nlpchat.scrape.works import Kind

REVIEWS = "reviews.jsonl"
PAGES = "pages"
NOTICE = "NOTICE.txt"
FILMS = 20  # where neither --films nor --series is given

F = TypeVar("F", bound=Callable[..., object])


def output_options(command: F) -> F:
    """The command with -o, --exclude and --min-chars."""
    for option in (
        click.option("--min-chars", type=click.IntRange(0), default=0, metavar="N", help="Leave out shorter texts."),
        click.option(
            "--exclude",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Leave out these reviews: a line each, its id, site:id, address or sha256:DIGEST of its text.",
        ),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            required=True,
            metavar="FOLDER",
            help="Where reviews.jsonl and NOTICE.txt go, and the pages that were fetched.",
        ),
    ):
        command = option(command)
    return command


def network_options(command: F) -> F:
    """The command with the options of a run over the network."""
    for option in (
        click.option("--offline", is_flag=True, help="Fetch nothing: read the pages of an earlier run again."),
        click.option(
            "--delay", type=float, default=3.0, show_default=True, help="Seconds between two pages; 3 or more."
        ),
        click.option(
            "--contact", metavar="ADDRESS", help="Where the site can reach you: a mail or web address, sent along."
        ),
        click.option(
            "--max-pages", type=click.IntRange(1), default=20, show_default=True, help="Of each film's reviews."
        ),
        click.option(
            "--max-reviews", type=click.IntRange(1), default=300, show_default=True, help="Of each film or series."
        ),
        click.option(
            "--rating",
            "ratings",
            type=click.IntRange(0, 5),
            multiple=True,
            metavar="K",
            help="Only the site's pages star-K, 0 to 5, of films (may be repeated).",
        ),
        click.option("--series", type=click.IntRange(0), metavar="N", help="So many series."),
        click.option("--films", type=click.IntRange(0), metavar="N", help=f"So many films; {FILMS} by default."),
    ):
        command = option(command)
    return command


def how_many(films: int | None, series: int | None, *, listed: bool) -> dict[Kind, int]:
    """How many works of each kind are wanted; listed: from given lists, whose kind is theirs to say."""
    if films is None and series is None:
        return {"film": FILMS, "series": FILMS if listed else 0}
    return {"film": films or 0, "series": series or 0}


def check_ratings(ratings: Sequence[int], series: int | None) -> None:
    """Nothing; raises UsageError where ratings are asked for of series."""
    if ratings and series:
        raise click.UsageError("--rating is for films: the site's address for it is not known for series.")


def sieve(exclude: Path | None, min_chars: int) -> Sieve:
    """What keeps a review or leaves it out, as asked on the command line."""
    from nlpchat.exclude import excluded_ids
    from nlpchat.scrape.reviews import Sieve

    return Sieve(excluded_ids(exclude) if exclude is not None else frozenset(), min_chars=min_chars)


def fetch(
    site: Site, wanted: Wanted, kept: Sieve, folder: Path, *, contact: str | None, delay: float, offline: bool
) -> None:
    """Fetches what is wanted into `folder`, and writes and says what came of it."""
    from nlpchat.scrape import fetch
    from nlpchat.scrape.crawl import gather
    from nlpchat.scrape.store import PageStore

    pace = fetch.Pace(delay=delay)
    begin(site, folder, fetched=True)
    fetcher = fetch.Fetcher(PageStore(folder / PAGES), contact=contact, pace=pace, offline=offline)
    try:
        with _spinner() as say:
            gathered = gather(fetcher, wanted, kept, say=say)
    except (ScrapeError, KeyboardInterrupt):
        click.echo(
            f"What was fetched is kept in {folder / PAGES}: the same line goes on from there; with --offline it makes "
            f"{REVIEWS} of what is there.",
            err=True,
        )
        raise
    end(gathered.reviews, gathered.warnings, folder, f"{gathered.works:,} films and series, {gathered.pages:,} pages")


def begin(site: Site, folder: Path, *, fetched: bool) -> None:
    """Makes the folder, writes its notice, and says it. Raises OutputError, also where another site's reviews lie."""
    from nlpchat.files import make_folder, written_beside
    from nlpchat.scrape.notice import notice

    for above in [*reversed(folder.parents), folder]:
        if not above.exists():
            make_folder(above)
    if not folder.is_dir():
        raise OutputError(f"{folder}: this is a file. Give a folder.")
    _check_site(folder / REVIEWS, site.SITE)
    text = notice(site, fetched=fetched)
    with written_beside(folder / NOTICE) as beside:
        beside.write_text(text, encoding="utf-8")
    click.echo(text, err=True)


def end(reviews: Sequence[Review], warnings: Sequence[Warning], folder: Path, read: str) -> None:
    """Writes the reviews, and says in one sentence what was read and how many there are."""
    from nlpchat.scrape.reviews import write_reviews

    count = write_reviews(reviews, folder / REVIEWS)
    for warning in warnings:
        click.echo(f"nlpchat: {warning}.", err=True)
    click.echo(f"{folder / REVIEWS}: {count:,} reviews of {len({r.item for r in reviews}):,} works ({read}).")


def _check_site(path: Path, name: str) -> None:
    from nlpchat.scrape.reviews import read_reviews

    try:
        first = next(read_reviews(path), None) if path.exists() else None
    except CorpusError as fault:
        raise OutputError(f"{path}: a file that is not of `nlpchat scrape` is there. Give another folder.") from fault
    if first is not None and first.site != name:
        raise OutputError(f"{path}: it holds reviews of {first.site}. Give another folder for those of {name}.")


@contextmanager
def _spinner() -> Iterator[Callable[[str], object]]:
    """What is to be told how far it is: a line on stderr, for whoever watches."""
    if not sys.stderr.isatty():
        yield lambda line: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status("asking") as status:
        yield lambda line: status.update(Text(line))
