"""`nlpchat scrape URL`: the reviews behind one address."""

from __future__ import annotations

from pathlib import Path

import click

from nlpchat.cli.scrape_folder import check_ratings, fetch, how_many, network_options, output_options, sieve
from nlpchat.errors import InputError, RefusedError


@click.command(
    "url",
    epilog="Example:  nlpchat scrape https://www.allocine.fr/film/fichefilm_gen_cfilm=275220.html -o data/one-film",
)
@click.argument("url", metavar="URL")
@network_options
@output_options
def command(
    url: str,
    output: Path,
    exclude: Path | None,
    min_chars: int,
    films: int | None,
    series: int | None,
    ratings: tuple[int, ...],
    max_reviews: int,
    max_pages: int,
    contact: str | None,
    delay: float,
    offline: bool,
) -> None:
    """Gather the reviews behind one address: nlpchat scrape URL.

    URL is a film's or a series' page, its page of reviews, or a list of films or series, on AlloCiné. Of a site that refuses
    robots nothing is fetched; it is said why, and how to read pages that you saved.
    """
    from nlpchat.scrape import works
    from nlpchat.scrape.crawl import Wanted
    from nlpchat.scrape.sites import check_fetchable

    address = url if "://" in url else f"https://{url}"
    site = check_fetchable(address)
    work = works.work_of(address)
    if work is None and "/membre-" in address:
        raise RefusedError(f"{url}: a member's page. Those are never read: they gather what one person wrote.")
    if work is None and not works.is_list(address):
        raise InputError(f"{url}: no film, no series and no list of them. Give such a page's address.")
    check_ratings(ratings, 1 if work is not None and work.kind == "series" else series)
    most = how_many(films, series, listed=not ratings)
    wanted = Wanted(
        films=0 if work else most["film"],
        series=0 if work else most["series"],
        lists=() if work else (works.here(address),),
        works=(work,) if work else (),
        stars=ratings or (works.star_of(address) if work else None,),
        max_reviews=max_reviews,
        max_pages=max_pages,
        root=works.ROOT,
    )
    fetch(site, wanted, sieve(exclude, min_chars), output, contact=contact, delay=delay, offline=offline)
