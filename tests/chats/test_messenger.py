"""Messenger threads to messages: both JSON shapes, parts in order, mis-decoded text repaired."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.chats import read_chat
from nlpchat.chats.messenger import repair


def broken(text: str) -> str:
    """The text as Meta writes it: UTF-8 bytes taken for latin-1."""
    return text.encode().decode("latin-1")


def entry(ms: int, content: str | None = None, sender: str = "Zoé Petit", **more) -> dict:
    return {
        "sender_name": broken(sender),
        "timestamp_ms": ms,
        **({"content": broken(content)} if content else {}),
        **more,
    }


def thread(*entries: dict, title: str = "Les déménageurs") -> dict:
    people = [{"name": broken("Zoé Petit")}, {"name": "Bob Martin"}]
    return {"participants": people, "messages": list(entries), "title": broken(title)}


def written(folder: Path, whole: object, name: str = "message_1.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(whole), "utf-8")
    return folder / name


def test_newest_first_becomes_sending_order_with_repaired_text(tmp_path):
    path = written(tmp_path, thread(entry(2000, "à demain 😀", "Bob Martin"), entry(1000, "où ça ?")))
    chat = read_chat(path)
    assert [(m.author, m.text, m.line) for m in chat] == [
        ("Zoé Petit", "où ça ?", 2),
        ("Bob Martin", "à demain 😀", 1),
    ]
    assert chat.messages[0].sent_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert (chat.title, chat.platform) == ("Les déménageurs", "messenger")


def test_messages_of_one_moment_keep_their_order(tmp_path):
    path = written(tmp_path, thread(entry(2000, "trois"), entry(1000, "deux"), entry(1000, "un")))
    assert [m.text for m in read_chat(path)] == ["un", "deux", "trois"]


def test_parts_are_read_by_number_and_repeats_counted_once(tmp_path):
    written(tmp_path, thread(entry(5000, "cinq"), entry(4000, "quatre")))
    written(tmp_path, thread(entry(4000, "quatre"), entry(3000, "trois")), "message_2.json")
    written(tmp_path, thread(entry(1000, "un")), "message_10.json")
    chat = read_chat(tmp_path)
    assert [m.text for m in chat] == ["un", "trois", "quatre", "cinq"]
    assert [w.what for w in chat.warnings] == ["messages that were in two parts, counted once"]


@pytest.mark.parametrize(
    ("more", "kind", "author"),
    [
        ({"content": "Zoé Petit a envoyé une pièce jointe."}, "media", "Zoé Petit"),
        ({"content": "Zoé a démarré un appel vidéo."}, "call", "Zoé Petit"),
        ({"content": "Vous avez manqué un appel de Zoé"}, "call", "Zoé Petit"),
        ({"content": "A réagi 😂 à votre message"}, "notice", None),
        ({"content": "Réaction à votre message : ❤️"}, "notice", None),
        ({"content": "A aimé un message"}, "notice", None),
        ({"content": "Liked a message"}, "notice", None),
        ({"content": "Reacted 😮 to your message"}, "notice", None),
        ({"content": "You sent an attachment."}, "media", "Zoé Petit"),
        ({"content": "Zoé missed your call."}, "call", "Zoé Petit"),
        ({"content": "Zoé Petit a épinglé un message."}, "notice", None),
        ({"content": "Vous êtes maintenant connectés sur Messenger."}, "notice", None),
        ({"content": "Zoé left the chat", "type": "Unsubscribe"}, "notice", None),
        ({"content": "Message annulé"}, "deleted", "Zoé Petit"),
        ({"type": "Call", "call_duration": 12}, "call", "Zoé Petit"),
        ({"photos": [{"uri": "messages/inbox/z/photos/1.jpg"}]}, "media", "Zoé Petit"),
        ({"content": "regarde", "photos": [{"uri": "1.jpg"}]}, "text", "Zoé Petit"),
        ({"content": "Tu sais que Paul a envoyé une pièce jointe."}, "text", "Zoé Petit"),
        ({"content": "Bob a envoyé une pièce jointe."}, "text", "Zoé Petit"),
        ({"content": "Vous avez partagé un bon moment ?"}, "text", "Zoé Petit"),
        ({"content": "A aimé un message de paix"}, "text", "Zoé Petit"),
        ({"content": "il a ajouté du sel"}, "text", "Zoé Petit"),
    ],
)
def test_kinds(more, kind, author, tmp_path):
    more = {name: broken(value) if isinstance(value, str) else value for name, value in more.items()}
    (message,) = read_chat(written(tmp_path, thread(entry(1000, **more))))
    assert (message.kind, message.author) == (kind, author)


def test_unsent_and_unusable_entries_are_left_out_and_counted(tmp_path):
    path = written(
        tmp_path,
        thread(
            entry(1000, "gardé"), entry(2000, "oups", is_unsent=True), entry(10**30, "jamais"),
            {"sender_name": "Bob", "content": "sans heure"}, {"sender_name": "Bob", "timestamp_ms": None},
        ),
    )  # fmt: skip
    chat = read_chat(path)
    assert [m.text for m in chat] == ["gardé"]
    assert sorted((w.count, w.line) for w in chat.warnings) == [(1, 2), (3, 3)]


def test_end_to_end_encrypted_shape(tmp_path):
    whole = {
        "participants": ["Bob Martin", "Zoé Petit"],
        "threadName": "Zoé Petit_12",
        "messages": [
            {"senderName": "Bob Martin", "text": "salut", "timestamp": 1600000000000, "isUnsent": False},
            {"senderName": "Zoé Petit", "text": "café ?", "timestamp": 1600000060000, "media": []},
            {"senderName": "Bob Martin", "text": "oups", "timestamp": 1600000070000, "isUnsent": True},
            {
                "senderName": "Bob Martin",
                "text": "",
                "timestamp": 1600000080000,
                "media": [{"uri": "./media/a.jpg"}],
            },
        ],
    }
    chat = read_chat(written(tmp_path, whole, "Zoé_1.json"))
    assert chat.title == "Zoé Petit"
    assert [(m.text, m.kind) for m in chat] == [("salut", "text"), ("café ?", "text"), ("a.jpg", "media")]
    assert chat.messages[0].sent_at == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)


def test_timestamps_of_2018_are_seconds(tmp_path):
    whole = {
        "messages": [{"sender_name": "Bob", "timestamp": 1345519043, "content": "Hi"}],
        "participants": ["Bob"],
    }
    assert read_chat(written(tmp_path, whole, "message.json")).messages[0].sent_at.year == 2012


def test_a_zip_with_one_thread_is_read(tmp_path):
    path = tmp_path / "facebook.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, text in ((1, "b"), (2, "a")):
            name = f"your_activity_across_facebook/messages/inbox/z_1/message_{number}.json"
            archive.writestr(name, json.dumps(thread(entry(3000 - number, text))))
    assert [m.text for m in read_chat(path)] == ["a", "b"]


@pytest.mark.parametrize("text", ["café", "déjà là", "à", "😀", "naïve “mot”", "plain", "", "Ã la carte"])
def test_repair_restores_and_leaves_good_text_alone(text):
    assert repair(text) == text
    assert repair(broken(text)) == text


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=[])))
def test_repairing_twice_changes_nothing_and_can_always_be_written(text):
    once = repair(text)
    assert repair(once) == once
    once.encode("utf-8")
