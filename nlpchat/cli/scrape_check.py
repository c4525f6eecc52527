"""`nlpchat scrape --check`: what a saved page yields, and what not and why."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nlpchat.scrape.site_names import SITES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nlpchat.scrape.reviews import PageReviews


@click.command("check", epilog="Example:  nlpchat scrape --check babelio page-1.html")
@click.argument("site_name", metavar="SITE", type=click.Choice(SITES))
@click.argument("page", metavar="PAGE", type=click.Path(path_type=Path))
def command(site_name: str, page: Path) -> None:
    """Say what a saved page yields.

    How many reviews it has, their ratings, days and lengths, and what was left out and why; for whoever wants to know whether
    a site still has the shape that nlpchat knows. A page that has another shape ends with 4 and names what was looked for.
    Nothing is written.
    """
    from nlpchat.scrape.saved import read_saved
    from nlpchat.scrape.sites import site

    for line in told(read_saved(site(site_name), page)):
        click.echo(line)
    click.echo(f"{page}: a page of {site_name} as it is known.")


def told(found: PageReviews) -> Iterator[str]:
    """What a person wants to know of a page, a line each."""
    reviews = found.reviews
    yield f"reviews    {len(found.ids):,} on the page, {len(reviews):,} read"
    if reviews:
        ratings = Counter("none" if review.rating is None else f"{review.rating:.2f}" for review in reviews)
        yield f"ratings    {', '.join(f'{rating} ({count:,})' for rating, count in sorted(ratings.items()))}, out of 1"
        days = sorted(review.written_on for review in reviews if review.written_on is not None)
        yield f"days       {f'{days[0]} to {days[-1]}' if days else 'none'}; without: {len(reviews) - len(days):,}"
        lengths = sorted(len(review.text) for review in reviews)
        yield f"lengths    {lengths[0]:,} to {lengths[-1]:,} characters, median {lengths[len(lengths) // 2]:,}"
        yield f"spoilers   {sum(review.spoiler for review in reviews):,}"
        yield f"votes      {sum(review.helpful is not None for review in reviews):,} reviews with some count"
        yield f"works      {', '.join(sorted({review.item for review in reviews})[:5])}"
    for warning in found.skipped:
        yield f"left out   {warning.what.removeprefix('reviews left out, ')}: {warning.count:,}"
    yield f"next page  {'none' if found.last else 'yes'}"
