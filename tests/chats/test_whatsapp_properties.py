"""Any bytes are read, or refused in one line."""

import tempfile
import zipfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.chats import read_chat
from nlpchat.errors import NlpchatError

PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([
        b"13/05/2024, 08:00 - ", b"[13/05/2024 08:00:00] ", b"99/99/9999, 99:99 - ", b"Alice: ", b"\0",
        b"\xe2\x80\x8e", b"image absente", b"\r\n", b"\n", b"\xff\xfe", b"{", b'"messages":[', b"]}",
        b'{"sender_name":"A",', b'"timestamp_ms":1e400}', b"PK\x03\x04", "²".encode(), "٣".encode(),
        "à 08 h 05 <Médias omis> « ".encode(), b"[3/18/R4, 14:56:01] ", b"18/3/2565 ", b"1/1/0, 0:0 ",
        "下午2:56 - Bob: ".encode(), b"13.05.24, 08:00 - Bob: x\n" * 9, b"[13/05/2024 08:00:00] Bob: x\n" * 9, b"\r",
        b"00/00/0000, 00:00 - ", "[١٨\u200f/٣\u200f/٢٠٢٢، ٢:٥٦:٠٠ م] ".encode(), b"1401/13/31, 24:00 - ",
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
