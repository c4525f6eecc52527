"""Checking: the project's own corpora are green, each fault that one can plant is named, and all are said at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nlpchat.corpus.card import read_cards
from nlpchat.corpus.check import check_corpora
from nlpchat.corpus.reading import read_rows
from nlpchat.errors import CorpusError

ROOT = Path(__file__).parents[2]
CORPORA, PIPELINES, DATA = ROOT / "corpora", ROOT / "pipelines", ROOT.parent / "shared" / "data"


def test_the_corpora_of_the_project_are_green() -> None:
    checked = check_corpora(CORPORA, pipelines=PIPELINES)
    assert checked.faults == ()
    assert checked.cards >= 16
    assert checked.used > 100
    assert checked.files >= 1  # chat-invented, whole


@pytest.mark.skipif(not DATA.is_dir(), reason="the data are not beside this checkout")
def test_a_few_of_the_data_are_those_of_their_cards() -> None:
    """All of them, with their digests: tests/corpus/test_card.py; with their counts: `nlpchat corpus check --data`."""
    checked = check_corpora(CORPORA, ["tweets", "cyberagression", "sms-dev"], data=DATA)
    assert (checked.faults, checked.files, checked.missing) == ((), 3, ())


def test_a_sample_is_small_and_no_part_of_what_is_learnt_from() -> None:
    samples = {
        card.name: [row.text for row in read_rows(card.path.with_name("sample.jsonl"))] for card in read_cards(CORPORA)
    }
    own = {row.text for row in read_rows(CORPORA / "chat-invented" / "chat_invented.jsonl.xz")}
    assert set(samples.pop("chat-invented")) <= own
    assert len({text for texts in samples.values() for text in texts}) == sum(map(len, samples.values()))


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """A copy to damage: two cards, and one with its data."""
    for name in ("allocine", "wikipedia-fr", "chat-invented"):
        shutil.copytree(CORPORA / name, tmp_path / "corpora" / name)
    return tmp_path / "corpora"


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")


def row(**values: object) -> str:
    return json.dumps({"text": "Une phrase inventée.", **values}) + "\n"


DAMAGES: dict[str, tuple[str, Callable[[str], str], str]] = {
    "a card without a licence": ("allocine/card.toml", lambda t: t.replace("licence =", "license =", 1), "licence is missing"),
    "a long sample": ("wikipedia-fr/sample.jsonl", lambda t: t * 5, "25 rows; a sample has 5 to 20"),
    "a sample that is no JSON": ("wikipedia-fr/sample.jsonl", lambda t: t + "{", "sample.jsonl: cannot be read"),
    "an author": ("allocine/sample.jsonl", lambda t: t + row(rating=0.5, userName="x"), "tells who wrote it (userName)"),
    "a pseudonym": ("wikipedia-fr/sample.jsonl", lambda t: t + row(pseudo="x"), "row 6: tells who wrote it (pseudo)"),
    "another label": ("allocine/sample.jsonl", lambda t: t + row(label="mixed"), "label 'mixed' is not among the card's"),
    "no label": ("allocine/sample.jsonl", lambda t: t + row(), "label None is not among the card's"),
    "a label of a text": ("wikipedia-fr/sample.jsonl", lambda t: t + row(label="pos"), "the card is of no labelled set"),
    "another site": ("allocine/sample.jsonl", lambda t: t + row(rating=0.5, site="babelio"), "is of 'babelio'"),
    "an empty text": ("wikipedia-fr/sample.jsonl", lambda t: t + '{"text": " "}\n', "its text is empty"),
    "counts that are not so": (
        "chat-invented/card.toml",
        lambda t: t.replace("neg = 4786", "neg = 4785").replace("pos = 4796", "pos = 4797"),
        "its labels are {",
    ),
    "a digest that is not so": ("chat-invented/card.toml", lambda t: t.replace('sha256 = "c3', 'sha256 = "d3'), "its sha256 is c3d4"),
    "a sum that is not so": ("chat-invented/SHA256SUMS", lambda t: "0" + t[1:], "not the file of SHA256SUMS"),
    "a file told of twice": (
        "allocine/card.toml",
        lambda t: t.replace("allocine_stars.jsonl.xz", "chat_invented.jsonl.xz"),
        "chat_invented.jsonl.xz: named by 2 cards",
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_named(corpora: Path, damage: str) -> None:
    file, change, says = DAMAGES[damage]
    edit(corpora / file, change)
    faults = check_corpora(corpora).faults
    assert len(faults) == 1
    assert says in faults[0]
    assert Path(file).parent.name in faults[0] or "named by" in faults[0]


def test_all_faults_are_said_together(corpora: Path) -> None:
    (corpora / "allocine" / "sample.jsonl").unlink()
    (corpora / "empty").mkdir()
    (corpora / "exclude.txt").write_text("Jeanne Dupont\n", encoding="utf-8")
    edit(corpora / "wikipedia-fr" / "card.toml", lambda t: t.replace('tier = "open"', 'tier = "free"'))
    (corpora.parent / "pipelines").mkdir()
    (corpora.parent / "pipelines" / "p.toml").write_text(PIPELINE, encoding="utf-8")
    said = "\n".join(check_corpora(corpora, pipelines=corpora.parent / "pipelines").faults)
    for part in (
        "allocine/sample.jsonl: there is none",
        "empty/card.toml: no such file",
        "exclude.txt, line 1",
        "tier must be one of",
        "p.toml, step lm: allocine_stars.jsonl.xz is used for pretrain; its card (allocine) does not allow that",
        "p.toml, step lm: romans.txt.xz is in no card",
    ):
        assert part in said
    assert check_corpora(corpora, ["chat-invented"], pipelines=corpora.parent / "pipelines").faults[1:] == ()


PIPELINE = """
[[step]]
name = "lm"
command = ["pretrain-lm", "{data}/allocine_stars.jsonl.xz", "{data}/romans.txt.xz", "-o", "{runs}/lm"]
"""


def test_a_name_that_is_none(corpora: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no corpus allo\. There are allocine"):
        check_corpora(corpora, ["allo"])
    (tmp_path / "nothing").mkdir()
    with pytest.raises(CorpusError, match="There are none"):
        check_corpora(tmp_path / "nothing")
