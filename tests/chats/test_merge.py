"""Several exports of one conversation read as one: nothing twice, nothing lost, nothing mixed up."""

import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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


def meta(
    title: str, *said: tuple[str, str, float], place: str = "", path: str = "a.zip", variant: str = "Meta's JSON"
) -> Exported:
    """A thread of Meta's: who, what, and how many seconds after the beginning."""
    sent = tuple(
        Message(START.replace(tzinfo=UTC) + timedelta(seconds=s), who, text, "text", n)
        for n, (who, text, s) in enumerate(said, 1)
    )
    people = tuple(dict.fromkeys(m.author for m in sent if m.author))
    return Exported(Chat(title, "messenger", sent, people, variant=variant), (Path(path),), place)


def test_accounts_that_are_gone_stay_apart():
    gone = [
        meta("Utilisateur de Facebook", ("Moi", f"bonjour numéro {n}", n), ("Utilisateur de Facebook", "oui", n),
             place=f"inbox/utilisateurdefacebook_{place}", path=path)
        for n, (place, path) in enumerate((("x", "1.zip"), ("y", "2.zip"), ("x", "2.zip")))
    ]  # fmt: skip
    merged = merge_same(gone)
    assert [len(one.chat) for one in merged] == [4, 2]
    assert merged[0].paths == (Path("1.zip"), Path("2.zip"))


def test_two_threads_of_one_archive_do_not_meet_in_a_third():
    halves = [
        meta("Alice", ("Alice", "chiffré", 9.0), path="e2ee.zip", variant="Meta's JSON, encrypted"),
        meta("Alice", ("Alice", "la première Alice", 1.0), place="inbox/alice_1"),
        meta("Alice", ("Alice", "la seconde Alice", 2.0), place="inbox/alice_2"),
    ]
    assert [len(one.chat) for one in merge_same(halves)] == [2, 1]


def test_a_group_renamed_between_two_downloads_is_one():
    both = [
        meta("Les colocs", ("Bob", "on y va", 1.0), place="inbox/lescolocs_12", path="1.zip"),
        meta("Les ex-colocs", ("Bob", "adieu", 2.0), place="archived_threads/lescolocs_12", path="2.zip"),
    ]
    assert len(merge_same(both)) == 1
    other = meta("Les colocs", ("Bob", "bonjour", 3.0), place="inbox/lescolocs_13", path="2.zip")
    assert len(merge_same([both[0], other])) == 2


def test_two_clocks_that_differ_by_less_than_a_second_tell_one_message():
    classic = meta("Alice", ("Alice", "à tout à l'heure", 1.999), ("Alice", "oui", 5.0), ("Alice", "oui", 6.0))
    encrypted = meta(
        "Alice",
        ("Alice", "à tout à l'heure", 2.003),
        ("Alice", "oui", 6.0),
        path="b.zip",
        variant="Meta's JSON, encrypted",
    )
    (merged,) = merge_same([classic, encrypted])
    assert [m.text for m in merged.chat] == ["à tout à l'heure", "oui", "oui"]


def test_groups_of_one_name_and_other_people_stay_apart():
    def said(people: tuple[str, ...]) -> list[Message]:
        return [Message(START + timedelta(hours=n), people[n % 3], f"chez {people} {n}", "text", n) for n in range(9)]

    families = [
        exported(chat(said(("Moi", *people)), "Famille"), people[0]) for people in (("Ana", "Bob"), ("Cid", "Dom"))
    ]
    assert len(merge_same(families)) == 2


def test_what_was_said_elsewhere_at_the_same_time_is_of_another_conversation():
    """Whatever a third export, from before or after, has in common with both."""
    here, there = ([replace(m, text=f"{word} {m.text}") for m in messages(40, seed=1)] for word in ("ici", "là-bas"))
    parts = [exported(chat(here[:30]), "a"), exported(chat(here[30:]), "c"), exported(chat(there), "g")]
    assert [one.paths for one in merge_same(parts)] == [(Path("a"), Path("c")), (Path("g"),)]


def test_two_exports_of_one_conversation_in_one_folder(tmp_path):
    for folder, part in (("mars", messages(40)[:30]), ("mai", messages(40)[20:])):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder / "Discussion WhatsApp avec Zoé.txt", part)
    assert len(read_chat(tmp_path)) == 40


def test_thousands_of_threads_are_not_compared_one_by_one():
    archives = [
        meta(f"Personne {n}", ("Moi", f"bonjour à {n}", n), place=f"inbox/p_{n}", path=path)
        for path, begin in (("1.zip", 0), ("2.zip", 1000))
        for n in range(begin, begin + 2000)
    ]
    begun = time.process_time()
    assert len(merge_same(archives)) == 3000
    assert time.process_time() - begun < 5
