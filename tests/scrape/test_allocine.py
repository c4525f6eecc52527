"""AlloCiné: pages and lists yield what lies beside them, and nobody's name; addresses, plain and hidden; real pages as well."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import islice

import pytest

from nlpchat.errors import PageChangedError
from nlpchat.scrape.markup import tree
from nlpchat.scrape.reviews import PageReviews
from nlpchat.scrape.sites import allocine
from nlpchat.scrape.works import Work, hidden_link, is_list, is_reviews, numbered, star_of, work_of
from tests.scrape.cases import FETCHED_AT, PAGES, Case, cases, check, needs_shared, shared_pages

REVIEWS = "https://www.allocine.fr/film/fichefilm-700001/critiques/spectateurs/"
SHOWN = (PAGES / "allocine" / "reviews.html").read_text(encoding="utf-8")


def read(text: str, url: str = REVIEWS) -> PageReviews:
    return allocine.read(text.encode(), url=url, fetched_at=FETCHED_AT)


@pytest.mark.parametrize("case", cases("allocine"))
def test_a_page_yields_what_lies_beside_it(case: Case) -> None:
    check(allocine, case)


@pytest.mark.parametrize("case", cases("lists"))
def test_a_list_yields_what_lies_beside_it(case: Case) -> None:
    url = "https://www.allocine.fr/films/"
    if "error" in case.expected:
        with pytest.raises(PageChangedError) as fault:
            allocine.works_of(case.page.read_bytes(), url=url)
        assert case.expected["error"] in str(fault.value)
        return
    found = allocine.works_of(case.page.read_bytes(), url=url)
    assert {"works": [work.item for work in found.works], "last": found.last} == case.expected


def test_a_rating_is_the_card_s_own() -> None:
    """The head of the page has a rating of the same class; a card that loses its own does not take another's."""
    without = SHOWN.replace('<span class="stareval-note">4,5</span>', "", 1).replace(
        "rating-mdl n45 stareval-stars", "rating-mdl", 1
    )
    found = read(without)
    assert found.reviews[0].review_id == "900000001"
    assert found.reviews[0].rating is None
    assert [review.rating for review in found.reviews[1:]] == [review.rating for review in read(SHOWN).reviews[1:]]


@pytest.mark.parametrize(
    ("note", "stars", "rating"),
    [
        ("4,5", "n45", 0.9),
        ("0,5", "n05", 0.1),
        ("5", "n50", 1.0),
        ("5,0", "", 1.0),
        ("", "n00", None),
        ("--", "n00", None),
        ("4,3", "n43", "doubt"),  # no such rating: a change of scale is not guessed
        ("4,5", "n40", "doubt"),
        ("--", "n40", "doubt"),
        ("6,0", "n60", "doubt"),
        ("quatre", "n40", "doubt"),
    ],
)
def test_both_ratings_of_a_card_agree(note: str, stars: str, rating: object) -> None:
    page = SHOWN.replace('rating-mdl n45 stareval-stars">', f'rating-mdl {stars} stareval-stars">', 1)
    found = read(
        page.replace('<span class="stareval-note">4,5</span>', f'<span class="stareval-note">{note}</span>', 1)
    )
    told = {review.review_id: review.rating for review in found.reviews}
    # The page shows this card twice, the second time as it was.
    first = next((review for review in found.reviews if "immense" in review.text), None)
    assert (first.rating if first is not None else "doubt") == rating
    assert told["900000002"] == 0.1


@pytest.mark.parametrize(
    ("said", "votes"),
    [
        ("{&quot;helpfulCount&quot;:0,&quot;unhelpfulCount&quot;:2}", (0, 2)),
        ("{&quot;helpfulCount&quot;:null}", (None, None)),
        ("21/24", (None, None)),
        ("", (None, None)),
    ],
)
def test_votes_are_there_or_not(said: str, votes: tuple[int | None, int | None]) -> None:
    page = SHOWN.replace("{&quot;helpfulCount&quot;:21,&quot;unhelpfulCount&quot;:3}", said)
    assert (read(page).reviews[0].helpful, read(page).reviews[0].unhelpful) == votes


@pytest.mark.parametrize(
    "damage",
    [
        lambda page: page[: page.index('id="review_900000007"')],
        lambda page: page.replace("</span>", ""),
        lambda page: page.replace("</div>", "", 30),
        lambda page: page.replace('<div class="content-txt', '<div class="<<"><div class="content-txt'),
        lambda page: "<div>" * 3000 + page,
        lambda page: page.replace("<br />", "</br>"),
    ],
)
def test_broken_markup_ends_in_reviews_or_in_one_error(damage: Callable[[str], str]) -> None:
    """What comes out is the reviews that come out of the whole page, or fewer; never a piece of what stands around them."""
    whole = {review.text for review in read(SHOWN).reviews} | {"La même critique, montrée deux fois."}
    try:
        found = read(damage(SHOWN)).reviews
    except PageChangedError:
        return
    assert [review.text for review in found if review.text not in whole] == []
    assert len(found) > 0


def test_a_page_of_one_rating_may_be_empty() -> None:
    empty = (PAGES / "allocine" / "changed_all_gone.html").read_text(encoding="utf-8")
    assert read(empty, url=f"{REVIEWS}star-0/").ids == ()
    with pytest.raises(PageChangedError):
        read(empty)


@pytest.mark.parametrize(
    ("url", "item"),
    [
        ("https://www.allocine.fr/film/fichefilm_gen_cfilm=1000045609.html", "film-1000045609"),
        ("https://www.allocine.fr/film/fichefilm-275220/critiques/spectateurs/recentes/?page=3", "film-275220"),
        ("https://www.allocine.fr/film/fichefilm-275220/critiques/presse/", "film-275220"),
        ("https://www.allocine.fr/series/ficheserie_gen_cserie=77.html", "series-77"),
        ("https://www.allocine.fr/series/ficheserie-77/saison-9/", "series-77"),
        ("https://www.allocine.fr/video/player_gen_cmedia=1&cfilm=275220.html", None),
        ("https://www.allocine.fr/membre-Z2000/critiques/films/", None),
        ("https://www.allocine.fr/rechercher/?q=/film/fichefilm-1/", None),
        ("https://www.allocine.fr/film/aucinema/", None),
    ],
)
def test_whose_page_an_address_is(url: str, item: str | None) -> None:
    work = work_of(url)
    assert (work.item if work else None) == item


def test_addresses_of_pages() -> None:
    film = Work("film", "1")
    assert list(islice(allocine.pages_of(film), 2)) == [
        "https://www.allocine.fr/film/fichefilm-1/critiques/spectateurs/",
        "https://www.allocine.fr/film/fichefilm-1/critiques/spectateurs/?page=2",
    ]
    starred = film.page(3, star=0)
    assert starred == "https://www.allocine.fr/film/fichefilm-1/critiques/spectateurs/star-0/?page=3"
    assert (star_of(starred), star_of(film.page(3))) == (0, None)
    assert Work("series", "2").page(2) == "https://www.allocine.fr/series/ficheserie-2/critiques/?page=2"
    assert is_reviews(starred)
    assert not is_reviews("https://www.allocine.fr/film/fichefilm_gen_cfilm=1.html")
    assert is_list("https://www.allocine.fr/films/decennie-2010/")
    assert not is_list("https://www.allocine.fr/membre-Z1/critiques/films/")
    once = numbered("https://www.allocine.fr/films/?genre=1&page=7#x", 2)
    assert once == "https://www.allocine.fr/films/?genre=1&page=2"
    assert numbered(once, 1) == "https://www.allocine.fr/films/?genre=1"


@pytest.mark.parametrize(
    ("classes", "link"),
    [
        ("ACrL2ZACrpbG1zLz9wYWdlPTI= button", "/films/?page=2"),
        (
            "ACrL2ZACrpbG0vZmljaGVmaWxtLTI3NTIyMC9jcml0aXF1ZXMvcHJlc3NlLw==#pressreview1 stareval-link",
            "/film/fichefilm-275220/critiques/presse/",
        ),
        ("ACrL2ZACrpbG1zLz9wYWdlPTI", "/films/?page=2"),  # without its padding
        ("ACr%%%", None),
        ("meta-title-link", None),
        ("", None),
    ],
)
def test_hidden_links(classes: str, link: str | None) -> None:
    assert hidden_link(classes) == link


@cache
def real() -> dict[str, PageReviews]:
    movies = [path for path in shared_pages("allocine") if "movie" in path.name]
    return {
        path.name: allocine.read(path.read_bytes(), url=f"file:{path.name}", fetched_at=FETCHED_AT) for path in movies
    }


@needs_shared
def test_real_pages() -> None:
    pages = {path.name: path.read_bytes() for path in shared_pages("allocine")}
    assert {name: (len(page.ids), len(page.reviews)) for name, page in real().items()} == {
        "ibmw_movie.html": (4, 3),
        "ibmw_movie_2020.html": (4, 2),
        "ibmw_movie_exception.html": (4, 2),
    }
    assert {review.item for page in real().values() for review in page.reviews} == {"film-275220"}
    assert [review.rating for review in real()["ibmw_movie.html"].reviews] == [0.9, 0.8, 0.7]
    listed = allocine.works_of(pages["ibmw_page.html"], url="https://www.allocine.fr/films/")
    assert (len(listed.works), listed.last) == (15, False)
    with pytest.raises(PageChangedError, match="main#content-layout"):
        allocine.read(pages["ratearr_film_rating_fragment.html"], url=REVIEWS, fetched_at=FETCHED_AT)


@needs_shared
def test_every_hidden_link_of_a_real_page_is_read() -> None:
    page = tree(next(path for path in shared_pages("allocine") if path.name == "ibmw_page.html").read_bytes())
    hidden = [" ".join(tag["class"]) for tag in page.select("[class^=ACr]")]
    assert len(hidden) > 100
    assert [classes for classes in hidden if not (hidden_link(classes) or "").startswith(("/", "http"))] == []


@needs_shared
def test_no_real_author_comes_out() -> None:
    seen = 0
    for path in shared_pages("allocine"):
        if path.name in real():
            names = {tag.get_text().strip() for tag in tree(path.read_bytes()).select(".review-card .meta-title")}
            seen += len(names)
            assert [name for name in names if name in repr(real()[path.name])] == []
    assert seen > 8
