"""Cards: each of corpora/ is read, a faulty one is refused with all its faults, and what they state is so."""

import hashlib
import lzma
from pathlib import Path

import pytest

from nlpchat.chats import read_chat
from nlpchat.corpus.card import TRAINING_USES, BuildRules, LabelRule, corpora_folder, find_card, read_card, read_cards
from nlpchat.errors import CorpusError, InputError
from nlpchat.scrape.site_names import SITES

ROOT = Path(__file__).parents[2]
CORPORA = ROOT / "corpora"
DATA = ROOT.parent / "shared" / "data"
CARD = """
title = "t"
about = "a"
kind = "labelled"
tier = "open"
licence = "l"
use = ["classifier"]
how = "h"
labels = "r"
group = "g"
personal_data = "none"
leave_out = "ask"
limits = "small"
[[source]]
file = "a.jsonl"
origin = "o/r @ 1"
licence = "l"
sha256 = "{sha256}"
rows = 3
counts = {{ pos = 2, neg = 1 }}
what = "w"
""".format(sha256="0" * 64)


def unpacked(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha256(lzma.decompress(content) if path.suffix == ".xz" else content).hexdigest()


def faults_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "card.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        read_card(path)
    return str(caught.value)


def test_every_corpus_has_a_card():
    cards = read_cards(CORPORA)
    folders = {path.name for path in CORPORA.iterdir() if path.is_dir()}
    assert len(cards) >= 10
    assert {card.path.parent.name for card in cards} == folders
    assert sum(card.words for card in cards) > 10_000_000
    assert sum(card.rows for card in cards) > 50_000


def test_no_file_is_told_of_twice():
    files = [source.file for card in read_cards(CORPORA) for source in card.sources]
    assert len(files) == len(set(files)) > 40


def test_every_site_has_a_card_that_says_whether_a_robot_may_fetch_it():
    sites = {card.site.name: card for card in read_cards(CORPORA) if card.site}
    assert sorted(sites) == sorted(SITES)
    assert [name for name, card in sites.items() if card.site.fetchable] == ["allocine"]
    assert [name for name, card in sites.items() if card.name != name] == []
    assert all(card.rule.of_rating(0.4) == "neg" and card.rule.of_rating(0.8) == "pos" for card in sites.values())


def test_somebody_finds_how_to_be_left_out():
    said = [card.name for card in read_cards(CORPORA) if card.leave_out]
    assert len(said) > 10
    assert "**To be left out**" in (CORPORA / "README.md").read_text(encoding="utf-8")
    assert (CORPORA / "exclude.txt").is_file()


def test_what_is_held_out_and_what_is_private_is_not_learnt_from():
    cards = {card.path.parent.name: card for card in read_cards(CORPORA)}
    for name in ("sms-dev", "chats"):
        assert not TRAINING_USES & set(cards[name].use)
    assert not [s.file for c in cards.values() for s in c.sources if "-NC" in s.licence]


def test_the_invented_chats_are_the_ones_of_their_card():
    card = read_card(CORPORA / "chat-invented" / "card.toml")
    assert unpacked(CORPORA / "chat-invented" / card.sources[0].file) == card.sources[0].sha256


def test_the_sample_chats_are_read_whole_and_without_a_doubt():
    sample = CORPORA / "chats" / "sample"
    whatsapp = read_chat(sample / "Discussion WhatsApp avec Les colocs.txt")
    assert (len(whatsapp), set(whatsapp.authors)) == (65, {"Inès", "Malo", "Solène"})
    assert [w.what for w in whatsapp.warnings] == [
        "the dates were read day first: 10 of 65 lines have a date that exists in no other order",
        "the times are the phone's own, without a time zone",
    ]
    assert {message.kind for message in whatsapp.messages} == {"text", "media", "deleted", "notice"}
    messenger = read_chat(sample / "messenger" / "message_1.json")
    assert (len(messenger), set(messenger.authors)) == (15, {"Zoé Lambert", "Théo Nguyên"})
    assert [w.what for w in messenger.warnings] == ["the times are in UTC; --tz gives another zone"]
    assert messenger.messages[4].text == "trop contente !!! ❤️"


@pytest.mark.skipif(not DATA.is_dir(), reason="the data are not beside this checkout")
def test_cards_state_the_digests_of_the_data():
    found = 0
    for card in read_cards(CORPORA):
        for source in card.sources:
            path = DATA / ("text" if card.kind == "text" else "labelled") / source.file
            if (card.path.parent / source.file).is_file():
                path = card.path.parent / source.file  # the project's own
            elif card.name in {"chat-read", "chat-doubted"}:
                continue  # made of its labels and of the others' texts
            assert unpacked(path) == source.sha256, source.file
            found += 1
    assert found > 40


def test_a_card_is_read(tmp_path):
    (tmp_path / "card.toml").write_text(CARD, encoding="utf-8")
    card = read_card(tmp_path / "card.toml")
    assert (card.title, card.tier, card.use, card.labels) == ("t", "open", ("classifier",), "r")
    assert (card.rows, card.words, card.sources[0].counts) == (3, 0, {"pos": 2, "neg": 1})


def test_all_faults_are_said_at_once(tmp_path):
    text = CARD.replace('title = "t"', 'titel = "t"').replace('"open"', '"free"').replace("rows = 3", "rows = 4")
    said = faults_of(tmp_path, text.replace("0" * 64, "xyz"))
    for part in (
        "titel",
        "title is missing",
        "tier must be",
        "rows is 4, and its labels count 3",
        "64 hexadecimal",
    ):
        assert part in said
    assert "5 fault(s)" in said


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('labels = "r"', "", "labels (the rule they follow) must be stated"),
        ('use = ["classifier"]', 'use = ["everything"]', "use must be a list of: tokenizer"),
        ('tier = "open"', 'tier = "private"', "cannot be used for classifier"),
        ('limits = "small"', 'limits = " "', "limits is missing or empty"),
        ("counts = { pos = 2, neg = 1 }", "", "counts must give the rows"),
        ('kind = "labelled"', 'kind = "text"', "words must be a whole number"),
        ('what = "w"', 'what = "w"\nstars = 5', "source a.jsonl: unknown key 'stars'"),
        ("title =", "title", "not a card"),
        ('leave_out = "ask"', "", "leave_out (how somebody whose text is in it is left out) must be stated"),
        ("[[source]]", "[rule]\nkeep = []\n[[source]]", "[rule]: keep must be a list of labels"),
        ("[[source]]", "[rule]\nrating = { neg = 0.8, pos = 0.4 }\n[[source]]", "[rule]: rating must be"),
        ("[[source]]", "[rule]\nrating = { neg = 2, pos = 4 }\n[[source]]", "[rule]: rating must be"),
        ("[[source]]", "[build]\nnaer = 1\n[[source]]", "[build]: unknown key 'naer'"),
        ("[[source]]", "[build]\nvalid = 0.6\ntest = 0.4\n[[source]]", "[build]: valid and test leave nothing"),
        ("[[source]]", '[build]\nlanguage = "de"\n[[source]]', '[build]: language must be "fr"'),
        (
            "[[source]]",
            "[site]\nname = 'a'\nrobots = 'r'\nterms = 't'\nas_of = '2026'\n[[source]]",
            "[site]: fetchable must",
        ),
        (
            "[[source]]",
            "[site]\nname = 'a'\nrobots = 'r'\nterms = 't'\nas_of = '2026'\n[[source]]",
            "[site]: as_of must",
        ),
        ("[[source]]", "[splits]\ntrain = { rows = 1 }\n[[source]]", "[splits]: train must be"),
        ("[[source]]", "[splits]\ndev = { rows = 1 }\n[[source]]", "[splits]: unknown key 'dev'"),
        ('title = "t"', 'title = "t"\nrule = 3', "[rule]: must be a table"),
    ],
)
def test_a_fault_is_named(tmp_path, old, new, says):
    assert old in CARD
    assert says in faults_of(tmp_path, CARD.replace(old, new))


def test_a_card_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_card(tmp_path / "card.toml")
    with pytest.raises(CorpusError, match="no card here"):
        read_cards(tmp_path)


def test_the_rules_of_a_card_are_read(tmp_path):
    text = CARD.replace(
        "[[source]]", "[rule]\nrating = { neg = 0.4, pos = 0.8 }\n[build]\nnear = 0\nsalt = 's'\n[[source]]"
    )
    (tmp_path / "card.toml").write_text(text, encoding="utf-8")
    card = read_card(tmp_path / "card.toml")
    assert card.rule == LabelRule(("neg", "neu", "pos"), 0.4, 0.8)
    assert card.build == BuildRules(near=0, salt="s")
    assert (card.name, card.site, card.splits) == (tmp_path.name, None, {})


def test_a_card_is_found_by_name():
    assert find_card(CORPORA, "allocine").site.as_of == "2026-07"
    with pytest.raises(CorpusError, match=r"no corpus 'allo'\. There are allocine, babelio"):
        find_card(CORPORA, "allo")


def test_where_the_cards_are(tmp_path, monkeypatch):
    (tmp_path / "corpora" / "a").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert corpora_folder().resolve() == CORPORA  # a folder of that name without a card is not the one
    (tmp_path / "corpora" / "a" / "card.toml").write_text(CARD, encoding="utf-8")
    assert corpora_folder() == Path("corpora")
    with pytest.raises(CorpusError, match=r"no card here\. Give the folder of cards .* with --corpora"):
        corpora_folder(tmp_path)
