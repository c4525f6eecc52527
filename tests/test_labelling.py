"""Labelling by hand: the least sure first, kept at once, taken up again, one file that training reads."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from nlpchat.bundle import Bundle
from nlpchat.classifier import Classifier
from nlpchat.corpus.labelled import read_labelled
from nlpchat.errors import CorpusError, RecipeError
from nlpchat.records import LABELS, Chat, Kind, Message
from nlpchat.training.labelling import Labels, Question, ask, doubt, questions, text_digest

SAID = (
    "c'est génial", "ok", "OK !!", "le film est nul", "c'est génial", "ok :)", "ok :(", "on se voit demain", "<Médias omis>",
    "Franchement c'est triste et génial", "\u200e", "nooon", "non", "je trouve ça super\u2028ce soir",
)  # fmt: skip


@pytest.fixture(scope="module")
def chat() -> Chat:
    begun = datetime(2024, 5, 13, 8, 0)
    kinds: dict[str, Kind] = {"<Médias omis>": "media"}
    messages = tuple(
        Message(begun + timedelta(minutes=n), "Alice" if n % 2 else "Bob", text, kinds.get(text, "text"), n + 1)
        for n, text in enumerate(SAID)
    )
    return Chat("Alice et Bob", "whatsapp", messages, ("Alice", "Bob"))


@pytest.fixture(scope="module")
def asked(chat: Chat, bundle: Bundle) -> list[Question]:
    return questions(chat, Classifier(bundle))


def typed(*lines: str) -> Callable[[], str | None]:
    waiting: Iterator[str] = iter(lines)
    return lambda: next(waiting, None)


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_the_least_sure_comes_first_and_each_once(asked: list[Question]) -> None:
    margins = [sorted(question.scores)[-1] - sorted(question.scores)[-2] for question in asked]
    assert margins == sorted(margins)
    assert margins[-1] > margins[0] + 0.1
    texts = [question.message.text for question in asked]
    assert sorted(texts) == sorted(
        set(SAID) - {"OK !!", "<Médias omis>", "\u200e", "non"}
    )  # "ok", "nooon" stand for them
    assert [question.place for question in asked if question.message.text == "c'est génial"] == [0]


def test_doubt_by_hand() -> None:
    scores = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    assert doubt(scores).tolist() == pytest.approx([0.8, 0.0, 1.0])
    expected = [-sum(p * math.log(p) for p in row if p) for row in scores.tolist()]
    assert doubt(scores, "entropy").tolist() == pytest.approx(expected, abs=1e-9)


def test_answers_are_kept_and_training_reads_them(chat: Chat, asked: list[Question], tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    labels = Labels(path)
    after_each: list[int] = []
    shown: list[str] = []

    def say(text: str) -> None:
        shown.append(text)
        after_each.append(len(rows(path)) if path.exists() else 0)

    assert ask(chat, asked, labels, say, typed("n", "what?", "u", " POS ", "s", "q")) == 4
    assert after_each[:3] == [0, 1, 1]  # the help line comes where nothing was answered
    assert [row["label"] for row in rows(path)] == ["neg", "neu", "pos", "skip"]
    assert [row["text"] for row in rows(path)] == [*(q.message.text for q in asked[:3]), ""]
    assert all(set(row) == {"text", "label", "digest"} for row in rows(path))
    kept = path.read_text(encoding="utf-8")
    assert not [name for name in ("Alice", "Bob", "2024") if name in kept]
    read = read_labelled(path)
    assert [(row.text, row.label) for row in read.rows] == [
        (q.message.text, LABELS[n]) for n, q in enumerate(asked[:3])
    ]
    assert read.left_out == {"skip": 1}
    assert labels.counts() == {"neg": 1, "neu": 1, "pos": 1, "skip": 1}
    assert any("Alice:" in text and "▶" in text for text in shown)


def test_what_was_answered_is_not_asked_again(chat: Chat, asked: list[Question], tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    ask(chat, asked, Labels(path), lambda _: None, typed("n", "s"))  # the end of the input is the end
    first = path.read_text(encoding="utf-8")
    shown: list[str] = []
    assert ask(chat, asked, Labels(path), shown.append, typed("p")) == 1
    assert f"1/{len(asked) - 2} " in shown[0]
    assert path.read_text(encoding="utf-8").startswith(first)
    assert rows(path)[-1]["text"] == asked[2].message.text
    assert ask(chat, asked, Labels(path), lambda _: None, typed(*["p"] * 50), most=2) == 2
    assert ask(chat, asked, Labels(path), lambda _: None, typed(*["p"] * 50)) == len(asked) - 5
    assert ask(chat, asked, Labels(path), lambda _: pytest.fail("asked again"), typed("p")) == 0


def test_back_asks_again(chat: Chat, asked: list[Question], tmp_path: Path) -> None:
    labels = Labels(tmp_path / "labels.jsonl")
    shown: list[str] = []
    assert ask(chat, asked, labels, shown.append, typed("b", "n", "u", "b", "b", "p", "q")) == 1
    assert "This is the first one." in shown
    assert [(row["text"], row["label"]) for row in rows(labels.path)] == [(asked[0].message.text, "pos")]


def test_ctrl_c_keeps_everything(chat: Chat, asked: list[Question], tmp_path: Path) -> None:
    lines = iter(["n", "p"])

    def read() -> str:
        line = next(lines, None)
        if line is None:
            raise KeyboardInterrupt
        return line

    labels = Labels(tmp_path / "labels.jsonl")
    assert ask(chat, asked, labels, lambda _: None, read) == 2
    assert len(rows(labels.path)) == 2


def test_rows_of_other_hands_stay(asked: list[Question], chat: Chat, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    mine = {"text": asked[0].message.text, "label": "neu", "film": "Amélie\u2028"}
    path.write_text(json.dumps(mine, ensure_ascii=False) + "\n\n", encoding="utf-8")
    labels = Labels(path)
    assert asked[0] in labels
    ask(chat, asked, labels, lambda _: None, typed("p"))
    assert rows(path)[0] == mine
    assert rows(path)[1]["digest"] == text_digest(asked[1].message.text)


@pytest.mark.parametrize(
    "line", ['{"text": "a"', '{"text": "a"}', "[]", '{"text": "a", "label": 3}', '{"label": "neg"}']
)
def test_a_damaged_file_is_left_alone(line: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(f'{{"text": "b", "label": "neg"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"labels.jsonl, line 2: not a row .* Nothing was changed"):
        Labels(path)
    with pytest.raises(RecipeError, match=r"ends in .jsonl"):
        Labels(tmp_path / "labels.csv")


def test_labelling_needs_no_torch() -> None:
    code = "import sys, nlpchat.training.labelling; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "fastai"} & set(answer.stdout.split())
