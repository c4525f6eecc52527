"""An exported chat, whatever it came from: `read_chat(path)`.

read_chat("Discussion WhatsApp avec Julie.txt").messages[0].text
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nlpchat.chats.reading import Reading, no_thread, read_exports, read_one, zone_of
from nlpchat.chats.whatsapp.date_order import DateOrder
from nlpchat.records import Chat

__all__ = ["DateOrder", "read_chat", "read_chats"]


def read_chat(
    path: str | Path,
    *more: str | Path,
    date_order: DateOrder | None = None,
    tz: str | None = None,
    thread: str | None = None,
) -> Chat:
    """The conversation in an export: WhatsApp, Messenger, Instagram, Telegram or Signal; a file, a folder or a zip.

    more: further exports of the same conversation; what several hold is counted once. date_order: how WhatsApp's dates
    are to be read ("dmy", "mdy", "ymd"), when the file leaves it open. tz: the time zone to give the times in
    ("Europe/Paris"); WhatsApp's, which carry none, are taken to be of it. thread: which conversation of an
    archive, by name or title. What is inside decides, not the file's name.

    Raises ChatFormatError (no chat, damaged, several to choose from) or InputError (missing, unreadable).
    """
    how = Reading(date_order, zone_of(tz) if tz else None, (thread,) if thread else ())
    return read_one([path, *more], how)


def read_chats(
    paths: str | Path | Iterable[str | Path], *, date_order: DateOrder | None = None, tz: str | None = None
) -> tuple[Chat, ...]:
    """Every conversation of these exports, archives included; several exports of one are merged.

    Raises InputError or ChatFormatError for the first that cannot be read.
    """
    given: list[str | Path] = [paths] if isinstance(paths, str | Path) else list(paths)
    read, faults = read_exports(given, Reading(date_order, zone_of(tz) if tz else None))
    if faults:
        raise faults[0].error
    if not read:
        raise no_thread(given)
    return tuple(one.chat for one in read)
