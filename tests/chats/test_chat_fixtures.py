"""Other projects' exports, read where they lie beside the checkout; skipped where they do not."""

import re
from pathlib import Path

import pytest

from nlpchat.chats import read_chat
from nlpchat.chats.phrases import whatsapp_phrases

SHARED = Path(__file__).parents[3] / "shared" / "chats"
META = "your_activity_across_facebook/messages"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no shared/chats beside the checkout")


@pytest.mark.parametrize(
    ("name", "sent", "people"),
    [
        ("chat-miner/test/whatsapp/test_[mmddyy]_24hrs.txt", 6, 5),
        ("chat-miner/test/whatsapp/test_ddmmyy_24hrs.txt", 6, 5),
        ("chat-miner/test/whatsapp/test_mmddyy_24hrs.txt", 6, 5),
        ("chat-miner/test/whatsapp/test_mmddyyyy_12hrs.txt", 6, 5),
        ("chat-miner/test/whatsapp/test_yyyymmdd_24hrs.txt", 6, 5),
        ("chatistics/whatsapp/_chat.txt", 20, 2),
        ("chatistics/whatsapp/_chat 2.txt", 4, 2),
        ("chatistics/whatsapp/_chat 3.txt", 9, 5),
        ("chatistics/whatsapp/_chat 4.txt", 3, 1),
        ("whatsapp-dashboard/exampleData/exampleChat01.txt", 77, 3),
        ("whatsapp-dashboard/exampleData/example_chat.txt", 1295, 6),
        ("whatsapp-chat-parser/website/whatsapp-chat-parser-example.zip", 48, 3),
        (f"msgvault/testdata/json_simple/{META}/inbox/alice_ABC123", 3, 2),
        (f"msgvault/testdata/json_group/{META}/inbox/crew_GRP123", 3, 3),
        (f"msgvault/testdata/e2ee_simple/{META}/alice_1.json", 3, 2),
        (f"msgvault/testdata/e2ee_simple/{META}/group_2.json", 2, 2),
        ("facebook-archive/examples/messages/message.json", 2, 2),
        ("chat-miner/test/instagram/test_export.json", 2, 2),
    ],
)
def test_messages_with_a_sender_and_people(name, sent, people):
    chat = read_chat(SHARED / name)
    assert sum(m.author is not None for m in chat) == sent
    assert len(chat.authors) == people


def test_parts_in_numeric_order():
    chat = read_chat(SHARED / f"msgvault/testdata/json_multifile/{META}/inbox/dave_MULTI")
    assert [m.text[:9] for m in chat] == ["Message A", "Message B", "Message C", "Message D"]


def test_messages_without_words():
    chat = read_chat(SHARED / f"msgvault/testdata/json_nontext/{META}/inbox/sam_NONTXT")
    assert [m.kind for m in chat] == ["notice", "media", "call", "call", "media", "media"]


def test_media_of_a_zip_are_known_by_their_placeholders():
    chat = read_chat(SHARED / "whatsapp-chat-parser/website/whatsapp-chat-parser-example.zip")
    assert sum(m.kind == "media" for m in chat) >= 4


@pytest.mark.parametrize("column", [0, 1], ids=["en", "fr"])
def test_the_phrases_cover_whatsapps_own_strings(column):
    """Four in five of the strings; the others belong to screens and never reach an export."""
    rows = (SHARED / "reference/whatsapp_ios_system_strings_en_fr.tsv").read_text("utf-8").splitlines()[1:]
    strings = [re.sub(r"%(\d\$)?@", "Zoé", re.sub(r"%(\d\$)?u|<N unit>", "7", row.split("\t")[column])) for row in rows]
    known = [whatsapp_phrases().kind_of("\u200e" + text, marked=True) is not None for text in strings]
    assert len(known) > 300
    assert sum(known) >= 0.84 * len(known)
