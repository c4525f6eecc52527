"""`nlpchat classify --abstain P`: what the model is not sure of is said to be unsure, wherever labels are said."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nlpchat.bundle import Bundle
from nlpchat.classifier import classify
from nlpchat.cli import main

SAID = ["c'est génial", "c'est nul", "on se voit demain", "merci 😍", "je trouve ça horrible"]


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    path = tmp_path / "chat.txt"
    lines = [f"01/03/2026, 20:{n:02} - {'Zoé' if n % 2 else 'Léo'}: {text}" for n, text in enumerate(SAID)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def best(bundle: Bundle) -> list[float]:
    return classify(SAID, bundle).scores.max(axis=1).tolist()


@pytest.fixture
def typed(bundle: Bundle):
    def invoke(*arguments: str | Path | float, text: str | None = None) -> Result:
        line = ["classify", "--model", str(bundle.folder), *map(str, arguments)]
        return CliRunner().invoke(main, line, input=text, catch_exceptions=False)

    return invoke


def test_rows_and_summary(typed, chat: Path, best: list[float], tmp_path: Path) -> None:
    middle = (sorted(best)[1] + sorted(best)[2]) / 2
    done = typed(chat, "--abstain", middle, "-o", tmp_path / "rows.csv")
    assert done.exit_code == 0, done.output
    assert "unsure" in done.stdout
    assert "40%" in done.stdout
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["label"] == "unsure" for row in rows] == [score < middle for score in best]
    assert all(float(row["neu"]) > 0 for row in rows)
    (told,) = json.loads(typed(chat, "--abstain", middle, "--json").stdout)["exports"]
    assert told["all"]["counts"]["unsure"] == 2
    assert told["all"]["shares"]["unsure"] == pytest.approx(0.4)
    assert sum(part["counts"]["unsure"] for part in told["parts"]) == 2
    assert all(sum(part["shares"].values()) == pytest.approx(1, abs=1e-3) for part in told["parts"])


def test_the_higher_the_threshold_the_more_is_unsure(typed, chat: Path) -> None:
    found = []
    for least in (0.01, 0.4, 0.6, 0.99, 1):
        (told,) = json.loads(typed(chat, "--abstain", least, "--json").stdout)["exports"]
        found.append(told["all"]["counts"]["unsure"])
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0, len(SAID))


def test_without_it_nothing_is_unsure(typed, chat: Path) -> None:
    for threshold in ((), ("--abstain", 0)):
        assert "unsure" not in typed(chat, *threshold).stdout
        (told,) = json.loads(typed(chat, *threshold, "--json").stdout)["exports"]
        assert set(told["all"]["counts"]) == {"neg", "neu", "pos"}


def test_texts(typed, best: list[float]) -> None:
    given = [word for text in SAID for word in ("--text", text)]
    lines = typed(*given, "--abstain", 1).stdout.splitlines()
    assert len(lines) == len(SAID)
    assert all(line.startswith("unsure    neg ") for line in lines)
    middle = (sorted(best)[1] + sorted(best)[2]) / 2
    told = [json.loads(line) for line in typed(*given, "--abstain", middle, "--json").stdout.splitlines()]
    assert [one["label"] == "unsure" for one in told] == [score < middle for score in best]
    assert typed("-", "--abstain", 1, text="oui\n\n").stdout.splitlines()[1].startswith("neutral")


@pytest.mark.parametrize("least", ["-0.1", "1.2", "nan", "half"])
def test_a_threshold_that_is_none_is_refused_before_anything_is_read(typed, least: str, tmp_path: Path) -> None:
    done = typed(tmp_path / "unread.txt", "--abstain", least)
    assert done.exit_code == 2
    assert "unread" not in done.stderr
    assert "abstain" in done.stderr
