"""The house: imports go down only, what is heavy is imported where used, the README's map is true."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "nlpchat"
FILES = sorted(HOUSE.rglob("*.py"))

# From the cellar up. A room imports rooms of lower floors, and itself; never one of its own floor.
FLOORS: list[set[str]] = [
    {"records", "errors"},
    {"files", "workers"},
    {"exclude"},
    {"text"},
    {"chats", "scrape", "corpus"},
    {"model"},
    {"bundle", "predictions"},
    {"scorer", "prior"},
    {"classifier"},
    {"evaluate", "explain", "spread_classifier"},
    {"export"},
    {"report", "training"},
    {"pipeline", "serve"},
    {"cli"},
]
DOORS = {"__init__", "__main__"}  # nlpchat/__init__.py offers names of every floor, and loads them when they are used
HEAVY = (
    "torch", "fastai", "pandas", "pyarrow", "onnx", "onnxruntime", "rich", "numpy", "sentencepiece", "sklearn", "scipy",
    "safetensors", "matplotlib", "bs4", "requests", "protego", "datasketch", "py3langid", "dask", "distributed",
    "starlette", "uvicorn", "anyio", "prometheus_client", "python_multipart",
)  # fmt: skip
USE_ONLY = ("chats", "text", "scorer", "predictions", "classifier", "report", "bundle", "evaluate")


def room(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[str]:
    """The full names that a file imports anywhere in it, relative ones made full."""
    package = path.relative_to(ROOT).parts[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            found += [f"{module}.{alias.name}" for alias in node.names]
    return found


def floor(name: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if name in rooms)


def test_every_room_has_a_floor():
    rooms = {room(path) for path in FILES} - DOORS
    assert len(rooms) > 5
    assert rooms <= set().union(*FLOORS)


def test_imports_go_down_only():
    wrong, seen = [], 0
    for path in FILES:
        if room(path) in DOORS:
            continue
        for name in imports(path):
            parts = name.split(".")
            if parts[0] != "nlpchat" or parts[1:] in ([], ["__version__"]):
                continue
            seen += 1
            here, there = room(path), parts[1]
            if here != there and floor(there) >= floor(here):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert seen > 50
    assert wrong == []


def test_nothing_imports_torchvision():
    """Its binary does not load beside a CPU build of torch."""
    everywhere = [*FILES, *sorted((ROOT / "tests").rglob("*.py"))]
    assert [path for path in everywhere for name in imports(path) if name.split(".")[0] == "torchvision"] == []


def test_torch_and_fastai_are_imported_where_models_are_made_alone():
    found = {room(path) for path in FILES for name in imports(path) if name.split(".")[0] in ("torch", "fastai")}
    assert found == {"training", "model"}


def test_a_command_loads_no_more_of_training_than_its_recipes_before_it_works():
    """Its help shows a recipe's fields; everything else in training/ needs the [train] extra."""
    at_once = set()
    for path in FILES:
        if room(path) == "cli":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            at_once |= {node.module for node in body if isinstance(node, ast.ImportFrom)}
    assert {name for name in at_once if name.startswith("nlpchat.training")} == {"nlpchat.training.recipe"}


def test_what_serves_use_never_imports_torch():
    """Reading, classifying and reporting work after a light install."""
    seen = [path for path in FILES if room(path) in USE_ONLY]
    assert len(seen) > 5
    assert [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in seen
        for name in imports(path)
        if name.split(".")[0] in ("torch", "fastai")
    ] == []


@pytest.mark.parametrize("code", ["import nlpchat", "import nlpchat.cli", "import nlpchat.pipeline"])
def test_starting_is_light(code):
    loaded = f"{code}; import sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.split() == []


def test_every_command_is_light_until_it_works_and_ends_its_help_with_a_line_to_paste():
    code = (
        "import click; from nlpchat.cli import main, COMMANDS; import sys\n"
        "for name in COMMANDS:\n"
        "    command = main.get_command(click.Context(main), name)\n"
        "    print(name, '|', (command.epilog or command.help).strip().splitlines()[-1])\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert answer.returncode == 0, answer.stderr
    *examples, loaded = answer.stdout.splitlines()
    assert len(examples) > 5
    assert [line for line in examples if f"nlpchat {line.split()[0]} " not in line] == []
    assert loaded.split() == []


def test_the_map_of_the_readme_names_rooms_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    house = readme.split("## The rooms", 1)[1].split("\n## ", 1)[0]
    named = re.findall(r"^\| `([\w./-]+)`", house, flags=re.MULTILINE)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []
    unnamed = {room(path) for path in FILES} - DOORS - {Path(name).stem for name in named}
    assert unnamed == set()
