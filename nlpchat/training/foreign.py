"""Files that fastai wrote, as plain data: weights as tensors, vocabularies as words. Nothing in them is executed.

A pickle is a program. Weights go through torch's own restricted reader (`weights_only`), vocabularies through an unpickler
that knows no name of any module: whatever is neither list, tuple, dict, string nor number ends in one line.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nlpchat.errors import InputError, on_one_line
from nlpchat.files import read_error

_LONGEST_FAULT = 160  # characters of a library's own words


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a state dict by name, whether bare (fastai's save_encoder form) or in {"model": ..., "opt": ...}.

    Raises InputError: no such file, not a file of weights, or one that holds more than data.
    """
    path = Path(path)
    try:
        with torch.serialization.safe_globals(_harmless()):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as fault:
        raise read_error(path, fault) from fault
    except Exception as fault:
        raise InputError(
            f"{path}: no weights can be read there without executing what it holds ({_short(fault)}). "
            "Give the .pth that learn.save wrote, not an exported learner."
        ) from fault
    if isinstance(content, Mapping) and isinstance(content.get("model"), Mapping):
        content = content["model"]
    if not isinstance(content, Mapping) or not content or not all(isinstance(v, Tensor) for v in content.values()):
        raise InputError(f'{path}: not a state dict, bare or under "model". Give the .pth that learn.save wrote.')
    return {str(name): value for name, value in content.items()}


def read_itos(path: str | Path) -> list[str]:
    """The words of a vocabulary in the order of their ids: a pickled list or tuple, or a dict from words to ids.

    Raises InputError: no such file, another content, or a pickle that wants more than plain data.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            content = _PlainData(stream, encoding="utf-8").load()  # encoding: of strings that Python 2 wrote
    except OSError as fault:
        raise read_error(path, fault) from fault
    except Exception as fault:
        raise InputError(
            f"{path}: no vocabulary can be read there: {_short(fault)}. A list of words is needed, pickled, and nothing else."
        ) from fault
    words = _in_order(content) if isinstance(content, dict) else content
    if not isinstance(words, list | tuple) or not words or not all(isinstance(word, str) for word in words):
        raise InputError(f"{path}: not a list of words. Give fastai's itos.pkl, or the .model of its SentencePiece.")
    return list(words)


class _PlainData(pickle.Unpickler):
    """Lists, tuples, dicts, strings and numbers; no class or function of any module."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is more than data")

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it asks for an object outside of the file")


def _in_order(ids: dict[Any, Any]) -> list[Any] | None:
    """{word: id} as a list by id; None when the ids are not 0, 1, 2, ..."""
    if sorted(i for i in ids.values() if isinstance(i, int)) != list(range(len(ids))):
        return None
    return sorted(ids, key=ids.__getitem__)


def _harmless() -> list[Any]:
    """What fastai 2 keeps of its optimizer beside the weights: its list, and numpy's numbers."""
    import numpy as np
    from fastcore.foundation import L

    kinds = [getattr(np.dtypes, name) for name in np.dtypes.__all__]
    return [L, np._core.multiarray.scalar, np.dtype, *kinds]  # type: ignore[attr-defined]


def _short(fault: Exception) -> str:
    words = on_one_line(fault) or type(fault).__name__
    return words if len(words) <= _LONGEST_FAULT else words[: _LONGEST_FAULT - 1] + "…"
