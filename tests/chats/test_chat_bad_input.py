"""What cannot be read is refused in one line: what is wrong, where, and what to do."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from nlpchat.chats import containers, read_chat
from nlpchat.chats.containers import Source
from nlpchat.chats.json_file import load_object
from nlpchat.errors import ChatFormatError, InputError

LINE = "13/05/2024, 08:00 - Alice: bonjour\n"


def refused(path: Path) -> str:
    with pytest.raises(InputError) as fault:
        read_chat(path)
    assert "\n" not in str(fault.value)
    assert str(path) in str(fault.value)
    return str(fault.value)


def zipped(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.txt", b"", "the file is empty. Export the chat again."),
        ("a.txt", b"Bonjour tout le monde\n" * 9, "line 1: no date found. Is this a WhatsApp export?"),
        ("a.txt", b"\x89PNG\r\n\0\0\0", "this is not text. Give the exported chat: .txt, .zip or .json."),
        ("a.txt", b"text\n" * 900 + b"13/05/2024, 08:00 - note\n", "no date found"),
        ("a.txt", b"31/02/2024, 08:00 - Alice: x\n", "none of 1 dated lines has a date that exists"),
        ("a.json", b"", "the file is empty. Download it again."),
        ("a.json", b'{"messages": [\n{"sender_name": "A",\n', "line 3: broken or cut JSON"),
        ("a.json", b"[" * 100_000, "not readable as JSON"),
        (
            "a.json",
            b'{"profile": {"name": "A"}}',
            "not of a conversation (it holds 'profile'). Give a thread's",
        ),
        ("a.json", b"[1, 2]", "not of a conversation (a list)"),
        ("a.json", b'{"messages": [{"from": "A", "text": "x"}]}', "not of a conversation (it holds 'messages')"),
        ("a.json", b'{"messages": "none"}', "not of a conversation"),
        ("a.json", b"\xff\xfe\xff", "not readable as JSON"),
        (
            "a.html",
            b"<!DOCTYPE html><html>",
            "no message with a name and a date is found on this page. Ask Meta for your information",
        ),
        ("a.zip", b"not a zip", "not a zip, or a damaged one. Export or download it again."),
        ("a.zip", b"PK\x03\x04" + b"\0" * 50, "the zip is damaged"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_bad_files(name, content, told, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    assert told in refused(path)


def test_missing_file(tmp_path):
    assert "no such file. Check the path" in refused(tmp_path / "none.txt")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(LINE)
    path.chmod(0)
    assert "no permission to read it" in refused(path)


def test_no_permission_is_said_for_the_right_reason(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text(LINE)

    def forbidden(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert "no permission to read it. Check its rights" in refused(path)


def test_a_pipe_is_not_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "not a file. Save the export to a file" in refused(tmp_path / "pipe")


def test_folder_without_a_chat(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"x")
    assert "result.json in this folder. Give the exported chat itself." in refused(tmp_path)


def test_zip_without_a_chat(tmp_path):
    path = zipped(tmp_path / "a.zip", {"photo.jpg": "x", "__MACOSX/._chat.txt": LINE, "../../_chat.txt": LINE})
    assert "no WhatsApp text (_chat.txt), message_1.json, message_1.html or result.json in this zip" in refused(path)


def test_empty_zip(tmp_path):
    assert "in this zip. Give the exported chat itself." in refused(zipped(tmp_path / "a.zip", {}))


def test_several_threads_are_listed(tmp_path):
    thread = json.dumps({"messages": [{"sender_name": "A", "timestamp_ms": 1, "content": "x"}]})
    path = zipped(tmp_path / "a.zip", {f"messages/inbox/t_{i}/message_1.json": thread for i in range(6)})
    told = refused(path)
    assert "6 conversations (inbox/t_0, inbox/t_1, inbox/t_2, inbox/t_3, inbox/t_4, ...)" in told
    assert "Choose with --thread NAME, or read them all with --all-threads." in told


def test_encrypted_zip(tmp_path):
    path = zipped(tmp_path / "a.zip", {"_chat.txt": LINE})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "the zip is encrypted. Unpack it with its password" in refused(path)


def test_zip_with_a_wrong_checksum(tmp_path):
    path = zipped(tmp_path / "a.zip", {"_chat.txt": LINE * 50})
    content = bytearray(path.read_bytes())
    content[14] ^= 255
    content[content.index(b"PK\x01\x02") + 16] ^= 255
    path.write_bytes(content)
    assert "the zip is damaged (Bad CRC-32" in refused(path)


def test_zip_bomb_is_stopped_while_reading(tmp_path, monkeypatch):
    assert containers.UNPACKED_LIMIT == 512 * 1024**2
    path = zipped(tmp_path / "a.zip", {"_chat.txt": LINE * 200_000})
    monkeypatch.setattr(containers.Source.__init__, "__defaults__", (None, 2 * 1024**2, None))
    with pytest.raises(ChatFormatError, match="holds more than 2 MB once unpacked, the limit for a zip") as fault:
        read_chat(path)
    assert "unpack it and give the text file" in str(fault.value)


def test_only_the_chat_of_a_zip_is_read(tmp_path):
    inner = zipped(tmp_path / "inner.zip", {"_chat.txt": LINE}).read_bytes()
    path = tmp_path / "WhatsApp Chat - Alice.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._" + "_chat.txt", "rubbish")
        archive.writestr("photo.jpg", b"\xff\xd8")
        archive.writestr("inner.zip", inner)
        archive.writestr("notes.txt", "not a chat")
        archive.writestr("_chat.txt", LINE)
    chat = read_chat(path)
    assert (chat.title, len(chat)) == ("Alice", 1)
    assert not any("texts" in w.what for w in chat.warnings)


def test_the_text_that_parses_is_chosen_and_said(tmp_path):
    path = zipped(tmp_path / "a.zip", {"aaa.txt": "just notes\n", "bbb.txt": LINE})
    chat = read_chat(path)
    assert chat.authors == ("Alice",)
    assert "there were 2 texts; bbb.txt was read" in [w.what for w in chat.warnings]


def test_an_unpacked_export_is_read_from_its_folder(tmp_path):
    (tmp_path / "_chat.txt").write_text(LINE)
    assert read_chat(tmp_path).authors == ("Alice",)


@pytest.mark.parametrize("text", ["", " \n\t", "\ufeff", '{"messages": [', "\ufeff[]", '"\\x0"', "{" * 100_000])
def test_json_that_is_none_is_one_line(tmp_path, text):
    for encoding in ("utf-8", "utf-16", "utf-32-le"):
        path = tmp_path / "message_1.json"
        path.write_text(text, encoding=encoding)
        with pytest.raises(ChatFormatError) as fault:
            load_object(Source(path))
        assert "\n" not in str(fault.value)
