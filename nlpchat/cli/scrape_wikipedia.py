"""`nlpchat scrape wikipedia`: a dump of Wikipedia to clean text."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import click

if TYPE_CHECKING:
    from nlpchat.scrape.wikipedia.extract import Extracted, Progress

LATEST = "https://dumps.wikimedia.org/frwiki/latest/frwiki-latest-pages-articles-multistream.xml.bz2"
_TIMES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_EVERY = 0.2  # seconds between two lines of progress


def tokens_of(context: click.Context, option: click.Parameter, value: str) -> int | None:
    """20M, 1.5G, 200k or 100000 as a number; None for "all"."""
    if value == "all":
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kmg]?)", value.lower())
    if found is None or not (tokens := round(float(found[1]) * _TIMES[found[2]])):
        raise click.BadParameter(f"{value!r} is no number of tokens. Write 20M, 1.5G, 200k, or all.")
    return tokens


@click.command(
    "wikipedia", epilog="Example:  nlpchat scrape wikipedia --dump frwiki-20260401-pages-articles.xml.bz2 --tokens 20M"
)
@click.option(
    "--dump", metavar="FILE|URL", default=LATEST, show_default=True,
    help="pages-articles*.xml.bz2 (single, multistream or a part), mediawiki_content_current, or a part of "
    "cirrus_search_index (.json.bz2, .json.gz). A URL is first downloaded beside the output, as it is; a download that was "
    "stopped goes on.",
)  # fmt: skip
@click.option(
    "--tokens", callback=tokens_of, default="100M", show_default=True,
    help='Take so many (200k, 20M, 1G), or "all". A token is a word or a punctuation mark.',
)  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1), help="Processes that clean.  [default: one a core]")
@click.option(
    "--scheduler", metavar="ADDRESS", help="Clean on the workers of this Dask cluster (tcp://HOST:8786) instead."
)
@click.option("--min-chars", default=1000, show_default=True, help="Leave out documents with fewer characters.")
@click.option("--held-out", default=0.01, show_default=True, help="Share of documents in valid, and as many in test.")
@click.option("--seed", default=0, show_default=True, help="Another seed takes and splits other documents.")
@click.option("--contact", help="Your address or page, told to the server of a URL (Wikimedia asks for it).")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("wikipedia"), show_default=True, help="The folder."
)
def command(
    dump: str, tokens: int | None, workers: int | None, scheduler: str | None, min_chars: int, held_out: float, seed: int,
    contact: str | None, output: Path,
) -> None:  # fmt: skip
    """Make clean paragraphs of a dump of Wikipedia.

    Whole articles with their titles, chosen and split into train, valid and test by a hash of the page's id: more --tokens give
    the same documents and more of them. Redirects, homonym pages, short pages and paragraphs that come twice are left out. Ctrl-C
    loses nothing: the same line goes on. The text stays under CC BY-SA 4.0; NOTICE.txt in the folder says what that asks for.
    """
    from nlpchat.files import make_folder
    from nlpchat.scrape.wikipedia.extract import ExtractOptions, earlier, extract

    options = ExtractOptions(tokens=tokens, min_chars=min_chars, seed=seed, held_out=held_out)
    for above in reversed(output.absolute().parents):
        if not above.exists():
            make_folder(above)
    earlier(output)  # before hours of download
    tell = _teller()
    try:
        path = _fetched(dump, output, contact, tell) if re.match(r"https?://", dump) else Path(dump)
        made = extract(path, output, options, processes=workers, scheduler=scheduler, tell=tell)
    except KeyboardInterrupt:
        click.echo("\nWhat is done is kept; the same line goes on.", err=True)
        raise
    _say(made, tokens)


def _fetched(url: str, output: Path, contact: str | None, tell: Callable[[Progress], None]) -> Path:
    """The dump behind `url`, beside the output; downloaded, or what is missing of it."""
    from nlpchat.files import make_folder
    from nlpchat.scrape.download import download
    from nlpchat.scrape.fetch import Fetcher
    from nlpchat.scrape.store import PageStore
    from nlpchat.scrape.wikipedia.extract import Progress

    path = output.absolute().parent / (unquote(urlsplit(url).path).rsplit("/", 1)[-1] or "dump")
    store = PageStore(make_folder(output.absolute().with_name(f"{output.name}.parts")) / "site")  # keeps robots.txt
    fetcher = Fetcher(store, contact=contact)
    return download(fetcher, url, path, progress=lambda done, of: tell(Progress("downloading", done, of or 0, 0)))


def _say(made: Extracted, asked: int | None) -> None:
    splits = ", ".join(f"{count:,} {split}" for split, count in made.documents.items())
    again = "" if made.fresh else " (there already; nothing to do)"
    click.echo(
        f"{made.folder}: {made.tokens:,} tokens in {sum(made.documents.values()):,} documents ({splits}){again}."
    )
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in made.left_out.items())
    if reasons:
        click.echo(f"Of {made.pages:,} pages, left out: {reasons}.", err=True)
    if asked is not None and made.tokens < asked:
        click.echo(f"The dump has no more: {asked:,} tokens were asked for. Give a larger one for more.", err=True)
    if made.whole is False:
        click.echo("The dump does not end with </mediawiki>: it may have been cut off.", err=True)


def _teller() -> Callable[[Progress], None]:
    """Says the progress on one line of the terminal; nothing where stderr is none."""
    if not sys.stderr.isatty():
        return lambda progress: None
    last = begun = time.monotonic()
    first: Progress | None = None  # of this stage: where a run that goes on is at once counts for no speed

    def tell(progress: Progress) -> None:
        nonlocal last, begun, first
        now = time.monotonic()
        if first is None or first.stage != progress.stage:
            first, begun = progress, now
        ended = progress.done == progress.of
        if ended or now - last >= _EVERY:
            last = now
            click.echo(f"\r{line_of(progress, progress.done - first.done, now - begun):<78}", nl=ended, err=True)

    return tell


def line_of(progress: Progress, done: int, seconds: float) -> str:
    """One line: how far, how fast (megabytes of the dump as it is packed), and how long still."""
    far = f"{progress.done / progress.of:4.0%}  " if progress.of else ""
    left = int((progress.of - progress.done) / done * seconds) if done else 0
    clock = f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left" if done and progress.of else ""
    if progress.stage == "writing":
        return f"writing {far}{progress.done:,} documents  {clock}"
    pages = f"{progress.pages:,} pages  " if progress.pages else ""
    return f"{progress.stage} {far}{pages}{done / 1e6 / max(seconds, 1e-9):.1f} MB/s  {clock}"
