"""`nlpchat scrape --from-html`: reviews out of pages and exports that a person saved."""

from __future__ import annotations

from pathlib import Path

import click

from nlpchat.cli.reading import say_fault
from nlpchat.cli.scrape_folder import begin, end, output_options, sieve
from nlpchat.errors import NlpchatError
from nlpchat.scrape.site_names import SITES


@click.command(
    "from-html", epilog="Example:  nlpchat scrape --from-html babelio page-1.html page-2.html -o data/babelio"
)
@click.argument("site_name", metavar="SITE", type=click.Choice(SITES))
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@output_options
@click.pass_context
def command(
    context: click.Context, site_name: str, files: tuple[Path, ...], output: Path, exclude: Path | None, min_chars: int
) -> None:
    """Read the reviews in pages or exports that you saved.

    SITE is allocine, babelio, senscritique, trustpilot or googleplay. FILE is a page saved by a browser; of SensCritique also
    a CSV export, of Google Play what google-play-scraper wrote (JSON, JSON Lines, CSV). Nothing is fetched. A file that cannot
    be read is said, and the others are read.
    """
    from collections import Counter

    from nlpchat.records import Warning
    from nlpchat.scrape.saved import read_saved
    from nlpchat.scrape.sites import site

    kept, found, faults = sieve(exclude, min_chars), site(site_name), []
    begin(found, output, fetched=False)
    reviews, told = [], Counter[str]()
    for file in files:
        try:
            page = read_saved(found, file)
        except NlpchatError as fault:
            say_fault(fault)
            faults.append(fault)
            continue
        reviews += [review for review in page.reviews if kept.keeps(review)]
        told.update({warning.what: warning.count for warning in page.skipped})
        if not page.ids:
            told[f"files without a review (first: {file})"] += 1
    if len(faults) < len(files):
        warnings = (*(Warning(what, count) for what, count in told.items()), *kept.warnings())
        end(reviews, warnings, output, f"{len(files) - len(faults):,} files")
    context.exit(max((fault.exit_code for fault in faults), default=0))
