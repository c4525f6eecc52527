"""A built split -> token shards, as a language model is trained on: each line begins with bos, a document is cut where it is long."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from functools import lru_cache, partial
from pathlib import Path

from nlpchat.corpus.store import PIECE_TOKENS, TokenStore, cut, write_store
from nlpchat.files import digest_bytes
from nlpchat.text.normalise import normalise
from nlpchat.text.tokens import BOS_ID, Tokenizer
from nlpchat.workers import batched, in_order

_BATCH_CHARACTERS = 500_000


def write_shards(split: str | Path, folder: str | Path, tokenizer: Tokenizer, executor: Executor) -> TokenStore:
    """The texts of a .jsonl as shards in `folder`, whole or not at all."""
    batches = batched(_texts(Path(split)), len, _BATCH_CHARACTERS)
    encoded = in_order(partial(encode_batch, model=tokenizer.model), batches, executor)
    pieces = (piece for batch in encoded for ids in batch for piece in cut(ids, PIECE_TOKENS))
    return write_store(pieces, folder, vocab_size=tokenizer.vocab_size, tokenizer=digest_bytes(tokenizer.model))


def encode_batch(texts: Sequence[str], model: bytes) -> list[list[int]]:
    """The ids of each text, its lines one after the other, each with bos before it. model: of the tokenizer."""
    tokenizer = _tokenizer(model)
    lines = [[line for line in text.split("\n") if line.strip()] for text in texts]
    ids = iter(tokenizer.encode([normalise(line) for of_text in lines for line in of_text]))
    return [[i for _ in of_text for i in (BOS_ID, *next(ids))] for of_text in lines]


@lru_cache(maxsize=1)
def _tokenizer(model: bytes) -> Tokenizer:
    return Tokenizer(model)


def _texts(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)["text"]
