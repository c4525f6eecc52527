"""Readers: every page once, whole, in its order, whatever the form of the dump and however it is cut into batches."""

from __future__ import annotations

import bz2
import gzip
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from nlpchat.errors import CorpusError, InputError
from nlpchat.scrape.wikipedia import dumps
from nlpchat.scrape.wikipedia.articles import Article, articles
from nlpchat.scrape.wikipedia.dumps import batches, look
from tests.scrape.wikipedia import made

FORMS = made.in_every_form(43)
REAL = Path(__file__).parents[4] / "shared" / "data" / "wikidump"


def read(path: Path, size: int = dumps.BATCH_BYTES) -> tuple[list[Article], Counter[str]]:
    counts: Counter[str] = Counter()
    found = [article for batch in batches(look(path), size) for article in articles(batch, lambda number: True, counts)]
    return found, counts


def of_pages(tmp_path: Path, *pages: str) -> tuple[list[Article], Counter[str]]:
    path = tmp_path / "dump"
    path.write_bytes(bz2.compress(made.xml(list(pages))))
    return read(path)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("single", ("bz2", "xml", False)),
        ("multistream", ("bz2", "xml", True)),
        ("part", ("bz2", "xml", True)),
        ("cut anywhere", ("bz2", "xml", False)),
        ("gzip", ("gzip", "xml", False)),
        ("plain", ("plain", "xml", False)),
        ("cirrus bz2", ("bz2", "cirrus", False)),
        ("cirrus gz", ("gzip", "cirrus", False)),
        ("cirrus", ("plain", "cirrus", False)),
    ],
)
def test_a_dump_is_recognised_by_what_is_inside(tmp_path: Path, form: str, said: tuple[object, ...]) -> None:
    path = tmp_path / "misleading.7z"
    path.write_bytes(FORMS[form])
    found = look(path)
    assert (found.packing, found.form, found.streams) == said
    assert found.site == ("" if form == "part" else "fr.wikipedia.org")


@pytest.mark.parametrize("size", [1, 700, 5000, 60_000, dumps.BATCH_BYTES])
@pytest.mark.parametrize("form", FORMS)
def test_every_page_is_read_once_and_in_order(tmp_path: Path, form: str, size: int) -> None:
    path = tmp_path / "dump"
    path.write_bytes(FORMS[form])
    found, counts = read(path, size)
    assert [article.page_id for article in found] == list(range(1, 44))
    assert [article.title for article in found] == [f"Lieu {number}" for number in range(1, 44)]
    if "cirrus" not in form:
        assert [article.wikitext for article in found] == [made.text(number) for number in range(1, 44)]
        assert counts["ends"] == 1
    assert counts["pages"] == counts["read"] == 43


@pytest.mark.parametrize("form", FORMS)
def test_batches_cover_the_dump_and_are_the_same_again(tmp_path: Path, form: str) -> None:
    path = tmp_path / "dump"
    path.write_bytes(FORMS[form])
    first, second = list(batches(look(path), 4000)), list(batches(look(path), 4000))
    assert first == second
    assert [batch.number for batch in first] == list(range(len(first)))
    assert len(first) > 5
    assert (first[0].start, first[-1].end) == (0, path.stat().st_size)
    assert all(before.end == after.start for before, after in pairwise(first))


def test_streams_are_handed_over_packed(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(FORMS["multistream"])
    found = list(batches(look(path), 1))
    assert len(found) == 7  # the header, 43 pages by tens, the end
    assert b"".join(batch.payload for batch in found) == FORMS["multistream"]


def test_what_is_no_article_is_counted(tmp_path: Path) -> None:
    found, counts = of_pages(
        tmp_path,
        made.page(1),
        made.page(2, ns=10),
        made.page(3, "#REDIRECTION [[Ailleurs]]", redirect=True),
        made.page(4, '{"a": 1}', model="json"),
        made.page(5).replace('xml:space="preserve">', 'deleted="deleted" />').replace("</text>", ""),
        made.page(6).replace("<ns>0</ns>", ""),
        made.page(7),
    )
    assert [article.page_id for article in found] == [1, 7]
    reasons = {"other namespace": 1, "redirect": 1, "not wikitext": 1, "empty": 1, "damaged": 1}
    assert counts == reasons | {"pages": 7, "read": 7, "ends": 1}


def test_only_wanted_pages_are_read(tmp_path: Path) -> None:
    for form in ("multistream", "cirrus gz"):
        path = tmp_path / "dump"
        path.write_bytes(FORMS[form])
        counts: Counter[str] = Counter()
        found = [a for batch in batches(look(path)) for a in articles(batch, {3, 17}.__contains__, counts)]
        assert [article.page_id for article in found] == [3, 17]
        assert (counts["pages"], counts["read"]) == (43, 2)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a &lt;b&gt; &amp; &quot;c&quot; &#039;d&#x27;", "a <b> & \"c\" 'd'"),
        ("&amp;lt;page&amp;gt; &amp;amp;nbsp; &amp;#39;", "&lt;page&gt; &amp;nbsp; &#39;"),
        ("l'été à &#x1F600; &#xD800; &#9999999;", "l'été à 😀 \ufffd \ufffd"),
        ("a\x00b\x0bc\ufffed\te", "abcd\te"),
        ("&bomb;&bomb;", "&bomb;&bomb;"),
    ],
)
def test_escapes_are_undone_once(tmp_path: Path, raw: str, text: str) -> None:
    found, _ = of_pages(tmp_path, made.page(1, "TEXTE").replace("TEXTE", raw))
    assert [article.wikitext for article in found] == [text]


def test_entities_that_a_dump_declares_are_not_expanded(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>\n'
    path.write_bytes(bomb.encode() + made.xml([made.page(1, "X").replace(">X<", ">&b;<")]))
    assert [article.wikitext for article in read(path)[0]] == ["&b;"]


def test_bytes_that_are_no_utf8_do_not_stop_anything(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(made.xml([made.page(1, "caf\u00e9"), made.page(2)]).replace("é".encode(), b"\xe9", 2))
    found, _ = read(path)
    assert [article.page_id for article in found] == [1, 2]
    assert found[0].wikitext == "caf\ufffd"


def test_of_several_versions_the_last_one_is_read(tmp_path: Path) -> None:
    one = made.page(1, "ancien")
    revision = one[one.index("    <revision>") : one.index("  </page>")]
    newer = revision.replace("ancien", "nouveau").replace("2026-03-02", "2026-03-09")
    found, _ = of_pages(tmp_path, one.replace(revision, revision + newer))
    assert [(article.wikitext, article.edited) for article in found] == [("nouveau", "2026-03-09T10:00:00Z")]


@pytest.mark.parametrize("form", ["single", "multistream"])
def test_a_page_without_end_costs_that_page_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(dumps, "MAX_PAGE", 100_000)
    pages = [made.page(1), made.page(2, "x" * 250_000), made.page(3), made.page(4)]
    content = bz2.compress(made.xml(pages)) if form == "single" else made.multistream(pages, each=2)
    path = tmp_path / "dump"
    path.write_bytes(content)
    found, counts = read(path, 10_000)
    assert [article.page_id for article in found] == [1, 3, 4] if form == "single" else [1, 2, 3, 4]
    assert counts["damaged"] == (1 if form == "single" else 0)


@pytest.mark.parametrize("form", ["single", "multistream", "gzip", "cirrus bz2", "cirrus gz"])
def test_a_dump_that_is_cut_off_gives_what_is_whole_and_says_so(tmp_path: Path, form: str) -> None:
    content = made.in_every_form(400)[form]
    path = tmp_path / "frwiki.bz2"
    path.write_bytes(content[: len(content) * 2 // 3])
    found: list[int] = []

    def read_all() -> None:
        for batch in batches(look(path), 20_000):
            found.extend(article.page_id for article in articles(batch, lambda number: True, Counter()))

    with pytest.raises(CorpusError, match=r"frwiki\.bz2, near byte [\d,]+: the dump is cut off\. Finish its download"):
        read_all()
    assert found == list(range(1, len(found) + 1))
    assert len(found) > (200 if form in ("multistream", "gzip") else 0)


def test_damage_in_the_middle_is_said_with_its_place(tmp_path: Path) -> None:
    content = bytearray(FORMS["multistream"])
    content[len(content) // 2 : len(content) // 2 + 20] = bytes(20)
    path = tmp_path / "frwiki.bz2"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"frwiki\.bz2, near byte [\d,]+: the dump is damaged"):
        read(path)


@pytest.mark.parametrize("form", ["multistream", "cut anywhere"])
def test_a_later_stream_damaged_at_its_start_is_not_taken_for_the_end(tmp_path: Path, form: str) -> None:
    content = bytearray(FORMS[form])
    second = content.index(b"BZh", len(content) // 2)
    content[second + 10 : second + 30] = bytes(20)
    path = tmp_path / "frwiki.bz2"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match="the dump is damaged"):
        read(path)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (bz2.compress(b"617:10:Antoine Meillet\n617:11:Algorithme\n"), "index of a multistream dump"),
        (b"7z\xbc\xaf\x27\x1c", r"A \.7z is not read"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"", "not a dump of Wikipedia"),
        (gzip.compress(b"page_id\ttitle\n"), "Give pages-articles"),
        (bz2.compress(b"x" * 100)[:20], "the dump is cut off"),
        (b"BZh9 and nothing of the kind", "the dump is damaged"),
    ],
)
def test_what_is_no_dump_is_refused_with_a_hint(tmp_path: Path, content: bytes, hint: str) -> None:
    path = tmp_path / "dump.xml.bz2"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=hint):
        look(path)


def test_no_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        look(tmp_path / "missing")


def of_cirrus(tmp_path: Path, **fields: object) -> tuple[list[Article], Counter[str]]:
    path = tmp_path / "dump"
    path.write_bytes(made.cirrus([1], **fields))
    return read(path)


def test_the_search_index_gives_its_opening_and_then_sentences_together(tmp_path: Path) -> None:
    opening = "Le lieu est inventé. Il est petit."
    sentences = [f"La phrase numéro {number} parle du lieu et de rien d'autre." for number in range(40)]
    (article,), _ = of_cirrus(
        tmp_path, text=f"{opening} {' '.join(sentences)} ↑ Une note. ↑ Une autre.", opening_text=opening
    )
    assert article.paragraphs is not None
    assert article.paragraphs[0] == opening
    assert " ".join(article.paragraphs[1:]).strip() == " ".join(sentences)
    assert all(500 <= len(paragraph) < 600 for paragraph in article.paragraphs[1:-1])


def test_the_search_index_keeps_the_paragraphs_that_it_has(tmp_path: Path) -> None:
    (article,), _ = of_cirrus(tmp_path, text="Un.\nDeux. Trois.\n\nQuatre.", opening_text=None)
    assert article.paragraphs == ("Un.", "Deux. Trois.", "", "Quatre.")


def test_templates_of_the_search_index_stand_for_its_wikitext(tmp_path: Path) -> None:
    (article,), _ = of_cirrus(tmp_path, template=["Modèle:Homonymie", "Modèle:Portail"])
    assert article.wikitext.split() == ["{{Homonymie}}", "{{Portail}}"]


def test_other_documents_of_the_search_index_are_counted(tmp_path: Path) -> None:
    assert of_cirrus(tmp_path, namespace=14)[1]["other namespace"] == 1
    assert of_cirrus(tmp_path, text=None)[1]["damaged"] == 1
    assert of_cirrus(tmp_path, content_model="json")[1]["not wikitext"] == 1


@pytest.mark.skipif(not REAL.is_dir(), reason="the real dump heads are not here")
@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("frwiki-minidump.xml.bz2", ["Antoine Meillet", "Autriche", "Berlin"]),
        (
            "frwiki-2017-tete-5pages.xml.bz2",
            ["Antoine Meillet", "Algèbre linéaire", "Algèbre générale", "Algorithmique"],
        ),
    ],
)
def test_real_heads_of_dumps_are_read(name: str, titles: list[str]) -> None:
    found, counts = read(REAL / name)
    assert [article.title for article in found][: len(titles)] == titles
    assert all(len(article.wikitext) > 1000 for article in found)
    assert counts["pages"] == len(found) == (3 if "mini" in name else 5)
