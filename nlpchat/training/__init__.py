"""Corpus -> bundle. The only room that needs the [train] extra, and the only one that knows fastai."""

from __future__ import annotations

from importlib.util import find_spec

from nlpchat.errors import MissingExtraError

INSTALL_LINE = 'pip install ".[train]"'
_NEEDED = ("torch", "fastai", "safetensors", "onnx", "sklearn", "matplotlib")


def require_extra() -> None:
    """Nothing, when what training needs is installed. Raises MissingExtraError with the line that installs it."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"training needs packages that a light install leaves out ({', '.join(missing)}). In nlpchat's folder:  {INSTALL_LINE}"
        )
