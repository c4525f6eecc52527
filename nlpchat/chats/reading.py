"""Exports in, conversations out: which are read, in which time zone, and what could not be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path
from unicodedata import normalize
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nlpchat.chats.merge import Exported, groups_of, merged
from nlpchat.chats.threads import Thread, threads_at
from nlpchat.chats.whatsapp.date_order import DateOrder
from nlpchat.errors import ChatFormatError, InputError
from nlpchat.records import Chat, Message, Warning

# So many conversations are named when one has to be chosen.
SHOWN_THREADS = 5
# Every reader's word on times that name no zone holds this.
_ZONELESS = "time zone"
IN_UTC = "the times are in UTC"


@dataclass(frozen=True, slots=True)
class Reading:
    """How exports are read.

    date_order: how WhatsApp writes its dates, when the file leaves it open. zone: the time zone to give the times in;
    WhatsApp's, which have none, are taken to be of it. threads: names or titles of the conversations wanted out
    of an archive, () for all. merge: whether several exports of one conversation become one.
    """

    date_order: DateOrder | None = None
    zone: tzinfo | None = None
    threads: tuple[str, ...] = ()
    merge: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """An export, or a conversation of one, that could not be read, and why."""

    path: Path
    error: InputError


def zone_of(name: str) -> tzinfo:
    """The time zone of this name (Europe/Paris, UTC). Raises InputError for one that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise InputError(f"{name!r} is no time zone. Give one by its name, such as Europe/Paris.") from fault


def read_exports(
    paths: Iterable[str | Path], how: Reading | None = None, *, progress: Callable[[str], None] | None = None
) -> tuple[list[Exported], list[Fault]]:
    """The conversations wanted out of these exports, and what could not be read.

    progress: told the name of each file or thread before it is read. An export that is not there or holds no chat is a
    fault and does not stop the others.
    """
    how = how or Reading()
    read: list[Exported] = []
    faults: list[Fault] = []
    inside: list[Fault] = []
    for path in dict.fromkeys(map(Path, paths)):
        try:
            threads = threads_at(path)
        except InputError as fault:
            faults.append(Fault(path, fault))
            continue
        for thread in _named(threads, how.threads):
            if progress is not None:
                progress(thread.name or path.name)
            try:
                for chat in thread.read(how.date_order):
                    named = chat if chat.thread or not thread.name else replace(chat, thread=thread.name)
                    read.append(Exported(named, (path,), thread.place))
            except InputError as fault:
                (inside if thread.name else faults).append(Fault(path, fault))
    groups = groups_of(read) if how.merge else [[one] for one in read]
    if how.threads:
        # Before they are merged, each has its own name; what is merged with one of those wanted is wanted too.
        chosen, found = _chosen(read, how.threads)
        places = {id(one): place for place, one in enumerate(chosen)}
        ranked = [(min(places.get(id(one), len(chosen)) for one in group), group) for group in groups]
        groups = [group for place, group in sorted(ranked, key=lambda item: item[0]) if place < len(chosen)]
        # What is wrong with the other conversations of the archive is nobody's concern then.
        inside = [] if found == len(how.threads) else inside
    faults += inside
    read = [merged(group) for group in groups]
    return [replace(one, chat=_in_zone(one.chat, how.zone)) for one in read], faults


def read_one(paths: Sequence[str | Path], how: Reading | None = None) -> Chat:
    """The one conversation of these exports. Raises InputError, ChatFormatError: none, or several to choose from."""
    read, faults = read_exports(paths, how)
    wanted = how.threads if how else ()
    if len(read) == 1 and not faults:
        return read[0].chat
    if len(read) > 1:
        raise several(read)
    broken = [one.error for one in faults if not wanted or any(name in str(one.error) for name in wanted)]
    raise broken[0] if broken else no_thread(paths, wanted)


def several(read: Sequence[Exported]) -> ChatFormatError:
    """What to say when one conversation was wanted and there are more."""
    names = [one.chat.thread or one.chat.title for one in read]
    more = ", ..." if len(names) > SHOWN_THREADS else ""
    return ChatFormatError(
        f"{read[0].paths[0]}: {len(read)} conversations ({', '.join(names[:SHOWN_THREADS])}{more}). "
        "Choose with --thread NAME, or read them all with --all-threads."
    )


def no_thread(paths: Sequence[str | Path], threads: Sequence[str] = ()) -> InputError:
    """What to say when none of these exports gave a conversation, or none of those asked for."""
    if threads:
        return InputError(
            f"{', '.join(map(str, paths))}: no conversation is called {threads[0]!r}. "
            "`nlpchat parse EXPORT` lists those there are."
        )
    if len(paths) > 1:
        return InputError(f"none of the {len(paths)} exports could be read.")
    return InputError(f"{', '.join(map(str, paths))}: no conversation. Give the exported chat itself.")


def _named(threads: Sequence[Thread], wanted: Sequence[str]) -> Sequence[Thread]:
    """Those whose names in the archive are exactly what is wanted, so that no other is read; else all of them.

    All of them too where some lie in a box and others in none: those are the encrypted halves of conversations.
    """
    if len({"/" in thread.name for thread in threads}) > 1:
        return threads
    exactly = [thread for thread in threads if thread.name and thread.name in wanted]
    return exactly if wanted and {thread.name for thread in exactly} == set(wanted) else threads


def _chosen(read: Sequence[Exported], wanted: Sequence[str]) -> tuple[list[Exported], int]:
    """The conversations whose title or name is one of `wanted`; where none is, those that hold it as a part.

    And how many of `wanted` there were.
    """
    kept: list[Exported] = []
    found = 0
    for name in map(_plain, wanted):
        exactly = [one for one in read if name in (_plain(one.chat.title), _plain(one.chat.thread or one.place))]
        exactly = exactly or [one for one in read if name == _plain(one.chat.thread or one.place).rpartition("/")[2]]
        partly = [one for one in read if name in _plain(one.chat.title) or name in _plain(one.chat.thread or one.place)]
        kept += [one for one in exactly or partly if one not in kept]
        found += bool(exactly or partly)
    return kept, found


def _plain(name: str) -> str:
    return normalize("NFC", name).casefold().strip()


def _in_zone(chat: Chat, zone: tzinfo | None) -> Chat:
    """The chat with its times in the zone; without one, as they are, which is said."""
    aware = bool(chat.messages) and chat.messages[0].sent_at.tzinfo is not None
    if zone is None:
        return (
            replace(chat, warnings=(*chat.warnings, Warning(f"{IN_UTC}; --tz gives another zone"))) if aware else chat
        )
    moved: dict[datetime, datetime] = {}

    def at(moment: datetime) -> datetime:
        if moment not in moved:
            moved[moment] = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
        return moved[moment]

    messages = tuple(Message(at(m.sent_at), m.author, m.text, m.kind, m.line, m.reactions) for m in chat.messages)
    return replace(chat, messages=messages, warnings=tuple(w for w in chat.warnings if _ZONELESS not in w.what))
