"""Reading back a table that `classify -o` wrote gives the chat and what was said of it; damaged ones are one line."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from nlpchat.chats.tally import authors_of
from nlpchat.errors import InputError
from nlpchat.predictions import Predictions
from nlpchat.records import LABELS, Chat, Message
from nlpchat.report.read_back import is_table, read_back
from nlpchat.report.summary import COLUMNS, rows
from nlpchat.report.tables import write_rows

START = datetime(2026, 3, 1, 20, 4)
TEXTS = ("merci", "=1+1", "'déjà", 'deux\nlignes, "dites"\r\n', "", "👍🏽 <script>", "x" * 300_000)
ENDINGS = (".csv", ".jsonl", ".parquet")


def made(zone: tzinfo | None = None, abstain: float = 0.0) -> tuple[Chat, Predictions]:
    messages = [Message(START.replace(tzinfo=zone), None, "notice", "notice", 1)]
    for text in TEXTS:
        author = ("Zoé", "+33 6 12 34 56 78")[len(messages) % 2]
        messages.append(Message(messages[-1].sent_at + timedelta(days=1), author, text, "text", len(messages) + 1))
    messages.insert(3, Message(messages[2].sent_at, "Zoé", "<Médias omis>", "media", 9))
    chat = Chat("colocs", "table", tuple(messages), authors_of(messages))
    places = [place for place, message in enumerate(messages) if message.kind == "text"]
    scores = np.random.default_rng(0).dirichlet((1, 1, 1), len(places)).astype(np.float32)
    nothing = np.zeros(len(places), np.int32), np.zeros(len(places), np.bool_)
    return chat, Predictions(np.array(places, np.int32), scores, *nothing, abstain)


def write(path: Path, chat: Chat, predictions: Predictions, **more: object) -> Path:
    write_rows(
        ({**row, **more} for row in rows(chat, predictions)), path, (*more, *COLUMNS), dict.fromkeys(LABELS, float)
    )
    return path


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("zone", [None, UTC])
def test_what_was_written_comes_back(tmp_path: Path, ending: str, zone: tzinfo | None):
    chat, predictions = made(zone)
    (found,) = read_back(write(tmp_path / f"colocs{ending}", chat, predictions))
    assert (found.chat.title, found.chat.authors) == ("colocs", chat.authors)
    expected = [replace(message, line=line) for line, message in enumerate(chat, 1)]
    assert [(m.sent_at, m.author, m.text, m.kind, m.line) for m in found.chat] == [
        (m.sent_at, m.author, m.text, m.kind, m.line) for m in expected
    ]
    assert [m.sent_at.tzinfo is None for m in found.chat] == [zone is None] * len(chat)
    assert found.predictions.messages.tolist() == predictions.messages.tolist()
    assert found.predictions.labels.tolist() == predictions.labels.tolist()
    assert found.predictions.scores == pytest.approx(predictions.scores, abs=1e-6)
    assert found.predictions.abstain == 0


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("abstain", [0.6, 0.8, 1.0])
def test_unsure_comes_back_with_a_threshold_that_agrees(tmp_path: Path, ending: str, abstain: float):
    chat, predictions = made(abstain=abstain)
    (found,) = read_back(write(tmp_path / f"colocs{ending}", chat, predictions))
    assert found.predictions.labels.tolist() == predictions.labels.tolist()
    assert 3 in predictions.labels
    again = found.predictions.abstaining(found.predictions.abstain)
    assert again.labels.tolist() == predictions.labels.tolist()


def test_the_threshold_is_a_round_number(tmp_path: Path):
    chat, _ = made()
    texts = sum(message.kind == "text" for message in chat)
    scores = np.array([[0.5987, 0.4013, 0], *[[0.1, 0.3 - 0.01, 0.61]] * (texts - 1)], np.float32)
    places = np.array([place for place, message in enumerate(chat) if message.kind == "text"], np.int32)
    given = Predictions(places, scores, np.zeros(texts, np.int32), np.zeros(texts, np.bool_), 0.6)
    (found,) = read_back(write(tmp_path / "a.csv", chat, given))
    assert found.predictions.abstain == 0.6


def test_labels_put_right_by_hand_are_kept(tmp_path: Path):
    chat, predictions = made()
    path = write(tmp_path / "a.jsonl", chat, predictions)
    lines = path.read_text(encoding="utf-8").splitlines()
    one = json.loads(lines[1])
    other = "neg" if one["label"] != "neg" else "pos"
    path.write_text("\n".join([lines[0], json.dumps({**one, "label": other}), *lines[2:]]) + "\n", encoding="utf-8")
    (found,) = read_back(path)
    assert LABELS[found.predictions.labels[0]] == other
    assert found.predictions.counts() != predictions.counts()


def test_several_conversations_of_one_table(tmp_path: Path):
    chat, predictions = made()
    table = [
        {"export": f"{name}.txt", "chat": name, **row, "sent_at": row["sent_at"].isoformat()}  # type: ignore[attr-defined]
        for name in ("Léo", "=Max")
        for row in rows(chat, predictions)
    ]
    for ending in ENDINGS:
        path = tmp_path / f"all{ending}"
        write_rows(table, path, ("export", "chat", *COLUMNS), dict.fromkeys(LABELS, float))
        found = read_back(path)
        assert [one.chat.title for one in found] == ["Léo", "=Max"]
        assert [one.predictions.messages.tolist() for one in found] == [predictions.messages.tolist()] * 2


def test_times_in_another_zone(tmp_path: Path):
    paris = ZoneInfo("Europe/Paris")
    for zone, hour in ((UTC, 21), (None, 20)):
        (found,) = read_back(write(tmp_path / "a.csv", *made(zone)), zone=paris)
        first = found.chat.messages[0].sent_at
        assert (first.hour, first.tzinfo) == (hour, paris)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_without_rows(tmp_path: Path, ending: str):
    (found,) = read_back(write(tmp_path / f"a{ending}", Chat("a", "table", (), ()), made()[1][:0]))
    assert (len(found.chat), len(found.predictions)) == (0, 0)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("sent_at", "hier", "row 2: sent_at is 'hier'"),
        ("sent_at", "", "row 2: sent_at is ''"),
        ("kind", "texte", "row 2: kind is 'texte', and not one of text, media"),
        ("kind", "media", "row 2: it has a label, and is no text but media"),
        ("label", "positif", "row 2: label is 'positif', and not one of neg, neu, pos, unsure"),
        ("neg", "beaucoup", "row 2: neg, neu, pos are not three scores of sum 1"),
        ("neg", "nan", "row 2: neg, neu, pos are not three scores of sum 1"),
        ("pos", "1.0", "row 2: neg, neu, pos are not three scores of sum 1"),
    ],
)
@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_damaged_rows(tmp_path: Path, ending: str, column: str, value: str, words: str):
    chat, predictions = made()
    table = list(rows(chat, predictions))
    table[1][column] = value
    path = tmp_path / f"a{ending}"
    write_rows(table, path, COLUMNS)
    with pytest.raises(InputError) as fault:
        read_back(path)
    assert str(fault.value).startswith(f"{path}, {words}")
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "no column sent_at, author"),
        ("a.csv", b"index,text,label\n0,a,pos\n", "no column sent_at, author, kind"),
        ("a.csv", b'index,text\n0,"a', "not readable as csv"),
        ("a.csv", b"index,text\n0\n", "its rows are not of one length"),
        ("a.csv", b"\xff\xfe\x00", "not readable as csv"),
        ("a.jsonl", b'{"text": \n', "not readable as jsonl"),
        ("a.jsonl", b"[]\n", "line 1 is no message"),
        ("a.jsonl", b'{"text": "a"}\n', "no column sent_at"),
        ("a.parquet", b"PAR1", "not readable as parquet"),
        ("none.csv", None, "no such file"),
    ],
)
def test_what_is_no_table(tmp_path: Path, name: str, content: bytes | None, words: str):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words) as fault:
        read_back(path)
    assert str(fault.value).startswith(str(path))


def test_words_of_another_type(tmp_path: Path):
    chat, predictions = made()
    table = [{**row, "text": 5} for row in rows(chat, predictions)]
    path = tmp_path / "a.parquet"
    write_rows(table, path, COLUMNS)
    with pytest.raises(InputError, match="row 1: author and text are not both words"):
        read_back(path)


def test_which_paths_are_tables():
    assert [is_table(name) for name in ("a.CSV", "b.jsonl", "c.parquet", "d.json", "e.txt", "f.zip")] == [True] * 3 + [
        False
    ] * 3
