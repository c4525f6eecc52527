"""find-lr, generate, top-losses, label, import-lm on the command line: one sentence of result, faults as one line."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import nlpchat.training
from nlpchat.bundle import Bundle
from nlpchat.cli import main

SMALL = ["--emb", "8", "--hidden", "8", "--layers", "1", "--batch", "4", "--bptt", "8"]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    said = "le film était très beau et la musique aussi mais le temps manque un peu ce soir pour tout voir"
    words = said.split()
    lines = [" ".join(words[(n * k) % len(words)] for k in range(1, 9)) for n in range(1, 160)]
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def pieces(text: Path) -> Path:
    done = CliRunner().invoke(main, ["train-tokenizer", str(text), "--pieces", "535", "-o", str(text.with_name("tok"))])
    assert done.exit_code == 0, done.output
    return text.with_name("tok")


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    said = ["c'est génial", "le film est nul", "on se voit demain", "c'est triste", "merci"] * 3
    lines = [f"13/05/2024, 08:{n:02} - {'Alice' if n % 2 else 'Bob'}: {text}" for n, text in enumerate(said)]
    path = tmp_path / "chat.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_find_lr(text: Path, pieces: Path, tmp_path: Path) -> None:
    picture = tmp_path / "lr.png"
    done = CliRunner().invoke(
        main, ["find-lr", "pretrain-lm", str(text), "--tokenizer", str(pieces), "-o", str(picture), "--steps", "40",
               "--start", "1e-4", *SMALL],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert f"{picture}, {tmp_path / 'lr.csv'}: --lr " in done.output
    assert "valley, fastai's choice" in done.output
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lr.csv", "lr.png"]


def test_generate_with_the_model_that_comes_along() -> None:
    line = ["generate", "Le film était", "--tokens", "6", "--number", "2", "--seed", "1"]
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 0, done.output
    texts = done.output.splitlines()
    assert len(texts) == 2
    assert all(text.startswith("Le film était") and len(text) > 14 for text in texts)
    assert CliRunner().invoke(main, line).output == done.output


def test_top_losses(bundle: Bundle, tmp_path: Path) -> None:
    data, worst = tmp_path / "rows.jsonl", tmp_path / "worst.csv"
    rows = [("c'est génial", "neg"), ("c'est nul", "neg"), ("c'est super", "pos"), ("on se voit demain", "neu")]
    data.write_text("".join(json.dumps({"text": t, "label": label}) + "\n" for t, label in rows), encoding="utf-8")
    done = CliRunner().invoke(
        main, ["top-losses", "--model", str(bundle.folder), str(data), "-o", str(worst), "--most", "3"]
    )
    assert done.exit_code == 0, done.output
    assert f"{worst}: 3 texts, 1 of them read otherwise than labelled; losses from" in done.output
    first = worst.read_text(encoding="utf-8").splitlines()[1]
    assert first.startswith(",")
    assert "c'est génial" in first
    assert first.split(",")[2:4] == ["neg", "pos"]


def test_label_can_be_piped_left_and_taken_up_again(bundle: Bundle, chat: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.jsonl"
    line = ["label", str(chat), "-o", str(out), "--model", str(bundle.folder)]
    done = CliRunner().invoke(main, line, input="n\np\n")
    assert done.exit_code == 0, done.output
    assert f"{out}: 2 answers now, 2 in all (1 neg, 0 neu, 1 pos, 0 skipped); 3 messages left." in done.output
    assert "▶ " in done.output
    again = CliRunner().invoke(main, line, input="u\ns\nb\np\nu\nnever asked\n")
    assert "3 answers now, 5 in all (1 neg, 2 neu, 2 pos, 0 skipped); 0 messages left." in again.output
    assert len(out.read_text(encoding="utf-8").splitlines()) == 5


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a child there")
def test_label_and_ctrl_c(bundle: Bundle, chat: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.jsonl"
    child = subprocess.Popen(
        [sys.executable, "-m", "nlpchat", "label", str(chat), "-o", str(out), "--model", str(bundle.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdin is not None
    child.stdin.write("n\n")
    child.stdin.flush()
    deadline = time.monotonic() + 60
    while not out.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    said, faults = child.communicate(timeout=60)
    assert (child.returncode, faults) == (0, "")
    assert "1 answers now, 1 in all (1 neg" in said


def test_import_lm(tmp_path: Path) -> None:
    import torch

    itos = ["xxunk", "xxpad", "xxbos", "xxeos", "xxmaj", "xxup", "xxrep", "le", "film", "est"]
    table = torch.randn(10, 4)
    torch.save(
        {"0.encoder.weight": table, "0.rnns.0.weight_hh_l0_raw": torch.randn(16, 4), "0.rnns.0.module.weight_ih_l0": torch.randn(16, 4),
         "0.rnns.0.module.bias_ih_l0": torch.randn(16), "0.rnns.0.module.bias_hh_l0": torch.randn(16),
         "1.decoder.weight": table, "1.decoder.bias": torch.randn(10)},
        tmp_path / "w.pth",
    )  # fmt: skip
    (tmp_path / "itos.pkl").write_bytes(pickle.dumps(itos, protocol=0))
    line = [
        "import-lm",
        "--weights",
        str(tmp_path / "w.pth"),
        "--vocab",
        str(tmp_path / "itos.pkl"),
        "--arch",
        "awd-lstm",
    ]
    done = CliRunner().invoke(main, [*line, "-o", str(tmp_path / "lm")])
    assert done.exit_code == 0, done.output
    assert "10 rows imported, 15 pieces; new ones: <url>, <mail>, <user>, <tel>, <long>." in done.output
    written = CliRunner().invoke(main, ["generate", "Le film", "--model", str(tmp_path / "lm"), "--tokens", "3"])
    assert written.exit_code == 0, written.output
    assert written.output.startswith("Le film")


@pytest.mark.parametrize(
    "line",
    [
        ["find-lr", "finetune-lm", "x.txt", "-o", "lr.png"],
        ["find-lr", "pretrain-lm", "x.txt", "--tokenizer", "t", "-o", "lr.png"],
        ["find-lr", "train-classifier", "x.jsonl", "--lm", "lm", "-o", "lr.png"],
        ["generate", "a"],
        ["top-losses", "x.jsonl", "-o", "w.csv"],
        ["import-lm", "--weights", "w", "--vocab", "v.pkl", "--arch", "qrnn", "-o", "lm"],
    ],
)
def test_without_the_extra_the_line_that_installs_it_is_said(line: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nlpchat.training, "_NEEDED", ("torch", "a_package_that_nobody_has"))
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 1
    assert 'pip install ".[train]"' in done.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["find-lr", "finetune-lm", "absent.txt", "-o", "lr.png"], "absent.txt: no such file"),
        (["find-lr", "finetune-lm", "absent.txt", "-o", "lr.jpg"], "the picture is a .png"),
        (["find-lr", "finetune-lm", "absent.txt", "-o", "no/lr.png"], "the picture is a .png in a folder that exists"),
        (["find-lr", "finetune-lm", "absent.txt", "-o", "lr.png", "--steps", "3"], "at least 20 steps"),
        (["generate", "a", "--model", "none"], "none: no such model folder"),
        (["generate", "a", "--tokens", "0"], "--tokens must be at least 1"),
        (["top-losses", "absent.jsonl", "-o", "w.csv"], "absent.jsonl: no such file"),
        (["top-losses", "absent.jsonl", "-o", "w.jsonl"], "the table is a .csv"),
        (["label", "absent.txt"], "absent.txt: no such file"),
        (["label", "absent.txt", "-o", "labels.txt"], "ends in .jsonl"),
        (
            ["train-classifier", "a.jsonl", "--lm", "l", "-o", "c", "--corrections", "none.csv"],
            "none.csv: no such file",
        ),
        (["import-lm", "--weights", "w.pth", "--vocab", "i.pkl", "--arch", "qrnn", "-o", "lm"], "w.pth: no such file"),
    ],
)
def test_faults_are_one_line(line: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, line)
    assert done.exit_code in (1, 2)
    assert said in done.output
    assert "Traceback" not in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())
