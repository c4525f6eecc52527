"""Conversations of Meta's JSON to messages: every age of it, parts in order, mis-decoded text repaired."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.chats import read_chat
from nlpchat.chats.containers import Source
from nlpchat.chats.json_file import load_object
from nlpchat.chats.meta.json_threads import (
    CLASSIC,
    EMPTY,
    ENCRYPTED,
    NO_MESSAGE,
    NO_TIME,
    REPEATED,
    UNSENT,
    is_meta,
    read_meta,
)
from nlpchat.errors import ChatFormatError, NlpchatError
from nlpchat.records import Chat, Reaction

SHARED = Path(__file__).parents[2].parent / "shared" / "chats"


def broken(text: str) -> str:
    """The text as Meta writes it: UTF-8 bytes taken for latin-1."""
    return text.encode().decode("latin-1")


def entry(ms: int, content: str | None = None, sender: str = "Zoé Petit", **more) -> dict:
    said = {"content": broken(content)} if content else {}
    return {"sender_name": broken(sender), "timestamp_ms": ms, **said, **more}


def thread(*entries: object, **more) -> dict:
    people = [{"name": broken("Zoé Petit")}, {"name": "Bob Martin"}]
    return {"participants": people, "messages": list(entries), "title": broken("Les déménageurs"), **more}


def read(*wholes: dict, name: str = "", names: tuple[str, ...] = ()) -> Chat:
    names = names or tuple(f"message_{n}.json" for n in range(1, len(wholes) + 1))
    return read_meta([(Source(Path(n)), whole) for n, whole in zip(names, wholes, strict=True)], name)


def counts(chat: Chat) -> dict[str, tuple[int, int | None]]:
    return {w.what: (w.count, w.line) for w in chat.warnings}


def test_newest_first_becomes_sending_order_with_repaired_text():
    chat = read(thread(entry(2000, "à demain 😀", "Bob Martin"), entry(1000, "où ça ?")), name="inbox/z_1")
    assert [(m.author, m.text, m.line) for m in chat] == [
        ("Zoé Petit", "où ça ?", 2),
        ("Bob Martin", "à demain 😀", 1),
    ]
    assert chat.messages[0].sent_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert (chat.title, chat.platform, chat.variant) == ("Les déménageurs", "messenger", CLASSIC)
    assert chat.thread == "inbox/z_1"


def test_messages_of_one_moment_keep_their_order():
    chat = read(thread(entry(2000, "trois"), entry(1000, "deux"), entry(1000, "un")))
    assert [m.text for m in chat] == ["un", "deux", "trois"]


def test_parts_are_read_by_number_and_repeats_counted_once():
    parts = [
        thread(entry(5000, "cinq"), entry(4000, "quatre")),
        thread(entry(4000, "quatre"), entry(3000, "trois")),
        thread(entry(1000, "un")),
    ]
    chat = read(*parts, names=("message_1.json", "message_2.json", "message_10.json"))
    assert [m.text for m in chat] == ["un", "trois", "quatre", "cinq"]
    assert counts(chat) == {REPEATED: (1, 1)}


def test_what_one_file_holds_twice_was_sent_twice():
    twice = thread(entry(1000, "ok"), entry(1000, "ok"))
    assert len(read(twice)) == 2
    assert len(read(twice, thread(entry(1000, "ok")))) == 2
    assert len(read(thread(entry(1000, "ok")), twice)) == 2


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_shuffled_parts_give_the_same_chat(moments, random: Random):
    parts = [
        (Source(Path(f"message_{n}.json")), thread(*(entry(ms, f"à {ms}") for ms in part)))
        for n, part in enumerate(moments, 1)
    ]
    expected = read_meta(parts)
    random.shuffle(parts)
    assert read_meta(parts) == expected


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
        ({"share": {"link": "https://a.example", "share_text": "Une recette"}}, "media", "Zoé Petit"),
        ({"sticker": {"uri": "messages/stickers_used/1.png", "ai_stickers": []}}, "media", "Zoé Petit"),
        ({"audio_files": [{"uri": "audio/1.mp4"}]}, "media", "Zoé Petit"),
        ({"content": "Zoé t’a appelé", "call_duration": 0, "missed": True}, "call", "Zoé Petit"),
        ({"content": "Bob a rejoint", "users": [{"name": "Bob Martin"}]}, "notice", None),
        ({"is_unsent_image_by_messenger_kid_parent": True}, "deleted", "Zoé Petit"),
        ({"is_geoblocked_for_viewer": True}, "media", "Zoé Petit"),
        ({"content": "ok", "is_geoblocked_for_viewer": False, "ip": "192.0.2.1"}, "text", "Zoé Petit"),
        ({}, "notice", None),
        ({"content": "regarde", "photos": [{"uri": "1.jpg"}]}, "text", "Zoé Petit"),
        ({"content": "Tu sais que Paul a envoyé une pièce jointe."}, "text", "Zoé Petit"),
        ({"content": "Bob a envoyé une pièce jointe."}, "text", "Zoé Petit"),
        ({"content": "Vous avez partagé un bon moment ?"}, "text", "Zoé Petit"),
        ({"content": "A aimé un message de paix"}, "text", "Zoé Petit"),
        ({"content": "il a ajouté du sel"}, "text", "Zoé Petit"),
    ],
)
def test_kinds(more, kind, author):
    more = {name: broken(value) if isinstance(value, str) else value for name, value in more.items()}
    (message,) = read(thread(entry(1000, **more)))
    assert (message.kind, message.author) == (kind, author)


def test_what_is_left_out_is_counted():
    chat = read(
        thread(
            entry(1000, "gardé"), entry(2000, "oups", is_unsent=True), entry(10**30, "jamais"), entry(4000), "rien",
            {"sender_name": "Bob", "content": "sans heure"}, {"sender_name": "Bob", "timestamp_ms": None},
            entry(10**400, "jamais"), entry(float("nan"), "jamais"),
        ),
    )  # fmt: skip
    assert [m.text for m in chat if m.kind == "text"] == ["gardé"]
    assert counts(chat) == {UNSENT: (1, 2), NO_TIME: (5, 3), EMPTY: (1, 4), NO_MESSAGE: (1, 5)}


def test_reactions_stay_beside_their_message_repaired():
    listed = [{"reaction": broken("❤️"), "actor": broken("Théo")}, {"reaction": broken("👍")}, "rien", {"actor": "Bob"}]
    (message,) = read(thread(entry(1000, "oui", reactions=listed)))
    assert message.reactions == (Reaction("Théo", "❤️"), Reaction(None, "👍"))


def test_attachments_show_by_name_and_are_repaired():
    (message,) = read(thread(entry(1000, files=[{"uri": broken("messages/inbox/z/files/été.pdf")}, {"uri": "b.pdf"}])))
    assert (message.text, message.kind) == ("été.pdf, b.pdf", "media")


def test_end_to_end_encrypted_shape():
    def said(ms: int, text: str, sender: str = "Bob Martin", **more) -> dict:
        return {"senderName": sender, "text": text, "timestamp": ms, "isUnsent": False, "type": "text", **more}

    whole = {
        "participants": ["Bob Martin", "Zoé Petit"],
        "threadName": "Zoé Petit_12",
        "messages": [
            said(1600000000000, "salut"),
            said(1600000060000, broken("café ?"), "Zoé Petit", reactions=[{"actor": "Bob", "reaction": broken("❤")}]),
            said(1600000070000, "oups", isUnsent=True),
            said(1600000080000, "", type="media", media=[{"uri": "./media/a.jpg"}]),
            said(1600000090000, "Ce contenu n’est pas disponible", type="placeholder"),
            said(1600000091000, "https://a.example", type="link"),
        ],
    }
    chat = read(whole, names=("Zoé Petit_12.json",))
    assert (chat.title, chat.variant, chat.platform) == ("Zoé Petit", ENCRYPTED, "messenger")
    assert [(m.text, m.kind) for m in chat] == [
        ("salut", "text"),
        ("café ?", "text"),
        ("a.jpg", "media"),
        ("Ce contenu n’est pas disponible", "notice"),
        ("https://a.example", "text"),
    ]
    assert chat.messages[0].sent_at == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)
    assert chat.messages[1].reactions == (Reaction("Bob", "❤"),)


def test_timestamps_of_2018_are_seconds_and_people_are_strings():
    whole = {"messages": [{"sender_name": "Bob", "timestamp": 1345519043, "content": "Hi"}], "participants": ["Bob"]}
    chat = read(whole, names=("message.json",))
    assert (chat.messages[0].sent_at.year, chat.title) == (2012, "Bob")


@pytest.mark.parametrize(
    ("path", "whole", "platform"),
    [
        ("your_instagram_activity/messages/inbox/z_1/message_1.json", thread(entry(1, "a")), "instagram"),
        ("instagram-zoe-2026-01-01/messages/inbox/z_1/message_1.json", thread(entry(1, "a")), "instagram"),
        ("message_1.json", thread(entry(1, photos=[{"uri": "your_instagram_activity/messages/1.jpg"}])), "instagram"),
        ("message_1.json", thread(entry(1, "instagram", photos=[{"uri": "messages/inbox/1.jpg"}])), "messenger"),
        ("inbox/instagramuser_12/message_1.json", thread(entry(1, "a")), "messenger"),
    ],
)
def test_instagram_is_known_by_its_folders(path, whole, platform):
    assert read(whole, names=(path,)).platform == platform


@pytest.mark.parametrize(
    "whole",
    [{}, {"messages": {}}, {"messages": []}, {"messages": [1, None]}, {"messages": [{"from": "Bob", "text": "a"}]}],
)
def test_what_is_of_no_conversation_is_named(whole):
    assert not is_meta(whole)
    with pytest.raises(ChatFormatError, match=r"message_2\.json: JSON, but not of a conversation"):
        read(thread(entry(1, "a")), whole)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the fixtures of other projects are not here")
@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("json_simple/**/alice_ABC123/*.json", ["Hello", "café time?", "See you soon"]),
        ("json_simple/**/zoe_ARCH/*.json", ["Old message in archive"]),
        ("json_group/**/*.json", ["Hey crew", "Hi!", "Hello."]),
        ("json_multifile/**/*.json", ["A", "B", "C", "D"]),
        # "[system] Sam left the chat" and so on there; here the kind says what is in brackets
        ("json_nontext/**/*.json", ["Sam left the chat", "https://example.com/article, Example share text", "", "",
                                    "missing.jpg", "1.png"]),
        ("e2ee_simple/**/alice_1.json", ["Hello", "café time?", "See you soon"]),
        ("e2ee_simple/**/group_2.json", ["Plans?", "photo.jpg"]),
        ("corrupt/**/goodsibling_OK/*.json", ["Still valid"]),
        ("mixed/**/*.json", ["Mixed hello", "Mixed reply"]),
        ("json_with_media/**/*.json", ["Here's a photo"]),
        ("json_with_media_alt/**/*.json", ["Photo from alt layout"]),
        ("../../facebook-archive/examples/messages/*.json", ["hi", "Hi"]),
        ("../../chat-miner/test/instagram/test_export.json", ["Hello John!", "Hello Jane!"]),
    ],
)  # fmt: skip
def test_files_of_other_projects(path, texts):
    files = [Source(file) for file in sorted((SHARED / "msgvault" / "testdata").glob(path))]
    chat = read_meta([(file, load_object(file)) for file in files])
    assert [m.text.removeprefix("Message ").partition(" (from")[0] for m in chat] == texts
    if "alice" in path:
        assert chat.messages[1].reactions[0] == Reaction("Test User", "❤")
    if "nontext" in path:
        assert [m.kind for m in chat] == ["notice", "media", "call", "call", "media", "media"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the fixtures of other projects are not here")
def test_a_corrupt_file_is_named():
    (file,) = (SHARED / "msgvault").rglob("broken_BAD/message_1.json")
    with pytest.raises(ChatFormatError, match="broken_BAD"):
        load_object(Source(file))


def test_a_zip_with_two_conversations_is_read_by_name(tmp_path):
    path = tmp_path / "facebook.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, text in ((1, "b"), (2, "a")):
            name = f"your_activity_across_facebook/messages/inbox/z_1/message_{number}.json"
            archive.writestr(name, json.dumps(thread(entry(3000 - number, text))))
        archive.writestr("your_activity_across_facebook/messages/inbox/b_2/message_1.json", json.dumps(thread()))
        archive.writestr("your_activity_across_facebook/posts/your_posts_1.json", "[]")
    assert [m.text for m in read_chat(path, thread="inbox/z_1")] == ["a", "b"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(1600000000000),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["uri", "name", "actor", "reaction"]), inner)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from([
    "sender_name", "senderName", "timestamp", "timestamp_ms", "content", "text", "type", "photos", "media", "sticker",
    "share", "reactions", "is_unsent", "isUnsent", "users", "call_duration", "missed", "participants", "title",
    "threadName",
])  # fmt: skip
ENTRIES = st.lists(VALUES | st.dictionaries(FIELDS, VALUES, max_size=8), max_size=4)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.dictionaries(FIELDS, VALUES), min_size=1, max_size=3), ENTRIES)
def test_any_json_is_a_chat_or_a_fault_that_is_said(wholes, entries):
    wholes = [{**whole, "messages": entries} for whole in wholes]
    said = ""
    try:
        chat = read(*wholes)
    except NlpchatError as fault:
        said, chat = str(fault), None
    assert "\n" not in said
    for message in chat or ():
        json.dumps([message.text, message.author], ensure_ascii=False).encode("utf-8")
