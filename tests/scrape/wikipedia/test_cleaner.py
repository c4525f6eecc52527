"""From wikitext to paragraphs: pairs of files, the table of templates, and what holds of any text, broken or not."""

import hashlib
import json
import lzma
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.scrape.wikipedia.cleaner import clean, is_skipped
from nlpchat.scrape.wikipedia.figures import number
from nlpchat.scrape.wikipedia.paragraphs import markup_left, without_quotes
from nlpchat.scrape.wikipedia.table import rows
from nlpchat.scrape.wikipedia.tex import formula
from tests.benchmarks.wikitext import FAULTS, prose, words

CASES = Path(__file__).parent / "cases"
PAIRS = sorted(CASES.glob("*.wikitext"))
TEMPLATES = [line.split("\t") for line in (CASES / "templates.tsv").read_text(encoding="utf-8").splitlines()]
ARTICLES = Path(__file__).parents[4] / "shared" / "data" / "wikitext" / "articles.jsonl.xz"
ARTICLES_SHA256 = "c9f186b67dcd359ea710c42858353c4a63e7e33402f53b708f1fe6223bc91a35"
# Measured: 0.971, 0.998 and 1.0, of which most is French as it is; the goals are 0.90, 0.98 and 3.
EVERY, RECALL, PRECISION, FAULTS_A = 3, 0.95, 0.99, 2.0

TOKENS = (
    "{{", "}}", "[[", "]]", "|", "{|", "\n{|", "\n|}", "\n|-", "\n|", "<ref>", "</ref>", "<ref name=x/>", "<math>",
    "</math>", "<!--", "-->", "<nowiki>", "</nowiki>", "<gallery>", "</gallery>", "<sup>", "</sup>", "<br>",
    '<div style="x">', "</div>", "\n", "\n\n", "\r\n", "\n== Suite ==\n", "\n== Notes ==", "''", "'''", "'", "=", "==",
    "a", "mot ", "du ", ". ", ",", "(", ")", "[http://x ", "[//", "]", "&nbsp;", "&lt;ref&gt;", "&#123;{", "Fichier:",
    "unité|", "date|", "nobr|", "citation|", "souverain|", "formatnum:", "1=", "12345", "\\frac{", "{", "}",
    "__NOTOC__", "_", "#", ";", ":", "*", " ", "\xa0", "«", "»", "<!", "<", "-", "\ue000", "\ue003",
)  # fmt: skip
SECONDS = 1.0  # of a processor, for 100 KB
BREAKS = (
    "{{", "}}", "[[", "]]", "{{nobr|", "{{unité|12", "{{inconnu|a", "[[Fichier:a.jpg|thumb|x", "[[a|b", "<ref>",
    "</ref>", '<ref name="x">', "<!--", "-->", "<math>", "<nowiki>", "<gallery>", "</div>", "''", "'''",
    "[http://exemple.fr x", "\n{|\n|a\n", "\n|}\n", "{{{x", "}}}", "{{Infobox\n| a = b\n", "<span style='x", "&", "__",
    "{|",
)  # fmt: skip
SOUND = (
    ("Le pont fut bâti en {{date-|mai 1900}}{{sfn|A|1}}.", "Le pont fut bâti en mai 1900."),
    ("La {{nobr|{{2e}} fois}}, [[Lise (nom)|Lise]] vint<ref>Un {{p.|2}}.</ref>.", "La 2e fois, Lise vint."),
    ("Une [[Image:a.png|20px|la [[rive]]]] image, {{unité|1200|m}} plus loin.", "Une image, 1 200 m plus loin."),
)


@pytest.mark.parametrize("case", PAIRS, ids=lambda path: path.stem)
def test_wikitext_becomes_its_paragraphs(case):
    expected = case.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert clean(case.read_bytes().decode()) == expected


@pytest.mark.parametrize("case", PAIRS, ids=lambda path: path.stem)
def test_what_is_clean_stays_as_it_is(case):
    paragraphs = clean(case.read_bytes().decode())
    assert clean("\n\n".join(paragraphs)) == paragraphs


def test_there_are_cases():
    assert len(PAIRS) > 12
    assert len(TEMPLATES) > 100


@pytest.mark.parametrize(("template", "text"), TEMPLATES, ids=[template for template, _ in TEMPLATES])
def test_a_template_shows_its_text(template, text):
    template = template.replace("\\n", "\n")
    assert clean(f"Avant {template} après.") == [f"Avant {text} après."]


def test_a_template_stands_once_in_the_table():
    counts = Counter(name for name, _ in rows())
    assert len(counts) > 500
    assert [name for name, count in counts.items() if count > 1 or name != name.lower().strip()] == []


@pytest.mark.parametrize(
    ("title", "wikitext", "reason"),
    [
        ("Orvelle", "'''Orvelle''' est un pont.", None),
        ("Orvelle", "{{Voir homonymes|Orvelle}}\n'''Orvelle''' est un pont.", None),
        ("Orvelle", "#REDIRECTION [[Pont]]", "redirect"),
        ("Orvelle", "\n#redirect: [[Pont]]", "redirect"),
        ("Orvelle (homonymie)", "* [[Pont]]", "homonyms"),
        ("Orvelle", "* [[Pont]]\n{{Homonymie}}", "homonyms"),
        ("Bois", "* [[Jean Bois]]\n{{ patronyme}}", "homonyms"),
        ("Bois", "{{Toponymes}}\n* [[Bois]]", "homonyms"),
        ("Bois", "{{Paronymie|Boix}}", "homonyms"),
        ("Orvelle", " \n", "empty"),
    ],
)
def test_pages_that_are_no_article_are_skipped(title, wikitext, reason):
    assert is_skipped(title, wikitext) == reason


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("l'''arbre''", "l'arbre"),
        ("l''''arbre'''", "l'arbre"),
        ("'''''a''' b''", "a b"),
        ("de l'''Iliade'' et de '''Troie'''", "de l'Iliade et de Troie"),
        ("''a", "a"),
        ("''''''a'''''", "'a"),
    ],
)
def test_quotes_of_bold_and_italics_go_and_apostrophes_stay(line, text):
    assert without_quotes(line) == text


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"x", "x"),
        (r"f'(x_0)", "f′(x₀)"),
        (r"\frac{{\mathrm d} f}{{\mathrm d} x}", "(d f)/(d x)"),
        (r"\delta_i \leq 2^{n+1}", "δi ≤ 2ⁿ⁺¹"),
        (r"x^{k+1}", "x^(k+1)"),
        (r"\left[0, +\infty\right[", "[0, +∞["),
        (r"\inconnue{x}", ""),
        (r"\begin{cases}1 \\ 2\end{cases}", ""),
        ("x + " * 100, ""),
    ],
)
def test_a_short_formula_is_written_in_plain_letters(tex, text):
    assert formula(tex) == text


@pytest.mark.parametrize(
    ("given", "written"),
    [("1234", "1 234"), ("0.5", "0,5"), ("1234567.25", "1 234 567,25"), ("007", "007"), ("9" * 5000, "9" * 5000)],
)
def test_numbers_are_written_as_french_does(given, written):
    assert number(given) == written


@pytest.mark.parametrize("wrong", BREAKS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_broken_costs_no_more_than_its_own_paragraph(wrong, place):
    wikitext = [given for given, _ in SOUND]
    expected = [text for _, text in SOUND]
    wikitext[place : place + 1] = [wikitext[place], f"Quelques mots {wrong} et la suite."]
    found = clean("\n\n".join(wikitext))
    assert [paragraph for paragraph in found if paragraph in expected] == expected
    assert all(markup_left(paragraph) is None for paragraph in found)


def sound(paragraph: str) -> bool:
    return (
        markup_left(paragraph) is None
        and paragraph == " ".join(paragraph.split())
        and not any("\ue000" <= character <= "\ue0ff" for character in paragraph)
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=60))
def test_any_text_gives_paragraphs_without_markup(tokens):
    text = "".join(tokens)
    found = clean(text)
    assert all(sound(paragraph) for paragraph in found)
    assert clean(text) == found


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=8), st.integers(0, 1000))
def test_long_nestings_take_no_time(tokens, seed):
    chance = random.Random(seed)
    size = sum(map(len, tokens)) / len(tokens)
    text = "".join(chance.choices(tokens, k=int(100_000 / size)))
    start = time.process_time()
    found = clean(text)
    assert time.process_time() - start < SECONDS
    assert all(sound(paragraph) for paragraph in found)


@pytest.mark.parametrize("token", TOKENS)
def test_one_token_over_and_over_takes_no_time(token):
    start = time.process_time()
    clean(token * (100_000 // len(token)))
    assert time.process_time() - start < SECONDS


@pytest.mark.skipif(not ARTICLES.exists(), reason="the shared articles are not beside this checkout")
def test_real_articles_keep_their_words():
    """A floor for quality, well under what tests/benchmarks/wikitext.py measures and over the goals."""
    content = ARTICLES.read_bytes()
    assert hashlib.sha256(content).hexdigest() == ARTICLES_SHA256
    found = told = ours = good = faults = 0
    for line in lzma.decompress(content).decode().splitlines()[::EVERY]:
        article = json.loads(line)
        paragraphs = clean(article["wikitext"])
        mine, reference = words("\n".join(paragraphs)), words(prose(article["reference"]))
        found, told = found + (mine & reference).total(), told + reference.total()
        good, ours = good + (mine & words(article["reference"])).total(), ours + mine.total()
        faults += sum(len(FAULTS["A"].findall(paragraph)) for paragraph in paragraphs)
        assert [paragraph for paragraph in paragraphs if not sound(paragraph)] == []
    assert found / told > RECALL
    assert good / ours > PRECISION
    assert 10_000 * faults / ours < FAULTS_A
