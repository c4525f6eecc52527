"""`nlpchat scrape allocine`: reviews of films and series, from the site's lists."""

from __future__ import annotations

from pathlib import Path

import click

from nlpchat.cli.scrape_folder import check_ratings, fetch, how_many, network_options, output_options, sieve


@click.command("allocine", epilog="Example:  nlpchat scrape allocine --films 100 --max-reviews 30 -o data/allocine")
@network_options
@click.option(
    "--list",
    "lists",
    multiple=True,
    metavar="URL",
    help="Take the films or series of this list of AlloCiné (may be repeated); those of all its films by default.",
)
@output_options
def command(
    output: Path,
    exclude: Path | None,
    min_chars: int,
    lists: tuple[str, ...],
    films: int | None,
    series: int | None,
    ratings: tuple[int, ...],
    max_reviews: int,
    max_pages: int,
    contact: str | None,
    delay: float,
    offline: bool,
) -> None:
    """Gather reviews of films and series from AlloCiné.

    A page every 3 seconds or more: 100 films with 30 reviews each take about a quarter of an hour. Stopped at any moment,
    the same line goes on from the last page, and gives the same file in the end. What is kept is not asked for again: newer
    reviews take another folder.
    """
    from nlpchat.scrape import works
    from nlpchat.scrape.crawl import Wanted
    from nlpchat.scrape.sites import allocine

    if wrong := [url for url in lists if not (allocine.matches(url) and works.is_list(url))]:
        raise click.UsageError(
            f"--list {wrong[0]}: no list of films or series of AlloCiné, such as {works.ROOT}{works.FILMS}"
        )
    check_ratings(ratings, series)
    most = how_many(films, series, listed=bool(lists) and not ratings)
    wanted = Wanted(
        films=most["film"],
        series=most["series"],
        lists=tuple(works.here(url) for url in lists),
        stars=ratings or (None,),
        max_reviews=max_reviews,
        max_pages=max_pages,
        root=works.ROOT,
    )
    fetch(allocine, wanted, sieve(exclude, min_chars), output, contact=contact, delay=delay, offline=offline)
