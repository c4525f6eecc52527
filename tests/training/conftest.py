"""A small tokenizer and language model, made once."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from nlpchat.bundle import Bundle
from nlpchat.training.chosen import CorpusOptions
from nlpchat.training.lm import pretrain_lm
from nlpchat.training.recipe import PretrainRecipe
from nlpchat.training.tokenizer import tokenizer_from_files

INVENTED = Path(__file__).parents[2] / "corpora" / "chat-invented" / "chat_invented.jsonl.xz"
SMALL = PretrainRecipe(emb=16, hidden=16, layers=2, batch=8, bptt=12, lr=0.02, epochs=2, dropout=0.1)


@pytest.fixture(scope="session")
def chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """900 invented messages with labels and batches, as JSON Lines."""
    folder = tmp_path_factory.mktemp("chats")
    with lzma.open(INVENTED, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    some = folder / "chats.jsonl"
    some.write_text("".join(json.dumps(row) + "\n" for row in rows[::20]), encoding="utf-8")
    return some


@pytest.fixture(scope="session")
def text(chats: Path) -> Path:
    """The same messages as plain text, a document every six lines."""
    lines = [json.loads(line)["text"].replace("\n", " ") for line in chats.read_text(encoding="utf-8").splitlines()]
    path = chats.with_name("text.txt")
    path.write_text("\n\n".join("\n".join(lines[i : i + 6]) for i in range(0, len(lines), 6)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tokenizer(text: Path) -> Path:
    folder = text.with_name("tokenizer")
    tokenizer_from_files([text], folder, pieces=900)
    return folder


@pytest.fixture(scope="session")
def lm(text: Path, tokenizer: Path) -> Bundle:
    return pretrain_lm([text], tokenizer, text.with_name("lm"), SMALL, CorpusOptions(0.1))
