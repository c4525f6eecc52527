"""The group: quick to start, the same words in its table and in the commands, faults as one line."""

from __future__ import annotations

import resource
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import nlpchat
from nlpchat import cli
from nlpchat.errors import NlpchatError, RecipeError

HEAVY = {"numpy", "pandas", "pyarrow", "rich", "onnxruntime", "sentencepiece", "torch", "fastai"}
PROJECT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=PROJECT, check=True)


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(cli.main, ["--help"])
    assert result.exit_code == 0
    for name, told in cli.COMMANDS.items():
        assert f"  {name}" in result.stdout
        assert told.split(",")[0][:30] in result.stdout


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_a_command_says_in_its_own_help_what_the_table_says(name: str) -> None:
    command = import_module(f"nlpchat.cli.{name.replace('-', '_')}").command
    assert command.name == name
    assert command.get_short_help_str(limit=300).rstrip(".") == cli.COMMANDS[name].rstrip(".")
    shown = CliRunner().invoke(cli.main, [name, "--help"])
    assert shown.exit_code == 0
    assert "Example:" in shown.stdout


def test_every_command_file_is_in_the_table() -> None:
    files = {path.stem for path in (PROJECT / "nlpchat" / "cli").glob("*.py")} - {"__init__"}
    commands = {
        stem
        for stem in files  # those of a group are in the group's own table
        if not stem.startswith("scrape_") and hasattr(import_module(f"nlpchat.cli.{stem}"), "command")
    }
    assert commands == {name.replace("-", "_") for name in cli.COMMANDS}


def test_help_and_import_load_nothing_heavy() -> None:
    code = "import sys, nlpchat.cli; nlpchat.records; nlpchat.cli.main(['--help'], standalone_mode=False)"
    loaded = run("-c", f"{code}; print(*sys.modules, sep='\\n', file=sys.stderr)").stderr.split()
    assert "click" in loaded
    assert not HEAVY & set(loaded)
    assert not [name for name in loaded if name.startswith("nlpchat.cli.")]


def test_help_answers_at_once() -> None:
    def seconds(*arguments: str) -> float:
        """Of the processor, which a busy machine does not stretch as it does the clock."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(*arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    assert min(seconds("-m", "nlpchat", "--help") for _ in range(3)) < 0.2  # 0.05 s was measured


def test_classifying_needs_no_torch() -> None:
    code = "import sys, nlpchat.classifier, nlpchat.evaluate, nlpchat.report.terminal; print(*sys.modules)"
    loaded = set(run("-c", code).stdout.split())
    assert not {"torch", "fastai", "pandas", "pyarrow", "onnx"} & loaded


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == nlpchat.__version__
    assert nlpchat.__version__ in CliRunner().invoke(cli.main, ["--version"]).stdout


def test_the_public_names_are_there() -> None:
    for name in nlpchat.__all__:
        assert getattr(nlpchat, name) is not None
    assert callable(nlpchat.classify)
    assert callable(nlpchat.normalise)
    assert set(nlpchat.__all__) <= set(dir(nlpchat))
    with pytest.raises(AttributeError, match="classsify"):
        nlpchat.classsify  # noqa: B018
    # A module of the same name would hide a public function once it is imported.
    assert find_spec("nlpchat.classify") is None
    assert find_spec("nlpchat.load_bundle") is None


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (NlpchatError("chat.txt: broken."), 1, "nlpchat: chat.txt: broken.\n"),
        (RecipeError("--by: no such thing."), 2, "nlpchat: --by: no such thing.\n"),
        (KeyboardInterrupt(), 130, "\nnlpchat: stopped by the keyboard.\n"),
        (BrokenPipeError(32, "Broken pipe"), 1, ""),
    ],
)
def test_faults_end_as_one_line(monkeypatch: pytest.MonkeyPatch, fault: BaseException, code: int, said: str) -> None:
    @click.command("parse")
    def failing() -> None:
        raise fault

    monkeypatch.setattr(import_module("nlpchat.cli.parse"), "command", failing)
    result = CliRunner().invoke(cli.main, ["parse"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", said)


def test_an_unexpected_fault_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command("parse")
    def failing() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(import_module("nlpchat.cli.parse"), "command", failing)
    assert isinstance(CliRunner().invoke(cli.main, ["parse"]).exception, ZeroDivisionError)


def test_an_unknown_command() -> None:
    result = CliRunner().invoke(cli.main, ["clasify"])
    assert result.exit_code == 2
    assert "clasify" in result.stderr
