"""The conversations on HTML pages of Meta's, in sending order: those of 2017, of 2018 to 2020 and of today.

The text is as it was written (no mis-decoding here). The times are those of the account's clock and without a time
zone, except in 2017. Meta's JSON says more; these pages are read because they are what is downloaded unless one
asks for JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from unicodedata import normalize

from nlpchat.chats.containers import Source, encoding_of
from nlpchat.chats.meta.block import Card
from nlpchat.chats.meta.dates import Moment, moment_of, month_order
from nlpchat.chats.meta.json_threads import (
    EMPTY,
    NO_SENDER,
    REPEATED,
    chat_of,
    is_instagram,
    oldest_first,
    part_order,
)
from nlpchat.chats.meta.page import Page, page_of
from nlpchat.chats.phrases import meta_kind
from nlpchat.chats.tally import Tally
from nlpchat.errors import ChatFormatError
from nlpchat.records import Chat, Kind, Message, Warning

HTML = "Meta's HTML"
HTML_2017 = "Meta's HTML of 2017"

NO_ZONE = "the times are as the page has them, which names no time zone; --tz sets one"
NO_DATE = "messages whose date was not understood, left out"
ADVICE = "Ask Meta for your information again with JSON as the format, and give that."


@dataclass(frozen=True, slots=True)
class _Placed:
    """A block and its 1-based place on its page."""

    card: Card
    place: int


def read_meta_html(sources: tuple[Source, ...], name: str = "") -> tuple[Chat, ...]:
    """The conversation whose pages these are, in any order; every conversation where a page is of 2017.

    name: of the thread in its archive. Raises ChatFormatError: damaged, or no message that is understood.
    """
    sources = tuple(sorted(sources, key=lambda source: part_order(source.name)))
    read = [_page(source) for source in sources]
    pages = [page for page, _ in read]
    doubts = [Warning(doubt) for _, doubt in read if doubt]
    platform = "instagram" if any(map(is_instagram, sources)) or any(page.instagram for page in pages) else "messenger"
    threads = _threads_of_2017(pages)
    if threads:
        alone = len(threads) == 1
        chats = [_chat(title, cards, platform, HTML_2017, name if alone else title) for title, cards in threads.items()]
    else:
        title = next((page.title for page in pages if page.title), "") or name.rpartition("/")[2]
        title = title or sources[0].basename.partition(".")[0]
        threads[title], repeated = _joined([page.cards for page in pages])
        chats = [_chat(title, threads[title], platform, HTML, name, repeated)]
    if not any(chat.messages for chat in chats):
        raise _nothing(sources[0], [placed for cards in threads.values() for placed in cards])
    for page, source in zip(pages, sources, strict=True):
        if not page.cards and not page.threads:
            doubts.append(Warning(f"{source.basename}: a page on which no message was understood"))
    return tuple(replace(chat, warnings=(*doubts, *chat.warnings)) for chat in chats if chat.messages)


def _page(source: Source) -> tuple[Page, str]:
    """The page, and what is doubtful about its encoding."""
    encoding = encoding_of(source)
    try:
        return page_of(source.read().decode(encoding.name, "replace")), encoding.doubt
    except ValueError as fault:
        raise ChatFormatError(f"{source.name}: damaged HTML ({fault}). {ADVICE}") from fault


def _joined(pages: Sequence[list[Card]]) -> tuple[list[_Placed], int]:
    """The blocks of all pages, newest page first, and how many stood at the end of one and the start of the next."""
    joined: list[_Placed] = []
    repeated = 0
    for cards in pages:
        shared = _overlap([placed.card for placed in joined], cards)
        repeated += shared
        joined += [_Placed(card, place) for place, card in enumerate(cards, 1)][shared:]
    return joined, repeated


def _overlap(before: Sequence[Card], after: Sequence[Card]) -> int:
    """How many of the last blocks of one page are the first of the next, in the same order."""
    longest = min(len(before), len(after), 50)
    return next((n for n in range(longest, 0, -1) if before[-n:] == after[:n]), 0)


def _threads_of_2017(pages: Iterable[Page]) -> dict[str, list[_Placed]]:
    """The conversations by their people; a long one is in several pieces on the page, which are joined."""
    threads: dict[str, list[_Placed]] = {}
    people: dict[frozenset[str], str] = {}
    for page in pages:
        for names, cards in page.threads:
            everyone = [name.strip() for name in names.split(",") if name.strip()]
            others = [name for name in everyone if name != page.owner]
            title = people.setdefault(frozenset(everyone), ", ".join(others or everyone))
            joined = threads.setdefault(title, [])
            joined += [_Placed(card, len(joined) + at) for at, card in enumerate(cards, 1)]
    return threads


def _chat(title: str, cards: Sequence[_Placed], platform: str, variant: str, thread: str, repeated: int = 0) -> Chat:
    tally = Tally()
    month_first, doubt = month_order(placed.card.date for placed in cards)
    dated: list[tuple[_Placed, Moment]] = []
    for placed in cards:
        moment = moment_of(placed.card.date, month_first=month_first)
        if moment is None:
            tally.add(NO_DATE, placed.place, placed.card.date)
        else:
            dated.append((placed, moment))
    # A zone counts only when every message has one: times with and without cannot be put in order.
    aware = all(moment.offset is not None for _, moment in dated)
    messages = [_message(placed, moment.utc if aware else moment.local, tally) for placed, moment in dated]
    notes = [] if aware else [Warning(NO_ZONE)]
    if repeated:
        notes.append(Warning(REPEATED, repeated))
    if doubt:
        notes.append(Warning("dates that could be day/month or month/day, read as day/month", examples=(doubt,)))
    warnings = (*notes, *tally.warnings)
    messages = oldest_first(messages)
    title = normalize("NFC", title)
    return chat_of(messages, title=title, platform=platform, warnings=warnings, variant=variant, thread=thread)


def _message(placed: _Placed, sent_at: datetime, tally: Tally) -> Message:
    card = placed.card
    author: str | None = normalize("NFC", card.sender) or None
    kind = _kind(card, author or "")
    if kind is None:
        tally.add(EMPTY, placed.place)
        kind = "notice"
    if author is None and kind == "text":
        tally.add(NO_SENDER, placed.place)
        kind = "notice"
    reactions = tuple(card.reactions)
    return Message(sent_at, None if kind == "notice" else author, _text(card), kind, placed.place, reactions)


def _kind(card: Card, sender: str) -> Kind | None:
    """What the block is, as the JSON of the same message would say; None for one that holds nothing."""
    if card.text:
        return meta_kind(normalize("NFC", card.text), sender) or "text"
    if card.files or card.links:
        return "media"
    return (meta_kind(normalize("NFC", card.besides), sender) or "text") if card.besides else None


def _text(card: Card) -> str:
    """The words; those that go with a photo or a link only where there are no others."""
    attached = bool(card.files or card.links)
    if card.text:
        return normalize("NFC", card.text if attached or not card.besides else f"{card.text}\n{card.besides}")
    return normalize("NFC", ", ".join(filter(None, (*card.files, *card.links, card.besides))))


def _nothing(source: Source, cards: Sequence[_Placed]) -> ChatFormatError:
    if cards:
        return ChatFormatError(f"{source.name}: no date is understood (the first: {cards[0].card.date!r}). {ADVICE}")
    return ChatFormatError(f"{source.name}: no message with a name and a date is found on this page. {ADVICE}")
