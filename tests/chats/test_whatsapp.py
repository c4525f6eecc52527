"""WhatsApp exports to messages: a pair of files a case, and the rules that a pair cannot show."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from nlpchat.chats import read_chat
from nlpchat.chats.whatsapp_headers import hour_of

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
    assert chat.warnings == ()


@pytest.mark.parametrize(
    ("name", "days", "in_doubt"),
    [
        ("D1_us_no_day_over_27.txt", ["05-03", "05-14", "05-20", "05-25"], False),
        ("D2_fr_all_le_12.txt", ["03-01", "03-02", "03-05", "03-09"], True),
        ("D3_us_all_le_12.txt", ["03-01", "03-02", "03-05", "03-09"], True),
    ],
)
def test_order_of_day_and_month(name, days, in_doubt):
    chat = read_chat(HERE / "synthetic" / name)
    assert [f"{m.sent_at:%m-%d}" for m in chat] == days
    assert any("--date-order" in w.what for w in chat.warnings) == in_doubt


@pytest.mark.parametrize(
    ("text", "first_day", "told"),
    [
        ("3/4/24, 9:10 PM - A: x\n", "2024-03-04", "2024-04-03 (day first) or 2024-03-04 (month first)"),
        ("3/4/24, 9:10 PM - A: IMG-20240403-WA0001.jpg (file attached)\n", "2024-04-03", "attached files"),
        ("3/4/24, 9:10 - A: IMG-20240304-WA0001.jpg (file attached)\n", "2024-03-04", "attached files"),
        ("5/6/24, 9:10 - A: x\n6/5/24, 9:10 - A: y\n", "2024-05-06", "goes back in time"),
        ("03.04.24, 09:10 - A: x\n", "2024-04-03", None),
        ("13/4/24, 9:10 PM - A: x\n14/4/24, 9:10 PM - A: x\n", "2024-04-13", None),
        ("4/13/24, 9:10 - A: x\n", "2024-04-13", None),
        ("5/5/24, 9:10 - A: x\n", "2024-05-05", None),
    ],
)
def test_evidence_for_the_order(text, first_day, told, tmp_path):
    chat = read_text(tmp_path, text)
    assert f"{chat.messages[0].sent_at:%Y-%m-%d}" == first_day
    whats = [w.what for w in chat.warnings]
    assert whats == [] if told is None else told in whats[0]


def test_the_date_order_that_is_asked_for_wins(tmp_path):
    text = "01/03/24, 09:05 - A: a\n02/03/24, 09:05 - A: b\n"
    assert read_text(tmp_path, text, date_order="mdy").messages[1].sent_at == datetime(2024, 2, 3, 9, 5)
    assert read_text(tmp_path, text, date_order="ymd").messages[1].sent_at == datetime(2002, 3, 24, 9, 5)
    assert not read_text(tmp_path, text, date_order="dmy").warnings


def test_a_date_order_that_cannot_be_is_said(tmp_path):
    chat = read_text(tmp_path, "2024-05-13, 09:05 - A: a\n", date_order="mdy")
    assert chat.messages[0].sent_at == datetime(2024, 5, 13, 9, 5)
    assert "--date-order mdy was not used" in chat.warnings[0].what


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


@pytest.mark.parametrize(
    ("header", "moment"),
    [
        ("2023-12-20, 5:46 p.m. - ", datetime(2023, 12, 20, 17, 46)),
        ("2023/12/20, 5:46 pm - ", datetime(2023, 12, 20, 17, 46)),
        ("20/6/2017 8:28 p.\u00a0m. - ", datetime(2017, 6, 20, 20, 28)),
        ("13/5/24, 9:05 a. m. - ", datetime(2024, 5, 13, 9, 5)),
        ("13/05/24, 9:05 ap.m. - ", datetime(2024, 5, 13, 21, 5)),
        ("[05.08.23, 5:52:02 PM] ", datetime(2023, 8, 5, 17, 52, 2)),
        ("03.08.21 um 12:30 - ", datetime(2021, 8, 3, 12, 30)),
        ("[3/18/22 14.56.01] ", datetime(2022, 3, 18, 14, 56, 1)),
        ("18-03-2022 14:56 - ", datetime(2022, 3, 18, 14, 56)),
        ("18.03.22 14:56 – ", datetime(2022, 3, 18, 14, 56)),
        ("13. 6. 2018. 21:25:15 a: m - ", datetime(2018, 6, 13, 21, 25, 15)),
        ("1/14/23, 7:02\u2009PM - ", datetime(2023, 1, 14, 19, 2)),
        ("2024/3/18 下午2:56 - ", datetime(2024, 3, 18, 14, 56)),
        ("[2024/3/18 오후 2:56:01] ", datetime(2024, 3, 18, 14, 56, 1)),
        ("１３/０５/２０２４, ０８:００ - ", datetime(2024, 5, 13, 8, 0)),
    ],
)
def test_headers_of_other_places(header, moment, tmp_path):
    (message,) = read_text(tmp_path, f"{header}Zoé: oui : non\n")
    assert (message.sent_at, message.author, message.text) == (moment, "Zoé", "oui : non")


def test_a_group_that_only_speaks_in_notices_is_no_sender(tmp_path):
    lines = [f"[13/05/2024 08:00:0{i}] Famille: \u200eBob a ajouté Zoé{i}\r\n" for i in range(3)]
    chat = read_text(tmp_path, "".join(lines) + "[13/05/2024 08:01:00] Bob: ok\r\n")
    assert chat.authors == ("Bob",)
    assert [m.kind for m in chat] == ["notice"] * 3 + ["text"]


def test_lines_before_the_first_message_are_counted(tmp_path):
    chat = read_text(tmp_path, "Exporté depuis mon téléphone\n\n13/05/2024, 08:00 - Bob: ok\n")
    assert [(w.count, w.line) for w in chat.warnings] == [(1, 1)]


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
    assert (chat.authors, chat.messages[0].text, chat.warnings) == (("Zoé",), "déjà 😀", ())


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


@pytest.mark.parametrize(
    ("name", "title"),
    [("Discussion WhatsApp avec Julie.txt", "Julie"), ("WhatsApp Chat with Book club.txt", "Book club"),
     ("WhatsApp Chat - Les cousins.txt", "Les cousins"), ("julie.txt", "julie")],
)  # fmt: skip
def test_titles(name, title, tmp_path):
    assert read_text(tmp_path, "13/05/2024, 08:00 - Bob: ok\n", name=name).title == title
