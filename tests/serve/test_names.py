"""File names out of hostile words."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpchat.serve.names import file_name, free_path


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("Discussion WhatsApp avec Zoé.txt", "Discussion WhatsApp avec Zoé.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\zoe\\chat.zip", "chat.zip"),
        ("/", "export"),
        ("..", "export"),
        ("", "export"),
        ("a\x00b\x1b[31m.txt", "ab[31m.txt"),
        ("\u202etxt.exe", "txt.exe"),
        ("<script>alert(1)</script>.txt", "script.txt"),
        ("<img src=x onerror=alert(1)>.json", "img src=x onerror=alert(1).json"),
        ("CON.txt", "_CON.txt"),
        ("   .txt", "txt"),
        ("e\u0301te\u0301.zip", "été.zip"),
        ("a" * 5000 + ".zip", "a" * 156 + ".zip"),
        ("é" * 5000 + ".zip", "é" * 78 + ".zip"),
    ],
)
def test_a_name_is_safe_and_near(sent: str, name: str) -> None:
    assert file_name(sent) == name


@given(st.text(max_size=400))
def test_any_name_is_one_file_of_the_folder(sent: str) -> None:
    name = file_name(sent)
    assert Path(name).name == name
    assert Path("/root/x", name).resolve().parent == Path("/root/x")
    assert 0 < len(name.encode()) <= 255
    assert not [letter for letter in name if unicodedata.category(letter)[0] == "C"]
    assert not set(name) & set('<>:"|?*/\\')


def test_no_file_is_replaced(tmp_path: Path) -> None:
    for _ in range(3):
        free_path(tmp_path, "Les colocs.html").write_text("x")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "Les colocs (2).html",
        "Les colocs (3).html",
        "Les colocs.html",
    ]
