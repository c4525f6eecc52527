"""Cards: each of corpora/ is read, a faulty one is refused with all its faults, and what they state is so."""

import hashlib
import lzma
from itertools import pairwise
from pathlib import Path

import pytest

from nlpchat.chats import read_chat
from nlpchat.cli import COMMANDS
from nlpchat.corpus.card import TRAINING_USES, read_card, read_cards
from nlpchat.errors import CorpusError, InputError
from nlpchat.pipeline import read_pipeline
from nlpchat.pipeline.steps import Step

ROOT = Path(__file__).parents[2]
CORPORA = ROOT / "corpora"
DATA = ROOT.parent / "shared" / "data"
LEARNS = {
    "train-tokenizer": "tokenizer",
    "pretrain-lm": "pretrain",
    "finetune-lm": "finetune-lm",
    "train-classifier": "classifier",
}  # command -> the use that a card must allow
MEASURING = ("--dev", "--check")  # what follows is measured on, not learnt from

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


def test_what_is_held_out_and_what_is_private_is_not_learnt_from():
    cards = {card.path.parent.name: card for card in read_cards(CORPORA)}
    for name in ("sms-dev", "chats"):
        assert not TRAINING_USES & set(cards[name].use)
    assert not [s.file for c in cards.values() for s in c.sources if "-NC" in s.licence]


def data_of(step: Step) -> list[tuple[str, str]]:
    """(file name, what the step uses it for) of each file of the data that a step reads."""
    learns = LEARNS.get(step.command[0], "evaluate")
    found = [(word, "evaluate" if before in MEASURING else learns) for before, word in pairwise(step.command)]
    found += [(place, learns) for place in step.inputs if place not in step.command]
    return [(Path(place).name, use) for place, use in found if place.startswith("{data}/")]


def test_what_a_step_measures_on_is_not_what_it_learns_from():
    command = ("train-classifier", "{data}/a.jsonl", "--lm", "{runs}/lm", "--dev", "{data}/b.jsonl", "-o", "{runs}/c")
    used = [("a.jsonl", "classifier"), ("b.jsonl", "evaluate")]
    assert data_of(Step("s", command, command[1:2], command[-1:])) == used
    both = (*command, "{data}/b.jsonl")
    assert data_of(Step("s", both, ("{data}/c.txt",), ())) == [
        *used,
        ("b.jsonl", "classifier"),
        ("c.txt", "classifier"),
    ]
    export = ("export", "{runs}/c", "--check", "{data}/b.jsonl", "-o", "{runs}/d")
    assert data_of(Step("s", export, (), ())) == [("b.jsonl", "evaluate")]


def test_all_that_the_pipelines_read_has_a_card_that_allows_it():
    allowed = {source.file: set(card.use) for card in read_cards(CORPORA) for source in card.sources}
    seen, wrong = {}, []
    for file in sorted((ROOT / "pipelines").glob("*.toml")):
        for step in read_pipeline(file, commands=COMMANDS).steps:
            used = data_of(step)
            seen[file.name] = seen.get(file.name, 0) + len(used)
            wrong += [f"{file.name}, step {step.name}: {n}, for {u}" for n, u in used if u not in allowed.get(n, set())]
    assert seen["tiny.toml"] >= 4
    assert seen["fr-small.toml"] > 30
    assert wrong == []


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
