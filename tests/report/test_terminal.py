"""The summary of a chat at every width: readable, in colour on terminals alone, and obeyed in nothing that it quotes."""

from __future__ import annotations

import io
import re
import time
from datetime import datetime, timedelta

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from nlpchat.predictions import Predictions
from nlpchat.records import Chat, Message
from nlpchat.report.summary import summarise
from nlpchat.report.terminal import chat_view, progress_bar

HOSTILE = [
    "a\x1b[2J\x1b]0;owned\x07b",
    "\u202eegassem\u2066",
    "un\r\ndeux\u2028trois",
    "[bold red]x[/bold red] :smile:",
    "<script>alert(1)</script>",
    "A" * 1_000_000,
    "漢字" * 200,
    "z\u0300" * 500,
    "\ud83d",
    "",
]
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def view(words: list[str], width: int, *, terminal: bool = False, encoding: str = "utf-8") -> str:
    """A chat in which each of these is a person and what that person writes, day after day, as it is shown."""
    messages = tuple(
        Message(datetime(2024, 1, 1) + timedelta(days=i // 6), word, word, "text", i + 1)
        for i, word in enumerate(words * 6)
    )
    scores = np.random.default_rng(7).dirichlet((1, 1, 1), len(messages)).astype(np.float32)
    places = np.arange(len(messages), dtype=np.int32)
    said = Predictions(places, scores, places + 1, np.zeros(len(messages), np.bool_))
    summary = summarise(Chat("".join(words[:3]), "whatsapp", messages, tuple(words)), said)
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace", newline="\n")
    console = Console(
        file=stream, width=width, highlight=False, markup=False, emoji=False, force_terminal=terminal or None,
        color_system="standard" if terminal else "auto",
    )  # fmt: skip
    console.print(chat_view(summary))
    stream.seek(0)
    return stream.read()


@pytest.mark.parametrize("width", [36, 40, 60, 80, 120])
def test_at_every_width_numbers_are_whole_and_no_line_is_wider(width: int) -> None:
    shown = view(["Inès", "Malo", "Anne-Sophie de la Tour"], width)
    assert max(map(cell_len, shown.splitlines())) <= width
    head = next(line for line in shown.splitlines() if "scored" in line)
    long = ["person", "scored", "negative", "neutral", "positive"]
    assert head.split() == (long if width >= 80 else ["person", "scored", "neg", "neu", "pos"])
    assert ("░" in shown) == (width >= 60)
    row = next(line for line in shown.splitlines() if line.startswith(" Inès"))
    assert re.fullmatch(r" Inès +6( +\d+%){3}[ █░]*", row)


@pytest.mark.parametrize("width", [10, 40, 80])
@pytest.mark.parametrize("terminal", [False, True])
def test_what_a_chat_quotes_is_not_obeyed(width: int, terminal: bool) -> None:
    shown = view(HOSTILE, width, terminal=terminal)
    assert len(shown) < 20_000
    bare = ESCAPES.sub("", shown) if terminal else shown
    assert [c for c in bare if c != "\n" and (ord(c) < 32 or c in "\x7f\u202e\u2066\u2028")] == []
    assert "\x1b[2J" not in shown


def test_what_a_chat_quotes_is_all_there() -> None:
    words = ["[bold red]x[/bold red] :smile:", "un\r\ndeux\u2028trois"]
    shown = view(words, 100)
    for quoted in ("[bold red]x[/bold red] :smile:", "un deux trois"):
        assert f" {quoted}  " in shown  # in the table
        assert f"  {quoted}: {quoted}\n" in shown  # among the strongest


def test_no_colour_when_it_is_not_a_terminal() -> None:
    assert "\x1b" not in view(["Inès", "Malo"], 80)
    assert "\x1b[31m" in view(["Inès", "Malo"], 80, terminal=True)


def test_without_blocks_the_drawing_is_ascii() -> None:
    shown = view(["Ines", "Malo"], 80, encoding="ascii")
    assert shown.isascii()
    assert "?" not in shown  # what the encoding does not have would be one
    assert re.search(r"Ines .*%  *\|  *-*\.*\+* *\|", shown)
    assert "a digit is 10%" in shown


def test_long_messages_go_on_under_themselves() -> None:
    lines = view(["Inès", "mot " * 30], 40).splitlines()
    after = lines[next(i for i, line in enumerate(lines) if line.startswith("Most positive")) + 1 :]
    block = after[: after.index("")]
    assert len(block) > 3
    assert all(re.match(r"  [01]\.\d\d  \S| {8}\S", line) for line in block)


@pytest.mark.parametrize(("width", "pace"), [(120, r"\d messages/s, 0\d:\d\d left"), (40, r"\d/s 0\d:\d\d")])
def test_the_progress_says_how_fast_and_how_long(width: int, pace: str) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    with progress_bar("\x1b]0;owned\x07[red]\nx" + "y" * 5000, console) as progress:
        for done in range(100, 501, 100):
            time.sleep(0.01)
            progress(done, 1000)
    frames = ESCAPES.sub("", stream.getvalue()).replace("\r", "\n").splitlines()
    last = [frame for frame in frames if frame.strip()][-1]
    assert re.search(pace, last)
    assert " 500/1000 " in last
    assert "\x1b]" not in stream.getvalue()
    assert max(map(cell_len, frames)) <= width


def test_the_progress_of_nothing_ends() -> None:
    stream = io.StringIO()
    with progress_bar("", Console(file=stream, width=80, force_terminal=True)):
        pass
    assert "messages/s" not in stream.getvalue()
