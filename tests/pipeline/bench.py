"""A pipeline file with its data and its runs in one folder, to run and to break."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from nlpchat.cli import COMMANDS, main
from nlpchat.pipeline import Pipeline, faults_of, read_pipeline, run_pipeline, understood

CHAT = "13/05/2026, 08:00 - Alice: trop bien !\n13/05/2026, 08:01 - Bob: à demain\n"

PIPELINE = """
title = "Two chats as tables"
data = "chats"

[sets]
both = ["{data}/a.txt", "{data}/b.txt"]

[[step]]
name = "first"
command = ["parse", "{data}/a.txt", "-o", "{runs}/first/a.csv"]

[[step]]
name = "second"
command = ["parse", "{data}/b.txt", "-o", "{runs}/second.jsonl"]
inputs = ["@both", "{runs}/first/a.csv"]
"""


class Bench:
    """`run()` gives the names of the steps that ran; `said` are the lines of progress."""

    def __init__(self, folder: Path, text: str = PIPELINE) -> None:
        self.folder, self.file, self.runs = folder, folder / "two.toml", folder / "runs"
        self.lock = folder / "two.lock.json"
        self.said: list[str] = []
        if not self.file.exists():
            (folder / "chats").mkdir()
            for name in ("a.txt", "b.txt"):
                (folder / "chats" / name).write_text(CHAT, encoding="utf-8")
            self.write(text)

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def read(self, **options: Any) -> Pipeline:
        return read_pipeline(self.file, commands=COMMANDS, understand=partial(understood, main), **options)

    def faults(self, **options: Any) -> list[str]:
        return faults_of(self.file, commands=COMMANDS, understand=partial(understood, main), runs=self.runs, **options)

    def run(self, *, size: str | None = None, asked: dict[str, str] | None = None, **options: Any) -> tuple[str, ...]:
        self.said.clear()
        pipeline = self.read(size=size, asked=asked)
        return run_pipeline(pipeline, **{"runs": self.runs, "say": self.said.append, **options}).ran

    def locked(self) -> dict[str, dict[str, Any]]:
        steps: dict[str, dict[str, Any]] = json.loads(self.lock.read_text(encoding="utf-8"))["steps"]
        return steps
