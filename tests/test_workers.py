"""Work over processes and over a cluster: in order, bounded, and whole when a worker dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner

from nlpchat.classifier import Classifier, classify
from nlpchat.cli import main
from nlpchat.errors import BundleError, CorpusError, NlpchatError
from nlpchat.scrape.wikipedia.extract import ExtractOptions, Progress, extract
from nlpchat.spread_classifier import Model, SpreadClassifier, _predict
from nlpchat.workers import Here, in_order, workers
from tests.scrape.wikipedia.made import multistream, page

OPTIONS = ExtractOptions(tokens=None, min_chars=100, held_out=0.2, batch_bytes=4_000)


def late(number: int) -> int:
    """The even ones take longer than the odd ones."""
    time.sleep(0.01 * (1 - number % 2))
    return number * number


def fails(number: int) -> int:
    if number == 3:
        raise CorpusError("the third one cannot be read")
    return number


def dies(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("count", [1, 2])
def test_results_come_in_the_order_of_the_batches(count: int) -> None:
    with workers(count) as executor:
        assert list(in_order(late, range(9), executor, ahead=4)) == [n * n for n in range(9)]


def test_no_more_is_drawn_than_is_under_way() -> None:
    drawn: list[int] = []

    def drawing() -> Iterator[int]:
        for number in range(20):
            drawn.append(number)
            yield number

    with ThreadPoolExecutor(3) as executor:
        for done, _ in enumerate(in_order(late, drawing(), executor, ahead=4)):
            assert len(drawn) - done <= 5
    assert drawn == list(range(20))


def test_what_came_before_a_fault_is_given_and_the_fault_is_the_works_own() -> None:
    with workers(2) as executor:
        results = in_order(fails, range(6), executor)
        assert list(islice(results, 3)) == [0, 1, 2]
        with pytest.raises(CorpusError, match="the third one"):
            next(results)


def test_a_worker_that_is_killed_is_one_clear_line() -> None:
    with (
        pytest.raises(NlpchatError, match=r"a worker was ended from outside.*run the same line again"),
        workers(2) as executor,
    ):
        list(in_order(dies, range(6), executor))


def test_here_keeps_a_fault_for_whoever_asks() -> None:
    future: Future[int] = Here().submit(fails, 3)
    with pytest.raises(CorpusError):
        future.result()


def test_without_a_scheduler_there_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlpchat.workers.PATIENCE", 1)
    with (
        pytest.raises(NlpchatError, match=r"tcp://127\.0\.0\.1:9: no Dask scheduler answers"),
        workers(0, "tcp://127.0.0.1:9"),
    ):
        pass


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A Dask scheduler without workers yet, on this machine: its address, and a folder."""
    folder = tmp_path_factory.mktemp("cluster")
    found = folder / "scheduler.json"
    line = [
        sys.executable,
        "-m",
        "dask",
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(found),
    ]
    with subprocess.Popen(line, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            yield _address(found), folder
        finally:
            process.kill()


@pytest.fixture
def two_workers(cluster: tuple[str, Path]) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The scheduler's address and two workers, each a process of its own."""
    address, folder = cluster
    line = [
        sys.executable,
        "-m",
        "dask",
        "worker",
        address,
        "--no-nanny",
        "--nthreads",
        "1",
        "--no-dashboard",
        "--local-directory",
        str(folder),
    ]
    processes = [subprocess.Popen(line, cwd=Path(__file__).parents[1], stderr=subprocess.DEVNULL) for _ in range(2)]
    try:
        _wait_for(address, 2)
        yield address, processes
    finally:
        for process in processes:
            process.kill()
            process.wait()
        _wait_for(address, 0)


def _address(found: Path) -> str:
    import json

    for _ in range(600):
        if found.exists() and found.read_text():
            return str(json.loads(found.read_text())["address"])
        time.sleep(0.1)
    raise AssertionError("the scheduler did not start")


def _wait_for(address: str, count: int) -> None:
    import distributed

    with distributed.Client(address, timeout=30, set_as_default=False) as client:
        for _ in range(600):
            if len(client.scheduler_info()["workers"]) == count:
                return
            time.sleep(0.1)
    raise AssertionError(f"there are not {count} workers")


def test_a_cluster_without_workers_is_one_clear_line(cluster: tuple[str, Path]) -> None:
    with pytest.raises(NlpchatError, match="no worker is connected"), workers(0, cluster[0]):
        pass


def test_a_worker_killed_in_mid_run_changes_nothing(
    two_workers: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, processes = two_workers
    dump = tmp_path / "dump.xml.bz2"
    dump.write_bytes(multistream([page(number) for number in range(1, 121)], each=5))
    extract(dump, tmp_path / "here", OPTIONS, processes=1)
    told: list[Progress] = []

    def tell(progress: Progress) -> None:
        told.append(progress)
        if len(told) == 3:
            processes[0].send_signal(signal.SIGKILL)

    made = extract(dump, tmp_path / "there", OPTIONS, scheduler=address, tell=tell)
    assert processes[0].wait(10) == -signal.SIGKILL
    assert len(told) > 10
    assert sum(made.documents.values()) == 120
    assert _content(tmp_path / "there") == _content(tmp_path / "here")


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "summary.json"}


def test_a_corpus_built_while_a_worker_is_killed_is_the_same(
    two_workers: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, processes = two_workers
    corpora = Path(__file__).parents[1] / "corpora"
    line = [
        "corpus",
        "build",
        "chat-invented",
        str(corpora / "chat-invented/chat_invented.jsonl.xz"),
        "--corpora",
        str(corpora),
    ]
    assert CliRunner().invoke(main, [*line, "-o", str(tmp_path / "here"), "--workers", "1"]).exit_code == 0
    parts = tmp_path / "there" / ".parts"
    left: list[int] = []

    def kill_in_mid_run() -> None:
        while not parts.is_dir() or not any(parts.rglob("*.*")):
            time.sleep(0.005)
        processes[0].kill()
        left.append(len(list(parts.rglob("*.*"))))

    killer = Thread(target=kill_in_mid_run, daemon=True)
    killer.start()
    answer = CliRunner().invoke(main, [*line, "-o", str(tmp_path / "there"), "--scheduler", address])
    assert answer.exit_code == 0, answer.output
    killer.join(10)
    assert left, "it was killed while parts were being made"
    there = {path.name: path.read_bytes() for path in (tmp_path / "there").iterdir() if path.is_file()}
    assert there == {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir() if path.is_file()}
    assert {"train.jsonl", "valid.jsonl", "test.jsonl"} <= set(there)


def test_a_conversation_classified_on_a_cluster_says_the_same(
    two_workers: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    address, processes = two_workers
    texts = [f"{word} {number}" for number in range(9_000) for word in ("trop bien ce film", "rdv à", "c'est nul", "")]
    here = classify(texts, Classifier())
    done: list[int] = []
    with workers(0, address) as executor:
        processes[1].send_signal(signal.SIGKILL)
        there = SpreadClassifier(None, executor).predict(texts, lambda number, of: done.append(number))
    assert there.messages.tolist() == here.messages.tolist() == list(range(len(texts)))
    assert abs(there.scores - here.scores).max() < 0.05  # an int8 model rounds by batch
    assert (there.labels == here.labels).mean() > 0.999
    assert done == sorted(done)
    assert done[-1] == len(texts)


def test_a_worker_with_another_model_is_refused() -> None:
    with pytest.raises(BundleError, match="a worker has another model there"):
        list(in_order(partial(_predict, Model(None, (("model.int8.onnx", "0" * 64),))), [(0, ["oui"])], Here()))


def test_a_broken_pool_is_no_traceback() -> None:
    class Broken(Here):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(BrokenExecutor("killed too often"))
            return future

    with pytest.raises(NlpchatError, match="a worker was ended"):
        list(in_order(late, [1], Broken()))


def test_the_command_classifies_on_a_cluster(
    two_workers: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    exports = sorted(map(str, (Path(__file__).parents[1] / "corpora/chats/sample").glob("*.txt")))
    assert exports
    tables = []
    for name, more in (("here", []), ("there", ["--scheduler", two_workers[0]])):
        table = tmp_path / f"{name}.csv"
        answer = CliRunner().invoke(main, ["classify", *exports, "-q", "-o", str(table), *more])
        assert answer.exit_code == 0, answer.output
        tables.append(
            [line.split(",")[:-3] for line in table.read_text(encoding="utf-8").splitlines()]
        )  # not the scores
    assert tables[0] == tables[1]
