"""Everything stays on the machine: what nlpchat leaves behind, and what the libraries under it would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = "C'est génial, merci !"
CLASSIFY = f"import nlpchat; print(nlpchat.classify([{TEXT!r}])[0].label)"


def left_behind(code: str, folder: Path) -> set[str]:
    """What `code` leaves in its home and in its folder of temporary files, both new and empty."""
    homes = {name: folder / name for name in ("HOME", "TMPDIR")}
    for home in homes.values():
        home.mkdir(parents=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ORT_"))}
    subprocess.run([sys.executable, "-c", code], env={**env, **{k: str(v) for k, v in homes.items()}}, check=True)
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_classifying_leaves_nothing_behind(tmp_path: Path) -> None:
    assert left_behind(CLASSIFY, tmp_path / "ours") == set()


def test_onnx_runtime_reports_to_nobody(tmp_path: Path) -> None:
    """By itself it leaves a device id and a store of what is to be sent: what is looked for above is real."""
    if not left_behind("import onnxruntime, time; time.sleep(1)", tmp_path / "theirs"):
        pytest.skip("this ONNX Runtime reports nothing by itself")
    assert left_behind("import nlpchat, onnxruntime, time; time.sleep(1)", tmp_path / "ours") == set()
