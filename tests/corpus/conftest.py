"""A card to build by, and rows to build from: small, invented, and without the language model's weight where it is not looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nlpchat.corpus.card import Card, read_card

CARD = """
title = "t"
about = "a"
kind = "{kind}"
tier = "{tier}"
licence = "l"
use = [{use}]
how = "h"
{labels}
group = "g"
personal_data = "none"
leave_out = "ask"
limits = "small"
{tables}
"""
SOURCE = """
[[source]]
file = "{file}"
origin = "o/r @ 1"
licence = "l"
sha256 = "{sha256}"
what = "w"
{counts}
"""
NO_SOURCE = {"file": "a.jsonl", "sha256": "0" * 64}


@pytest.fixture
def make_card(tmp_path: Path) -> Callable[..., Card]:
    """A card of corpora/NAME in the test's folder. build: the lines of [build]; source: a source's file and sha256."""

    def make(
        name: str = "films", *, kind: str = "labelled", tier: str = "open", use: str = '"classifier"', build: str = "",
        rule: str = "rating = { neg = 0.4, pos = 0.8 }", source: Mapping[str, Any] = NO_SOURCE,
    ) -> Card:  # fmt: skip
        tables = f"[build]\n{build}\n" + (f"[rule]\n{rule}\n" if kind == "labelled" else "")
        if kind != "chats":
            counts = "rows = 3\ncounts = { pos = 2, neg = 1 }" if kind == "labelled" else "words = 3"
            tables += SOURCE.format(**{"counts": counts, **source})
        folder = tmp_path / "corpora" / name
        folder.mkdir(parents=True, exist_ok=True)
        labels = 'labels = "r"' if kind == "labelled" else ""
        text = CARD.format(kind=kind, tier=tier, use=use, labels=labels, tables=tables)
        (folder / "card.toml").write_text(text, encoding="utf-8")
        return read_card(folder / "card.toml")

    return make


@pytest.fixture
def write_jsonl(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Iterable[Mapping[str, Any]], name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
