"""Reading what was written gives it back, in every form; any bytes are read, or refused in one line."""

import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from unicodedata import normalize

from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.chats import read_chat
from nlpchat.errors import NlpchatError

# strftime form of the header, whether it has seconds
FORMS = [
    ("%d/%m/%Y, %H:%M - ", False),
    ("%d/%m/%Y à %H:%M - ", False),
    ("%d.%m.%y, %H:%M - ", False),
    ("%Y-%m-%d, %I:%M %p - ", False),
    ("[%d/%m/%Y %H:%M:%S] ", True),
    ("[%d/%m/%Y, %I:%M:%S\u202f%p] ", True),
    ("%d/%m/%Y %H:%M:%S: ", True),
]
NAMES = st.sampled_from(["Alice", "Bob", "Zoé", "Éric 🎉", "+33 6 12 34 56 78", "N'Golo (travail)"])
WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=30)
MOMENTS = st.datetimes(datetime(2014, 1, 1), datetime(2029, 12, 31))


@settings(max_examples=60, deadline=None)
@given(
    form=st.sampled_from(FORMS),
    moments=st.lists(MOMENTS, min_size=1, max_size=12),
    data=st.data(),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
)
def test_reading_gives_back_what_was_written(form, moments, data, end, bom):
    header, seconds = form
    written = []
    for moment in sorted(moments):
        # An "x" at both ends keeps a drawn text from being a header, a notice, or marks only.
        lines = [f"x{line}x" for line in data.draw(st.lists(WORDS, min_size=1, max_size=3))]
        written.append((moment.replace(microsecond=0, second=moment.second if seconds else 0), data.draw(NAMES), lines))
    text = "".join(f"{m.strftime(header)}{name}: {end.join(lines)}{end}" for m, name, lines in written)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chat.txt"
        path.write_bytes(text.encode("utf-8-sig" if bom else "utf-8"))
        chat = read_chat(path, date_order="dmy")
    assert [(m.sent_at, m.author, m.text, m.kind) for m in chat] == [
        (m, name, normalize("NFC", "\n".join(lines)), "text") for m, name, lines in written
    ]


PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([
        b"13/05/2024, 08:00 - ", b"[13/05/2024 08:00:00] ", b"99/99/9999, 99:99 - ", b"Alice: ", b"\0",
        b"\xe2\x80\x8e", b"image absente", b"\r\n", b"\n", b"\xff\xfe", b"{", b'"messages":[', b"]}",
        b'{"sender_name":"A",', b'"timestamp_ms":1e400}', b"PK\x03\x04", "²".encode(), "٣".encode(),
        "à 08 h 05 <Médias omis> « ".encode(),
    ]),
)  # fmt: skip
BYTES = st.lists(PIECES, max_size=25).map(b"".join)


def reads_or_refuses(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            chat = read_chat(path)
        except NlpchatError as fault:
            refusal = str(fault)
        else:
            refusal = f"{name} was read"
            assert all(m.author is None for m in chat if m.kind == "notice")
            assert {m.author for m in chat if m.author is not None} == set(chat.authors)
    assert name in refusal
    assert "\n" not in refusal


@settings(max_examples=120, deadline=None)
@given(content=BYTES, name=st.sampled_from(["a.txt", "a.json", "a.zip"]))
def test_any_bytes_are_read_or_refused(content, name):
    reads_or_refuses(content, name)


@settings(max_examples=60, deadline=None)
@given(
    content=BYTES,
    cut=st.integers(0, 400),
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), max_size=4),
)
def test_any_damaged_zip_is_read_or_refused(content, cut, flips):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "whole.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("_chat.txt", b"13/05/2024, 08:00 - Alice: bonjour\n" + content)
        damaged = bytearray(path.read_bytes())
    for place, change in flips:
        damaged[place % len(damaged)] ^= change
    reads_or_refuses(bytes(damaged[: len(damaged) - cut % len(damaged)]), "a.zip")
