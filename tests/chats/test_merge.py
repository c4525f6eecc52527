"""Several exports of one conversation read as one: nothing twice, nothing lost, nothing mixed up."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.chats import read_chat, read_chats
from nlpchat.chats.merge import Exported, merge_same
from nlpchat.records import Chat, Message

START = datetime(2024, 5, 13, 8, 0)
WORDS = [
    "on se voit demain",
    "d'accord pour midi",
    "le train a du retard",
    "trop bien ce film",
    "je rentre tard ce soir",
]


def messages(count: int, *, seed: int = 0, every: int = 7) -> list[Message]:
    draw = random.Random(seed)
    moment, made = START, []
    for number in range(count):
        moment += timedelta(minutes=draw.choice((0, 0, 1, every)))
        text = f"{draw.choice(WORDS)} {number}"
        made.append(Message(moment, draw.choice(("Alice", "Bob")), text, "text", number + 1))
    return made


def chat(part: list[Message], title: str = "Les colocs", **more: str) -> Chat:
    authors = tuple(dict.fromkeys(m.author for m in part if m.author))
    return Chat(title=title, platform="whatsapp", messages=tuple(part), authors=authors, **more)


def exported(chat: Chat, name: str) -> Exported:
    return Exported(chat, (Path(name),))


def written(path: Path, part: list[Message]) -> Path:
    lines = (f"{m.sent_at:%d/%m/%Y, %H:%M} - {m.author}: {m.text}\n" for m in part)
    path.write_text("".join(lines), encoding="utf-8")
    return path


@given(st.integers(0, 2**16), st.integers(0, 30), st.integers(10, 40))
@settings(max_examples=60, deadline=None)
def test_two_windows_of_a_conversation_give_it_back(seed, begin, end):
    whole = messages(40, seed=seed)
    first, second = whole[:end], whole[begin:]
    if begin > end:
        return
    (merged,) = merge_same([exported(chat(first), "a.txt"), exported(chat(second), "b.txt")])
    assert [(m.sent_at, m.author, m.text) for m in merged.chat] == [(m.sent_at, m.author, m.text) for m in whole]
    assert merged.paths == (Path("a.txt"), Path("b.txt"))


def test_what_was_really_said_twice_stays_twice():
    twice = [Message(START, "Bob", "oui oui oui", "text", n) for n in (1, 2)]
    (merged,) = merge_same([exported(chat(twice), "a"), exported(chat(twice[:1]), "b")])
    assert len(merged.chat) == 2
    assert [w.what for w in merged.chat.warnings][:2] == [
        "2 exports of this conversation were read as one",
        "1 messages that several of the exports hold, counted once",
    ]


def test_media_are_the_same_whatever_the_telephone_calls_them():
    android = Message(START, "Bob", "<Médias omis>", "media", 1)
    iphone = Message(START + timedelta(seconds=12), "Bob", "\u200eimage absente", "media", 1)
    (merged,) = merge_same([exported(chat([android]), "a"), exported(chat([iphone]), "b")])
    assert len(merged.chat) == 1


def test_seconds_count_only_where_both_have_them():
    said = [Message(START + timedelta(seconds=s), "Bob", "encore une fois", "text", s) for s in (1, 2)]
    (merged,) = merge_same([exported(chat(said), "a"), exported(chat(said[1:]), "b")])
    assert len(merged.chat) == 2


@pytest.mark.parametrize(
    ("one", "other", "conversations"),
    [
        (chat(messages(9)), chat(messages(9, seed=5), "Le club"), 2),  # another name, other words
        (chat(messages(9), "a"), chat(messages(9), "b"), 1),  # renamed files, the same words
        (chat(messages(9), "_chat"), chat(messages(9, seed=5), "_chat"), 2),  # no names, other words
        (chat(messages(9), "_chat"), chat(messages(9)[4:], "_chat"), 1),
        (chat(messages(9)), chat([Message(START, "Zoé", "salut tout le monde", "text", 1)]), 2),  # nobody in common
        (chat(messages(9)), chat([]), 2),
    ],
)
def test_what_is_one_conversation(one, other, conversations):
    assert len(merge_same([exported(one, "a"), exported(other, "b")])) == conversations


def test_two_threads_of_one_archive_with_the_same_name_stay_two():
    one, other = chat(messages(9), thread="inbox/alice_1"), chat(messages(9, seed=5), thread="inbox/alice_2")
    assert len(merge_same([exported(one, "a.zip"), exported(other, "a.zip")])) == 2


def test_the_title_is_the_one_that_is_a_name():
    (merged,) = merge_same([exported(chat(messages(9), "_chat"), "a"), exported(chat(messages(9)), "b")])
    assert merged.chat.title == "Les colocs"


def test_exports_given_together_are_merged(tmp_path):
    whole = messages(30)
    first = written(tmp_path / "Discussion WhatsApp avec Les colocs.txt", whole[:20])
    second = written(tmp_path / "Discussion WhatsApp avec Les colocs (1).txt", whole[10:])
    other = written(tmp_path / "Discussion WhatsApp avec Zoé.txt", messages(12, seed=9))
    assert len(read_chat(first, second)) == 30
    assert [len(chat) for chat in read_chats([first, other, second])] == [30, 12]
