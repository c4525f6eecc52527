"""Several exports of one conversation made one, without what both hold.

A telephone exports the latest 10,000 to 40,000 messages only, and Meta keeps the encrypted half of a conversation
apart: whoever exported twice has a long overlap, and every message of it is wanted once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from unicodedata import normalize

from nlpchat.chats.phrases import STRIP_MARKS
from nlpchat.chats.whatsapp.headers import SPACES
from nlpchat.records import Chat, Message, Warning

# So many equal texts, at the same time and from the same person, are no chance where they are also most of what the
# two exports have in the time that both cover.
ENOUGH_SHARED = 3
MOST = 0.5
# Shorter texts ("ok", "oui") say nothing of whether two exports are of one conversation.
TELLING = 8
# What an exporter calls a file when it does not know the conversation's name.
NO_TITLES = frozenset({"_chat", "chat", "message_1", "messages", "result", ""})

_PLAIN_SPACES = str.maketrans(dict.fromkeys(SPACES, " "))

Key = tuple[datetime, str | None, str, str]


@dataclass(frozen=True, slots=True)
class Exported:
    """A chat and the paths that it was read from."""

    chat: Chat
    paths: tuple[Path, ...]


def merge_same(exported: Sequence[Exported]) -> list[Exported]:
    """The conversations, those of several exports merged; in the order of each one's first export."""
    groups: list[list[Exported]] = []
    for one in exported:
        group = next((group for group in groups if any(is_same(one, other) for other in group)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return [group[0] if len(group) == 1 else _merged(group) for group in groups]


def is_same(one: Exported, other: Exported) -> bool:
    """Whether two exports are of one conversation: the same name and somebody in common, or many equal messages.

    Two threads of one archive that have the same name are two conversations, unless one is the encrypted
    half of the other.
    """
    a, b = one.chat, other.chat
    if a.platform != b.platform or not a.messages or not b.messages:
        return False
    if (a.messages[0].sent_at.tzinfo is None) != (b.messages[0].sent_at.tzinfo is None):
        return False
    if one.paths == other.paths and a.variant == b.variant:
        return False
    names = {normalize("NFC", chat.title).casefold() for chat in (a, b)}
    if len(names) == 1 and not names & NO_TITLES and set(a.authors) & set(b.authors):
        return True
    coarse = not (_has_seconds(a) and _has_seconds(b))
    begin = max(a.messages[0].sent_at, b.messages[0].sent_at).replace(second=0, microsecond=0)
    end = min(a.messages[-1].sent_at, b.messages[-1].sent_at).replace(second=59, microsecond=999999)
    ours, theirs = (_telling(chat, begin, end, coarse=coarse) for chat in (a, b))
    shared = len(ours & theirs)
    return shared >= ENOUGH_SHARED and shared >= MOST * min(len(ours), len(theirs))


def _telling(chat: Chat, begin: datetime, end: datetime, *, coarse: bool) -> set[Key]:
    """The texts long enough to be somebody's own, sent in this time."""
    telling = (m for m in chat.messages if m.kind == "text" and len(m.text) >= TELLING and begin <= m.sent_at <= end)
    return {_key(m, coarse=coarse) for m in telling}


def _has_seconds(chat: Chat) -> bool:
    return any(m.sent_at.second for m in chat.messages)


def _key(message: Message, *, coarse: bool) -> Key:
    """What two exports of one message share; only texts are written alike on every telephone."""
    moment = message.sent_at.replace(second=0, microsecond=0) if coarse else message.sent_at.replace(microsecond=0)
    text = STRIP_MARKS.sub("", message.text).translate(_PLAIN_SPACES).strip() if message.kind == "text" else ""
    return moment, message.author, message.kind, text


def _merged(group: Sequence[Exported]) -> Exported:
    """One chat of several: moment by moment what the first has, and what the others have besides."""
    chats = sorted((one.chat for one in group), key=lambda c: (c.messages[0].sent_at, c.messages[-1].sent_at))
    coarse = not all(_has_seconds(chat) for chat in chats)
    keyed = [
        (key[0], order, key, message)
        for order, chat in enumerate(chats)
        for message in chat.messages
        for key in (_key(message, coarse=coarse),)
    ]
    keyed.sort(key=lambda item: (item[0], item[1]))
    messages: list[Message] = []
    for _, moment in groupby(keyed, key=lambda item: item[0]):
        messages += _once([[(k, m) for _, o, k, m in same] for _, same in groupby(list(moment), key=lambda i: i[1])])
    messages.sort(key=lambda m: m.sent_at)
    repeats = sum(len(chat) for chat in chats) - len(messages)
    counts = Counter(m.author for m in messages if m.author is not None)
    notes = [Warning(f"{len(chats)} exports of this conversation were read as one")]
    if repeats:
        notes.append(Warning(f"{repeats:,} messages that several of the exports hold, counted once"))
    merged = Chat(
        title=next((chat.title for chat in chats if chat.title.casefold() not in NO_TITLES), chats[0].title),
        platform=chats[0].platform,
        messages=tuple(messages),
        authors=tuple(author for author, _ in counts.most_common()),
        warnings=(*notes, *dict.fromkeys(warning for chat in chats for warning in chat.warnings)),
        variant=" + ".join(dict.fromkeys(chat.variant for chat in chats)),
        thread=next((chat.thread for chat in chats if chat.thread), ""),
    )
    return Exported(merged, tuple(dict.fromkeys(path for one in group for path in one.paths)))


def _once(exports: list[list[tuple[Key, Message]]]) -> list[Message]:
    """The messages of one moment, each as often as the export that has it most often, in the order that they share.

    What the first export does not have stands before what it precedes in its own; a later window goes behind.
    """
    taken, *others = exports
    for export in others:
        places: dict[Key, list[int]] = {}
        for place, (key, _) in enumerate(taken):
            places.setdefault(key, []).append(place)
        behind: dict[int, list[tuple[Key, Message]]] = {}
        fresh: list[tuple[Key, Message]] = []
        after = len(taken) - 1
        for key, message in export:
            if places.get(key):
                place = places[key].pop(0)
                behind.setdefault(place - 1, []).extend(fresh)
                fresh, after = [], place
            else:
                fresh.append((key, message))
        behind.setdefault(after, []).extend(fresh)
        taken = [*behind.get(-1, []), *(one for i, had in enumerate(taken) for one in (had, *behind.get(i, [])))]
    return [message for _, message in taken]
