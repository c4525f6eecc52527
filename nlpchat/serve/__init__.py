"""A local web application: an export is dropped on a page, its report comes back; and texts are classified over HTTP.

Nothing leaves the machine and nothing is kept: see `jobs.py` for what lives how long, `guard.py` for who may ask.
The only room that needs the [serve] extra.
"""

from __future__ import annotations

from importlib.util import find_spec

from nlpchat.errors import MissingExtraError

INSTALL_LINE = 'pip install ".[serve]"'
_NEEDED = {
    "starlette": "starlette", "uvicorn": "uvicorn", "python_multipart": "python-multipart", "prometheus_client": "prometheus-client",
}  # fmt: skip


def require_extra() -> None:
    """Nothing, when what serving needs is installed. Raises MissingExtraError with the line that installs it."""
    missing = [package for module, package in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise MissingExtraError(
            f"serving needs packages that a light install leaves out ({', '.join(missing)}). In nlpchat's folder:  {INSTALL_LINE}"
        )
