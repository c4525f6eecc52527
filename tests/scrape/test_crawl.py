"""The run over a site: where pages end, what is read once, and what a next run goes on from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nlpchat.errors import PageChangedError, RefusedError, ScrapeError
from nlpchat.scrape.crawl import FAILED, NO_PAGE, NOT_KEPT, Gathered, Wanted, gather
from nlpchat.scrape.fetch import Fetcher
from nlpchat.scrape.reviews import Sieve, write_reviews
from nlpchat.scrape.works import Work
from tests.scrape.made_site import AUTHOR, FILMS, IDS, SERIES, card, film, listed, make, page
from tests.scrape.server import Site, error, html

Make = Callable[..., Fetcher]


@pytest.fixture
def made(site: Site) -> Site:
    make(site)
    return site


def ids(gathered: Gathered) -> list[str]:
    return [review.review_id for review in gathered.reviews]


def told(gathered: Gathered) -> dict[str, int]:
    return {warning.what: warning.count for warning in gathered.warnings}


def wanted(site: Site, **given: object) -> Wanted:
    return Wanted(**({"root": site.url("")} | given))  # type: ignore[arg-type]


def test_every_film_of_the_lists_to_its_last_page(made: Site, fetcher: Fetcher) -> None:
    gathered = gather(fetcher, wanted(made, films=100))
    assert ids(gathered) == IDS
    assert (gathered.works, told(gathered)) == (6, {NO_PAGE: 2})
    assert {review.item for review in gathered.reviews} == {"film-1", "film-2", "film-4", "film-5"}
    assert AUTHOR not in repr(gathered)
    # In order, each once, and nothing but lists, reviews and where the site led to.
    assert made.paths() == [
        FILMS, film(1), f"{film(1)}?page=2", f"{film(1)}?page=3", film(2), film(3), "/film/fichefilm_gen_cfilm=3.html",
        f"{FILMS}?page=2", film(4), f"{film(4)}?page=2", f"{film(4)}?page=3",
        film(5), f"{film(5)}?page=2", f"{film(5)}?page=3", film(6), f"{FILMS}?page=3",
    ]  # fmt: skip


def test_as_many_as_are_wanted(made: Site, fetcher: Fetcher) -> None:
    gathered = gather(fetcher, wanted(made, films=2, max_reviews=3))
    assert ids(gathered) == ["1001", "1002", "1003", "2001"]
    assert made.paths() == [FILMS, film(1), f"{film(1)}?page=2", film(2)]


def test_no_list_is_read_further_than_needed(made: Site, fetcher: Fetcher) -> None:
    gather(fetcher, wanted(made, films=3, max_pages=1))
    assert f"{FILMS}?page=2" not in made.paths()


def test_as_many_pages_as_are_wanted(made: Site, fetcher: Fetcher) -> None:
    gathered = gather(fetcher, wanted(made, films=2, max_pages=1))
    assert ids(gathered) == ["1001", "1002", "2001"]


def test_films_and_series_count_apart(made: Site, fetcher: Fetcher) -> None:
    gathered = gather(fetcher, wanted(made, films=1, series=1, max_pages=1))
    assert [(review.item, review.review_id) for review in gathered.reviews] == [
        ("film-1", "1001"), ("film-1", "1002"), ("series-1", "9001"),
    ]  # fmt: skip
    assert SERIES not in made.paths()  # the list of films had one
    assert ids(gather(fetcher, wanted(made, series=1))) == ["9001"]


def test_a_list_and_works_by_name(made: Site, fetcher: Fetcher) -> None:
    start = made.url(f"{FILMS}?page=2")  # whichever page is given, a list is read from its first
    assert ids(gather(fetcher, wanted(made, films=1, lists=(start,), max_pages=1))) == ["1001", "1002"]
    assert ids(gather(fetcher, wanted(made, works=(Work("film", "4"),)))) == ["4001", "4002"]


def test_one_rating_s_pages(made: Site, fetcher: Fetcher) -> None:
    made.at(f"{film(2)}star-1/", html(page(card(2901, note="1,0"))))
    made.at(f"{film(2)}star-5/", html(page("")))  # nobody gave it
    made.at(f"{film(4)}star-1/", html(page("")))
    both = gather(fetcher, wanted(made, works=(Work("film", "2"),), stars=(1, 5)))
    assert [(review.review_id, review.rating) for review in both.reviews] == [("2901", 0.2)]
    assert ids(gather(fetcher, wanted(made, works=(Work("film", "4"),), stars=(1,)))) == []


def test_what_the_sieve_leaves_out_makes_room(made: Site, fetcher: Fetcher) -> None:
    made.at(film(2), html(page(card(2001, "Avis numéro 1001, inventé.") + card(2002))))
    sieve = Sieve(
        frozenset({"allocine:1001", made.url(f"{film(1)}#review_1003").split("//")[1].split("/")[0] + "#review_1003"})
    )
    gathered = gather(fetcher, wanted(made, films=2, max_reviews=2), sieve)
    assert ids(gathered) == ["1002", "1004", "2001", "2002"]
    assert told(gathered)["reviews left out, excluded as asked"] == 2


def test_copied_reviews_are_folded(made: Site, fetcher: Fetcher) -> None:
    made.at(film(2), html(page(card(2001, "AVIS  numéro 1001, inventé.") + card(2002))))
    gathered = gather(fetcher, wanted(made, films=2))
    assert "2001" not in ids(gathered)
    assert told(gathered) == {"reviews left out, seen before (the same words)": 1}


def test_a_next_run_asks_for_what_is_missing_only(made: Site, make_fetcher: Make, tmp_path: Path) -> None:
    def written(fetcher: Fetcher, name: str) -> bytes:
        write_reviews(gather(fetcher, wanted(made, films=100)).reviews, tmp_path / name)
        return (tmp_path / name).read_bytes()

    whole = written(make_fetcher(), "whole.jsonl")
    asked = len(made.asked)
    assert written(make_fetcher(), "again.jsonl") == whole
    assert written(make_fetcher(offline=True), "offline.jsonl") == whole
    assert len(made.asked) == asked


def test_offline_reads_what_is_there(made: Site, make_fetcher: Make) -> None:
    gather(make_fetcher(), wanted(made, films=1, max_pages=2))
    asked = len(made.asked)
    gathered = gather(make_fetcher(offline=True), wanted(made, films=3))
    assert ids(gathered) == ["1001", "1002", "1003", "1004"]
    assert told(gathered) == {NOT_KEPT: 3}  # the third page of film 1, films 2 and 3
    assert len(made.asked) == asked


def test_a_refusal_ends_the_run_and_the_next_one_goes_on(made: Site, make_fetcher: Make) -> None:
    made.at(f"{film(1)}?page=2", error(403), html(page(card(1003) + card(1004), following=True)))
    with pytest.raises(RefusedError):
        gather(make_fetcher(), wanted(made, films=100))
    assert made.paths() == [FILMS, film(1), f"{film(1)}?page=2"]
    assert ids(gather(make_fetcher(), wanted(made, films=100))) == IDS
    assert made.paths().count(film(1)) == 1


def test_one_page_that_fails_holds_nothing_up(made: Site, make_fetcher: Make) -> None:
    made.at(f"{film(1)}?page=2", error(500))
    gathered = gather(make_fetcher(), wanted(made, films=100))
    assert ids(gathered) == ["1001", "1002", *IDS[5:]]
    assert told(gathered) == {FAILED: 1, NO_PAGE: 2}
    made.at(f"{film(1)}?page=2", html(page(card(1003) + card(1004), following=True)))
    assert ids(gather(make_fetcher(), wanted(made, films=100))) == IDS


def test_a_site_that_is_down_ends_the_run(made: Site, fetcher: Fetcher) -> None:
    for number in range(1, 7):
        made.at(film(number), error(500))
    with pytest.raises(ScrapeError, match="500"):
        gather(fetcher, wanted(made, films=100))
    assert film(4) not in made.paths()
    made.at(SERIES, error(500))
    with pytest.raises(ScrapeError, match="500"):  # a list: nothing can be done without it
        gather(fetcher, wanted(made, series=1))


def test_one_work_alone_that_cannot_be_fetched_is_a_fault_and_no_empty_file(made: Site, fetcher: Fetcher) -> None:
    made.at(film(1), error(500))
    with pytest.raises(ScrapeError, match="500"):
        gather(fetcher, wanted(made, works=(Work("film", "1"),)))


@pytest.mark.parametrize(
    ("path", "text", "selector"),
    [
        (film(2), page('<div class="review-card-content">Un avis.</div>'), 'div.review-card[id^="review_"]'),
        (film(2), page(card(2001).replace("stareval-note", "note")), ".stareval-note"),
        (film(2), "<html><body>Prouvez que vous êtes humain.</body></html>", "main#content-layout"),
        (FILMS, page("Rien de connu"), ".entity-card .meta-title-link"),
    ],
)
def test_a_page_of_another_shape_is_named_and_kept(
    made: Site, fetcher: Fetcher, path: str, text: str, selector: str
) -> None:
    made.at(path, html(text))
    with pytest.raises(PageChangedError) as fault:
        gather(fetcher, wanted(made, films=100))
    said = str(fault.value)
    assert selector in said
    assert made.url(path) in said
    kept = fetcher.store.path(made.url(path))
    assert said.endswith(f"The page is kept: {kept}")
    assert kept.exists()


def test_a_list_that_is_not_there_is_said(made: Site, fetcher: Fetcher) -> None:
    with pytest.raises(ScrapeError, match=r"/films/none/: the site has no such list \(404\)"):
        gather(fetcher, wanted(made, films=1, lists=(made.url("/films/none/"),)))


def test_a_list_may_lead_in_a_circle(made: Site, fetcher: Fetcher) -> None:
    """A list without a number of pages shows the same one under each address."""
    made.at("/film/aucinema/", html(listed("/film/fichefilm_gen_cfilm=2.html", following=True)))
    made.at("/film/aucinema/?page=2", html(listed("/film/fichefilm_gen_cfilm=2.html", following=True)))
    gathered = gather(fetcher, wanted(made, films=9, lists=(made.url("/film/aucinema/"),)))
    assert ids(gathered) == ["2001"]
    assert "/film/aucinema/?page=3" not in made.paths()


def test_members_search_and_data_are_never_asked_for(made: Site, fetcher: Fetcher) -> None:
    forbidden = ("/membre-Z1/critiques/films/", "/rechercher/?q=x", "/_/x", "/film/fichefilm_gen_cfilm=2.html")
    made.at(FILMS, html(listed(*forbidden)))
    assert ids(gather(fetcher, wanted(made, films=9))) == ["2001"]
    assert made.paths() == [FILMS, film(2)]


def test_progress_is_told(made: Site, fetcher: Fetcher) -> None:
    lines: list[str] = []
    gather(fetcher, wanted(made, films=2), say=lines.append)
    assert lines == ["1 films and series, 4 pages, 5 reviews", "2 films and series, 5 pages, 6 reviews"]
