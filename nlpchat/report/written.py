"""A chat's report as one HTML file: its data, the reasons for its strongest messages, and the page around them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from nlpchat.errors import OutputError, RecipeError
from nlpchat.files import written_beside

if TYPE_CHECKING:
    from nlpchat.classifier import Classifier
    from nlpchat.explain import WordWeight
    from nlpchat.predictions import Predictions
    from nlpchat.records import Chat, Label

Lang = Literal["fr", "en"]
ENDINGS = (".html", ".htm")


def write_report(
    chat: Chat, predictions: Predictions, classifier: Classifier, output: Path, *, lang: str | None = None
) -> None:
    """Nothing; the report of a chat is then at `output`, whole or not at all.

    predictions: what was felt in the messages; classifier: tells why, of the texts as they are shown, so that a chat with
    stand-ins stays one. lang: "fr" or "en"; the chat's if None. Raises RecipeError: another ending or language; OutputError.
    """
    check_report(output)
    if lang not in (None, *get_args(Lang)):
        raise RecipeError(f"a report is written in fr or en, not {lang!r}.")
    save(report_of(chat, predictions, classifier, lang), output)


def report_of(chat: Chat, predictions: Predictions, classifier: Classifier, lang: str | None = None) -> str:
    """The page itself, as `write_report` writes it."""
    from nlpchat.explain import explain
    from nlpchat.report.data import report_data
    from nlpchat.report.language import chat_language
    from nlpchat.report.page import report_page

    def explained(texts: Sequence[str], labels: Sequence[Label]) -> list[tuple[WordWeight, ...]]:
        return explain(texts, classifier, labels, alone=True)

    return report_page(
        report_data(chat, predictions, classifier.bundle, explained=explained, lang=lang or chat_language(chat))
    )


def save(page: str, path: Path) -> None:
    """Nothing; the page is then at `path`, whole or not at all. Raises OutputError."""
    with written_beside(path) as beside:
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
