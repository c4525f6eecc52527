"""Building: a row never changes sides as a corpus grows, a build killed anywhere goes on to the same bytes, and any executor gives them."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.corpus import build as build_module
from nlpchat.corpus.build import Built, build_corpus, files_of, ids_to_leave_out
from nlpchat.corpus.card import Card, Split, find_card, read_card, read_cards
from nlpchat.corpus.reading import read_rows
from nlpchat.corpus.store import open_store
from nlpchat.errors import CorpusError, OutputError
from nlpchat.text.normalise import normalise
from nlpchat.text.tokens import BOS_ID, Tokenizer
from nlpchat.workers import workers
from tests.corpus.conftest import read_jsonl

CORPORA = Path(__file__).parents[2] / "corpora"
DATA = CORPORA.parents[1] / "shared" / "data"
MADE_WITH = ("2.0.0", "0.4.0")  # as corpora/README.md says
QUIET = 'language = ""\nvalid = 0.2\ntest = 0.2'
WORDS = (
    "le",
    "la",
    "film",
    "chat",
    "train",
    "soir",
    "demain",
    "belle",
    "triste",
    "long",
    "drôle",
    "fin",
    "merci",
    "jamais",
)
Make = Callable[..., Card]
Write = Callable[..., Path]


def reviews(count: int, seed: int = 0, films: int = 12) -> list[dict[str, Any]]:
    random = Random(seed)
    return [
        {"site": "allocine", "item": f"film-{random.randrange(films)}", "review_id": f"{seed}-{number}",
         "rating": random.randrange(11) / 10, "text": " ".join(random.choices(WORDS, k=random.randrange(3, 40))),
         "url": f"https://a.example/{seed}-{number}", "fetched_at": "2026-10-01T08:00:00Z"}
        for number in range(count)
    ]  # fmt: skip


def sides(built: Built) -> dict[str, str]:
    """Text -> the split it is in."""
    return {row["text"]: name for name in built.splits for row in read_jsonl(built.folder / f"{name}.jsonl")}


def tree(folder: Path) -> dict[str, str]:
    """Digest of every file, hidden ones too."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "_BATCH_ROWS", 40)


def test_reviews_become_rows_that_training_reads(make_card: Make, write_jsonl: Write, tmp_path: Path) -> None:
    built = build_corpus(make_card(build=QUIET), [write_jsonl(reviews(200))], tmp_path / "out")
    rows = [row for name in built.splits for row in read_jsonl(tmp_path / "out" / f"{name}.jsonl")]
    assert len(rows) == sum(split.rows for split in built.splits.values()) == 200 - sum(built.left_out.values())
    assert all(split.rows for split in built.splits.values())
    assert {tuple(row) for row in rows} == {("text", "label", "group", "site", "review_id", "url")}
    stars = {row["review_id"]: row["rating"] for row in reviews(200)}
    for row in rows:
        rating = stars[row["review_id"]]
        assert row["label"] == ("neg" if rating <= 0.4 else "pos" if rating >= 0.8 else "neu")
    record = json.loads((tmp_path / "out" / "built.json").read_text(encoding="utf-8"))
    for name, split in record["splits"].items():
        assert sha256((tmp_path / "out" / f"{name}.jsonl").read_bytes()).hexdigest() == split["sha256"]
    assert sorted(tree(tmp_path / "out")) == ["built.json", "card.toml", "test.jsonl", "train.jsonl", "valid.jsonl"]


def test_no_group_is_parted(make_card: Make, write_jsonl: Write, tmp_path: Path) -> None:
    built = build_corpus(make_card(build=QUIET), [write_jsonl(reviews(300, films=30))], tmp_path / "out")
    of_group: dict[str, set[str]] = {}
    for name in built.splits:
        for row in read_jsonl(tmp_path / "out" / f"{name}.jsonl"):
            of_group.setdefault(row["group"], set()).add(name)
    assert len(of_group) > 20
    assert [group for group, names in of_group.items() if len(names) > 1] == []


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 999), more=st.integers(1, 60))
def test_a_row_never_changes_sides_when_rows_are_added(seed: int, more: int) -> None:
    """Wherever they are added; and when they are added at the end, what was kept stays."""
    old = reviews(40, seed)
    mixed = [*old, *reviews(more, seed + 1000, films=3)]
    Random(seed).shuffle(mixed)
    with tempfile.TemporaryDirectory() as folder:
        card = plain_card(Path(folder))
        before = sides(build_corpus(card, [file_of(Path(folder), old)], Path(folder, "a")))
        files = [file_of(Path(folder), old), file_of(Path(folder), reviews(more, seed + 1000, films=3), "more.jsonl")]
        grown = sides(build_corpus(card, files, Path(folder, "b")))
        shuffled = sides(build_corpus(card, [file_of(Path(folder), mixed, "mixed.jsonl")], Path(folder, "c")))
    assert len(before) > 20
    assert {text: grown[text] for text in before} == before
    assert {text: side for text, side in before.items() if shuffled.get(text, side) != side} == {}


def plain_card(folder: Path) -> Card:
    text = (CORPORA / "allocine" / "card.toml").read_text(encoding="utf-8")
    (folder / "card.toml").write_text(text.replace("[rule]", f"[build]\n{QUIET}\n\n[rule]"), encoding="utf-8")
    return read_card(folder / "card.toml")


def file_of(folder: Path, rows: list[dict[str, Any]], name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_text_loses_the_lines_that_an_earlier_one_has(make_card: Make, tmp_path: Path) -> None:
    notice = "Cette commune fait partie de la communauté de communes imaginaire depuis l'année dernière."
    (tmp_path / "a.txt").write_text(f"Un lac\n{notice}\nok\n\nUn pont\n{notice}\nok\n\n{notice}\n", encoding="utf-8")
    built = build_corpus(
        make_card(kind="text", use='"pretrain"', build="near = 0\nvalid = 0\ntest = 0"),
        [tmp_path / "a.txt"],
        tmp_path / "o",
    )
    assert [row["text"] for row in read_jsonl(tmp_path / "o" / "train.jsonl")] == [
        f"Un lac\n{notice}\nok",
        "Un pont\nok",
    ]
    assert built.left_out == {"all its lines stand in earlier texts": 1}
    assert built.splits["train"].words == len(f"Un lac {notice} ok Un pont ok".split())


def test_copies_are_found_across_files_and_batches(
    make_card: Make, write_jsonl: Write, tmp_path: Path, small_batches: None
) -> None:
    long = " ".join(f"mot{n}" for n in range(40))
    rows = [{"text": long, "label": "pos"}, *({"text": f"texte {n}", "label": "neu"} for n in range(90))]
    copies = [
        {"text": f"{long} fin", "label": "neg"},
        {"text": " Texte  3\n", "label": "neu"},
        {"text": "neuf", "label": "neu"},
    ]
    built = build_corpus(
        make_card(build='language = ""'), [write_jsonl(rows), write_jsonl(copies, "b.jsonl")], tmp_path / "out"
    )
    assert built.left_out == {"nearly the same text again": 1, "the same text again": 1}
    assert {"neuf", long} < set(sides(built))
    near = build_corpus(
        make_card(build='language = ""\nnear = 0'), [write_jsonl([rows[0], copies[0]])], tmp_path / "near"
    )
    assert near.left_out == {}


def test_token_shards_hold_the_lines_of_each_split(
    make_card: Make, write_jsonl: Write, tmp_path: Path, tokenizer: Tokenizer
) -> None:
    (tmp_path / "tokenizer.model").write_bytes(tokenizer.model)
    card = make_card(build=QUIET)
    built = build_corpus(card, [write_jsonl(reviews(120))], tmp_path / "out", tokenizer=tmp_path / "tokenizer.model")
    for name in built.splits:
        store = open_store(tmp_path / "out" / "tokens" / name)
        texts = [row["text"] for row in read_jsonl(tmp_path / "out" / f"{name}.jsonl")]
        expected = [i for ids in tokenizer.encode([normalise(text) for text in texts]) for i in (BOS_ID, *ids)]
        assert store.read(0, store.tokens).tolist() == expected
        assert built.tokens[name] == store.tokens == len(expected)
    build_corpus(card, [write_jsonl(reviews(120))], tmp_path / "out")
    assert not (tmp_path / "out" / "tokens").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is forked to be killed")
def test_a_build_killed_anywhere_goes_on_to_the_same_bytes(
    make_card: Make, write_jsonl: Write, tmp_path: Path, tokenizer: Tokenizer, small_batches: None
) -> None:
    """It is killed before each of its renames in turn: everything that is finished is made so by one."""
    (tmp_path / "tokenizer.model").write_bytes(tokenizer.model)
    card, files = make_card(build=QUIET), [write_jsonl(reviews(70)), write_jsonl(reviews(25, seed=1), "b.jsonl")]

    def build(output: Path) -> Built:
        return build_corpus(card, files, output, tokenizer=tmp_path / "tokenizer.model")

    build(tmp_path / "whole")
    whole, killed = tree(tmp_path / "whole"), 0
    for rename in range(200):
        output = tmp_path / f"killed-{rename}"
        if not killed_before(rename, lambda output=output: build(output)):
            break
        killed += 1
        if not (output / "built.json").exists():
            assert {name for name in tree(output) if not name.startswith(".")} <= set(whole) - {"built.json"}
        build(output)
        assert tree(output) == whole, f"killed before rename {rename}"
    assert killed >= 12


def killed_before(rename: int, work: Callable[[], object]) -> bool:
    """Whether a process that does `work` came to its rename of that number; it is killed there."""
    child = os.fork()
    if child == 0:
        left, real = rename, Path.replace

        def replace(self: Path, target: Any) -> Path:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return real(self, target)

        Path.replace = replace  # type: ignore[method-assign]
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_finished_parts_are_not_made_again_but_for_another_plan(
    make_card: Make, write_jsonl: Write, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned: list[int] = []
    real = build_module.clean_batch

    def counting(batch: Any, options: Any) -> Any:
        if len(cleaned) == 3:
            raise KeyboardInterrupt
        cleaned.append(len(batch))
        return real(batch, options)

    monkeypatch.setattr(build_module, "clean_batch", counting)
    card, file = make_card(build=QUIET), write_jsonl(reviews(200))
    with pytest.raises(KeyboardInterrupt):
        build_corpus(card, [file], tmp_path / "out")
    cleaned.clear()
    build_corpus(card, [file], tmp_path / "out")
    assert cleaned == [40, 40]
    with pytest.raises(KeyboardInterrupt):
        build_corpus(card, [file], tmp_path / "other")
    cleaned[:] = []
    with pytest.raises(KeyboardInterrupt):
        build_corpus(card, [file], tmp_path / "other", exclude=frozenset({"0-1"}))
    assert cleaned == [40, 40, 40]


@pytest.fixture(params=["threads", "processes"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    if request.param == "threads":
        with ThreadPoolExecutor(3) as pool:
            yield pool
    else:
        with workers(2) as pool:
            yield pool


def test_any_executor_gives_the_same_bytes(
    make_card: Make, write_jsonl: Write, tmp_path: Path, executor: Executor, small_batches: None
) -> None:
    card, files = make_card(build=QUIET), [write_jsonl(reviews(300))]
    build_corpus(card, files, tmp_path / "alone")
    build_corpus(card, files, tmp_path / "spread", executor=executor)
    assert tree(tmp_path / "alone") == tree(tmp_path / "spread")


def test_who_asked_is_left_out(make_card: Make, write_jsonl: Write, tmp_path: Path) -> None:
    card = make_card(build=QUIET)
    (tmp_path / "corpora" / "exclude.txt").write_text("allocine:0-3\n", encoding="utf-8")
    (tmp_path / "mine.txt").write_text("https://a.example/0-5\n", encoding="utf-8")
    ids = ids_to_leave_out(tmp_path / "corpora", [tmp_path / "mine.txt"])
    built = build_corpus(card, [write_jsonl(reviews(30))], tmp_path / "out", exclude=ids)
    assert built.left_out["asked to be left out"] == 2
    named = {row["review_id"] for name in built.splits for row in read_jsonl(tmp_path / "out" / f"{name}.jsonl")}
    assert {"0-3", "0-5"} & named == set()
    assert "0-4" in named


def test_what_was_built_is_read_again_as_it_is(make_card: Make, write_jsonl: Write, tmp_path: Path) -> None:
    """A later --exclude finds its reviews, and building anew of what was built changes nothing."""
    card = make_card(build="valid = 0\ntest = 0\nlanguage = ''")
    build_corpus(card, [write_jsonl(reviews(80))], tmp_path / "once")
    again = build_corpus(card, [tmp_path / "once" / "train.jsonl"], tmp_path / "twice")
    assert again.left_out == {}
    assert (tmp_path / "twice" / "train.jsonl").read_bytes() == (tmp_path / "once" / "train.jsonl").read_bytes()
    assert {row.group for row in read_rows(tmp_path / "once" / "train.jsonl")} <= {
        f"allocine:film-{n}" for n in range(12)
    }


def test_the_card_says_which_files_and_their_digests(make_card: Make, write_jsonl: Write, tmp_path: Path) -> None:
    file = write_jsonl(reviews(3), "a.jsonl")
    source = {"file": "a.jsonl.xz", "sha256": sha256(file.read_bytes()).hexdigest()}
    card = make_card(source=source)
    assert files_of(card, tmp_path) == [file]
    assert build_corpus(card, [file], tmp_path / "out").of_card
    assert not build_corpus(card, [write_jsonl(reviews(4), "b.jsonl")], tmp_path / "other").of_card
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"1 file\(s\) are not the card's:\n  - .*its sha256 is 44136fa"):
        files_of(card, tmp_path)
    with pytest.raises(CorpusError, match="none of its 1 files lies there"):
        files_of(card)


@pytest.mark.parametrize(
    ("card", "says"),
    [
        ({"kind": "chats", "tier": "private", "use": ""}, "finetune-lm"),
        ({"tier": "research", "use": '"evaluate"'}, "never learnt from"),
    ],
)
def test_what_is_private_is_not_built(
    make_card: Make, write_jsonl: Write, tmp_path: Path, card: dict[str, str], says: str
) -> None:
    with pytest.raises(CorpusError, match=says):
        build_corpus(make_card(**card), [write_jsonl(reviews(3))], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_built_is_said(make_card: Make, write_jsonl: Write, tmp_path: Path) -> None:
    card, empty = make_card(build=QUIET), write_jsonl([], "empty.jsonl")
    with pytest.raises(CorpusError, match=r"nothing is left of 1 file\(s\) \(they are empty\)"):
        build_corpus(card, [empty], tmp_path / "out")
    with pytest.raises(CorpusError, match="without a label: 1"):
        build_corpus(card, [write_jsonl([{"text": "a"}])], tmp_path / "out")
    with pytest.raises(CorpusError, match="no file to build from"):
        build_corpus(card, [], tmp_path / "out")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "train.jsonl").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="other files in this folder"):
        build_corpus(card, [write_jsonl(reviews(3))], tmp_path / "home")
    assert (tmp_path / "home" / "train.jsonl").read_text(encoding="utf-8") == "mine"


@pytest.mark.skipif(not DATA.is_dir(), reason="the data are not beside this checkout")
def test_the_splits_that_a_card_states_come_out(tmp_path: Path) -> None:
    card = find_card(CORPORA, "cyberagression")
    if (version("datasketch"), version("py3langid")) != MADE_WITH:
        pytest.skip("the cards state what other versions of datasketch and py3langid gave")
    built = build_corpus(card, files_of(card, DATA), tmp_path / "out")
    assert built.of_card
    assert {name: Split(one.rows, one.words, one.sha256) for name, one in built.splits.items()} == card.splits


def test_every_corpus_that_is_learnt_from_states_its_splits() -> None:
    cards = [
        card for card in read_cards(CORPORA) if card.sources and card.tier != "research" and card.use != ("evaluate",)
    ]
    assert len(cards) > 10
    assert [card.name for card in cards if "train" not in card.splits] == []
