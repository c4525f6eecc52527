from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.pipeline.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("bench"))
    assert bench.run() == ("first", "second")
    return bench


@pytest.fixture
def ran(first_run: Bench, tmp_path: Path) -> Bench:
    """A bench whose steps have run: in another folder, which is nothing to a lock."""
    shutil.copytree(first_run.folder, tmp_path, dirs_exist_ok=True)
    return Bench(tmp_path)
