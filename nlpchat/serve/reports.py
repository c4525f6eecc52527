"""A classified chat -> its report page as text, and a copy of it in a folder where that was asked for."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nlpchat.serve.names import file_name, free_path

if TYPE_CHECKING:
    from nlpchat.classifier import Classifier
    from nlpchat.predictions import Predictions
    from nlpchat.records import Chat

Lang = Literal["fr", "en"]
_KEEPING = threading.Lock()  # two reports of one title are kept at different names


def report_of(chat: Chat, predictions: Predictions, classifier: Classifier, lang: Lang | None) -> str:
    """The report page of a classified chat. lang: its own language if None."""
    from nlpchat.explain import explain
    from nlpchat.report.data import report_data
    from nlpchat.report.language import chat_language
    from nlpchat.report.page import report_page

    data = report_data(
        chat, predictions, classifier.bundle, lang=lang or chat_language(chat),
        explained=lambda texts, labels: explain(texts, classifier, labels, alone=True),
    )  # fmt: skip
    page: str = report_page(data)
    return page


def keep(page: str, title: str, folder: Path) -> str:
    """The name under which the page now lies in the folder; no other file is replaced. Raises OutputError."""
    from nlpchat.files import written_beside

    with _KEEPING:
        path = free_path(folder, file_name(f"{title}.html", "report"))
        with written_beside(path) as beside:
            beside.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    return path.name
