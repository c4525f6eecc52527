"""The messages of a Messenger (or Instagram) thread, in sending order, from Meta's JSON.

Two shapes, one reader: the classic download (`sender_name`, `timestamp_ms`, `content`; 2018: `timestamp` in
seconds) and the end-to-end-encrypted one (`senderName`, `timestamp` in milliseconds, `text`).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from unicodedata import normalize

from nlpchat.chats.containers import Source
from nlpchat.chats.phrases import meta_kind
from nlpchat.errors import ChatFormatError
from nlpchat.records import Chat, Kind, Message, Warning

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds of the year 2286; a larger number is milliseconds.
_LATEST_SECONDS = 10**10
_MEDIA_FIELDS = ("photos", "videos", "audio_files", "files", "gifs", "sticker", "share", "media")


@dataclass(slots=True)
class _Thread:
    """What the parts of one thread say together."""

    title: str = ""
    entries: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    skipped: dict[str, Warning] = field(default_factory=dict)
    encrypted: bool = False

    def skip(self, what: str, line: int | None) -> None:
        old = self.skipped.get(what)
        self.skipped[what] = Warning(what, old.count + 1, old.line) if old else Warning(what, 1, line)


def read_messenger(sources: tuple[Source, ...]) -> Chat:
    """The thread whose parts these are, in the order of their numbers. Raises ChatFormatError."""
    thread = _Thread()
    earlier: set[str] = set()
    for source in sources:
        earlier |= _add_part(thread, source, earlier, many=len(sources) > 1)
    messages = [m for place, entry in thread.entries if (m := _message(entry, place, thread)) is not None]
    messages = _oldest_first(messages)
    counts = Counter(m.author for m in messages if m.author is not None)
    return Chat(
        title=thread.title or sources[0].path.stem,
        platform="messenger",
        messages=tuple(messages),
        authors=tuple(author for author, _ in counts.most_common()),
        warnings=tuple(thread.skipped.values()),
        variant="Messenger, end-to-end-encrypted JSON" if thread.encrypted else "Messenger, classic JSON",
    )


def repair(text: str) -> str:
    """The text with Meta's mis-decoding undone: "cafÃ©" is café, and "café" stays café.

    Meta writes UTF-8 bytes as if they were latin-1. A string that has other characters, or whose bytes are
    no UTF-8, was right as it stands. Repeated until nothing changes, so that repairing twice changes nothing.
    A lone surrogate, which no file can hold, becomes U+FFFD.
    """
    while not text.isascii():
        try:
            repaired = text.encode("latin-1").decode("utf-8")
        except UnicodeEncodeError:
            # a character above U+00FF: not mis-decoded
            return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        except UnicodeDecodeError:
            return text
        text = repaired
    return text


def _text(value: object) -> str:
    return normalize("NFC", repair(value)) if isinstance(value, str) else ""


def _add_part(thread: _Thread, source: Source, earlier: set[str], *, many: bool) -> set[str]:
    """Adds one file's messages; the keys of those it had, so that a later part leaves repeats out."""
    whole = _load(source)
    entries = whole.get("messages")
    if not isinstance(entries, list):
        raise ChatFormatError(f"{source.name}: {_shape(whole)}. Give a thread's message_1.json or its folder.")
    classic, encrypted = (
        sum(isinstance(e, dict) and name in e for e in entries) for name in ("sender_name", "senderName")
    )
    if entries and not classic and not encrypted:
        raise ChatFormatError(
            f"{source.name}: JSON, but not of a Messenger thread (its messages have no sender_name). "
            "Give a thread's message_1.json or its folder."
        )
    thread.encrypted = thread.encrypted or encrypted > classic
    thread.title = thread.title or _title(whole)
    keys = set()
    for place, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            thread.skip("entries that are no messages, left out", place)
            continue
        if many:
            key = json.dumps(entry, sort_keys=True)
            keys.add(key)
            if key in earlier:
                thread.skip("messages that were in two parts, counted once", place)
                continue
        thread.entries.append((place, entry))
    return keys


def _load(source: Source) -> dict[str, Any]:
    data = source.read()
    if not data.strip():
        raise ChatFormatError(f"{source.name}: the file is empty. Download it again.")
    try:
        whole = json.loads(data)
    except json.JSONDecodeError as fault:
        raise ChatFormatError(
            f"{source.name}, line {fault.lineno}: broken or cut JSON ({fault.msg}). Download it again."
        ) from fault
    except (ValueError, RecursionError) as fault:
        raise ChatFormatError(f"{source.name}: not readable as JSON ({fault}). Download it again.") from fault
    if not isinstance(whole, dict):
        raise ChatFormatError(f"{source.name}: {_shape(whole)}. Give a thread's message_1.json or its folder.")
    return whole


def _shape(whole: object) -> str:
    if isinstance(whole, dict):
        names = ", ".join(repr(str(key)[:30]) for key in list(whole)[:3])
        return f"JSON, but not of a Messenger thread (it holds {names or 'nothing'})"
    return f"JSON, but not of a Messenger thread (a {type(whole).__name__})"


def _title(whole: dict[str, Any]) -> str:
    # The encrypted download adds a number to the thread's name: "Alice Example_12".
    return _text(whole.get("title")) or re.sub(r"_\d+$", "", _text(whole.get("threadName")))


def _message(entry: dict[str, Any], place: int, thread: _Thread) -> Message | None:
    if entry.get("is_unsent") is True or entry.get("isUnsent") is True:
        thread.skip("messages that their author unsent, left out", place)
        return None
    sent_at = _sent_at(entry)
    if sent_at is None:
        thread.skip("messages without a usable time, left out", place)
        return None
    author: str | None = _text(entry.get("sender_name") or entry.get("senderName")) or None
    text = _text(entry.get("content") or entry.get("text"))
    kind = _kind(entry, text, author or "")
    if author is None and kind == "text":
        thread.skip("messages without a sender, taken for notices", place)
        kind = "notice"
    if not text and kind == "media":
        text = _attached(entry)
    return Message(sent_at, None if kind == "notice" else author, text, kind, place)


def _sent_at(entry: dict[str, Any]) -> datetime | None:
    value = entry.get("timestamp_ms", entry.get("timestamp"))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    seconds = "timestamp_ms" not in entry and abs(value) < _LATEST_SECONDS
    try:
        return _EPOCH + (timedelta(seconds=value) if seconds else timedelta(milliseconds=value))
    except OverflowError:
        return None


def _kind(entry: dict[str, Any], text: str, sender: str) -> Kind:
    if entry.get("type") in ("Subscribe", "Unsubscribe"):
        return "notice"
    if entry.get("type") == "Call" or "call_duration" in entry:
        return "call"
    if text:
        return meta_kind(text, sender) or "text"
    return "media" if any(entry.get(name) for name in _MEDIA_FIELDS) else "notice"


def _attached(entry: dict[str, Any]) -> str:
    """What was attached, by file name or link: all there is to show of a message without words."""
    names: list[str] = []
    for name in _MEDIA_FIELDS:
        value = entry.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                where = _text(item.get("uri"))
                names.append(where.rpartition("/")[2] if where else _text(item.get("link")))
    return ", ".join(filter(None, names))


def _oldest_first(messages: list[Message]) -> list[Message]:
    """By time; messages of one moment stay in sending order, which a newest-first file turns round."""
    falling = sum(b.sent_at < a.sent_at for a, b in pairwise(messages))
    rising = sum(b.sent_at > a.sent_at for a, b in pairwise(messages))
    return sorted(reversed(messages) if falling >= rising else messages, key=lambda m: m.sent_at)
