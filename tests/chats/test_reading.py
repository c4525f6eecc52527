"""Which conversations come out of a file, a folder, a zip or a whole archive, and in which time zone."""

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nlpchat.chats import read_chat, read_chats
from nlpchat.chats.reading import Reading, read_exports
from nlpchat.errors import ChatFormatError, InputError

LINES = "13/05/2024, 08:00 - Alice: bonjour\n13/05/2024, 08:01 - Bob: salut\n"
ROOT = "your_facebook_activity/messages"
DAY = 1715583600000  # 2024-05-13 07:00 UTC


def thread(title: str, *entries: tuple[str, int, str]) -> str:
    said = [{"sender_name": who, "timestamp_ms": DAY + at * 60_000, "content": text} for who, at, text in entries]
    return json.dumps({"participants": [{"name": title}], "messages": said[::-1], "title": title})


def sealed(title: str, *entries: tuple[str, int, str]) -> str:
    said = [
        {"senderName": who, "timestamp": DAY + at * 60_000, "text": text, "type": "text"} for who, at, text in entries
    ]
    return json.dumps({"participants": ["Moi", title], "threadName": f"{title}_12", "messages": said})


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A Meta download: two people, one broken thread, a profile, photos."""
    path = tmp_path / "facebook-moi.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(f"{ROOT}/inbox/alice_1/message_1.json", thread("Alice", ("Alice", 3, "et demain ?")))
        made.writestr(
            f"{ROOT}/inbox/alice_1/message_2.json", thread("Alice", ("Moi", 1, "salut"), ("Alice", 2, "coucou"))
        )
        made.writestr(f"{ROOT}/archived_threads/bob_2/message_1.json", thread("Bob", ("Bob", 5, "yo")))
        made.writestr(f"{ROOT}/inbox/abime_3/message_1.json", '{"messages": [')
        made.writestr("your_facebook_activity/profile.json", '{"name": "Moi"}')
        made.writestr(f"{ROOT}/inbox/alice_1/photos/1.jpg", b"\xff\xd8")
    return path


def test_every_conversation_of_an_archive_and_what_is_broken(archive):
    read, faults = read_exports([archive])
    assert {(one.chat.title, one.chat.thread, len(one.chat)) for one in read} == {
        ("Alice", "inbox/alice_1", 3), ("Bob", "archived_threads/bob_2", 1),
    }  # fmt: skip
    (fault,) = faults
    assert "abime_3/message_1.json" in str(fault.error)


@pytest.mark.parametrize("wanted", ["Alice", "alice", "inbox/alice_1", "alice_1", "lic"])
def test_a_thread_by_title_name_or_part_of_one(archive, wanted):
    read, _ = read_exports([archive], Reading(threads=(wanted,)))
    assert [one.chat.title for one in read] == ["Alice"]
    assert [m.text for m in read[0].chat] == ["salut", "coucou", "et demain ?"]


def test_only_the_thread_named_exactly_is_read(archive):
    told: list[str] = []
    read_exports([archive], Reading(threads=("archived_threads/bob_2",)), progress=told.append)
    assert told == ["archived_threads/bob_2"]
    assert read_chat(archive, thread="archived_threads/bob_2").title == "Bob"


def test_a_folder_is_read_as_its_zip(archive, tmp_path):
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "unpacked")
    assert (
        read_chat(tmp_path / "unpacked", thread="bob_2").messages
        == read_chat(archive, thread="archived_threads/bob_2").messages
    )


def test_one_conversation_where_there_are_several(tmp_path):
    for name in ("Alice", "Zoé"):
        (tmp_path / f"Discussion WhatsApp avec {name}.txt").write_text(LINES.replace("Alice", name), "utf-8")
    with pytest.raises(
        ChatFormatError, match=r"2 conversations \(.*Alice.*\)\. Choose with --thread NAME, or read them all"
    ):
        read_chat(tmp_path)
    assert [chat.title for chat in read_chats(tmp_path)] == ["Alice", "Zoé"]
    assert read_chat(tmp_path, thread="Zoé").authors == ("Zoé", "Bob")


def test_an_unknown_thread(archive):
    with pytest.raises(InputError, match="no conversation is called 'Carole'"):
        read_chat(archive, thread="Carole")


def test_the_encrypted_half_joins_the_classic_one(tmp_path):
    classic, secret = tmp_path / "classic.zip", tmp_path / "messages.zip"
    with zipfile.ZipFile(classic, "w") as made:
        made.writestr(f"{ROOT}/inbox/zoe_1/message_1.json", thread("Zoé", ("Moi", 1, "salut"), ("Zoé", 2, "coucou")))
    with zipfile.ZipFile(secret, "w") as made:
        made.writestr("messages/Zoé_12.json", sealed("Zoé", ("Zoé", 2, "coucou"), ("Moi", 9, "et depuis ?")))
    chat = read_chat(classic, secret)
    assert [m.text for m in chat] == ["salut", "coucou", "et depuis ?"]
    assert any("1 messages that several of the exports hold" in w.what for w in chat.warnings)


def test_a_download_in_two_zips(tmp_path):
    for number, entry in enumerate((("Moi", 1, "salut"), ("Zoé", 2, "coucou")), 1):
        with zipfile.ZipFile(tmp_path / f"facebook-{number}.zip", "w") as made:
            made.writestr(
                f"{ROOT}/inbox/zoe_1/message_{number}.json", thread("Zoé", entry, ("Zoé", 5, "on se voit quand alors"))
            )
    assert len(read_chat(tmp_path / "facebook-1.zip", tmp_path / "facebook-2.zip")) == 3


def test_times_in_a_zone(tmp_path):
    phone, meta = tmp_path / "a.txt", tmp_path / "message_1.json"
    phone.write_text(LINES, "utf-8")
    meta.write_text(thread("Alice", ("Alice", 0, "bonjour")))
    said, sent = (
        read_chat(phone, tz="Europe/Paris").messages[0].sent_at,
        read_chat(meta, tz="Europe/Paris").messages[0].sent_at,
    )
    assert said.isoformat() == "2024-05-13T08:00:00+02:00"
    assert sent.isoformat() == "2024-05-13T09:00:00+02:00"


def test_without_a_zone_that_is_said(tmp_path):
    phone, meta = tmp_path / "a.txt", tmp_path / "message_1.json"
    phone.write_text(LINES, "utf-8")
    meta.write_text(thread("Alice", ("Alice", 0, "bonjour")))
    assert any("without a time zone" in w.what for w in read_chat(phone).warnings)
    assert not any("time zone" in w.what for w in read_chat(phone, tz="UTC").warnings)
    assert any(w.what == "the times are in UTC; --tz gives another zone" for w in read_chat(meta).warnings)
    assert read_chat(meta).messages[0].sent_at == datetime(2024, 5, 13, 7, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/Pari", "", "/etc/passwd", "\0", "../x"])
def test_a_zone_that_is_none(zone, tmp_path):
    from nlpchat.chats.reading import zone_of

    with pytest.raises(InputError, match=r"is no time zone\. Give one by its name, such as Europe/Paris"):
        zone_of(zone)


def test_a_zip_in_a_zip_is_said(tmp_path):
    path = tmp_path / "outer.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("WhatsApp Chat - Zoé.zip", b"PK\x03\x04")
    with pytest.raises(
        ChatFormatError, match=r"this zip holds another zip .* and no chat\. Unpack it and give the one inside"
    ):
        read_chat(path)


def test_several_texts_of_a_zip_are_several_conversations(tmp_path):
    path = tmp_path / "backup.zip"
    with zipfile.ZipFile(path, "w") as made:
        for name in ("Alice", "Bob"):
            made.writestr(f"WhatsApp Chat with {name}.txt", LINES)
    assert [chat.title for chat in read_chats(path)] == ["Alice", "Bob"]


def test_a_million_seconds_of_zones_are_not_computed_twice(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("".join(f"13/05/2024, 08:00 - Alice: message {i}\n" for i in range(1000)), "utf-8")
    times = {id(m.sent_at) for m in read_chat(path, tz="Europe/Paris")}
    assert len(times) == 1
    assert read_chat(path, tz="Europe/Paris").messages[0].sent_at.utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize("wanted", ["inbox/alice_1", "Alice_12", "alice"])
@pytest.mark.parametrize("together", [True, False])
def test_a_thread_chosen_by_the_name_of_one_half_has_the_other(tmp_path, wanted, together):
    classic, encrypted = (f"{ROOT}/inbox/alice_1/message_1.json", thread("Alice", ("Alice", 3, "et demain ?"))), (
        f"{ROOT}/Alice_12.json", sealed("Alice", ("Alice", 9, "à demain")))  # fmt: skip
    bob = (f"{ROOT}/inbox/bob_2/message_1.json", thread("Bob", ("Bob", 3, "autre chose")))
    paths = [tmp_path / "a.zip"] if together else [tmp_path / "a.zip", tmp_path / "b.zip"]
    for path, files in zip(
        paths, ([classic, bob, encrypted],) if together else ([classic, bob], [encrypted]), strict=True
    ):
        with zipfile.ZipFile(path, "w") as made:
            for name, text in files:
                made.writestr(name, text)
    assert [m.text for m in read_chat(*paths, thread=wanted)] == ["et demain ?", "à demain"]


def test_a_part_that_is_alone_in_its_zip_knows_its_thread(tmp_path):
    """Two people who are gone have one name; the folder says which of them the part is of."""
    gone = "Utilisateur de Facebook"
    parts = (("1.zip", "message_1", ("a_x", "b_y"), 5), ("2.zip", "message_2", ("b_y",), 1))
    for name, part, folders, at in parts:
        with zipfile.ZipFile(tmp_path / name, "w") as made:
            for folder in folders:
                made.writestr(f"{ROOT}/inbox/{folder}/{part}.json", thread(gone, (gone, at, f"{folder} {part}")))
    chats = read_chats([tmp_path / "1.zip", tmp_path / "2.zip"])
    assert [[m.text for m in chat] for chat in chats] == [["a_x message_1"], ["b_y message_2", "b_y message_1"]]


def test_the_directory_of_a_zip_is_read_once(tmp_path, monkeypatch):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        for n in range(50):
            made.writestr(f"{ROOT}/inbox/p_{n}/message_1.json", thread(f"P {n}", (f"P {n}", n, "bonjour")))
    opened = []
    real = zipfile.ZipFile
    monkeypatch.setattr(zipfile, "ZipFile", lambda *args, **more: opened.append(args) or real(*args, **more))
    assert len(read_chats(path)) == 50
    assert len(opened) <= 2
    path.unlink()
