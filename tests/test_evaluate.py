"""Scores against scikit-learn and by hand; labelled sets, good and damaged."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from nlpchat.bundle import Bundle
from nlpchat.cli import main
from nlpchat.corpus.labelled import Labelled, read_labelled
from nlpchat.errors import CorpusError, InputError
from nlpchat.evaluate import evaluate, scores_of

ROWS = [
    {"text": "c'est génial", "label": "pos", "film": "A"},
    {"text": "c'est nul", "label": "neg", "source": "s", "film": "B"},
    {"text": "on se voit demain", "label": "neu", "source": ""},
    {"text": "c'est horrible", "label": "pos"},
    {"text": "bof", "label": "mixed"},
]


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path.write_bytes(lzma.compress(content) if path.suffix == ".xz" else content)
    return path


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    return write(tmp_path / "set.jsonl", ROWS)


def one_hot(said: list[int]) -> np.ndarray:
    return np.eye(3, dtype=np.float32)[said]


def test_scores_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    truth, said = rng.integers(0, 3, 300), rng.integers(0, 3, 300)
    scores = scores_of(truth, one_hot(said))
    assert scores.accuracy == pytest.approx(metrics.accuracy_score(truth, said))
    assert scores.macro_f1 == pytest.approx(metrics.f1_score(truth, said, average="macro"))
    assert list(scores.f1.values()) == pytest.approx(list(metrics.f1_score(truth, said, average=None)))
    assert np.array_equal(scores.confusion, metrics.confusion_matrix(truth, said))
    assert scores.two_pole is None


def test_the_interval_is_that_of_resampled_rows() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, 200)
    said = np.where(rng.random(200) < 0.7, truth, rng.integers(0, 3, 200))
    low, high = scores_of(truth, one_hot(said)).interval
    drawn = [rng.integers(0, 200, 200) for _ in range(400)]
    plain = np.percentile([metrics.f1_score(truth[i], said[i], average="macro") for i in drawn], [2.5, 97.5])
    assert (low, high) == pytest.approx(tuple(plain), abs=0.02)
    assert scores_of(truth, one_hot(said)).interval == (low, high)


def test_a_set_without_neutrals_counts_two_labels_and_two_poles() -> None:
    truth = np.array([0, 0, 2, 2])
    # The last text is called neutral, with pos before neg: missed by three labels, right by two.
    scores = np.array([[0.9, 0.1, 0], [0.2, 0.1, 0.7], [0, 0, 1], [0.1, 0.6, 0.3]], np.float32)
    found = scores_of(truth, scores)
    assert found.accuracy == 0.5
    assert found.f1 == pytest.approx({"neg": 2 / 3, "pos": 0.5})
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.5) / 2)
    assert found.two_pole is not None
    assert found.two_pole.accuracy == 0.75
    assert found.two_pole.macro_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert found.confusion == ((1, 0, 1), (0, 0, 0), (0, 1, 1))


def test_rows_groups_and_what_is_left_out(labelled: Path) -> None:
    found = read_labelled(labelled)
    assert found.rows[0] == Labelled("c'est génial", "pos", "A", 1)
    assert [row.group for row in found.rows] == ["A", "s", None, None]
    assert found.left_out == {"mixed": 1}
    assert read_labelled(labelled, group_fields=["film"]).rows[1].group == "B"


def test_xz_reads_like_the_plain_file(labelled: Path, tmp_path: Path) -> None:
    assert read_labelled(write(tmp_path / "set.jsonl.xz", ROWS)).rows == read_labelled(labelled).rows


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"text": "a", "label": "pos"}\n\n{"text": "b"\n', "line 3: not valid JSON"),
        (b'{"text": "a"}\n', "line 1: no label"),
        (b'{"label": 3, "txt": "a"}\n', "line 1: no text and no label"),
        (b'["a", "pos"]\n', "line 1: no text and no label"),
        (b'{"text": "a", "label": "pos"}\n{"text": "\xe9"}\n', "line 2: not in UTF-8"),
        (b"", "it is empty"),
        (b'{"text": "a", "label": "5"}\n', "its labels are 5"),
    ],
)
def test_damaged_sets_are_named_with_the_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(content)
    with pytest.raises(CorpusError) as caught:
        read_labelled(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.jsonl.xz", ROWS * 50).read_bytes()
    (tmp_path / "cut.jsonl.xz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorpusError, match="damaged"):
        read_labelled(tmp_path / "cut.jsonl.xz")
    with pytest.raises(CorpusError, match=r"\.jsonl"):
        read_labelled(tmp_path / "set.csv")
    with pytest.raises(InputError, match="no such file"):
        read_labelled(tmp_path / "none.jsonl")


def test_evaluating_a_bundle(bundle: Bundle, labelled: Path) -> None:
    scores = evaluate(bundle, [labelled])[str(labelled)]
    assert scores.n == 4
    assert scores.accuracy == 0.75
    assert scores.confusion == ((1, 0, 0), (0, 1, 0), (1, 0, 1))
    assert scores.interval[0] <= scores.macro_f1 <= scores.interval[1]
    assert scores.left_out == {"mixed": 1}


def test_the_command_and_its_json(bundle: Bundle, labelled: Path, tmp_path: Path) -> None:
    poles = write(tmp_path / "poles.jsonl", ROWS[:2])
    arguments = ["evaluate", "--model", str(bundle.folder), str(labelled), str(poles)]
    told = json.loads(CliRunner().invoke(main, [*arguments, "--json"], catch_exceptions=False).stdout)
    assert list(told) == [str(labelled), str(poles)]
    assert {"n", "accuracy", "macro_f1", "interval", "confusion", "labels"} <= set(told[str(poles)])
    assert told[str(labelled)]["n"] == 4
    assert told[str(labelled)]["labels"] == ["neg", "neu", "pos"]
    assert told[str(labelled)]["two_pole"] is None
    assert told[str(poles)]["two_pole"] == {"n": 2, "accuracy": 1.0, "macro_f1": 1.0}
    shown = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert "0.750" in shown.stdout
    assert "Left out, other labels: 1 mixed." in shown.stdout


def test_a_damaged_set_ends_as_one_line(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text("{", encoding="utf-8")
    result = CliRunner().invoke(main, ["evaluate", "--model", str(bundle.folder), str(path)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"nlpchat: {path}, line 1: not valid JSON")
    assert result.stderr.count("\n") == 1
