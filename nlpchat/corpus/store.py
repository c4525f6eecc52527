"""Token shards on disk: a corpus as numbers, memory-mapped, never whole in memory.

    FOLDER/store.json        dtype, counts, digests of tokenizer and shards
    FOLDER/tokens-00000.bin  uint16 (uint32 from 65,537 pieces on), pieces one after the other
    FOLDER/starts.bin        uint64, where each piece of text starts, and the total at the end

A piece is a document, or up to PIECE_TOKENS of one: what is shuffled as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpchat.errors import CorpusError
from nlpchat.files import digest, folder_written_beside

SHARD_TOKENS = 32_000_000
PIECE_TOKENS = 1024


@dataclass(frozen=True)
class TokenStore:
    """A corpus as written by `write_store`. tokens: how many in all; starts: (pieces + 1,) uint64."""

    folder: Path
    vocab_size: int
    tokens: int
    starts: npt.NDArray[np.uint64]
    shards: tuple[npt.NDArray[Any], ...]
    sha256: str

    @property
    def pieces(self) -> int:
        return len(self.starts) - 1

    def read(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Tokens `start` to `stop` (stop not included), as int64."""
        out = np.empty(stop - start, dtype=np.int64)
        done = 0
        while start < stop:
            shard, place = divmod(start, SHARD_TOKENS)
            part = self.shards[shard][place : place + stop - start]
            out[done : done + len(part)] = part
            done += len(part)
            start += len(part)
        return out


def write_store(pieces: Iterable[Sequence[int]], folder: str | Path, *, vocab_size: int, tokenizer: str) -> TokenStore:
    """`pieces` of token ids written to `folder` (whole or not at all), read back as a TokenStore.

    tokenizer: digest of the tokenizer the ids belong to. Raises CorpusError for no token at all.
    """
    dtype = np.dtype("<u2" if vocab_size <= 2**16 else "<u4")
    with folder_written_beside(folder) as beside:
        writer = _ShardWriter(beside, dtype)
        starts = [0]
        for piece in pieces:
            if len(piece):
                writer.write(np.asarray(piece, dtype=dtype))
                starts.append(writer.tokens)
        writer.close()
        if not writer.tokens:
            raise CorpusError(f"{folder}: no text to make tokens of: every file was empty, or was held out.")
        np.asarray(starts, dtype="<u8").tofile(beside / "starts.bin")
        files = [*writer.names, "starts.bin"]
        record = {
            "format": 1, "dtype": dtype.name, "vocab_size": vocab_size, "tokens": writer.tokens,
            "pieces": len(starts) - 1, "tokenizer": tokenizer, "files": {n: digest(beside / n) for n in files},
        }  # fmt: skip
        (beside / "store.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return open_store(folder)


def open_store(folder: str | Path) -> TokenStore:
    """The corpus in `folder`, memory-mapped. Raises CorpusError when it is none, or damaged."""
    folder = Path(folder)
    try:
        record = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        dtype = np.dtype(record["dtype"]).newbyteorder("<")
        starts = np.fromfile(folder / "starts.bin", dtype="<u8")
        names = [name for name in record["files"] if name.startswith("tokens-")]
        shards = tuple(np.memmap(folder / name, dtype=dtype, mode="r") for name in names)
        tokens = int(record["tokens"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise CorpusError(f"{folder}: not a folder of token shards ({fault}). Make it again from the texts.") from fault
    if sum(map(len, shards)) != tokens or len(starts) != record["pieces"] + 1 or int(starts[-1]) != tokens:
        raise CorpusError(f"{folder}: shards are cut short or do not belong together. Make it again from the texts.")
    return TokenStore(folder, int(record["vocab_size"]), tokens, starts, shards, digest(folder / "store.json"))


class _ShardWriter:
    def __init__(self, folder: Path, dtype: np.dtype[Any]):
        self.folder, self.dtype, self.tokens = folder, dtype, 0
        self.names: list[str] = []
        self._stream: Any = None

    def write(self, ids: npt.NDArray[Any]) -> None:
        while len(ids):
            room = SHARD_TOKENS - self.tokens % SHARD_TOKENS
            if self.tokens % SHARD_TOKENS == 0:
                self._next()
            ids[:room].tofile(self._stream)
            self.tokens += len(ids[:room])
            ids = ids[room:]

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _next(self) -> None:
        self.close()
        self.names.append(f"tokens-{len(self.names):05d}.bin")
        self._stream = (self.folder / self.names[-1]).open("wb")


def cut(ids: Sequence[int], size: int = PIECE_TOKENS) -> Iterator[Sequence[int]]:
    """`ids` in pieces of at most `size`."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
