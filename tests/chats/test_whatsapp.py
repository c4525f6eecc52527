"""WhatsApp exports to messages: a pair of files a case, and the rules that a pair cannot show."""

import copy
import gc
import json
import pickle
from dataclasses import FrozenInstanceError, replace
from datetime import datetime
from pathlib import Path
from time import process_time

import pytest

from nlpchat.chats import read_chat
from nlpchat.chats.whatsapp.day_periods import hour_of
from nlpchat.chats.whatsapp.reader import NO_ZONE
from nlpchat.errors import ChatFormatError
from nlpchat.records import Message

HERE = Path(__file__).parent
PAIRS = sorted((HERE / "pairs").glob("*.txt"))
VARIANTS = sorted((HERE / "synthetic").glob("[AI]*.txt"))
FOUR_TEXTS = [
    (datetime(2024, 5, 13, 9, 5), "Alice", "Salut, ça va ?"),
    (datetime(2024, 5, 14, 14, 7), "Bob", "Oui super !! 😀"),
    (datetime(2024, 5, 25, 17, 40), "Alice", "première ligne\nDeuxième ligne : avec deux-points"),
    (datetime(2024, 5, 30, 21, 15), "Bob", "à 15h30 c'est très bien, j'ai hâte"),
]


def read_text(folder: Path, text: str, name: str = "chat.txt", **options):
    path = folder / name
    path.write_bytes(text.encode())
    return read_chat(path, **options)


def test_there_are_pairs_and_variants():
    assert len(PAIRS) >= 8
    assert len(VARIANTS) == 15


@pytest.mark.parametrize("export", PAIRS, ids=lambda path: path.stem)
def test_export_gives_what_stands_beside_it(export):
    chat = read_chat(export)
    *expected, whole = map(json.loads, export.with_suffix(".expected.jsonl").read_text("utf-8").splitlines())
    found = [
        {"sent_at": m.sent_at.isoformat(), "author": m.author, "kind": m.kind, "text": m.text, "line": m.line}
        for m in chat
    ]
    assert found == expected
    assert chat.title == whole["title"]
    assert list(chat.authors) == whole["authors"]
    assert [[w.what, w.count, w.line] for w in chat.warnings] == whole["warnings"]


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("export", VARIANTS, ids=lambda path: path.stem)
def test_every_header_variant_reads_the_same(export, end, bom, tmp_path):
    copy = tmp_path / export.name
    copy.write_bytes(bom + export.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", end))
    chat = read_chat(copy)
    seconds = [1, 22, 3, 59] if export.name.startswith("I") else [0, 0, 0, 0]
    texts = [(m.sent_at, m.author, m.text) for m in chat if m.kind == "text"]
    assert texts == [(t.replace(second=s), a, x) for (t, a, x), s in zip(FOUR_TEXTS, seconds, strict=True)]
    notice, *_, media = chat.messages
    assert (notice.kind, notice.author, notice.sent_at) == ("notice", None, datetime(2024, 5, 13, 8, 0))
    assert (media.kind, media.author, media.sent_at) == ("media", "Bob", datetime(2024, 5, 30, 21, 16))
    assert chat.authors == ("Bob", "Alice")
    assert len(chat.warnings) == 2
    assert chat.warnings[0].what.startswith("the dates were read ")
    assert chat.warnings[1].what == NO_ZONE


@pytest.mark.parametrize(
    ("hour", "period", "expected"),
    [(0, "AM", 0), (12, "a. m.", 0), (13, "PM", 13), (12, "p.\u00a0m.", 12), (12, "nuit", 0),
     (2, "nuit", 2), (11, "nuit", 23),
     (12, "midi", 12), (1, "midi", 13), (3, "après-midi", 15), (8, "soir", 20), (8, "matin", 8),
     (5, "下午", 17), (9, "오전", 9), (21, "", 21)],
)  # fmt: skip
def test_hours_of_day_periods(hour, period, expected):
    assert hour_of(hour, period) == expected


@pytest.mark.parametrize(
    "body",
    ["il a ajouté du sel", "image absente de la page", "Alice a quitté le groupe", "on est parti",
     "Ce message a été supprimé par erreur je crois", "Appel vocal manqué, désolé !", "null part",
     "audio omis volontairement",
     "Alice: elle a ajouté Bob", "<3", "(fichier joint) ?", "Vous avez ajouté trop de sel"],
)  # fmt: skip
def test_somebodys_text_is_never_a_notice(body, tmp_path):
    for header in ("13/05/2024, 08:00 - Bob: ", "[13/05/2024 08:00:00] Bob: "):
        (message,) = read_text(tmp_path, f"{header}{body}\n")
        assert (message.author, message.kind, message.text) == ("Bob", "text", body)


def test_lines_before_the_first_message_are_counted(tmp_path):
    chat = read_text(tmp_path, "Exporté depuis mon téléphone\n\n13/05/2024, 08:00 - Bob: ok\n")
    (warning,) = [w for w in chat.warnings if "before the first message" in w.what]
    assert (warning.count, warning.line, warning.examples) == (1, 1, ("Exporté depuis mon téléphone",))


def test_boms_inside_and_blank_lines_are_kept_in_their_place(tmp_path):
    chat = read_text(
        tmp_path, "\ufeff13/05/2024, 08:00 - Bob: un\n\n  deux\n\ufeff13/05/2024, 08:01 - Zoé: trois\n\n\n"
    )
    assert [m.text for m in chat] == ["un\n\n  deux", "trois"]


@pytest.mark.parametrize("name", ["utf-16", "utf-8-sig", "utf-8"])
def test_encodings_that_say_what_they_are(name, tmp_path):
    path = tmp_path / "chat.txt"
    path.write_bytes("13/05/2024, 08:00 - Zoé: déjà 😀\n".encode(name))
    chat = read_chat(path)
    assert (chat.authors, chat.messages[0].text, len(chat.warnings)) == (("Zoé",), "déjà 😀", 2)


def test_cp1252_is_read_and_said(tmp_path):
    path = tmp_path / "chat.txt"
    path.write_bytes("13/05/2024, 08:00 - Zoé: déjà l’été\n".encode("cp1252"))
    chat = read_chat(path)
    assert chat.messages[0].text == "déjà l’été"
    assert "Windows-1252" in chat.warnings[0].what


def test_one_bad_byte_does_not_spoil_a_utf8_file(tmp_path):
    path = tmp_path / "chat.txt"
    path.write_bytes("13/05/2024, 08:00 - Zoé: déjà l’été à ".encode() + b"\xff\n")
    chat = read_chat(path)
    assert chat.messages[0].text == "déjà l’été à \ufffd"
    assert "not valid UTF-8" in chat.warnings[0].what


def test_bytes_that_spoil_a_text_far_from_its_beginning(tmp_path):
    path = tmp_path / "chat.txt"
    good = "13/05/2024, 08:00 - Zoé: à plus tard, déjà\n".encode()
    path.write_bytes(good * 9000 + b"13/05/2024, 08:01 - Zo\xff: x\n" + good * 10)
    chat = read_chat(path)
    assert len(chat) == 9011
    assert chat.messages[9000].author == "Zo\ufffd"
    path.write_bytes(b"13/05/2024, 08:00 - Bob: ok\n" * 9000 + "13/05/2024 08:01 - Zoé: été\n".encode("cp1252"))
    assert "Windows-1252" in read_chat(path).warnings[0].what


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_line_ends(end, tmp_path):
    lines = ["13/05/2024, 08:00 - Bob: un", "", "deux", "13/05/2024, 08:01 - Zoé: trois", "", ""]
    chat = read_text(tmp_path, end.join(lines))
    assert [(m.text, m.line) for m in chat] == [("un\n\ndeux", 1), ("trois", 4)]


def test_a_lone_carriage_return_is_kept_where_it_stands(tmp_path):
    assert read_text(tmp_path, "13/05/2024, 08:00 - Bob: a\rb\n").messages[0].text == "a\rb"


def test_blocks_of_the_text_leave_no_seam(tmp_path):
    bodies = [f"{'é' * (n % 97)} {n}\n{'x' * (n % 5)}\n\nfin {n}" for n in range(6000)]
    for end in ("\n", "\r\n"):
        text = "".join(f"13/05/2024, 08:00 - Bob: {body}\n".replace("\n", end) for body in bodies)
        chat = read_text(tmp_path, text)
        assert [m.text for m in chat] == bodies
        assert [m.line for m in chat] == list(range(1, 4 * 6000, 4))


def test_a_message_longer_than_many_blocks(tmp_path):
    body = "\n".join(f"ligne {n}" for n in range(60_000))
    text = f"13/05/2024, 08:00 - Bob: {body}\n13/05/2024, 08:01 - Zoé: fin\n"
    assert [m.text for m in read_text(tmp_path, text)] == [body, "fin"]


@pytest.mark.parametrize("text", ["a", "1", " ", "\u200e", "[", "1/", "\n", "12/12/12, 1", "R", "\n[", "\n1", ": "])
@pytest.mark.parametrize("before", ["", "13/05/2024, 08:00 - Bob: "])
def test_a_megabyte_of_one_thing_takes_no_time(text, before, tmp_path):
    path = tmp_path / "chat.txt"
    path.write_text(before + text * (1_000_000 // len(text)), encoding="utf-8")
    start = process_time()
    if before:
        assert len(read_chat(path)) == 1
    else:
        with pytest.raises(ChatFormatError, match="no date found"):
            read_chat(path)
    assert process_time() - start < 2


def test_the_collector_of_cycles_is_on_again(tmp_path):
    read_text(tmp_path, "13/05/2024, 08:00 - Bob: ok\n")
    assert gc.isenabled()
    with pytest.raises(ChatFormatError):
        read_text(tmp_path, "rien\n")
    assert gc.isenabled()


def test_messages_are_what_their_class_says(tmp_path):
    """They are made by another way than their class's own."""
    (message,) = read_text(tmp_path, "13/05/2024, 08:00 - Zoé: ok\n")
    same = Message(datetime(2024, 5, 13, 8, 0), "Zoé", "ok", "text", 1)
    assert type(message) is Message
    assert (message, hash(message), repr(message)) == (same, hash(same), repr(same))
    there_and_back = pickle.loads(pickle.dumps(message))  # noqa: S301 - what it wrote itself a moment ago
    assert there_and_back == copy.deepcopy(message) == replace(message) == same
    with pytest.raises(FrozenInstanceError):
        message.text = "non"


@pytest.mark.parametrize(
    ("name", "title"),
    [("Discussion WhatsApp avec Julie.txt", "Julie"), ("WhatsApp Chat with Book club.txt", "Book club"),
     ("WhatsApp Chat - Les cousins.txt", "Les cousins"), ("julie.txt", "julie"),
     ("WhatsApp Chat mit Anna.txt", "Anna"), ("Conversa do WhatsApp com João.txt", "João"),
     ("Chat WhatsApp con Ana.txt", "Ana"), ("Ayşe ile WhatsApp Sohbeti.txt", "Ayşe"),
     ("دردشة واتساب مع سامي.txt", "سامي"), ("Anna kanssa.txt", "Anna kanssa"), ("与.txt", "与")],
)  # fmt: skip
def test_titles(name, title, tmp_path):
    assert read_text(tmp_path, "13/05/2024, 08:00 - Bob: ok\n", name=name).title == title


@pytest.mark.parametrize("size", [1, 60, 131_072])
def test_a_mark_in_the_last_message_of_a_block_counts(size, tmp_path):
    # The last line has no end, and so stands in a block of its own; long bodies fill blocks of the text.
    lines = [f"[13/05/2024, 08:00:0{n % 10}] Zoé: {'x' * size if n % 3 == 0 else chr(0x200E) + 'image absente'}"
             for n in range(12)]  # fmt: skip
    chat = read_text(tmp_path, "\n".join(lines[:-1]) + "\n[13/05/2024, 08:01:00] Zoé: fin")
    assert [m.kind for m in chat] == ["text" if n % 3 == 0 or n == 11 else "media" for n in range(12)]


def test_line_ends_with_a_return_too_many(tmp_path):
    chat = read_text(tmp_path, "13/05/2024, 08:00 - A: a\r\r\nb\r\r\n13/05/2024, 08:01 - B: c\r\r\n")
    assert [m.text for m in chat] == ["a\nb", "c"]
