"""`nlpchat explain`, as it is typed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from nlpchat.bundle import Bundle
from nlpchat.cli.explain import _view, command
from nlpchat.errors import InputError
from nlpchat.explain import WordWeight
from nlpchat.records import Prediction


@pytest.fixture
def typed(bundle: Bundle):
    def invoke(*arguments: str, text: str | bytes | None = None) -> Result:
        return CliRunner().invoke(
            command, ["--model", str(bundle.folder), *arguments], input=text, catch_exceptions=False
        )

    return invoke


def test_the_words_and_their_weights(typed) -> None:
    shown = typed("c'est génial ce film").stdout.splitlines()
    assert shown[0].startswith("positive")
    assert shown[1] == "c'est génial ce film"
    assert shown[2].split() == ["weight", "for", "pos", "word"]
    weight, word = shown[3].split()
    assert word == "génial"
    assert float(weight) > 0.1
    assert weight[0] == "+"
    assert "\x1b" not in "".join(shown)


def test_json(typed) -> None:
    texts = ["c'est génial \U0001f60d", "", "c'est nul"]
    rows = [json.loads(line) for line in typed("--json", *texts).stdout.splitlines()]
    assert [row["text"] for row in rows] == texts
    assert [row["label"] for row in rows] == [row["weighed_for"] for row in rows] == ["pos", "neu", "neg"]
    assert [[one["word"] for one in row["words"]] for row in rows] == [
        ["c'est", "génial", "\U0001f60d"],
        [],
        ["c'est", "nul"],
    ]
    for row in rows:
        assert sum(row["scores"].values()) == pytest.approx(1, abs=1e-5)
        assert all(row["text"][one["start"] : one["end"]] == one["word"] for one in row["words"])
    assert max(rows[2]["words"], key=lambda one: one["weight"])["word"] == "nul"


def test_another_label(typed) -> None:
    row = json.loads(typed("--json", "--label", "pos", "c'est nul").stdout)
    assert (row["label"], row["weighed_for"]) == ("neg", "pos")
    assert row["words"][1]["weight"] < 0
    assert "weight for pos" in typed("--label", "pos", "c'est nul").stdout


def test_lines_of_standard_input(typed) -> None:
    result = typed("--json", "-", text="c'est nul\r\n\nc'est génial\n")
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == ["c'est nul", "", "c'est génial"]
    assert typed("-", text="").stdout == ""


def test_what_is_not_text(typed) -> None:
    with pytest.raises(InputError, match="standard input: not in UTF-8"):
        typed("-", text=b"d\xe9\xe7u\n")
    with pytest.raises(InputError, match="TEXT 2: not in UTF-8"):
        typed("ok", "d\udce9")


@pytest.mark.parametrize("arguments", [[], ["-", "nul"], ["--label", "unsure", "nul"]])
def test_wrong_usage(typed, arguments: list[str]) -> None:
    assert typed(*arguments).exit_code == 2


def test_hostile_text_is_shown_and_not_obeyed(typed) -> None:
    text = "\x1b[31mnul\x1b[0m \u202egénial\u202c [bold]x[/bold] :smile: \x07"
    shown = typed(text).stdout
    assert not set(shown) & set("\x1b\x07\u202e\u202c")
    assert "␛[31mnul␛[0m génial [bold]x[/bold] :smile: ␇" in shown
    assert json.loads(typed("--json", text).stdout)["text"] == text


def test_long_texts_have_a_short_table(typed) -> None:
    shown = typed("demain soir " * 100 + "c'est nul").stdout
    assert "and 53 more that weigh less" in shown
    assert len(shown.splitlines()) < 20


def test_it_is_said_when_no_word_matters(typed) -> None:
    shown = CliRunner().invoke(command, ["--label", "pos", "merci merci merci, j'ai adoré, génial 😍😍"]).stdout
    assert "Whichever word is left out" in shown
    assert "Whichever word is left out" not in typed("c'est nul").stdout


def test_colours_on_a_terminal_alone() -> None:
    weights = (WordWeight(0, 3, 0.8), WordWeight(4, 8, -0.2), WordWeight(9, 11, 0.01))
    prediction = Prediction(0, "neg", (0.9, 0.1, 0.0), 3, False)

    def drawn(*, terminal: bool) -> str:
        console = Console(force_terminal=terminal, color_system="standard" if terminal else None, width=60)
        with console.capture() as capture:
            for part in _view("nul mais ok", prediction, "neg", weights):
                console.print(part)
        return capture.get()

    assert "\x1b[1;31mnul\x1b[0m \x1b[4;33mmais\x1b[0m ok" in drawn(terminal=True)
    assert "\x1b" not in drawn(terminal=False)


def test_a_terminal_without_accents(bundle: Bundle) -> None:
    runner = CliRunner(charset="ascii")
    result = runner.invoke(command, ["--model", str(bundle.folder), "c'est génial"], catch_exceptions=False)
    assert "c'est g?nial" in result.stdout
    result = runner.invoke(command, ["--model", str(bundle.folder), "--json", "c'est génial"], catch_exceptions=False)
    assert json.loads(result.stdout)["text"] == "c'est génial"
