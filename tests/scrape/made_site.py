"""A small AlloCiné on the local server: lists, films and a series whose reviews end in each of the ways that the real one's do.

| work     | pages of reviews                                                        |
|----------|-------------------------------------------------------------------------|
| film 1   | three; the last one's "Suivante" is disabled                            |
| film 2   | one, without a pagination                                               |
| film 3   | none: it leads to the film's own page, which has excerpts               |
| film 4   | two, whose button is never disabled; the third leads to the second      |
| film 5   | two; the third shows the second again, under its own address            |
| film 6   | none: there is no such page                                             |
| series 1 | one; films and series count apart                                       |

The lists: /films/ shows films 1 to 3 and series 1, its second page films 4 to 6, its third leads to the second.
"""

from __future__ import annotations

from tests.scrape.server import Site, error, html, redirect

FILMS = "/films/"
SERIES = "/series-tv/"
AUTHOR = "Personne Inventée"
# What a whole run over the films yields, in its order.
IDS = ["1001", "1002", "1003", "1004", "1005", "2001", "4001", "4002", "5001", "5002"]


def film(number: int) -> str:
    """The path of a film's reviews."""
    return f"/film/fichefilm-{number}/critiques/spectateurs/"


def card(review_id: int, text: str = "", note: str = "4,0") -> str:
    stars = f"n{int(float(note.replace(',', '.')) * 10):02d}"
    return f"""<div class="hred review-card cf" id="review_{review_id}">
<div class="review-card-aside"><div class="meta-title"><span class="ACrL21lbWJyZS8=">{AUTHOR} {review_id}</span></div></div>
<div class="review-card-review-holder"><div class="review-card-meta"><div class="stareval stareval-medium">
<div class="rating-mdl {stars} stareval-stars"></div><span class="stareval-note">{note}</span></div>
<span class="review-card-meta-date light">Publiée le 1er mai 2024</span></div>
<div class="content-txt review-card-content">{text or f"Avis numéro {review_id}, inventé."}</div></div></div>
"""


def page(inside: str, *, following: bool | None = None) -> str:
    """A whole page. following: whether its button for the next one works; None: it has none."""
    disabled = "" if following else " button-disabled"
    nav = (
        ""
        if following is None
        else f'<nav class="pagination cf"><span class="button button-right{disabled}">Suivante</span></nav>'
    )
    return f'<!DOCTYPE html><html><body><main id="content-layout">{inside}{nav}</main></body></html>'


def listed(*paths: str, following: bool | None = None) -> str:
    titles = "".join(
        f'<div class="card entity-card"><a class="meta-title-link" href="{path}">Titre</a></div>' for path in paths
    )
    return page(titles, following=following)


def make(site: Site) -> None:
    """Puts all of it on the server."""
    works = {number: f"/film/fichefilm_gen_cfilm={number}.html" for number in range(1, 7)}
    series = "/series/ficheserie_gen_cserie=1.html"
    site.robots("User-agent: *\nDisallow: /rechercher/\nDisallow: /_/\n")
    site.at(FILMS, html(listed(works[1], works[2], series, works[3], following=True)))
    site.at(f"{FILMS}?page=2", html(listed(works[4], works[5], works[6], following=True)))
    site.at(f"{FILMS}?page=3", redirect(f"{FILMS}?page=2"))
    site.at(SERIES, html(listed(series)))
    site.at(film(1), html(page(card(1001) + card(1002), following=True)))
    site.at(f"{film(1)}?page=2", html(page(card(1003) + card(1004), following=True)))
    site.at(f"{film(1)}?page=3", html(page(card(1005), following=False)))
    site.at(film(2), html(page(card(2001, note="0,5"))))
    site.at(film(3), redirect(works[3]))
    site.at(works[3], html(page(card(3001))))
    site.at(film(4), html(page(card(4001), following=True)))
    site.at(f"{film(4)}?page=2", html(page(card(4002), following=True)))
    site.at(f"{film(4)}?page=3", redirect(f"{film(4)}?page=2"))
    site.at(film(5), html(page(card(5001), following=True)))
    site.at(f"{film(5)}?page=2", html(page(card(5002), following=True)))
    site.at(f"{film(5)}?page=3", html(page(card(5002), following=True)))
    site.at(film(6), error(404))
    site.at("/series/ficheserie-1/critiques/", html(page(card(9001, "Une série, un avis."))))
