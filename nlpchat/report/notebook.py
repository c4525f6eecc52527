"""What a notebook shows, as HTML: a chat, and what a classifier said of its messages.

Chats are other people's words: every string of one is cut, made printable, escaped and kept in its own direction.
There is no script, no style sheet and no address in it; text has the notebook's own colour, light or dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, TypeVar

from nlpchat.records import LABELS, Chat, Message, Prediction, Verdict
from nlpchat.report.printable import one_line

if TYPE_CHECKING:
    from nlpchat.predictions import Predictions

Item = TypeVar("Item")

# Each stands out 3 to 1 and more from white and from black; beside the colour there is always the word.
COLOURS: dict[Verdict, str] = {"neg": "#c0392b", "neu": "#80868b", "pos": "#2e8b57", "unsure": "#b7791f"}
FEW = 20  # texts; shares of fewer rest on few
MOST_ROWS = 5  # shown from the beginning of a chat or of predictions, and as many from the end
MOST_PEOPLE, MOST_WARNINGS = 8, 5
MOST_NAME, MOST_WARNING, MOST_TEXT = 60, 200, 160  # characters
# Of a column: r numbers, l words of ours, t what somebody wrote, which may be one long word.
STYLES = {
    "r": "text-align:right;white-space:nowrap",
    "l": "text-align:left;white-space:nowrap",
    "t": "text-align:left;min-width:5em;overflow-wrap:anywhere",
}
QUIET = "opacity:.8"


def chat_html(chat: Chat) -> str:
    """A chat: who, how much and when, the first and last messages, what was not understood."""
    rows = [_message_row(place, message) for place, message in _ends(chat.messages)]
    return _section(
        said(chat.title, MOST_NAME),
        _paragraph(_facts(chat)),
        _paragraph(_people(chat.authors)),
        _table("rltlt", ("", "sent_at", "author", "kind", "text"), _with_gap(rows, len(chat))),
        *(_paragraph(said(str(warning), MOST_WARNING) + ".", QUIET) for warning in chat.warnings[:MOST_WARNINGS]),
    )


def predictions_html(predictions: Predictions) -> str:
    """What was said of the texts: the share of each label, and the first and last predictions."""
    total, shares = len(predictions), predictions.shares()
    counts = [[_label(label), f"{count:,}", f"{shares[label]:.0%}"] for label, count in predictions.counts().items()]
    rows = [_prediction_row(prediction) for _, prediction in _ends(predictions)]
    return _section(
        f"{total:,} text{'' if total == 1 else 's'} classified",
        _bar(shares) if total else "",
        _table("lrr", ("label", "texts", "share"), counts),
        _paragraph(f"Shares of fewer than {FEW} texts say little.", QUIET) if total < FEW else "",
        _table("rlrrr", ("message", "label", *LABELS), _with_gap(rows, total)),
        _paragraph("All of them as a table: <code>.to_pandas()</code>", QUIET),
    )


def said(text: str, most: int) -> str:
    """What somebody else wrote, on one line of at most so many characters, as HTML that shows it and does nothing.

    >>> said("<b>\\u202eoui", 60)
    '<bdi>&lt;b&gt;oui</bdi>'
    """
    # Half a pair of surrogates, which JSON exports may hold, cannot be sent to a browser.
    whole = one_line(text, most).encode("utf-8", "replace").decode("utf-8")
    return f"<bdi>{escape(whole)}</bdi>"


def _facts(chat: Chat) -> str:
    facts = [said(chat.platform, MOST_NAME)] if chat.platform else []
    facts.append(f"{len(chat):,} message{'' if len(chat) == 1 else 's'}")
    if chat.messages:
        first, last = chat.messages[0].sent_at, chat.messages[-1].sent_at
        zone = f" ({said(str(first.tzinfo), MOST_NAME)})" if first.tzinfo is not None else ""
        facts.append(f"{first:%Y-%m-%d} to {last:%Y-%m-%d}{zone}")
    return ", ".join(facts)


def _people(authors: Sequence[str]) -> str:
    more = len(authors) - MOST_PEOPLE
    names = ", ".join(said(name, MOST_NAME) for name in authors[:MOST_PEOPLE])
    return f"{names} and {more:,} more" if more > 0 else names


def _ends(items: Sequence[Item]) -> list[tuple[int, Item]]:
    """The first and the last items with their places; all of them where they are few."""
    places = [*range(min(MOST_ROWS, len(items))), *range(max(MOST_ROWS, len(items) - MOST_ROWS), len(items))]
    return [(place, items[place]) for place in places]


def _with_gap(rows: list[list[str]], total: int) -> list[list[str]]:
    """The rows of `_ends`, with one between them that stands for those left out."""
    if len(rows) == total:
        return rows
    return [*rows[:MOST_ROWS], ["…"] * len(rows[0]), *rows[MOST_ROWS:]]


def _message_row(place: int, message: Message) -> list[str]:
    author = said(message.author, MOST_NAME) if message.author is not None else ""
    return [str(place), f"{message.sent_at:%Y-%m-%d %H:%M}", author, message.kind, said(message.text, MOST_TEXT)]


def _prediction_row(prediction: Prediction) -> list[str]:
    scores = [f"{score:.2f}" for score in prediction.scores]
    return [str(prediction.message), _label(prediction.label), *scores]


def _label(label: Verdict) -> str:
    return f'<span style="color:{COLOURS[label]}" aria-hidden="true">&#9632;</span> {label}'


def _bar(shares: Mapping[Verdict, float]) -> str:
    told = ", ".join(f"{label} {share:.0%}" for label, share in shares.items())
    parts = "".join(
        f'<div style="width:{100 * share:.2f}%;background:{COLOURS[label]}"></div>' for label, share in shares.items()
    )
    style = "display:flex;height:12px;max-width:480px;margin:4px 0"
    return f'<div role="img" aria-label="{told}" title="{told}" style="{style}">{parts}</div>'


def _table(columns: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """columns: the style of each. heads and rows: HTML."""
    styles = [f"{STYLES[column]};vertical-align:top;padding:2px 12px 2px 0" for column in columns]
    head = "".join(f'<th scope="col" style="{style}">{text}</th>' for style, text in zip(styles, heads, strict=True))
    body = "".join(
        "<tr>" + "".join(f'<td style="{s}">{cell}</td>' for s, cell in zip(styles, row, strict=True)) + "</tr>"
        for row in rows
    )
    style = "border-collapse:collapse;margin:6px 0;color:inherit;font:inherit"
    return f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _paragraph(html: str, style: str = "") -> str:
    return f'<p style="margin:4px 0;{style}">{html}</p>'


def _section(heading: str, *parts: str) -> str:
    return f'<div style="overflow-x:auto"><p style="margin:4px 0"><b>{heading}</b></p>{"".join(parts)}</div>'
