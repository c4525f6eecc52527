"""The messages of a Messenger or Instagram conversation, in sending order, from Meta's JSON.

Two shapes, one reader: the classic download (`sender_name`, `timestamp_ms`, `content`; 2018: `timestamp` in
seconds) and the end-to-end-encrypted one (`senderName`, `timestamp` in milliseconds, `text`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from unicodedata import normalize

from nlpchat.chats.containers import Source
from nlpchat.chats.json_file import shape_of
from nlpchat.chats.meta.mojibake import repair
from nlpchat.chats.phrases import meta_kind
from nlpchat.chats.tally import Tally, authors_of
from nlpchat.errors import ChatFormatError
from nlpchat.records import Chat, Kind, Message, Reaction

CLASSIC = "Meta's JSON"
ENCRYPTED = "Meta's JSON, end-to-end encrypted"

UNSENT = "messages that their author unsent, left out"
REPEATED = "messages that were in two parts, counted once"
EMPTY = "messages with neither words nor media, taken for notices"
NO_TIME = "messages without a usable time, left out"
NO_SENDER = "messages without a sender, taken for notices"
NO_MESSAGE = "entries that are no messages, left out"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds of the year 2286; a larger number is milliseconds.
_LATEST_SECONDS = 10**10
_MEDIA_FIELDS = ("photos", "videos", "audio_files", "files", "gifs", "sticker", "share", "media")
_THREAD_FIELDS = frozenset({"participants", "thread_path", "threadName"})
# The types of entries that the application wrote, in small letters; "placeholder": of what cannot be exported.
_NOTICES = frozenset({"subscribe", "unsubscribe", "placeholder"})
_INSTAGRAM = re.compile(r"(?:^|[/\\])(?:your_instagram_activity|instagram(?:[-_][^/\\]*)?)(?:[/\\]|$)", re.IGNORECASE)

_Entry = dict[str, Any]


def is_meta(whole: _Entry) -> bool:
    """Whether a JSON object is a conversation of Meta's: by its messages, or, without any, by its other fields."""
    entries = whole.get("messages")
    if not isinstance(entries, list):
        return False
    if not entries:
        return not _THREAD_FIELDS.isdisjoint(whole)
    return any(isinstance(entry, dict) and ("sender_name" in entry or "senderName" in entry) for entry in entries)


def read_meta(parts: Sequence[tuple[Source, _Entry]], name: str = "") -> Chat:
    """The conversation whose parts these are, given in any order: each file and the JSON object it holds.

    name: of the thread in its archive. Raises ChatFormatError, which names the part that is of no conversation.
    """
    parts = sorted(parts, key=lambda part: part_order(part[0].name))
    for source, whole in parts:
        if not is_meta(whole):
            raise ChatFormatError(f"{source.name}: {shape_of(whole)}. Give a thread's message_1.json or its folder.")
    tally = Tally()
    messages = [m for place, entry in _entries(parts, tally) if (m := _message(entry, place, tally)) is not None]
    return chat_of(
        oldest_first(messages),
        title=_title([whole for _, whole in parts])
        or name.rpartition("/")[2]
        or parts[0][0].basename.partition(".")[0],
        platform="instagram" if _is_instagram(parts) else "messenger",
        warnings=tally.warnings,
        variant=ENCRYPTED if any(map(_is_encrypted, (whole for _, whole in parts))) else CLASSIC,
        thread=name,
    )


def chat_of(messages: list[Message], **rest: Any) -> Chat:
    """The chat of these messages, its authors by number of messages."""
    return Chat(messages=tuple(messages), authors=authors_of(messages), **rest)


def part_order(name: str) -> tuple[int, str]:
    """Sorts the names of a thread's parts by number: message_10 after message_2."""
    numbers = re.findall(r"[0-9]{1,9}", re.split(r"[/\\]", name)[-1])
    return (int(numbers[-1]) if numbers else 0, name)


def oldest_first(messages: list[Message]) -> list[Message]:
    """By time; messages of one moment stay in sending order, which a newest-first file turns round."""
    falling = sum(b.sent_at < a.sent_at for a, b in pairwise(messages))
    rising = sum(b.sent_at > a.sent_at for a, b in pairwise(messages))
    return sorted(reversed(messages) if falling >= rising else messages, key=lambda m: m.sent_at)


def is_instagram(source: Source) -> bool:
    """Whether a file is of an export from Instagram, by its folders in the archive or on the disk."""
    return any(map(_INSTAGRAM.search, (source.member or "", "/".join(source.path.parts[-6:]))))


def _entries(parts: Sequence[tuple[Source, _Entry]], tally: Tally) -> Iterable[tuple[int, _Entry]]:
    """The entries and their places; what two parts hold is given once, what one part holds twice is given twice."""
    given: Counter[int] = Counter()
    for source, whole in parts:
        here: Counter[int] = Counter()
        for place, entry in enumerate(whole["messages"], 1):
            if not isinstance(entry, dict):
                tally.add(NO_MESSAGE, place)
                continue
            if len(parts) > 1:
                key = _key(entry, source)
                here[key] += 1
                if here[key] <= given[key]:
                    tally.add(REPEATED, place)
                    continue
            yield place, entry
        given |= here


def _key(entry: _Entry, source: Source) -> int:
    """A number that stands for all that an entry says, so that no second copy of it is kept."""
    try:
        return hash(json.dumps(entry, sort_keys=True))
    except RecursionError as fault:
        raise ChatFormatError(f"{source.name}: nested too deeply to be a chat. Download it again.") from fault


def _message(entry: _Entry, place: int, tally: Tally) -> Message | None:
    if entry.get("is_unsent") is True or entry.get("isUnsent") is True:
        tally.add(UNSENT, place)
        return None
    sent_at = _sent_at(entry)
    if sent_at is None:
        tally.add(NO_TIME, place)
        return None
    author: str | None = _text(entry.get("sender_name") or entry.get("senderName")) or None
    text = _text(entry.get("content") or entry.get("text"))
    kind = _kind(entry, text, author or "")
    if kind is None:
        tally.add(EMPTY, place)
        kind = "notice"
    if author is None and kind == "text":
        tally.add(NO_SENDER, place)
        kind = "notice"
    if not text and kind == "media":
        text = _attached(entry)
    return Message(sent_at, None if kind == "notice" else author, text, kind, place, _reactions(entry))


def _sent_at(entry: _Entry) -> datetime | None:
    value = entry.get("timestamp_ms", entry.get("timestamp"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = "timestamp_ms" not in entry and abs(value) < _LATEST_SECONDS
    try:
        return _EPOCH + (timedelta(seconds=value) if seconds else timedelta(milliseconds=value))
    except (OverflowError, ValueError):
        # beyond year 9999, or NaN
        return None


def _kind(entry: _Entry, text: str, sender: str) -> Kind | None:
    """What the entry is; None for one that holds nothing."""
    form = str(entry.get("type", "")).lower()
    if form == "call" or "call_duration" in entry or "missed" in entry:
        return "call"
    known = meta_kind(text, sender) if text else None
    if known is None and (form in _NOTICES or (form == "" and "users" in entry)):
        return "notice"
    if text:
        return known or "text"
    if any(entry.get(name) for name in _MEDIA_FIELDS) or entry.get("is_geoblocked_for_viewer") is True:
        return "media"
    return "deleted" if entry.get("is_unsent_image_by_messenger_kid_parent") is True else None


def _attached(entry: _Entry) -> str:
    """What was attached, by file name, link or what was shared: all there is to show of a message without words."""
    names: list[str] = []
    for name in _MEDIA_FIELDS:
        value = entry.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                where = _text(item.get("uri"))
                names += [where.rpartition("/")[2] if where else _text(item.get("link")), _text(item.get("share_text"))]
    return ", ".join(filter(None, names))


def _reactions(entry: _Entry) -> tuple[Reaction, ...]:
    listed = entry.get("reactions")
    made = [
        Reaction(_text(item.get("actor")) or None, _text(item.get("reaction")))
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, dict)
    ]
    return tuple(reaction for reaction in made if reaction.emoji)


def _text(value: object) -> str:
    return normalize("NFC", repair(value)) if isinstance(value, str) else ""


def _title(wholes: Sequence[_Entry]) -> str:
    """The conversation's name; where none is given, its people's."""
    for whole in wholes:
        # The encrypted download adds a number to the thread's name: "Alice Example_12".
        if title := _text(whole.get("title")) or re.sub(r"_\d+$", "", _text(whole.get("threadName"))):
            return title
    listed = wholes[0].get("participants")
    people = [p.get("name") if isinstance(p, dict) else p for p in (listed if isinstance(listed, list) else [])]
    return ", ".join(filter(None, map(_text, people)))


def _is_encrypted(whole: _Entry) -> bool:
    """Whether the end-to-end-encrypted download wrote it, by most of its messages."""
    entries = [entry for entry in whole["messages"] if isinstance(entry, dict)]
    return sum("senderName" in e for e in entries) > sum("sender_name" in e for e in entries) or "threadName" in whole


def _is_instagram(parts: Sequence[tuple[Source, _Entry]]) -> bool:
    """By where the first part lies; else by where its first photo or other file does."""
    source, whole = parts[0]
    return is_instagram(source) or any(map(_INSTAGRAM.search, _first_uri(whole)))


def _first_uri(whole: _Entry) -> Iterable[str]:
    for entry in whole["messages"]:
        for name in _MEDIA_FIELDS if isinstance(entry, dict) else ():
            value = entry.get(name)
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and isinstance(item.get("uri"), str):
                    return [item["uri"]]
    return []
