"""Signal conversations as text: what exporters of several years write, and what must not be taken for it."""

import json
import time
from datetime import datetime
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.chats.containers import Source
from nlpchat.chats.signal import is_signal, read_signal
from nlpchat.errors import ChatFormatError
from nlpchat.records import Reaction

FIXTURES = Path(__file__).parents[2].parent / "shared" / "chats" / "chat-miner" / "test" / "signal"


def read(folder, text, name="chat.md"):
    path = folder / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return read_signal(Source(path))


@pytest.mark.skipif(not FIXTURES.exists(), reason="the shared fixtures are not here")
def test_the_fixture_of_chat_miner_gives_what_its_tests_expect():
    source = Source(FIXTURES / "test_export.txt")
    assert is_signal(source.path.read_text("utf-8").splitlines())
    chat = read_signal(source)
    target = {t["author"]: t for t in json.loads((FIXTURES / "target.json").read_text("utf-8"))}
    # chat-miner lists the newest first, and joins the lines of a message with a space.
    assert [m.author for m in chat] == ["Jane Doe", "John Doe"]
    for message in chat:
        assert message.text.replace("\n", " ") == target[message.author]["message"]
        assert message.sent_at == datetime.fromisoformat(target[message.author]["timestamp"])


# A dot is a space at the end of a line.
EXPORT = """\
[2019-05-29, 15:04] Me: Ça va ?··
[2019-05-29, 15:10] Aya: Oui !
Et toi ?··
[2020-01-02 09:05:12] Jim:·

> Et toi ?
> Bien ?

Pas mal··
(- Aya: 👍, Me: ❤️ -)
[2020-01-02 09:06:00] Me:   ![2020-01-02_00_photo[1]_(2).jpg](./media/2020-01-02_00_photo[1]_(2).jpg)··
[2020-01-02 09:07:00] Me: Le bail··
(- Jim: 😮 -)[2020_00_bail.pdf](./media/2020_00_bail.pdf)  ![p.png](./media/p.png)··
[2020-01-02 09:08:00] Aya:···
(( 🐺 ))
[2020-01-02 09:09:00] Aya:   [🐺](../exported_stickers/pack/102.webp)··
[2020-01-02 09:10:00] Jim: (This message was deleted)
[2020-01-02 09:11:00] Jim: Incoming voice call (accepted, 3m 12s)··
[2020-01-02 09:12:00] No-Sender: Bonsoir··
[2020-01-02 09:13:00] No-Sender:···
[2020-01-02 09:14:00] Aya: Voir [le site](https://a.fr) :··

> ceci reste

fin (- oui -)··
""".replace("·", " ")


def test_everything_that_signal_export_writes(tmp_path):
    folder = tmp_path / "Les copains"
    folder.mkdir()
    assert is_signal(EXPORT.splitlines(keepends=True))
    chat = read(folder, EXPORT)
    assert (chat.title, chat.platform) == ("Les copains", "signal")
    assert [(m.author, m.kind, m.text) for m in chat] == [
        ("Me", "text", "Ça va ?"),
        ("Aya", "text", "Oui !\nEt toi ?"),
        ("Jim", "text", "Pas mal"),
        ("Me", "media", "2020-01-02_00_photo[1]_(2).jpg"),
        ("Me", "media", "Le bail"),
        ("Aya", "media", "🐺"),
        ("Aya", "media", "🐺"),
        ("Jim", "deleted", "(This message was deleted)"),
        ("Jim", "call", "Incoming voice call (accepted, 3m 12s)"),
        ("No-Sender", "text", "Bonsoir"),
        (None, "notice", ""),
        ("Aya", "text", "Voir [le site](https://a.fr) :  \n\n> ceci reste\n\nfin (- oui -)"),
    ]
    assert [m.reactions for m in chat if m.reactions] == [
        (Reaction("Aya", "👍"), Reaction("Me", "❤️")),
        (Reaction("Jim", "😮"),),
    ]
    assert [m.line for m in chat][:4] == [1, 2, 4, 11]
    assert chat.messages[0].sent_at == datetime(2019, 5, 29, 15, 4)
    assert chat.messages[2].sent_at == datetime(2020, 1, 2, 9, 5, 12)
    assert [(w.what, w.count, w.line) for w in chat.warnings] == [
        ("answers that repeat what they answer, the repetition left out", 1, 4),
        ("messages whose sender the exporter did not know, under No-Sender", 1, 19),
    ]


def test_an_answer_with_an_attachment_only(tmp_path):
    chat = read(tmp_path, "[2020-01-02 09:05] Me: \n\n> où ?\n\n  [a.m4a](./media/a.m4a)  \n")
    assert [(m.kind, m.text) for m in chat] == [("media", "a.m4a")]


def test_impossible_dates_stay_text_and_are_counted(tmp_path):
    chat = read(tmp_path, "oops\n[2020-01-31 09:05] Me: a\n[2020-02-31 09:05] Me: b\n\n\n[2020-03-01 09:05] Me: c\n")
    assert [m.text for m in chat] == ["a\n[2020-02-31 09:05] Me: b", "c"]
    assert [(w.what, w.line) for w in chat.warnings] == [
        ("lines before the first message, left out", 1),
        ("lines with an impossible date or time, kept as text", 3),
    ]


@pytest.mark.parametrize(
    ("path", "title"), [("Zoé/chat.md", "Zoé"), ("Zoé/index.md", "Zoé"), ("Zoé.txt", "Zoé"), ("Zoé/notre.md", "notre")]
)
def test_the_title_is_the_folder_or_the_file(tmp_path, path, title):
    file = tmp_path / path
    file.parent.mkdir(exist_ok=True)
    assert read(file.parent, "[2020-01-02 09:05] Me: a", file.name).title == title


@pytest.mark.parametrize("text", ["", "bonjour", "[2020-02-31 09:05] Me: b", "[2020-02-31] Me: b"])
def test_no_message_is_an_error_that_says_what_to_give(tmp_path, text):
    with pytest.raises(ChatFormatError, match=r"empty|chat\.md"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "lines",
    [
        ["[2024-05-13, 9:05:00 AM] Bob: salut"],
        ["[2024-05-13, 9:05 AM] Bob: salut"],
        ["[2024-05-13, 09:05:00] Bob: salut", "[2024-05-13, 09:06:00] Zoé: oui"],
        ["[2024-05-13 09:05:00] Bob: salut  ", "\u200e[2024-05-13 09:06:00] Zoé: \u200ebild utesluten"],
        ["\u200e[2024-05-13 09:05:00] Bob: Me: "],
        ["[13/05/2024, 09:05:00] Bob: salut  "],
        ["13/05/2024, 09:05 - Bob: salut"],
        ["2024-05-13 09 h 05 - Bob: salut"],
        ["2024-05-13 09:05 Bob: salut"],
        ["Bonjour", "[2024-05-13, 09:05] Bob: salut"],
        ["[2024-05-13, 09:05] une note"],
        ["", "{}"],
        [],
    ],
)
def test_other_texts_are_not_taken(lines):
    assert not is_signal(lines)


@pytest.mark.parametrize(
    "lines",
    [
        ["[2019-12-24, 12:23] Jane Doe: Hello"],
        ["\ufeff[2019-12-24 12:23] Jane Doe:  \r\n"],
        ["", "[2019-12-24 12:23:05] Jane: Hello  "],
        ["[2019-12-24 12:23:05] Jane: Hello", "[2019-12-24 12:23:06] Me: Hello"],
        ["[2019-12-24 12:23:05] Jane: Hello", "(- Zoé: 👍 -)"],
    ],
)
def test_signal_texts_are_taken(lines):
    assert is_signal(lines)


LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff[]()"), min_size=1)
BODY = st.lists(LINE, min_size=1, max_size=3).map("\n".join).filter(lambda t: t.strip() == t and not t.startswith(">"))
NAME = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=9).filter(lambda t: t != "No-Sender")
MESSAGE = st.tuples(
    st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1)).map(lambda t: t.replace(microsecond=0)),
    NAME,
    BODY,
    st.lists(st.tuples(NAME, st.sampled_from("👍😂😮")), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(MESSAGE, min_size=1, max_size=4),
    st.sampled_from(["%Y-%m-%d, %H:%M", "%Y-%m-%d %H:%M:%S"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_what_was_written_reads_back(tmp_path_factory, written, form, end, bom):
    text = "\ufeff" if bom else ""
    for at, name, body, reactions in written:
        listed = ", ".join(f"{who}: {emoji}" for who, emoji in reactions)
        text += f"[{at.strftime(form)}] {name}: {body}  " + (f"\n(- {listed} -)" if listed else "") + "\n"
    chat = read(tmp_path_factory.mktemp("signal"), text.replace("\n", end))
    nfc = [(name, normalize("NFC", body), reactions) for _, name, body, reactions in written]
    assert [(m.author, m.text) for m in chat if m.kind == "text"] == [(normalize("NFC", n), b) for n, b, _ in nfc]
    assert [[r.emoji for r in m.reactions] for m in chat] == [[emoji for _, emoji in rs] for *_, rs in nfc]
    assert [m.sent_at.strftime(form) for m in chat] == [at.strftime(form) for at, *_ in written]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=200), st.text("[]()-: 0129\n\r>!M./media", max_size=200).map(str.encode)),
    st.booleans(),
)
def test_any_bytes_are_read_or_refused(tmp_path_factory, data, header):
    path = tmp_path_factory.mktemp("signal") / "chat.md"
    path.write_bytes((b"[2020-01-02 09:05] Me: " if header else b"") + data)
    try:
        chat = read_signal(Source(path))
    except ChatFormatError:
        assert not header or b"\0" in data
    else:
        assert len(chat) >= 1
    is_signal(data.decode("latin-1").split("\n"))


@pytest.mark.parametrize("unit", ["a", "[", "](./media/", "\n", "(- : ", "> ", "\n> ", "[](./media/x)", "(( ", " "])
def test_much_of_one_thing_takes_no_time(tmp_path, unit):
    text = "[2020-01-02 09:05] Me: " + unit * (400_000 // len(unit))
    began = time.process_time()
    read(tmp_path, text + " -)")
    is_signal(text.split("\n"))
    assert time.process_time() - began < 3
