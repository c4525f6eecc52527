"""A chat's report as one HTML file: its data, the reasons for its strongest messages, and the page around them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nlpchat.errors import OutputError, RecipeError
from nlpchat.files import written_beside

if TYPE_CHECKING:
    from nlpchat.classifier import Classifier
    from nlpchat.explain import WordWeight
    from nlpchat.predictions import Predictions
    from nlpchat.records import Chat, Label

ENDINGS = (".html", ".htm")


def write_report(
    chat: Chat, predictions: Predictions, classifier: Classifier, output: Path, *, lang: str | None = None
) -> None:
    """Nothing; the report of a chat is then at `output`, whole or not at all.

    predictions: what was felt in the messages; classifier: tells why, of the texts as they are shown, so that a chat with
    stand-ins stays one. lang: "fr" or "en"; the chat's if None. Raises RecipeError: another ending or language; OutputError.
    """
    from nlpchat.explain import explain
    from nlpchat.report.data import report_data
    from nlpchat.report.language import chat_language
    from nlpchat.report.page import report_page

    check_report(output)
    if lang not in (None, "fr", "en"):
        raise RecipeError(f"a report is written in fr or en, not {lang!r}.")

    def explained(texts: Sequence[str], labels: Sequence[Label]) -> list[tuple[WordWeight, ...]]:
        return explain(texts, classifier, labels, alone=True)

    data = report_data(chat, predictions, classifier.bundle, explained=explained, lang=lang or chat_language(chat))
    page = report_page(data)
    with written_beside(output) as beside:
        # Half a surrogate pair, which JSON exports may hold, has no UTF-8.
        beside.write_text(page, encoding="utf-8", errors="replace", newline="\n")


def check_report(output: Path) -> None:
    """Nothing; raises what writing a report there would raise in the end, before the costly part."""
    if output.suffix.lower() not in ENDINGS:
        raise RecipeError(f"{output}: a report is a web page. Give a path that ends in .html.")
    if not output.parent.is_dir():
        raise OutputError(f"{output}: the folder {output.parent} does not exist. Make it, or give another output.")
    if output.is_dir():
        raise OutputError(f"{output}: this is a folder. Give a file name.")


def check_one(conversations: int) -> None:
    """Nothing; raises RecipeError when there are several: a report is of one."""
    if conversations > 1:
        raise RecipeError(
            f"a report is of one conversation, and {conversations} were given. Choose with --thread NAME."
        )
