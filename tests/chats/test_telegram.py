"""Telegram Desktop's result.json to chats: one chat and whole accounts, every sort of entry, and damage."""

import copy
import json
import random
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.chats.containers import Source
from nlpchat.chats.telegram import MOST_UNNAMED, is_telegram, read_telegram
from nlpchat.errors import ChatFormatError
from nlpchat.records import Reaction

FIXTURES = Path(__file__).parents[2].parent / "shared" / "chats" / "chat-miner" / "test" / "telegram"
SOURCE = Source(Path("result.json"))
NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"


def entry(text="Salut", at="1715587200", **more):
    base = {"id": 1, "type": "message", "date_unixtime": at, "from": "Zoé Petit", "from_id": "user7", "text": text}
    return {**base, **more}


def service(action, **more):
    return {"id": 2, "type": "service", "date_unixtime": "1715587201", "actor": "Zoé Petit", "action": action, **more}


def chat_of(*entries, **more):
    return {"name": "Les déménageurs", "type": "private_group", "id": 42, "messages": list(entries), **more}


def read_one(*entries, **more):
    (chat,) = read_telegram(SOURCE, chat_of(*entries, **more))
    return chat


def only(*entries):
    (message,) = read_one(*entries).messages
    return message


@pytest.mark.skipif(not FIXTURES.exists(), reason="the shared fixtures are not here")
@pytest.mark.parametrize("name", ["test_single_export.json", "test_batch_export.json"])
def test_the_fixtures_of_chat_miner_give_what_its_tests_expect(name):
    whole = json.loads((FIXTURES / name).read_text("utf-8"))
    assert is_telegram(whole)
    (chat,) = read_telegram(Source(FIXTURES / name), whole)
    target = json.loads((FIXTURES / "target.json").read_text("utf-8"))
    assert len(chat) == 2
    # chat-miner glues "Link:" and "https://telegram.org/" with a space that the export does not have.
    assert [(m.author, m.text.replace("Link:h", "Link: h")) for m in chat] == [
        (t["author"], t["message"]) for t in target
    ]
    assert chat.messages[0].sent_at == datetime(2018, 12, 5, 10, 39, 10, tzinfo=UTC)


def test_a_message_is_read_letter_for_letter():
    chat = read_one(entry("Ça va\xa0?\nOui… 👍🏽"))
    assert [(m.author, m.text, m.kind, m.line) for m in chat] == [("Zoé Petit", "Ça va\xa0?\nOui… 👍🏽", "text", 1)]
    assert chat.messages[0].sent_at == datetime(2024, 5, 13, 8, 0, tzinfo=UTC)
    assert (chat.title, chat.platform, chat.thread, chat.authors) == ("Les déménageurs", "telegram", "", ("Zoé Petit",))
    assert chat.variant == "Telegram Desktop JSON, private_group"
    assert chat.warnings == ()


def test_text_in_pieces_is_joined_and_text_entities_stand_in_for_it():
    pieces = ["Vu sur ", {"type": "link", "text": "https://a.fr"}, " par ", {"type": "mention", "text": "@bob"}]
    assert only(entry(pieces)).text == "Vu sur https://a.fr par @bob"
    assert only(entry("", text_entities=[{"type": "plain", "text": "Bien reçu"}])).text == "Bien reçu"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"photo": "photos/photo_1@13-05-2024_10-00-00.jpg", "width": 9}, "photo_1@13-05-2024_10-00-00.jpg"),
        ({"photo": NOT_INCLUDED}, "photo"),
        ({"file": NOT_INCLUDED, "file_name": "bail.pdf", "mime_type": "application/pdf"}, "bail.pdf"),
        ({"file": f"bail.pdf {NOT_INCLUDED}"}, "bail.pdf"),
        ({"file": NOT_INCLUDED, "media_type": "voice_message", "duration_seconds": 3}, "voice_message"),
        ({"file": "stickers/sticker.webp", "media_type": "sticker", "sticker_emoji": "😂"}, "😂"),
        ({"file": "video_files/anim.mp4", "media_type": "animation"}, "anim.mp4"),
        ({"file": "round_video_messages/r.mp4", "media_type": "video_message"}, "r.mp4"),
        (
            {"contact_information": {"first_name": "Luc", "last_name": "Roy", "phone_number": "+33612345678"}},
            "contact: Luc Roy +33612345678",
        ),
        ({"location_information": {"latitude": 48.85, "longitude": 2.35}}, "location: 48.85, 2.35"),
        (
            {"place_name": "Gare", "address": "1 rue X", "location_information": {"latitude": 1.5, "longitude": -2}},
            "location: Gare, 1 rue X, 1.5, -2",
        ),
        (
            {"poll": {"question": "Samedi ?", "answers": [{"text": "oui", "voters": 2}, {"text": "non"}]}},
            "Samedi ?\n- oui\n- non",
        ),
        ({"game_title": "Échecs"}, "Échecs"),
        ({"invoice_information": {"title": "Don", "amount": 5}}, "Don"),
    ],
)
def test_media_without_words_shows_what_it_was(fields, text):
    message = only(entry("", **fields))
    assert (message.kind, message.text, message.author) == ("media", text, "Zoé Petit")


def test_a_caption_is_the_text_of_its_media():
    message = only(entry("Notre salon", photo="photos/p.jpg"))
    assert (message.kind, message.text) == ("text", "Notre salon")


@pytest.mark.parametrize(
    ("action", "fields", "kind", "author", "text"),
    [
        ("phone_call", {"discard_reason": "missed"}, "call", "Zoé Petit", "phone_call: missed"),
        ("group_call", {"duration": 65}, "call", "Zoé Petit", "group_call: 65"),
        ("pin_message", {"message_id": 9}, "notice", None, "pin_message"),
        ("invite_members", {"members": ["Bob", None, "Inès"]}, "notice", None, "invite_members: Bob, Inès"),
        ("edit_group_title", {"title": "Le nid"}, "notice", None, "edit_group_title: Le nid"),
        ("join_group_by_link", {"inviter": "Bob"}, "notice", None, "join_group_by_link: Bob"),
    ],
)
def test_service_entries_are_notices_or_calls(action, fields, kind, author, text):
    message = only(service(action, **fields))
    assert (message.kind, message.author, message.text) == (kind, author, text)


def test_deleted_accounts_and_namesakes_stay_apart():
    chat = read_one(
        entry(**{"from": None, "from_id": "user8"}),
        entry(**{"from": None, "from_id": 8}),
        entry(),
        entry(from_id="user9"),
        entry(from_id="user7"),
        entry(**{"from": None, "from_id": None, "author": "La rédaction"}),
    )
    assert [m.author for m in chat] == [
        "user8", "user8", "Zoé Petit", "Zoé Petit (user9)", "Zoé Petit", "La rédaction",
    ]  # fmt: skip


def test_without_a_sender_it_is_a_notice_and_said():
    bare = entry()
    del bare["from"], bare["from_id"]
    chat = read_one(bare)
    assert (chat.messages[0].author, chat.messages[0].kind, chat.authors) == (None, "notice", ())
    assert [w.what for w in chat.warnings] == ["messages without a sender, taken for notices"]


def test_reactions_are_kept_with_who_is_named():
    recent = [{"from": "Bob", "from_id": "user8", "date": "2024-05-13T10:00:00"}, {"from": None, "from_id": "user9"}]
    given_ = [
        {"type": "emoji", "count": 4, "emoji": "❤️", "recent": recent},
        {"type": "paid", "count": 1},
        {"type": "custom_emoji", "count": 1, "document_id": "x.webp"},
        "oops",
    ]
    assert only(entry(reactions=given_)).reactions == (
        Reaction("Bob", "❤️"), Reaction("user9", "❤️"), Reaction(None, "❤️"), Reaction(None, "❤️"),
        Reaction(None, "paid"), Reaction(None, "custom_emoji"),
    )  # fmt: skip


def test_a_million_reactions_are_cut_short_and_said():
    chat = read_one(entry(reactions=[{"emoji": "👍", "count": 10**12}]))
    assert len(chat.messages[0].reactions) == MOST_UNNAMED
    assert "the rest left out" in chat.warnings[0].what


def test_old_exports_have_local_times_without_a_zone():
    old = entry(date="2019-03-12T14:05:00")
    del old["date_unixtime"]
    assert read_one(old).messages[0].sent_at == datetime(2019, 3, 12, 14, 5)
    mixed = read_one(old, entry(date="2024-05-13T10:00:00"))
    assert [m.sent_at for m in mixed] == [datetime(2019, 3, 12, 14, 5), datetime(2024, 5, 13, 10)]
    assert "two kinds" in mixed.warnings[0].what


def test_messages_come_out_by_time_and_keep_their_place_in_the_file():
    chat = read_one(entry("b", "20"), entry("a", "10"), entry("c", "20"))
    assert [(m.text, m.line) for m in chat] == [("a", 2), ("b", 1), ("c", 3)]


def test_what_is_left_out_is_counted():
    chat = read_one(entry(), {"id": 3, "type": "unsupported"}, "x", None, entry(at="soon"), entry(at="9" * 30))
    assert [(w.what, w.count, w.line) for w in chat.warnings] == [
        ("messages that Telegram Desktop could not export, left out", 1, 2),
        ("entries that are no messages, left out", 2, 3),
        ("messages without a usable time, left out", 2, 5),
    ]


def test_forwarded_messages_and_bots_are_said():
    chat = read_one(entry(forwarded_from="Le Monde"), entry(via_bot="@gif"), entry(forwarded_from="X"))
    assert [(w.count, w.line) for w in chat.warnings] == [(2, 1), (1, 2)]


def account(*chats, left=()):
    whole = {"about": "...", "personal_information": {}, "chats": {"about": "...", "list": list(chats)}}
    return {**whole, "left_chats": {"list": list(left)}} if left else whole


def test_an_account_gives_each_chat_under_a_name_to_choose_it_by():
    whole = account(
        chat_of(entry(), name="Zoé", type="personal_chat", id=1),
        chat_of(entry(), name="Zoé", type="bot_chat", id=2),
        chat_of(name="Vide", id=3),
        {"type": "saved_messages", "id": 4, "messages": [entry()]},
        left=[chat_of(entry(), name=None, id=5)],
    )
    chats = read_telegram(SOURCE, whole)
    assert [(c.title, c.thread) for c in chats] == [
        ("Zoé", "Zoé (1)"),
        ("Zoé", "Zoé (2)"),
        ("Saved messages", "Saved messages"),
        ("private_group 5", "private_group 5"),
    ]
    assert chats[1].variant.endswith("bot_chat")
    assert [(w.what, w.count) for w in chats[0].warnings] == [
        ("conversations of the export without a message, left out", 1)
    ]


def test_the_only_chat_of_an_account_needs_no_thread():
    assert [c.thread for c in read_telegram(SOURCE, account(chat_of(entry())))] == [""]


@pytest.mark.parametrize("whole", [chat_of(), account(), account("x"), chat_of("x", {"type": "unsupported"})])
def test_an_export_without_messages_says_what_to_do(whole):
    assert is_telegram(whole)
    with pytest.raises(ChatFormatError, match=r"^result\.json: a Telegram export without a message.*Export it again"):
        read_telegram(SOURCE, whole)


@pytest.mark.parametrize(
    "whole",
    [
        {},
        {"messages": []},
        {"messages": {}},
        {"messages": [{"type": "message", "date": 1, "sender_name": "Bob"}]},
        {"participants": [], "messages": [{"sender_name": "Bob", "timestamp_ms": 1, "type": "Generic"}]},
        {"threadName": "A_1", "messages": [{"senderName": "A", "timestamp": 1, "type": "text", "text": "x"}]},
        {"chats": [{"messages": []}]},
        {"guild": {}, "messages": [{"id": "1", "type": "Default", "timestamp": "2020"}]},
    ],
)
def test_other_exports_are_not_taken(whole):
    assert not is_telegram(whole)


def test_lone_surrogates_are_replaced():
    assert only(entry("a\ud83d")).text == "a\ufffd"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FULL = entry(
    ["x", {"type": "bold", "text": "y"}],
    date="2024-05-13T10:00:00",
    photo="a/b.jpg",
    file="c",
    file_name="d",
    media_type="sticker",
    sticker_emoji="e",
    contact_information={"first_name": "f"},
    location_information={"latitude": 1},
    poll={"question": "g", "answers": [{"text": "h"}]},
    reactions=[{"emoji": "i", "count": 2, "recent": [{"from": "j", "from_id": "k"}]}],
    actor="l",
    action="phone_call",
    members=["m"],
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(FULL)), JSON, max_size=4), st.sampled_from(["message", "service"]))
def test_any_value_in_any_field_is_read_or_counted(damage, kind):
    whole = chat_of(entry(), {**copy.deepcopy(FULL), "type": kind, **damage})
    chat = read_telegram(SOURCE, whole)[0]
    assert 1 <= len(chat) <= 2
    assert len(chat) + sum(w.count for w in chat.warnings if w.what.endswith("left out")) >= 2
    assert all(isinstance(m.text, str) and (m.author is None or isinstance(m.author, str)) for m in chat)


@settings(max_examples=200, deadline=None)
@given(JSON, JSON, JSON)
def test_any_shape_of_the_file_is_read_or_refused(first, second, third):
    for whole in (
        {"messages": first, "name": second, "type": third, "id": third},
        {"chats": {"list": [first, {"messages": [second]}]}, "left_chats": third},
    ):
        is_telegram(whole)
        with suppress(ChatFormatError):
            assert all(len(chat) for chat in read_telegram(SOURCE, whole))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["Zoé", "Bob"]), st.text(st.characters(exclude_categories=["Cs"]), min_size=1)),
        min_size=1,
    )
)
def test_what_was_written_reads_back(written):
    entries = [
        entry(text, str(1000 + place), **{"from": who, "from_id": who}) for place, (who, text) in enumerate(written)
    ]
    random.Random(len(written)).shuffle(entries)
    assert [(m.author, m.text) for m in read_one(*entries)] == [(who, normalize("NFC", text)) for who, text in written]
