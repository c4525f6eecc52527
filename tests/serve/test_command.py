"""`nlpchat serve` as it is typed: what it says, how it ends, what it leaves."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from nlpchat import cli
from nlpchat.bundle import Bundle
from nlpchat.cli import serve as serve_command
from nlpchat.serve import app
from tests.serve.served import TWO_CHATS, WHATSAPP, Served, form

CODE = "from nlpchat import cli; cli.COMMANDS.setdefault('serve', ''); cli.main()"
Started = tuple["subprocess.Popen[str]", str]


@pytest.fixture(autouse=True)
def _in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.COMMANDS, "serve", "Serve a local web page that takes an export and gives its report.")


@pytest.fixture
def started(bundle: Bundle, tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Starts the command, its temporary files in `tmp_path`; gives the process and the link that it printed."""
    running: list[subprocess.Popen[str]] = []

    def start(*options: str) -> Started:
        line = [
            sys.executable,
            "-c",
            CODE,
            "serve",
            "--port",
            "0",
            "--no-browser",
            "--model",
            str(bundle.folder),
            *options,
        ]
        process = subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)}
        )
        running.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield start
    for process in running:
        process.kill()
        process.communicate()


def ours(folder: Path) -> list[Path]:
    """What nlpchat has in a folder for temporary files; ONNX Runtime puts a file of its own there."""
    return [path for path in folder.iterdir() if path.name != ".ses"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_in_the_middle_of_everything(
    started: Callable[..., Started], tmp_path: Path, how: signal.Signals
) -> None:
    process, link = started()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", link)
    served = Served(link, None)  # type: ignore[arg-type]
    job = served.job(served.open(), [("result.json", TWO_CHATS)])
    served.until(job, "choosing")
    page = served.open()
    body, kind = form([("chat.txt", WHATSAPP)], {})
    host, port = link.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as silent:  # an upload that never ends
        head = (
            f"POST /pages/{page}/jobs HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: 99999\r\n\r\n"
        )
        silent.sendall(head.encode() + body[:200])
        served.classify({"texts": ["secret de Zoé"]})
        served.classify({"texts": 0})
        served.get("/secret", headers={"Host": "evil.example"})
        assert len(ours(tmp_path)) == 1
        process.send_signal(how)
        _, said = process.communicate(timeout=20)
    assert process.returncode == (0 if how is signal.SIGINT else -signal.SIGTERM)
    assert ours(tmp_path) == []
    assert "Traceback" not in said
    # Nothing is said of what was asked.
    assert [line for line in said.splitlines() if line] == [
        "Open this link in a browser. Ctrl-C ends the server.", *(["nlpchat: stopped."] if how is signal.SIGINT else []),
    ]  # fmt: skip


def test_on_another_address_it_makes_a_token_and_says_it_once(started: Callable[..., Started]) -> None:
    process, link = started("--host", "0.0.0.0")
    found = re.fullmatch(rf"http://{re.escape(socket.gethostname())}:(\d+)/\?token=([\w-]{{43}})", link)
    assert found
    address, token = f"http://127.0.0.1:{found[1]}", found[2]
    assert requests.get(address, timeout=10).status_code == 401
    assert requests.get(f"{address}/?token={token}", timeout=10).status_code == 200
    assert requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code == 200
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=20)
    assert token not in out + said


def test_a_port_in_use_is_one_line(bundle: Bundle) -> None:
    with app.bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        told = CliRunner().invoke(cli.main, ["serve", "--port", str(port), "--model", str(bundle.folder)])
    assert told.exit_code == 2
    assert told.output.splitlines() == [
        f"nlpchat: 127.0.0.1, port {port}: in use already. Is nlpchat serve running? Give another with --port, or 0 for any that is free."
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "192.0.2.7"], "not an address of this machine"),
        (["--host", "no.such.host.invalid"], "no such address"),
        (["--host", "\u20ac" * 80], "no such address"),
        (["--token", "court"], "at least 16"),
        (["--token", "é" * 20], "at least 16"),
        (["--keep", "/no/such/folder"], "does not exist"),
        (["--max-upload", "0"], "Invalid value"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(options: list[str], said: str) -> None:
    told = CliRunner().invoke(cli.main, ["serve", "--port", "0", "--no-browser", *options])
    assert told.exit_code == 2
    assert said in told.output


def test_a_model_that_is_none_leaves_nothing(tmp_path: Path) -> None:
    told = CliRunner().invoke(cli.main, ["serve", "--port", "0", "--no-browser", "--model", str(tmp_path)])
    assert told.exit_code == 1
    assert str(tmp_path) in told.output


def test_missing_packages_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlpchat.serve.find_spec", lambda name: None if name == "uvicorn" else object())
    told = CliRunner().invoke(cli.main, ["serve", "--port", "0"])
    assert told.exit_code == 1
    assert 'uvicorn). In nlpchat\'s folder:  pip install ".[serve]"' in told.output


def test_only_this_machines_own_addresses_are_local() -> None:
    for host, local in (("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False)):
        with app.bind(host, 0) as listening:
            assert app.is_local(listening) is local
            assert (serve_command._door(listening, host, None).token is None) is local
            shown = host if local else socket.gethostname()
            assert app.address_of(listening, host) == f"http://{shown}:{listening.getsockname()[1]}"
