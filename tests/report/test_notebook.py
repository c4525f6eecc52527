"""The HTML of a notebook shows what was written and holds nothing that a chat could put there."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.predictions import Predictions
from nlpchat.records import Chat, Message, Warning
from nlpchat.report.notebook import MOST_ROWS, chat_html, predictions_html, said

TAGS = {"div", "p", "b", "bdi", "table", "thead", "tbody", "tr", "th", "td", "span", "code"}
ATTRIBUTES = {"style", "scope", "role", "aria-label", "aria-hidden", "title"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; onmouseover='alert(1)",
    "javascript:alert(1)",
    "\u202eevil\u2066",
    "\x1b[31m\x00",
    "\ud83d",
    "&lt;b&gt;",
    "A" * 1_000_000,
    "",
]


class Page(HTMLParser):
    """The rows and words of some HTML; every tag closed in its turn, and only those that are meant to be there."""

    def __init__(self, html: str):
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.words = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if {"td", "th"} & {*self.open}:
            self.rows[-1][-1] += data


def chat(words: list[str | None], **more: object) -> Chat:
    messages = tuple(
        Message(datetime(2024, 5, 1 + i % 28, 9, 30), word, word or "", "text" if word is not None else "notice", i + 1)
        for i, word in enumerate(words)
    )
    return Chat("Les colocs", "whatsapp", messages, tuple(sorted({word for word in words if word})), **more)


def predictions(count: int, abstain: float = 0.0) -> Predictions:
    scores = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]], np.float32)[np.arange(count) % 3]
    places = np.arange(count, dtype=np.int32)
    return Predictions(places * 2, scores, places + 1, np.zeros(count, np.bool_), abstain)


def test_a_chat() -> None:
    page = Page(chat_html(chat(["Zoé", "Léo", None], warnings=(Warning("an impossible date", 3, 77),))))
    assert page.words.startswith("Les colocswhatsapp, 3 messages, 2024-05-01 to 2024-05-03Léo, Zoé")
    assert page.rows == [
        ["", "sent_at", "author", "kind", "text"],
        ["0", "2024-05-01 09:30", "Zoé", "text", "Zoé"],
        ["1", "2024-05-02 09:30", "Léo", "text", "Léo"],
        ["2", "2024-05-03 09:30", "", "notice", ""],
    ]
    assert page.words.endswith("an impossible date: 3 (first: line 77).")


def test_of_a_long_chat_the_ends_are_shown() -> None:
    page = Page(chat_html(chat([f"p{i}" for i in range(100)])))
    assert len(page.rows) == 1 + 2 * MOST_ROWS + 1
    assert [row[0] for row in page.rows] == ["", "0", "1", "2", "3", "4", "…", "95", "96", "97", "98", "99"]
    assert "and 92 more" in page.words


@pytest.mark.parametrize("count", [0, 1, MOST_ROWS, MOST_ROWS + 1, 2 * MOST_ROWS, 2 * MOST_ROWS + 1])
def test_each_row_is_shown_once(count: int) -> None:
    rows = Page(chat_html(chat(["a"] * count))).rows[1:]
    places = [row[0] for row in rows if row[0] != "…"]
    assert places == [str(i) for i in range(count)] or count > 2 * MOST_ROWS
    assert len(places) == min(count, 2 * MOST_ROWS)
    assert (len(rows) > len(places)) == (count > 2 * MOST_ROWS)


def test_predictions() -> None:
    page = Page(predictions_html(predictions(30)))
    assert page.words.startswith("30 texts classified")
    assert page.rows[:4] == [["label", "texts", "share"], ["■ neg", "10", "33%"], ["■ neu", "10", "33%"],
                             ["■ pos", "10", "33%"]]  # fmt: skip
    assert page.rows[4:6] == [["message", "label", "neg", "neu", "pos"], ["0", "■ neg", "0.70", "0.20", "0.10"]]
    assert page.rows[-1] == ["58", "■ pos", "0.30", "0.30", "0.40"]
    assert "say little" not in page.words


def test_few_predictions_are_said_to_be_few_and_unsure_has_its_row() -> None:
    page = Page(predictions_html(predictions(3, abstain=0.5)))
    assert "fewer than 20 texts say little" in page.words
    assert page.rows[4] == ["■ unsure", "1", "33%"]
    assert Page(predictions_html(predictions(0))).words.startswith("0 texts classified")


def test_a_chat_can_put_nothing_into_the_page() -> None:
    messages = tuple(Message(datetime(2024, 5, 1, tzinfo=UTC), word, word, "text", 1) for word in HOSTILE)
    warnings = tuple(Warning(word, 2, 1, (word,)) for word in HOSTILE)
    for word in HOSTILE:
        html = chat_html(Chat(word, word, messages, tuple(HOSTILE), warnings, word, word))
        page = Page(html)  # which knows the tags and attributes that may be there
        assert len(html) < 20_000
        assert html.encode("utf-8")
        assert [c for c in html if not c.isprintable()] == []
        assert "<script>alert(1)</script>" in page.words


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=40))
def test_what_was_written_is_shown_and_does_nothing(text: str) -> None:
    html = said(text, 60)
    assert Page(html).open == []
    assert html.startswith("<bdi>")
    assert "<" not in html.removeprefix("<bdi>").removesuffix("</bdi>")
    if text.isprintable():
        assert Page(html).words == " ".join(text.split())


def test_a_chat_is_shown_without_anything_heavy() -> None:
    code = (
        "import sys; from nlpchat.report.notebook import chat_html; from nlpchat.records import Chat\n"
        "chat_html(Chat('t', 'whatsapp', (), ()))\n"
        "print(*[name for name in ('numpy', 'pandas', 'rich', 'onnxruntime') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []
