"""`nlpchat classify`, as it is typed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nlpchat.bundle import Bundle
from nlpchat.cli import main

CHAT = """\
01/03/2026, 20:00 - Les messages et les appels sont chiffrés de bout en bout.
01/03/2026, 20:01 - Zoé: c'est génial ce film
01/03/2026, 20:02 - Léo: je trouve ça nul
et triste
02/04/2026, 09:00 - Zoé: <Médias omis>
02/04/2026, 09:05 - Zoé: on se voit demain
02/04/2026, 09:06 - Léo: [bold]merci[/bold] 😍
"""


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    path = tmp_path / "Discussion WhatsApp avec Léo.txt"
    path.write_text(CHAT, encoding="utf-8")
    return path


@pytest.fixture
def typed(bundle: Bundle):
    def invoke(*arguments: str | Path, text: str | bytes | None = None) -> Result:
        line = ["classify", "--model", str(bundle.folder), *map(str, arguments)]
        return CliRunner().invoke(main, line, input=text, catch_exceptions=False)

    return invoke


def test_the_summary(typed, chat: Path) -> None:
    result = typed(chat)
    assert result.exit_code == 0
    shown = result.stdout
    for words in (
        "6 messages",
        "2 people",
        "2026-03-01 to 2026-04-02",
        "Most positive",
        "Most negative",
        "Zoé",
    ):
        assert words in shown
    assert "c'est génial ce film" in shown
    assert "je trouve ça nul et triste" in shown
    assert "[bold]merci[/bold]" in shown
    assert "Not scored: " in shown
    assert "1 media" in shown
    assert "50%" in shown


def test_rows(typed, chat: Path, tmp_path: Path) -> None:
    output = tmp_path / "rows.csv"
    assert typed(chat, "-o", output, "--quiet").stdout == ""
    with output.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["index", "sent_at", "author", "kind", "text", "label", "neg", "neu", "pos"]
    assert [row["label"] for row in rows] == ["", "pos", "neg", "", "neu", "pos"]
    assert [row["kind"] for row in rows] == ["notice", "text", "text", "media", "text", "text"]
    assert rows[2]["text"] == "je trouve ça nul\net triste"
    assert rows[3]["pos"] == ""
    assert sum(float(rows[1][label]) for label in ("neg", "neu", "pos")) == pytest.approx(1, abs=1e-5)


def test_rows_as_parquet(typed, chat: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    other = chat.with_name("Discussion WhatsApp avec Max.txt")
    other.write_text(CHAT.replace("2026", "2025").replace("Léo", "Max"), encoding="utf-8")
    typed(chat, other, "-o", tmp_path / "rows.parquet")
    table = parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [row["label"] for row in table[:6]] == [None, "pos", "neg", None, "neu", "pos"]
    assert [table[0]["export"], table[11]["export"]] == [str(chat), str(other)]
    assert [table[0]["chat"], table[11]["chat"]] == ["Léo", "Max"]
    assert table[1]["sent_at"] == "2026-03-01T20:01:00"


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("day", ["2026-03-01", "2026-04-02"]),
        ("week", ["2026-W09", "2026-W14"]),
        ("month", ["2026-03", "2026-04"]),
    ],
)
def test_by_period(typed, chat: Path, by: str, names: list[str]) -> None:
    told = json.loads(typed(chat, "--by", by, "--json").stdout)["exports"][0]
    assert [part["name"] for part in told["parts"]] == names
    assert [part["messages"] for part in told["parts"]] == [2, 2]
    assert names[0] in typed(chat, "--by", by).stdout


def test_json(typed, chat: Path) -> None:
    (told,) = json.loads(typed(chat, "--json").stdout)["exports"]
    assert told["export"] == str(chat)
    assert told["messages"] == 6
    assert told["all"]["counts"] == {"neg": 1, "neu": 1, "pos": 2}
    assert {part["name"]: part["counts"]["neg"] for part in told["parts"]} == {"Léo": 1, "Zoé": 0}
    assert told["skipped"] == {"notice": 1, "media": 1}
    assert told["most_negative"][0]["index"] == 2
    assert told["most_positive"][0]["scores"]["pos"] > 0.5


def test_one_bad_export_does_not_stop_the_others(typed, chat: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_text("ceci n'est pas une discussion\n", encoding="utf-8")
    output = tmp_path / "rows.jsonl"
    result = typed(bad, chat, tmp_path / "none.txt", "-o", output)
    assert result.exit_code == 1
    faults = [line for line in result.stderr.splitlines() if line.startswith(f"nlpchat: {tmp_path}")]
    assert len(faults) == 2
    assert str(bad) in faults[0]
    assert "none.txt" in faults[1]
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 6
    assert "Most positive" in result.stdout


def test_nothing_readable_writes_nothing(typed, tmp_path: Path) -> None:
    result = typed(tmp_path / "a.txt", tmp_path / "b.txt", "-o", tmp_path / "rows.csv")
    assert result.exit_code == 1
    assert "none of the 2 exports" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_texts(typed) -> None:
    result = typed("--text", "c'est génial", "--text", "c'est [nul]")
    first, second = result.stdout.splitlines()
    assert first.startswith("positive")
    assert first.endswith("c'est génial")
    assert second.startswith("negative")
    assert second.endswith("c'est [nul]")


def test_lines_of_standard_input(typed, tmp_path: Path) -> None:
    result = typed("-", "--json", "-o", tmp_path / "rows.csv", text="c'est génial\n\nc'est nul\r\n")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["label"] for one in told] == ["pos", "neu", "neg"]
    assert [one["text"] for one in told] == ["c'est génial", "", "c'est nul"]
    assert set(told[0]["scores"]) == {"neg", "neu", "pos"}
    assert len((tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines()) == 4
    assert typed("-", text=b"\xe9\n").stderr.startswith("nlpchat: standard input: not in UTF-8")


def test_an_output_that_cannot_be_is_refused_before_anything_is_read(typed, tmp_path: Path) -> None:
    result = typed(tmp_path / "unread.txt", "-o", tmp_path / "none" / "rows.csv")
    assert result.exit_code == 1
    assert "does not exist" in result.stderr
    result = typed(tmp_path / "unread.txt", "-o", tmp_path / "rows.xls")
    assert result.exit_code == 2
    assert ".parquet" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("-", "chat.txt"), ("chat.txt", "--text", "oui")])
def test_what_to_classify_must_be_clear(typed, arguments: tuple[str, ...]) -> None:
    assert typed(*arguments).exit_code == 2


def test_no_such_model(chat: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["classify", str(chat), "--model", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert result.stderr == f"nlpchat: {tmp_path / 'none'}: no such model folder. Check the path.\n"
