"""A report page -> a copy of it in a folder, where that was asked for."""

from __future__ import annotations

import threading
from pathlib import Path

from nlpchat.report.written import save
from nlpchat.serve.names import file_name, free_path

_KEEPING = threading.Lock()  # two reports of one title are kept at different names


def keep(page: str, title: str, folder: Path) -> str:
    """The name under which the page now lies in the folder; no other file is replaced. Raises OutputError."""
    with _KEEPING:
        path = free_path(folder, file_name(f"{title}.html", "report"))
        save(page, path)
    return path.name
