"""Everything a stopped training needs to go on with the same result, in one file, written whole or not at all."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nlpchat.errors import TrainingError
from nlpchat.files import written_beside


def save_checkpoint(path: Path, state: dict[str, Any], generators: list[dict[str, Any]] | None = None) -> None:
    """Saves `state` (tensors, numbers, strings, lists and dicts of them) and the random generators beside it.

    generators: `random_state()` of each process, when there are several.
    """
    first, *others = generators or [random_state()]
    with written_beside(path) as beside:
        torch.save({**state, "random": first, "random_of_others": others}, beside)


def load_checkpoint(path: Path, recipe: str, process: int = 0) -> dict[str, Any]:
    """The state saved at `path`; the random generators are put back to where they were in this process (if it was there).

    Raises TrainingError when it is damaged, or belongs to another recipe (digest) or corpus.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        found = state["recipe"]
    except Exception as fault:
        raise TrainingError(
            f"{path}: not a checkpoint that can be gone on from ({fault}). Delete {path.parent} to begin anew."
        ) from fault
    if found != recipe:
        raise TrainingError(
            f"{path}: was made with other options or other data. Give the same ones, or delete {path.parent} to begin anew."
        )
    generators = [state["random"], *state.get("random_of_others", ())]
    if process < len(generators):
        _set_random_state(generators[process])
    return state


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def random_state() -> dict[str, Any]:
    """Where the generators of Python, NumPy and torch are in this process."""
    version, words, gauss = random.getstate()
    kind, keys, place, has_gauss, cached = np.random.get_state(legacy=True)
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "python": [version, list(words), gauss],
        "numpy": [
            str(kind),
            torch.from_numpy(np.asarray(keys).astype(np.int64)),
            int(place),
            int(has_gauss),
            float(cached),
        ],
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()  # of the one device that this process uses
    return state


def _set_random_state(state: dict[str, Any]) -> None:
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    kind, keys, place, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), place, has_gauss, cached))
    torch.set_rng_state(state["torch"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
