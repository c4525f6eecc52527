"""`nlpchat parse` as it is typed: the result on stdout, advice on stderr, faults in one line."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from nlpchat.cli import main

EXPORT = Path(__file__).parents[1] / "chats" / "pairs" / "Discussion WhatsApp avec Les voisins.txt"


def parse(*arguments: object):
    return CliRunner().invoke(main, ["parse", *map(str, arguments)])


def test_what_was_read_is_told():
    done = parse(EXPORT)
    assert done.exit_code == 0
    assert "Les voisins" in done.stdout
    assert "whatsapp · Android, '13/05/2024, 08:00 - ' (day first)" in done.stdout
    assert "2024-05-13T08:00:00 to 2024-05-13T08:20:00" in done.stdout
    assert "22 messages: 8 text, 6 notice, 5 media, 2 deleted, 1 call" in done.stdout
    assert "\x1b" not in done.stdout
    assert "nlpchat: lines with an impossible date or time, kept as text: 1 (first: line 23)." in done.stderr


def test_json_summary():
    done = parse(EXPORT, "--json")
    told = json.loads(done.stdout)
    assert told["people"] == {"Bob": 8, "Alice": 5, "Chloé": 1, "+33 6 12 34 56 78": 1}
    assert sum(told["kinds"].values()) == told["messages"] == 22


def test_rows_are_written(tmp_path):
    out = tmp_path / "messages.csv"
    done = parse(EXPORT, "-o", out)
    assert done.exit_code == 0
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 22
    assert list(rows[0]) == ["index", "sent_at", "author", "kind", "text", "line", "reactions"]
    assert rows[5] == {
        "index": "5", "sent_at": "2024-05-13T08:04:00", "author": "Bob", "kind": "text",
        "text": "il a ajouté du sel", "line": "6", "reactions": "",
    }  # fmt: skip
    assert f"22 messages written to {out}." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["none.txt"], 1, "nlpchat: none.txt: no such file. Check the path."),
        ([EXPORT, "-o", "a.xlsx"], 2, "the ending must say the kind of table"),
        ([EXPORT, "-o", "no/such/folder/a.csv"], 1, "does not exist"),
        ([EXPORT, "--date-order", "american"], 2, "is not one of"),
    ],
)
def test_faults_are_one_line_and_an_exit_code(arguments, code, told):
    done = parse(*arguments)
    assert done.exit_code == code
    assert told in done.stderr
    assert "Traceback" not in done.output


def test_date_order_is_passed_on():
    export = EXPORT.parents[1] / "synthetic" / "D2_fr_all_le_12.txt"
    assert json.loads(parse(export, "--json", "--date-order", "mdy").stdout)["to"].startswith("2024-09-03")


def test_reading_a_chat_imports_nothing_heavy():
    code = (
        "import sys, nlpchat.chats, nlpchat.cli.parse, nlpchat.report.tables; "
        "print(sorted({'numpy','pandas','pyarrow','rich','torch','onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
