"""Who asked to be left out, is; a line that would leave nobody out is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from nlpchat.errors import InputError
from nlpchat.exclude import digest_of, excluded_ids, is_excluded

REVIEW = {"site": "allocine", "review_id": "7", "url": "https://www.allocine.fr/film/1/critiques/?page=3#review_7"}


def ids(tmp_path: Path, text: str) -> frozenset[str]:
    (tmp_path / "ids.txt").write_text(text, encoding="utf-8")
    return excluded_ids(tmp_path / "ids.txt")


@pytest.mark.parametrize(
    "line",
    ["7", "review_7", "allocine:7", "7  # asked on 3 May", "http://allocine.fr/film/1/critiques/?page=9#review_7"],
)
def test_a_review_is_named_in_several_ways(tmp_path: Path, line: str) -> None:
    assert is_excluded(ids(tmp_path, f"# those who asked\n\n{line}\n"), **REVIEW)


@pytest.mark.parametrize("line", ["70", "babelio:7", "https://allocine.fr/film/1/critiques/?page=3", "# 7", ""])
def test_nobody_else_is_left_out(tmp_path: Path, line: str) -> None:
    assert not is_excluded(ids(tmp_path, line), **REVIEW)


def test_a_text_is_named_by_its_digest(tmp_path: Path) -> None:
    """As `printf %s "Déçu." | sha256sum` gives it, however the text is spaced or composed."""
    excluded = ids(tmp_path, f"sha256:{hashlib.sha256('Déçu.'.encode()).hexdigest()}\n")
    assert is_excluded(excluded, text=" De\u0301c\u0327u.\n")
    assert not is_excluded(excluded, text="Déçue.")
    assert digest_of("Déçu.") in excluded


def test_a_name_or_a_sentence_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 2, line 3: a review's id"):
        ids(tmp_path, "7\nJeanne Dupont\nsha256:abc\n")
    with pytest.raises(InputError, match="no such file"):
        excluded_ids(tmp_path / "none.txt")
