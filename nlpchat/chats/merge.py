"""Several exports of one conversation made one, without what both hold.

A telephone exports the latest 10,000 to 40,000 messages only, and Meta keeps the encrypted half of a conversation
apart: whoever exported twice has a long overlap, and every message of it is wanted once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from unicodedata import normalize

from nlpchat.chats.marks import SPACES, STRIP_MARKS
from nlpchat.chats.tally import authors_of
from nlpchat.records import Chat, Message, Warning

# So many equal texts, at the same time and from the same person, are no chance where they are also most of what the
# two exports have in the time that both cover.
ENOUGH_SHARED = 3
MOST = 0.5
# Shorter texts ("ok", "oui") say nothing of whether two exports are of one conversation.
TELLING = 8
# What an exporter calls a file when it does not know the conversation's name.
NO_TITLES = frozenset({"_chat", "chat", "message_1", "messages", "result", ""})
# What Meta calls everybody whose account is gone: a title that says nothing of who it was.
_GONE = re.compile(
    r"(?:facebook|instagram)[ -]?(?:user|nutzer(?:in)?|gebruiker)"
    r"|(?:utilisateur(?:rice)?|usuario|usuário|utilizador|utente)(?: (?:de|do|di|d[’']))? ?(?:facebook|instagram)"
)
# Two exports that only touch have nothing in common.
_LONG_ENOUGH = timedelta(minutes=3)
# The two halves of a conversation of Meta's may state one message's time by two clocks.
_CLOCKS = timedelta(seconds=1)

_PLAIN_SPACES = str.maketrans(dict.fromkeys(SPACES, " "))

Key = tuple[datetime, str | None, str, str]


@dataclass(frozen=True, slots=True)
class Exported:
    """A chat and the paths that it was read from. place: its name in the archive, also when it is alone there."""

    chat: Chat
    paths: tuple[Path, ...]
    place: str = ""


def merge_same(exported: Sequence[Exported]) -> list[Exported]:
    """The conversations, those of several exports merged; in the order of each one's first export."""
    return [merged(group) for group in groups_of(exported)]


def groups_of(exported: Sequence[Exported]) -> list[list[Exported]]:
    """The exports of each conversation; in the order of each one's first."""
    several = len({(one.paths, one.chat.variant) for one in exported}) > 1
    if len(exported) < 2 or (not several and all(map(_is_whole, exported))):
        return [[one] for one in exported]
    groups: list[list[Exported]] = []
    known = _Known()
    for one in exported:
        place = next((at for at in known.near(one) if _joins(one, groups[at])), len(groups))
        if place == len(groups):
            groups.append([])
        groups[place].append(one)
        known.add(one, place)
    return groups


def is_same(one: Exported, other: Exported) -> bool:
    """Whether two exports are of one conversation: the same place in an archive, the same name and mostly the same
    people, or many equal messages.

    Two threads of one archive of Meta's, Telegram's or Signal's that have the same name are two conversations, unless
    one is the encrypted half of the other; so are two of WhatsApp's with nothing in common in the time of both.
    """
    a, b = one.chat, other.chat
    if a.platform != b.platform or not a.messages or not b.messages:
        return False
    if (a.messages[0].sent_at.tzinfo is None) != (b.messages[0].sent_at.tzinfo is None):
        return False
    if _apart(one, other):
        return False
    if (folder := _folder(one)) and folder == _folder(other):
        return True
    if _telling_title(a) and _telling_title(a) == _telling_title(b) and _same_people(a, b):
        return True
    ours, theirs = _in_both(a, b)
    shared = len(ours & theirs)
    return shared >= ENOUGH_SHARED and shared >= MOST * min(len(ours), len(theirs))


def _joins(one: Exported, group: Sequence[Exported]) -> bool:
    """Whether an export is of the conversation of these: the same as one of them, and apart from none."""
    return not any(_apart(one, other) for other in group) and any(is_same(one, other) for other in group)


def _apart(one: Exported, other: Exported) -> bool:
    """Whether two are two conversations whatever they are called: two of one archive, or of two numbers of Meta's."""
    if one.paths == other.paths and one.chat.variant == other.chat.variant and _is_whole(one):
        return True
    if one.chat.platform == other.chat.platform == "whatsapp":
        return _strange(one.chat, other.chat)
    ours, theirs = (_folder(each).rpartition("_")[2] for each in (one, other))
    return ours.isdigit() and theirs.isdigit() and ours != theirs


def _strange(a: Chat, b: Chat) -> bool:
    """Whether much was said in both in the time that both cover, and nothing of it is in the two."""
    if (
        not a.messages
        or not b.messages
        or (a.messages[0].sent_at.tzinfo is None) != (b.messages[0].sent_at.tzinfo is None)
    ):
        return False
    ours, theirs = ({(key[0], key[3]) for key in keys} for keys in _in_both(a, b, at_least=_LONG_ENOUGH))
    return min(len(ours), len(theirs)) >= ENOUGH_SHARED and ours.isdisjoint(theirs)


def _in_both(a: Chat, b: Chat, at_least: timedelta = timedelta(0)) -> tuple[set[Key], set[Key]]:
    """The telling texts of each in the time that both cover; none where that is shorter than `at_least`."""
    coarse = not (_has_seconds(a) and _has_seconds(b))
    begin = max(a.messages[0].sent_at, b.messages[0].sent_at).replace(second=0, microsecond=0)
    end = min(a.messages[-1].sent_at, b.messages[-1].sent_at).replace(second=59, microsecond=999999)
    if end - begin < at_least:
        return set(), set()
    return _telling(a, begin, end, coarse=coarse), _telling(b, begin, end, coarse=coarse)


def _is_whole(one: Exported) -> bool:
    """Whether its archive has each conversation once; a folder of WhatsApp's texts may have several of one."""
    return one.chat.platform != "whatsapp"


def _folder(one: Exported) -> str:
    """The folder of a thread in a download of Meta's, box apart: "julie_1a" of "inbox/julie_1a"; "" of another."""
    box, _, folder = one.place.rpartition("/")
    return folder if box and one.chat.platform in ("messenger", "instagram") else ""


def _telling_title(chat: Chat) -> str:
    """The title as it is compared; "" for one that many conversations have."""
    title = normalize("NFC", chat.title).casefold()
    return "" if title in NO_TITLES or _GONE.fullmatch(title) else title


def _same_people(a: Chat, b: Chat) -> bool:
    """Whether more than half of those who wrote in the one wrote in the other; of two, one is whoever exports."""
    few, many = sorted((set(a.authors), set(b.authors)), key=len)
    return 2 * len(few & many) > len(few)


@dataclass(slots=True)
class _Known:
    """Which groups an export may belong to, without comparing it with each: an archive can have thousands."""

    titles: dict[str, list[int]] = field(default_factory=dict)
    folders: dict[str, list[int]] = field(default_factory=dict)
    texts: dict[int, int | list[int]] = field(default_factory=dict)

    def near(self, one: Exported) -> list[int]:
        """The groups of the same title or folder, and those that have enough of its texts; in their order."""
        found: Counter[int] = Counter()
        for key in self._texts(one.chat):
            at = self.texts.get(key)
            found.update([at] if isinstance(at, int) else at or ())
        groups = {at for at, shared in found.items() if shared >= ENOUGH_SHARED}
        groups.update(self.titles.get(_telling_title(one.chat), ()), self.folders.get(_folder(one), ()))
        return sorted(groups)

    def add(self, one: Exported, place: int) -> None:
        for name, table in ((_telling_title(one.chat), self.titles), (_folder(one), self.folders)):
            if name:
                table.setdefault(name, []).append(place)
        for key in self._texts(one.chat):
            at = self.texts.setdefault(key, place)
            if isinstance(at, list):
                at.append(place)
            elif at != place:
                self.texts[key] = [at, place]

    @staticmethod
    def _texts(chat: Chat) -> Iterator[int]:
        """A number for each text long enough to tell, to the minute."""
        if chat.messages:
            begin, end = chat.messages[0].sent_at, chat.messages[-1].sent_at
            yield from map(hash, _telling(chat, begin, end, coarse=True))


def _telling(chat: Chat, begin: datetime, end: datetime, *, coarse: bool) -> set[Key]:
    """The texts long enough to be somebody's own, sent in this time."""
    telling = (m for m in chat.messages if m.kind == "text" and len(m.text) >= TELLING and begin <= m.sent_at <= end)
    return {_key(m, coarse=coarse) for m in telling}


def _has_seconds(chat: Chat) -> bool:
    # JSON always has them, though a few messages may all be of a full minute.
    return "JSON" in chat.variant or any(m.sent_at.second for m in chat.messages)


def _key(message: Message, *, coarse: bool) -> Key:
    """What two exports of one message share; only texts are written alike on every telephone."""
    moment = message.sent_at.replace(second=0, microsecond=0) if coarse else message.sent_at.replace(microsecond=0)
    text = STRIP_MARKS.sub("", message.text).translate(_PLAIN_SPACES).strip() if message.kind == "text" else ""
    return moment, message.author, message.kind, text


def merged(group: Sequence[Exported]) -> Exported:
    """One chat of several: moment by moment what the first has, and what the others have besides."""
    if len(group) == 1:
        return group[0]
    chats = sorted((one.chat for one in group), key=lambda c: (c.messages[0].sent_at, c.messages[-1].sent_at))
    coarse = not all(_has_seconds(chat) for chat in chats)
    keyed = [(key[0], order, key, m) for order, chat in enumerate(_by_one_clock(chats, coarse)) for key, m in chat]
    keyed.sort(key=lambda item: (item[0], item[1]))
    messages: list[Message] = []
    for _, moment in groupby(keyed, key=lambda item: item[0]):
        messages += _once([[(k, m) for _, o, k, m in same] for _, same in groupby(list(moment), key=lambda i: i[1])])
    messages.sort(key=lambda m: m.sent_at)
    repeats = sum(len(chat) for chat in chats) - len(messages)
    notes = [Warning(f"{len(chats)} exports of this conversation were read as one")]
    if repeats:
        notes.append(Warning(f"{repeats:,} messages that several of the exports hold, counted once"))
    whole = Chat(
        title=next((chat.title for chat in chats if chat.title.casefold() not in NO_TITLES), chats[0].title),
        platform=chats[0].platform,
        messages=tuple(messages),
        authors=authors_of(messages),
        warnings=(*notes, *dict.fromkeys(warning for chat in chats for warning in chat.warnings)),
        variant=" + ".join(dict.fromkeys(chat.variant for chat in chats)),
        thread=next((chat.thread for chat in chats if chat.thread), ""),
    )
    paths = tuple(dict.fromkeys(path for one in group for path in one.paths))
    return Exported(whole, paths, next((one.place for one in group if one.place), ""))


def _by_one_clock(chats: Sequence[Chat], coarse: bool) -> Iterator[list[tuple[Key, Message]]]:
    """Each chat's messages with what they are compared by; a time less than a second from an equal message's of an
    earlier chat is that message's."""
    seen: dict[Key, datetime] = {}
    for order, chat in enumerate(chats):
        keyed = [(_key(message, coarse=coarse), message) for message in chat.messages]
        if not coarse and chat.messages[0].sent_at.tzinfo is not None:
            if order:
                keyed = [((_at(seen, key, m), key[1], key[2], key[3]), m) for key, m in keyed]
            for key, message in keyed:
                seen.setdefault(key, message.sent_at)
        yield keyed


def _at(seen: dict[Key, datetime], key: Key, message: Message) -> datetime:
    moment, author, kind, text = key
    if key not in seen:
        for beside in (moment - _CLOCKS, moment + _CLOCKS):
            other = seen.get((beside, author, kind, text))
            if other is not None and abs(other - message.sent_at) < _CLOCKS:
                return beside
    return moment


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
